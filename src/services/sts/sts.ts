import { AwsError } from "../../../protocols/error.ts";
import { base32, type SessionRow, sessionTable } from "../../calls/identity.ts";
import { operationsOf } from "../../calls/operation.ts";
import type { ServiceDependencies } from "../../calls/service.ts";
import { dayMs } from "../../engine/duration.ts";
import type { Random } from "../../engine/random.ts";
import { Sweep } from "../../engine/sweep.ts";
import type { Table } from "../../engine/table.ts";

/** Temporary credentials as returned by every STS operation. */
export interface Credentials {
  AccessKeyId: string;
  SecretAccessKey: string;
  SessionToken: string;
  Expiration: Date;
}

/** Issues temporary credentials and remembers whom they act for. */
export class Sts {
  readonly #deps: ServiceDependencies;
  readonly #sessions: Table<SessionRow, "expiry">;
  readonly #expired: Sweep<SessionRow>;

  constructor(dependencies: ServiceDependencies) {
    const { store, clock } = dependencies;
    this.#deps = dependencies;
    const sessions = store.table(sessionTable);
    this.#sessions = sessions;
    this.#expired = new Sweep(store, clock, {
      first: (key) => sessions.by.expiry.first(key),
      endMs: (row) => row.expiresMs + dayMs,
      drop: (row) => sessions.delete(row.accessKeyId),
      keys: () => sessions.by.expiry.groups(),
    });
  }

  get now(): number {
    return this.#deps.clock.now();
  }

  /** New credentials that act as a principal for `seconds`. */
  issue({ account, arn, userId }: Omit<SessionRow, "accessKeyId" | "expiresMs">, seconds: number): Credentials {
    const { random } = this.#deps;
    const accessKeyId = `ASIA${keyIdTail(account, random)}`;
    // STS times have no fraction.
    const expiresMs = Math.floor(this.now / 1000) * 1000 + seconds * 1000;
    this.#sessions.put({ accessKeyId, account, arn, userId, expiresMs });
    this.#expired.expect("", expiresMs + dayMs);
    return {
      AccessKeyId: accessKeyId,
      SecretAccessKey: Buffer.from(random.bytes(30)).toString("base64"),
      SessionToken: Buffer.from(random.bytes(240)).toString("base64"),
      Expiration: new Date(expiresMs),
    };
  }
}

export const operation = operationsOf<Sts>();

/** Sixteen characters that encode the account, as in AWS's access key ids. */
function keyIdTail(account: string, random: Random): string {
  const bits = (1n << 47n) | (BigInt(account) << 7n) | BigInt(random.int(128));
  const value = (bits << 32n) | BigInt(random.int(2 ** 32));
  let tail = "";
  for (let i = 75n; i >= 0n; i -= 5n) tail += base32[Number((value >> i) & 31n)];
  return tail;
}

/** The account encoded in a long-term or temporary access key id, or undefined if there is none. */
export function accountOfKeyId(keyId: string): string | undefined {
  if (!/^A[KS]IA[A-Z2-7]{16}$/.test(keyId)) return undefined;
  let value = 0n;
  for (const char of keyId.slice(4)) value = (value << 5n) | BigInt(base32.indexOf(char));
  const account = ((value >> 32n) & 0x7fffffffff80n) >> 7n;
  return account < 1_000_000_000_000n ? account.toString().padStart(12, "0") : undefined;
}

export function validationError(message: string): AwsError {
  return AwsError.unmodeled({ name: "ValidationError", message });
}
