import { expect, it } from "vitest";
import { AwsDoor } from "../../../src/server/aws-door.ts";
import type { ServedAnswer, ServedRequest } from "../../../src/server/exchange.ts";

it("an event stream whose head cannot be written fails its answer", async () => {
  const unwritable = new TypeError("Invalid character in header content");
  async function* frames() {
    yield new Uint8Array(1);
  }
  const door = new AwsDoor({
    handle: () => ({ status: 200, headers: { "x-bad": "\u0000" }, body: frames() }),
    refuse: () => ({ status: 500, headers: {}, body: "" }),
    passedOn: () => undefined,
    requestId: () => "",
    version: "0",
    coverage: [],
    reportBug: () => {},
  });
  const request = {
    method: "POST",
    host: "localhost",
    path: "/",
    query: "",
    headers: {},
    scheme: "http",
    read: (_limitBytes: number, done: (error: undefined, body: Buffer) => void) => done(undefined, Buffer.alloc(0)),
  } as unknown as ServedRequest;
  const failed: unknown[] = [];
  const answer = {
    stream: () => {
      throw unwritable;
    },
    onClose: () => {},
    fail: (error: unknown) => failed.push(error),
  } as unknown as ServedAnswer;
  expect(door.serve(request, answer)).toBeUndefined();
  await new Promise((done) => setImmediate(done));
  expect(failed).toEqual([unwritable]);
});
