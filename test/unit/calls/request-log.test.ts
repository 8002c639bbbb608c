/** The log of requests, whose records are filled again once a thousand calls have come after them. */
import { expect, it } from "vitest";
import { Call } from "../../../src/calls/call.ts";
import { RequestLog, type RequestRecord } from "../../../src/calls/request-log.ts";

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
