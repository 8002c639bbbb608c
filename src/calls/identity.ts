import { createHash } from "node:crypto";
import { credentialScope } from "../../protocols/credential-scope.ts";
import type { WireRequest } from "../../protocols/protocol.ts";
import type { Clock } from "../engine/clock.ts";
import { sha256Hex } from "../engine/digest.ts";
import type { Store } from "../engine/store.ts";
import type { Table } from "../engine/table.ts";
import { defineTable } from "../engine/table.ts";
import { parseArn, partitionOf } from "./arn.ts";

/** Who makes a call. */
export interface Principal {
  /** A user of the account, the session of a role or federated user, or an AWS service acting by itself. */
  readonly kind: "user" | "session" | "service";
  /** `arn:aws:iam::{account}:user/busbar`, or the ARN of an assumed role or federated user. */
  readonly arn: string;
  /** The unique id: `AIDA…` for the user, `AROA…:{session}` for a role. SQS reports it as SenderId. */
  readonly userId: string;
  /**
   * The name of the service that makes the call, `states.amazonaws.com`, and the ARN of the resource it acts for. A user or a
   * session has them where a service calls with its client's credentials.
   */
  readonly service?: string;
  readonly sourceArn?: string;
}

export interface Identity {
  readonly account: string;
  readonly region: string;
  readonly principal: Principal;
  /** Set only when the temporary credentials have expired. */
  readonly expired?: true;
}

/** Temporary credentials issued by STS: calls signed with them act for the account of their principal. */
export interface SessionRow {
  readonly accessKeyId: string;
  readonly account: string;
  readonly arn: string;
  readonly userId: string;
  readonly expiresMs: number;
}

export const sessionTable = defineTable<SessionRow>()({
  name: "sts.sessions",
  key: (row) => row.accessKeyId,
  account: (row) => row.account,
  indexes: { expiry: { group: () => "", order: (row) => row.expiresMs } },
});

export const defaultAccount = "000000000000";

/** The alphabet of principals' and access keys' ids. */
export const base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** Finds the account, region and principal of a request. Signatures are not verified. */
export class Identities {
  readonly #clock: Clock;
  readonly #defaultRegion: string;
  readonly #sessions: Table<SessionRow, "expiry">;
  readonly #users = new Map<string, Map<string, Identity>>();

  constructor(store: Store, clock: Clock, defaultRegion: string) {
    this.#clock = clock;
    this.#defaultRegion = defaultRegion;
    this.#sessions = store.table(sessionTable);
  }

  /** Account: the access key id if it is 12 digits, the account of a session, else 000000000000. */
  of(request: WireRequest): Identity {
    const scope = credentialScope(request);
    const region = scope?.region || this.#defaultRegion;
    const keyId = scope?.accessKeyId;
    if (keyId === undefined) return this.user(defaultAccount, region);
    if (keyId.length === 12 && isDigits(keyId)) return this.user(keyId, region);
    const session = keyId.startsWith("ASIA") ? this.#sessions.get(keyId) : undefined;
    if (session) {
      const { account, arn, userId } = session;
      const expired = session.expiresMs <= this.#clock.now() ? { expired: true as const } : {};
      return { account, region, principal: { kind: "session", arn, userId }, ...expired };
    }
    return this.user(defaultAccount, region);
  }

  /** The user who owns those access keys of an account that belong to no session. */
  user(account: string, region: string): Identity {
    let inRegion = this.#users.get(region);
    if (!inRegion) {
      // Regions and accounts come from clients: the bound keeps invented ones from filling memory.
      if (this.#users.size >= 100) this.#users.clear();
      inRegion = new Map();
      this.#users.set(region, inRegion);
    }
    let identity = inRegion.get(account);
    if (!identity) {
      if (inRegion.size >= 1000) inRegion.clear();
      const resource = `iam::${account}:user/busbar`;
      // The user has the same id in every region.
      const userId = uniqueId("AIDA", `arn:aws:${resource}`);
      const arn = `arn:${partitionOf(region)}:${resource}`;
      identity = { account, region, principal: { kind: "user", arn, userId } };
      inRegion.set(account, identity);
    }
    return identity;
  }
}

/**
 * The principal of a role's session; undefined for what is not a role's ARN. The path of the role's name is left out of
 * the session's ARN.
 */
export function roleSession(
  roleArn: string,
  session: string,
): Pick<SessionRow, "account" | "arn" | "userId"> | undefined {
  const role = parseArn(roleArn);
  if (role?.service !== "iam" || !role.resource.startsWith("role/") || !/^\d{12}$/.test(role.account)) return undefined;
  const name = role.resource.slice(role.resource.lastIndexOf("/") + 1);
  return {
    account: role.account,
    arn: `arn:${role.partition}:sts::${role.account}:assumed-role/${name}/${session}`,
    userId: `${uniqueId("AROA", roleArn)}:${session}`,
  };
}

/** Services act again and again for the same resources, and two hashes each time would be a tenth of a pipe's work. */
const actingSessions = new Map<string, ReturnType<typeof roleSession>>();
const mostActingSessions = 1000;

/**
 * The session in which an AWS service acts for one of its resources, when it was given a role. On AWS the service
 * chooses the session name; here it names the resource.
 */
export function actingSession(
  { roleArn }: { roleArn?: string | undefined },
  sourceArn: string,
): ReturnType<typeof roleSession> {
  if (roleArn === undefined) return undefined;
  const key = `${roleArn} ${sourceArn}`;
  let session = actingSessions.get(key);
  if (session === undefined && !actingSessions.has(key)) {
    session = roleSession(roleArn, sha256Hex(sourceArn).slice(0, 32));
    if (actingSessions.size >= mostActingSessions) actingSessions.clear();
    actingSessions.set(key, session);
  }
  return session;
}

/** The unique id with which a service acts for one of its resources: its role session's, or else the account itself. */
export function actingUserId(role: { account: string; roleArn?: string | undefined }, sourceArn: string): string {
  return actingSession(role, sourceArn)?.userId ?? role.account;
}

/** A principal's unique id. The same ARN always has the same id, as AWS's ids last as long as the role or user. */
function uniqueId(prefix: "AROA" | "AIDA", arn: string): string {
  const digest = createHash("sha256").update(arn).digest();
  return prefix + [...digest.subarray(0, 17)].map((byte) => base32[byte & 31]).join("");
}

function isDigits(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 48 || code > 57) return false;
  }
  return true;
}
