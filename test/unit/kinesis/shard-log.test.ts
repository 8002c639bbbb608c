import { describe, expect, it } from "vitest";
import { Blob64 } from "../../../protocols/blob.ts";
import { Store } from "../../../src/engine/store.ts";
import { ShardLog } from "../../../src/services/kinesis/shard-log.ts";
import { segmentTable } from "../../../src/services/kinesis/tables.ts";

const everything = { records: 1e6, bytes: 1e9, expiredMs: 0 };
const record = (text: string, key: { partitionKey: string | undefined } = { partitionKey: "k" }) => ({
  ...key,
  data: Blob64.fromBytes(Buffer.from(text)),
});

function newLog() {
  const store = Store.memory();
  const log = new ShardLog(store);
  const segments = store.table(segmentTable);
  return {
    log,
    segments,
    store,
    append: (texts: string[], ms = 1) =>
      store.transaction(() =>
        log.append(
          "s",
          "a",
          texts.map((text) => record(text)),
          ms,
          false,
        ),
      ),
    texts: (from = 1) => log.read("s", from, everything).records.map(({ data }) => data.toString()),
  };
}

describe("a shard's log", () => {
  it("joins small appends, so that rows are few", () => {
    const { append, log, segments, texts } = newLog();
    const expected = Array.from({ length: 5000 }, (_, i) => `record ${i}`);
    for (const text of expected) append([text]);
    expect(texts()).toEqual(expected);
    expect(segments.by.position.size("s")).toBeLessThan(60);
    expect(log.end("s")).toBe(5001);
    expect(texts(4998)).toEqual(["record 4997", "record 4998", "record 4999"]);
    expect(texts(9999)).toEqual([]);
  });

  it("keeps its order among small and large appends", () => {
    const { append, texts } = newLog();
    const large = "x".repeat(40_000);
    const expected: string[] = [];
    for (let i = 0; i < 100; i += 1) {
      const appended = i % 7 === 3 ? [large, `a${i}`] : [`b${i}`];
      expected.push(...appended);
      append(appended);
    }
    expect(texts()).toEqual(expected);
    for (const from of [1, 2, 50, expected.length]) expect(texts(from)).toEqual(expected.slice(from - 1));
  });

  it("gives out no more than is asked for, and one record however large", () => {
    const { append, log } = newLog();
    append(["a", "bb", "ccc", "dddd"]);
    const read = (records: number, bytes: number) => {
      const reading = log.read("s", 1, { records, bytes, expiredMs: 0 });
      return [reading.records.length, reading.next, reading.atEnd];
    };
    expect(read(2, 1000)).toEqual([2, 3, false]);
    expect(read(4, 1000)).toEqual([4, 5, true]);
    expect(read(10, 5)).toEqual([2, 3, false]);
    expect(read(10, 0)).toEqual([1, 2, false]);
  });

  it("drops what has expired and still knows where it is", () => {
    const { append, log, segments, store, texts } = newLog();
    for (let ms = 1; ms <= 100; ms += 1) append([`at ${ms}`], ms);
    expect(store.transaction(() => log.trim("s", 60))).toBeGreaterThan(60);
    expect(log.read("s", 1, { ...everything, expiredMs: 60 }).records[0]?.data.toString()).toBe("at 61");
    expect(store.transaction(() => log.trim("s", 100))).toBeUndefined();
    expect(segments.by.position.size("s")).toBe(1);
    expect(log.end("s")).toBe(101);
    expect(texts()).toEqual([]);
    expect(append(["next"], 200)).toBe(101);
    expect(texts()).toEqual(["next"]);
    store.transaction(() => [...log.drop("s")]);
    expect(log.end("s")).toBe(1);
    expect(segments.size).toBe(0);
  });

  it("takes back what a transaction that fails has appended", () => {
    const { append, log, store, texts } = newLog();
    const expected = Array.from({ length: 40 }, (_, i) => `${i}`);
    for (const text of expected) append([text]);
    expect(() =>
      store.transaction(() => {
        for (let i = 0; i < 50; i += 1) log.append("s", "a", [record("lost")], 1, false);
        throw new Error("no");
      }),
    ).toThrow("no");
    expect(texts()).toEqual(expected);
    expect(append(["next"])).toBe(41);
  });

  it("keeps flags, keys and arrival of each record", () => {
    const { log, store } = newLog();
    store.transaction(() =>
      log.append(
        "s",
        "a",
        [record("x", { partitionKey: undefined }), record("y", { partitionKey: "ключ" })],
        1_700_000_000_123,
        true,
      ),
    );
    const [first, second] = log.read("s", 1, everything).records;
    expect(first).toMatchObject({ partitionKey: undefined, encrypted: true, arrivalMs: 1_700_000_000_123, counter: 1 });
    expect(second).toMatchObject({ partitionKey: "ключ", encrypted: true, counter: 2 });
  });
});
