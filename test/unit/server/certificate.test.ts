/** The certificate of `--tls`: a leaf for the names it serves, kept as long as that is so. */
import { X509Certificate } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { generateCertificate } from "../../../src/engine/self-signed.ts";
import { loadTls } from "../../../src/server/certificate.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "busbar-tls-"));
});
afterEach(() => rm(directory, { recursive: true }));

const load = (...names: string[]) => loadTls({ cert: undefined, key: undefined, directory, names });

it("certifies no others, and is for the names that are served", async () => {
  const { cert } = await load("0.0.0.0", "busbar.example", "192.168.7.7");
  const certificate = new X509Certificate(cert);
  expect(certificate.ca).toBe(false);
  expect(certificate.verify(certificate.publicKey)).toBe(true);
  for (const name of ["localhost", "localhost.localstack.cloud", "busbar.example"]) {
    expect([name, certificate.checkHost(name)]).toEqual([name, expect.any(String)]);
    expect([name, certificate.checkHost(`sync-${name}`)]).toEqual([name, expect.any(String)]);
  }
  for (const address of ["127.0.0.1", "::1", "192.168.7.7"]) expect(certificate.checkIP(address)).toBe(address);
  expect(certificate.checkHost("sqs.us-east-1.amazonaws.com")).toBeUndefined();
  expect(certificate.subjectAltName).not.toContain("0.0.0.0");
});

it("is kept, and made anew for another name", async () => {
  const first = await load();
  expect(await load()).toEqual(first);
  const second = await load("busbar.example");
  expect(second.cert).not.toBe(first.cert);
  expect(await load("busbar.example")).toEqual(second);
  // What is for more names than asked is good enough.
  expect(await load()).toEqual(second);
});

it("replaces one that could certify others", async () => {
  const old = await generateCertificate([{ name: "commonName", value: "localhost" }], {
    extensions: [{ name: "basicConstraints", cA: true }],
  });
  await writeFile(join(directory, "tls-cert.pem"), old.cert);
  await writeFile(join(directory, "tls-key.pem"), old.private);
  expect(new X509Certificate((await load()).cert).ca).toBe(false);
  expect(await readFile(join(directory, "tls-cert.pem"), "utf8")).not.toBe(old.cert);
});
