import { describe, expect, it } from "vitest";
import {
  endingSequenceNumber,
  parseSequenceNumber,
  sequenceNumber,
  shardIdOf,
  shardIndexOf,
  startingSequenceNumber,
} from "../../../src/services/kinesis/sequence-number.ts";

const shard = { index: 0x1f, createdSeconds: 1_700_000_000 };

describe("sequence numbers", () => {
  it("read the numbers of AWS's own documentation", () => {
    // From the API reference of PutRecord and GetRecords: shards 0 and 1 of streams made in 2013 and 2014.
    const published = [
      ["21269319989652663814458848515492872193", 1],
      ["49543463076548007577105092703039560359975228518395019266", 0],
      ["49543463076570308322303623326179887152428262250726293522", 1],
    ] as const;
    for (const [text, index] of published) expect(parseSequenceNumber(text)?.shardIndex).toBe(index);
    const parsed = parseSequenceNumber("49543463076570308322303623326179887152428262250726293522");
    expect(new Date((parsed?.place?.createdSeconds ?? 0) * 1000).getUTCFullYear()).toBe(2014);
  });

  it("have 56 digits, begin with 49 and are read back", () => {
    const number = sequenceNumber(shard, 12_345, 1_700_000_123_456);
    expect(number).toMatch(/^49\d{54}$/);
    expect(parseSequenceNumber(number)).toEqual({
      text: number,
      shardIndex: 0x1f,
      place: { createdSeconds: 1_700_000_000, counter: 12_345, seconds: 1_700_000_123 },
    });
    const hex = BigInt(number).toString(16);
    expect(hex).toBe(`2${"06553f100"}f${"0000000000003039"}00${"06553f17b"}${"0000001f"}2`);
  });

  it("increase from a shard's start over its records to its end, and on to its children", () => {
    const numbers = [
      startingSequenceNumber(shard),
      sequenceNumber(shard, 1, 1_700_000_000_000),
      sequenceNumber(shard, 2, 0),
      sequenceNumber(shard, 2 ** 50, 1_800_000_000_000),
      endingSequenceNumber(shard, 1_700_000_000_000),
      startingSequenceNumber({ index: 0x20, createdSeconds: 1_700_000_001 }),
    ].map(BigInt);
    for (let i = 1; i < numbers.length; i += 1) expect(numbers[i]).toBeGreaterThan(numbers[i - 1] ?? 0n);
    expect(parseSequenceNumber(String(numbers[4]))?.place?.counter).toBe(Number.POSITIVE_INFINITY);
  });

  it("are refused when they are not of the layout", () => {
    for (const text of [String(2n ** 125n), String(2n ** 130n), "5".repeat(56), "9".repeat(129)]) {
      expect(parseSequenceNumber(text)).toBeUndefined();
    }
  });

  it("have room for times the clock may be set to", () => {
    for (const createdSeconds of [-5, 0, 1e12]) {
      expect(startingSequenceNumber({ index: 0, createdSeconds })).toMatch(/^\d{56}$/);
    }
  });
});

describe("shard ids", () => {
  it("are the index in twelve digits", () => {
    expect(shardIdOf(7)).toBe("shardId-000000000007");
    expect(shardIdOf(-7)).toBe("shardId--00000000007");
  });

  it("are read with any prefix and any number of digits", () => {
    for (const text of ["shardId-000000000042", "shardId-42", "42", "-42", "x-0042", "shardid-42"]) {
      expect(shardIndexOf(text)).toBe(42);
    }
    expect(shardIndexOf("2147483647")).toBe(2 ** 31 - 1);
    for (const text of ["x", "", "shardId-", "shardId-4x", "a-b-4", "4.0", "2147483648"]) {
      expect(shardIndexOf(text)).toBeUndefined();
    }
  });
});
