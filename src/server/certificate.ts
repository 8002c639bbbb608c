/** The certificate for `--tls`: the user's own, or a self-signed one created on first use and kept. */

import { X509Certificate } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import { createSecureContext } from "node:tls";
import { dayMs } from "../engine/duration.ts";
import { dateNow } from "../engine/real-time.ts";
import { generateCertificate } from "../engine/self-signed.ts";
import type { TlsFiles } from "./listener.ts";

export interface TlsSource {
  /** Paths of the user's PEM files; both or neither. */
  readonly cert: string | undefined;
  readonly key: string | undefined;
  /** Where a self-signed pair is kept: `tls-cert.pem` and `tls-key.pem`. */
  readonly directory: string;
  /** Further names and addresses for a self-signed certificate, besides those of this machine. */
  readonly names?: readonly string[];
}

/** Names that clients on this machine use; each also with the prefix for StartSyncExecution. */
const localNames = ["localhost", "*.localhost", "127.0.0.1", "::1", "host.docker.internal"];
const localstackNames = ["localhost.localstack.cloud", "*.localhost.localstack.cloud"];

const validDays = 3650;

/** @throws Error with one line of advice when a file cannot be read or written. */
export async function loadTls(source: TlsSource): Promise<TlsFiles> {
  if (source.cert !== undefined && source.key !== undefined) {
    const pair = { cert: await readPem(source.cert), key: await readPem(source.key) };
    try {
      createSecureContext(pair);
    } catch (error) {
      throw new Error(
        `${source.cert} and ${source.key} are not a certificate (PEM) and its private key: ${(error as Error).message}`,
      );
    }
    return pair;
  }
  const certFile = join(source.directory, "tls-cert.pem");
  const keyFile = join(source.directory, "tls-key.pem");
  // Clients do not call a wildcard address.
  const others = (source.names ?? []).filter((name) => name !== "0.0.0.0" && name !== "::");
  const given = [...localNames, ...localstackNames, ...others];
  const prefixed = given.filter((name) => isIP(name) === 0 && !name.startsWith("*")).map((name) => `sync-${name}`);
  const names = [...new Set([...given, ...prefixed])];
  try {
    const kept = { cert: await readFile(certFile, "utf8"), key: await readFile(keyFile, "utf8") };
    if (isFor(new X509Certificate(kept.cert), names)) return kept;
  } catch {
    // The file is missing or unreadable.
  }
  return makePair(source.directory, certFile, keyFile, names);
}

/**
 * Whether a certificate is still valid, covers all of these names, and is not an authority that could certify others.
 */
function isFor(certificate: X509Certificate, names: readonly string[]): boolean {
  if (certificate.ca || new Date(certificate.validTo) < new Date(dateNow())) return false;
  const listed = new Set(certificate.subjectAltName?.split(", "));
  return names.every((name) =>
    isIP(name) === 0 ? listed.has(`DNS:${name}`) : certificate.checkIP(name) !== undefined,
  );
}

async function makePair(
  directory: string,
  certFile: string,
  keyFile: string,
  names: readonly string[],
): Promise<TlsFiles> {
  const notBeforeDate = new Date(dateNow());
  const notAfterDate = new Date(notBeforeDate.getTime() + validDays * dayMs);
  const pair = await generateCertificate([{ name: "commonName", value: "localhost" }], {
    keySize: 2048,
    algorithm: "sha256",
    notBeforeDate,
    notAfterDate,
    extensions: [
      { name: "basicConstraints", cA: false },
      { name: "keyUsage", digitalSignature: true, keyEncipherment: true },
      { name: "extKeyUsage", serverAuth: true },
      {
        name: "subjectAltName",
        altNames: names.map((name) => (isIP(name) === 0 ? { type: 2, value: name } : { type: 7, ip: name })),
      },
    ],
  });
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    // The key first, and each by rename, so that a half-written pair is never read.
    await writeFile(`${keyFile}.new`, pair.private, { mode: 0o600 });
    await rename(`${keyFile}.new`, keyFile);
    await writeFile(`${certFile}.new`, pair.cert);
    await rename(`${certFile}.new`, certFile);
  } catch (error) {
    throw new Error(`cannot keep the self-signed certificate in ${directory}: ${(error as Error).message}`);
  }
  return { cert: pair.cert, key: pair.private };
}

async function readPem(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new Error(`cannot read ${file}: ${(error as Error).message}`);
  }
}
