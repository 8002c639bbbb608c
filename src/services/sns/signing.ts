/** Signatures of messages, and the certificate with which clients verify them. */
import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { generateCertificate } from "../../engine/self-signed.ts";
import type { Store } from "../../engine/store.ts";
import { type SigningRow, signingTable } from "./tables.ts";

/** Nothing here is secret: a short key makes a signature cost a few hundredths of a millisecond. */
const keyBits = 1024;
const certificatePath = /^\/SimpleNotificationService-([0-9a-f]{32})\.pem$/;

export class Signer {
  readonly #store: Store;
  readonly #rows;
  #key: KeyObject | undefined;
  #name: string | undefined;

  constructor(store: Store) {
    this.#store = store;
    this.#rows = store.table(signingTable);
  }

  /** Base64 of the RSA PKCS#1 v1.5 signature: SHA-1 for version 1, SHA-256 for version 2. Inside a transaction. */
  sign(text: string, version: "1" | "2"): string {
    this.#key ??= createPrivateKey(this.#row().privateKey);
    return sign(version === "2" ? "sha256" : "sha1", Buffer.from(text), this.#key).toString("base64");
  }

  /** Path of the certificate. Inside a transaction. */
  get path(): string {
    this.#name ??= createHash("md5").update(this.#row().publicKey).digest("hex");
    return `/SimpleNotificationService-${this.#name}.pem`;
  }

  /** Whether this is the path of the certificate. */
  publishes(path: string): boolean {
    return certificatePath.test(path) && this.#rows.get("key") !== undefined && this.path === path;
  }

  /** The certificate in PEM, created when first requested. */
  async certificate(): Promise<string> {
    const row = this.#rows.get("key");
    if (row === undefined) throw new Error("there is no key, so nothing to certify");
    return row.certificate ?? (await this.#makeCertificate(row));
  }

  #row(): SigningRow {
    const row = this.#rows.get("key");
    if (row !== undefined) return row;
    const { privateKey, publicKey } = generateKeyPairSync("rsa", {
      modulusLength: keyBits,
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
    });
    const made = { privateKey, publicKey, certificate: undefined };
    this.#rows.put(made);
    return made;
  }

  async #makeCertificate(row: SigningRow): Promise<string> {
    const { cert } = await generateCertificate([{ name: "commonName", value: "sns.amazonaws.com" }], {
      keyPair: { privateKey: row.privateKey, publicKey: row.publicKey },
      algorithm: "sha256",
      // Valid wherever the clock is moved.
      notBeforeDate: new Date("2000-01-01T00:00:00Z"),
      notAfterDate: new Date("2049-12-31T00:00:00Z"),
    });
    this.#store.transaction(() => this.#rows.put({ ...row, certificate: cert }));
    return cert;
  }
}
