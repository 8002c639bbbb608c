/** Zips of many megabytes are stored piece by piece before the function or layer that uses them. */
import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Blob64 } from "../../../protocols/blob.ts";
import { Emulator } from "../../../src/emulator.ts";
import { Clock } from "../../../src/engine/clock.ts";
import { Processes } from "../../../src/engine/processes.ts";
import { Store } from "../../../src/engine/store.ts";
import { type CheckedZip, CodeStore, pieceBytes } from "../../../src/services/lambda/code-store.ts";
import { codePieceTable, uploadTable } from "../../../src/services/lambda/code-tables.ts";
import { roleArn, zipOf } from "../../support/lambda.ts";
import { signedFor } from "../../support/wire.ts";

const account = "000000000000";
let emulator: Emulator;
beforeEach(async () => {
  emulator = await Emulator.start({});
});
afterEach(() => emulator.close());

async function ask(method: string, path: string, body: object = {}): Promise<number> {
  const headers = { "content-type": "application/json", ...signedFor("lambda") };
  const request = { method, path, query: "", headers, body: Buffer.from(JSON.stringify(body)) };
  const answer = emulator.handle(request, "http://localhost:4566");
  return ("status" in answer ? answer : await answer.response).status;
}

const largeZip = (megabytes: number) =>
  zipOf({ "index.mjs": "export const handler = () => 1;", data: randomBytes(megabytes * 1e6) });
const functions = "/2015-03-31/functions";
const codeOf = (zip: Buffer) => ({ ZipFile: zip.toString("base64") });
const create = (FunctionName: string, zip: Buffer, more: object = {}) =>
  ask("POST", functions, {
    ...{ FunctionName, Runtime: "nodejs20.x", Handler: "index.handler", Role: roleArn },
    ...{ Code: codeOf(zip), ...more },
  });
const remove = (name: string) => ask("DELETE", `${functions}/${name}`);
const stored = (store = emulator.store) => ({
  pieces: store.packedTable(codePieceTable).size,
  uploads: store.table(uploadTable).size,
});

describe("a zip", () => {
  it("is never written in one transaction", async () => {
    const zip = await largeZip(6);
    let most = 0;
    const stop = emulator.store.watch((changes) => {
      const texts = changes.map(({ after }) =>
        after !== undefined && "text" in after ? String(after.text).length : 0,
      );
      most = Math.max(
        most,
        texts.reduce((sum, length) => sum + length, 0),
      );
    });
    expect(await create("f", zip)).toBe(201);
    expect(await ask("POST", "/2018-10-31/layers/l/versions", { Content: codeOf(await largeZip(5)) })).toBe(201);
    stop();
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThan(1e6);
    expect(stored()).toMatchObject({ uploads: 0 });
  });

  it("leaves nothing behind when the function is refused", async () => {
    await create("f", await largeZip(1));
    const before = stored();
    const twins = await Promise.all([create("g", await largeZip(2)), create("g", await largeZip(3))]);
    expect(twins.sort()).toEqual([201, 409]);
    expect(await remove("g")).toBe(204);
    const Layers = ["arn:aws:lambda:us-east-1:000000000000:layer:no:1"];
    expect(await create("h", await largeZip(1), { Layers })).toBe(400);
    const update = { ...codeOf(await largeZip(1)), DryRun: true };
    expect(await ask("PUT", `${functions}/f/code`, update)).toBe(200);
    expect(stored()).toEqual(before);
  });

  it("that two functions bring at once is stored once", async () => {
    const zip = await largeZip(2);
    const pieces = Math.ceil(zip.length / pieceBytes);
    await Promise.all([create("f", zip), create("g", zip), create("h", zip)]);
    expect(stored()).toEqual({ pieces, uploads: 0 });
    await create("i", zip);
    expect(stored()).toEqual({ pieces, uploads: 0 });
    for (const name of ["f", "g", "h", "i"]) await remove(name);
    expect(stored()).toEqual({ pieces: 0, uploads: 0 });
  });
});

describe("an upload", () => {
  let clock: Clock;
  let store: Store;
  let codes: CodeStore;
  let zip: CheckedZip;
  beforeEach(async () => {
    store = Store.memory();
    clock = new Clock({ mode: "real", onError: () => {} });
    codes = new CodeStore(store, clock.turns, new Processes());
    zip = await codes.check(Blob64.fromBase64((await largeZip(1)).toString("base64")));
  });
  afterEach(() => clock.close());

  const put = (uploaded: Awaited<ReturnType<CodeStore["upload"]>>) =>
    store.transaction(() => codes.put(account, uploaded));

  it("that the end of the process broke off is dropped at the next start", async () => {
    await codes.upload(account, zip);
    expect(stored(store)).toMatchObject({ uploads: 1 });
    const next = new CodeStore(store, clock.turns, new Processes());
    expect(stored(store)).toEqual({ pieces: 0, uploads: 0 });
    const { id } = store.transaction(() => next.put(account, { ...zip, upload: undefined }));
    expect((await next.zip(id))?.equals(zip.bytes)).toBe(true);
  });

  it.each([
    ["before its first piece", 0],
    ["between two pieces", 2],
    ["after its last piece", 100],
  ])("that a reset takes away %s is stored again", async (_when, pieces) => {
    let written = 0;
    const stop = store.watch((changes) => {
      if (!changes.some(({ table }) => table.name === codePieceTable.name)) return;
      written += 1;
      if (written === pieces) queueMicrotask(() => store.reset(account));
    });
    const uploading = codes.upload(account, zip);
    if (pieces === 0) store.reset(account);
    const uploaded = await uploading;
    if (pieces === 100) store.reset(account);
    stop();
    const { id, size } = put(uploaded);
    codes.drop(uploaded.upload);
    expect(size).toBe(zip.bytes.length);
    expect((await codes.zip(id))?.equals(zip.bytes)).toBe(true);
    expect(stored(store)).toEqual({ pieces: Math.ceil(size / pieceBytes), uploads: 0 });
  });

  it("leaves nothing when the store refuses one of its pieces", async () => {
    const { transaction } = store;
    let left = 4;
    store.transaction = (body) => {
      left -= 1;
      if (left === 0) throw new Error("the disk is full");
      return transaction.call(store, body) as ReturnType<typeof body>;
    };
    await expect(codes.upload(account, zip)).rejects.toThrow("full");
    expect(stored(store)).toEqual({ pieces: 0, uploads: 0 });
  });

  it("stays when the transaction that would keep it fails, until it is dropped", async () => {
    const uploaded = await codes.upload(account, zip);
    const fail = () =>
      store.transaction(() => {
        codes.put(account, uploaded);
        throw new Error("refused");
      });
    expect(fail).toThrow("refused");
    expect(stored(store)).toMatchObject({ uploads: 1 });
    codes.drop(uploaded.upload);
    expect(stored(store)).toEqual({ pieces: 0, uploads: 0 });
  });
});
