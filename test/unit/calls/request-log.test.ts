/** The log of requests, whose records are filled again once a thousand calls have come after them. */
import { expect, it } from "vitest";
import type { WireRequest } from "../../../protocols/protocol.ts";
import { Call } from "../../../src/calls/call.ts";
import { RequestLog, type RequestRecord } from "../../../src/calls/request-log.ts";
import { Emulator } from "../../../src/emulator.ts";
import { signedFor } from "../../support/wire.ts";

function answer(log: RequestLog, id: number, account = "000000000000"): void {
  log.add(new Call(undefined, "Do", { account, region: "us-east-1" }, `id-${id}`, id, undefined), 200, undefined);
}

it("keeps the last thousand, and changes nothing of what it has shown", () => {
  const log = new RequestLog();
  answer(log, 0);
  const [first] = log.list();
  for (let id = 1; id <= 1500; id += 1) answer(log, id);
  expect(first).toMatchObject({ requestId: "id-0", time: "1970-01-01T00:00:00.000Z" });
  const kept = log.list().map(({ requestId }) => requestId);
  expect(kept).toEqual(Array.from({ length: 1000 }, (_, back) => `id-${1500 - back}`));
});

it("forgets an account's requests, and tells of none of the others again", () => {
  const log = new RequestLog();
  for (let id = 0; id < 1200; id += 1) answer(log, id, id % 2 === 0 ? "111111111111" : "222222222222");
  const told: RequestRecord[] = [];
  log.watch((record) => told.push(record));
  log.clear(({ account }) => account === "222222222222");
  expect(told).toEqual([]);
  expect(log.list({ account: "111111111111" })).toEqual([]);
  for (let id = 1200; id < 1900; id += 1) answer(log, id, "222222222222");
  const kept = log.list();
  expect(new Set(kept.map(({ requestId }) => requestId)).size).toBe(1000);
  expect(kept[0]).toMatchObject({ requestId: "id-1899" });
  expect(told).toHaveLength(700);
});

it("tells what calls were given, however their bytes came, after other calls have taken their places", async () => {
  const emulator = await Emulator.start({});
  const ask = async (parts: Partial<WireRequest>) => {
    const request = { method: "POST", path: "/", query: "", headers: {}, body: Buffer.alloc(0), ...parts };
    const answer = emulator.handle(request, "http://localhost:4566");
    if (!("status" in answer)) await answer.response;
    // What came over a socket is overwritten by what comes next.
    request.body.fill(0);
  };
  const send = async (text: string) => {
    const headers = { "x-amz-target": "AmazonSQS.SendMessage", "content-type": "application/x-amz-json-1.0" };
    await ask({ headers, body: Buffer.from(JSON.stringify({ QueueUrl: "/000000000000/q", MessageBody: text })) });
  };
  for (let call = 0; call < 999; call += 1) await send("x".repeat(call));
  await send("short");
  await ask({ query: "Action=SendMessage&MessageBody=in+the+URL", path: "/000000000000/q", method: "GET" });
  const type = "application/x-www-form-urlencoded";
  await ask({ headers: { "content-type": type }, body: Buffer.from("Action=CreateTopic&Name=t&Version=2010-03-31") });
  const headers = { "x-amz-invocation-type": "Event", authorization: signedFor("lambda").authorization };
  await ask({ path: "/2015-03-31/functions/f/invocations", headers, body: Buffer.from("{}") });
  const shown = emulator.requests
    .list({ limit: 5 })
    .map(({ operation, resource, parameters }) => [operation, resource, parameters]);
  expect(shown).toEqual([
    ["Invoke", "f", expect.objectContaining({ FunctionName: "f", InvocationType: "Event" })],
    ["CreateTopic", "t", { Name: "t" }],
    ["SendMessage", "q", expect.objectContaining({ MessageBody: "in the URL" })],
    ["SendMessage", "q", { QueueUrl: "/000000000000/q", MessageBody: "short" }],
    ["SendMessage", "q", expect.objectContaining({ MessageBody: `${"x".repeat(200)}…` })],
  ]);
  await emulator.close();
});
