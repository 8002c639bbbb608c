import { expect, it } from "vitest";
import type { DoorAnswer, DoorRequest } from "../../../src/calls/door.ts";
import { AwsDoor } from "../../../src/server/aws-door.ts";

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
    incoming: { headers: {} },
  } as unknown as DoorRequest;
  const answer = {
    stream: () => {
      throw unwritable;
    },
    onClose: () => {},
  } as unknown as DoorAnswer;
  await expect(door.serve(request, answer)).rejects.toBe(unwritable);
});
