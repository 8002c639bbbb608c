/** The certificate for `--tls`: the user's own, or a self-signed one made on first use and kept. */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createSecureContext } from "node:tls";
import { generateCertificate } from "../engine/self-signed.ts";
import type { TlsFiles } from "./listener.ts";

export interface TlsSource {
  /** Paths of the user's PEM files; both or neither. */
  readonly cert: string | undefined;
  readonly key: string | undefined;
  /** Where a self-signed pair is kept: `tls-cert.pem` and `tls-key.pem`. */
  readonly directory: string;
}

const validDays = 3650;

/** @throws Error with one line that helps when a file cannot be read or written. */
export async function loadTls(source: TlsSource): Promise<TlsFiles> {
  if (source.cert !== undefined && source.key !== undefined) {
    const pair = { cert: await readPem(source.cert), key: await readPem(source.key) };
    try {
      createSecureContext(pair);
    } catch (error) {
      throw new Error(
        `${source.cert} and ${source.key} are no certificate (PEM) and its private key: ${(error as Error).message}`,
      );
    }
    return pair;
  }
  const certFile = join(source.directory, "tls-cert.pem");
  const keyFile = join(source.directory, "tls-key.pem");
  try {
    return { cert: await readFile(certFile, "utf8"), key: await readFile(keyFile, "utf8") };
  } catch {
    return makePair(source.directory, certFile, keyFile);
  }
}

async function makePair(directory: string, certFile: string, keyFile: string): Promise<TlsFiles> {
  const notBeforeDate = new Date();
  const notAfterDate = new Date(notBeforeDate.getTime() + validDays * 86_400_000);
  const pair = await generateCertificate([{ name: "commonName", value: "localhost" }], {
    keySize: 2048,
    algorithm: "sha256",
    notBeforeDate,
    notAfterDate,
    extensions: [
      { name: "basicConstraints", cA: true },
      { name: "keyUsage", digitalSignature: true, keyEncipherment: true, keyCertSign: true },
      { name: "extKeyUsage", serverAuth: true },
      {
        name: "subjectAltName",
        altNames: [
          { type: 2, value: "localhost" },
          { type: 2, value: "*.localhost" },
          { type: 2, value: "sync-localhost" },
          { type: 7, ip: "127.0.0.1" },
          { type: 7, ip: "::1" },
        ],
      },
    ],
  });
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    // The key first, and each by rename: a half-written pair is never read.
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
