import { describe, expect, it } from "vitest";
import { parseDuration } from "../../../src/engine/duration.ts";

describe("parseDuration", () => {
  it.each([
    ["250ms", 250],
    ["30s", 30_000],
    ["15m", 900_000],
    ["12h", 43_200_000],
    ["4d", 345_600_000],
    ["1w", 604_800_000],
    ["1h30m", 5_400_000],
    ["1m1s1ms", 61_001],
    ["1.5s", 1500],
    ["0s", 0],
    [1234, 1234],
  ])("reads %j as %d ms", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each([
    "",
    "15",
    "m",
    "-1s",
    "1 h",
    "1y",
    "1h-30m",
    "1e3s",
    "PT15M",
    `${"9".repeat(5000)}s`,
    -1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
  ])("refuses %j with a sentence that helps", (text) => {
    expect(() => parseDuration(text)).toThrow(RangeError);
    expect(() => parseDuration(text)).toThrow(/is not a duration\. .*"1h30m"/);
  });
});
