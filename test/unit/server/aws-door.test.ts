import { expect, it } from "vitest";
import type { DoorAnswer } from "../../../src/calls/door.ts";
import { AwsDoor } from "../../../src/server/aws-door.ts";
import type { ServedRequest } from "../../../src/server/exchange.ts";

it("an event stream whose head cannot be written is told to whoever waits for the answer", async () => {
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
  const answer = {
    stream: () => {
      throw unwritable;
    },
    onClose: () => {},
  } as unknown as DoorAnswer;
  await expect(door.serve(request, answer)).rejects.toBe(unwritable);
});
