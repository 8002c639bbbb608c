import { Cron } from "croner";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nextFire, parseSchedule } from "../../../src/events/schedule/index.ts";

/** The next firings, as ISO minutes in UTC. */
function fires(expression: string, after: string, count: number, timeZone = "UTC"): string[] {
  const schedule = parseSchedule(expression, "scheduler");
  const times: string[] = [];
  let at = Date.parse(after);
  while (times.length < count) {
    const next = nextFire(schedule, at, { timeZone });
    if (next === undefined) break;
    times.push(new Date(next).toISOString().slice(0, 16));
    at = next;
  }
  return times;
}

/** The same by another library, which numbers weekdays likewise in this mode and wants wrapping ranges spelt out. */
function fromOtherLibrary(expression: string, after: string, count: number): string[] {
  const body = expression
    .slice("cron(".length, -1)
    .replace("20-2 ", "20,21,22,23,0,1,2 ")
    .replace("NOV-FEB", "11,12,1,2")
    .replace("FRI-MON", "6,7,1,2");
  const cron = new Cron(`0 ${body}`, {
    mode: "7-part",
    timezone: "UTC",
    alternativeWeekdays: true,
    sloppyRanges: true,
    paused: true,
  });
  return cron.nextRuns(count, new Date(after)).map((date) => date.toISOString().slice(0, 16));
}

const start = "2024-01-30T10:07:00Z";

describe("five firings agree with another library", () => {
  it.each([
    "cron(* * * * ? *)",
    "cron(0 * * * ? *)",
    "cron(0/15 * * * ? *)",
    "cron(*/15 * * * ? *)",
    "cron(5,35 14 * * ? *)",
    "cron(7/20 3 * * ? *)",
    "cron(10-20/5 * * * ? *)",
    "cron(0-15/1 8-8 ? * 2,3,4,5,6,7 *)",
    "cron(30-30 13-13 ? * 2,4,6 *)",
    "cron(1-31/30 1-1 ? * 1,7 *)",
    "cron(59 23 31 12 ? *)",
    "cron(0 0 1 1 ? *)",
    "cron(0 0 1 * ? *)",
    "cron(0 0 31 * ? *)",
    "cron(0 0 30 * ? *)",
    "cron(0 0 29 * ? *)",
    "cron(0 0 29 2 ? *)",
    "cron(0 0 29 FEB ? 2025-2040)",
    "cron(0 8 L * ? *)",
    "cron(0 8 L 2 ? *)",
    "cron(0 8 L 2,4,6 ? *)",
    "cron(0 8 1W * ? *)",
    "cron(0 8 15W * ? *)",
    "cron(0 8 3W 3 ? *)",
    "cron(0 8 30W * ? *)",
    "cron(0 10 ? * MON-FRI *)",
    "cron(0 10 ? * 2-6 *)",
    "cron(0 10 ? * 1 *)",
    "cron(0 10 ? * SUN *)",
    "cron(0 10 ? * 7 *)",
    "cron(0 10 ? * SAT,SUN *)",
    "cron(0 2 ? * SAT *)",
    "cron(0 2 ? * SAT#3 *)",
    "cron(0 2 ? * 7#3 *)",
    "cron(* * ? * SAT#3 *)",
    "cron(0 2 ? * MON#1 *)",
    "cron(0 2 ? * FRI#5 *)",
    "cron(0 2 ? 2 THU#5 *)",
    "cron(15 10 ? * 6L *)",
    "cron(15 10 ? * FRIL *)",
    "cron(15 10 ? * 1L *)",
    "cron(15 10 ? 2 2L *)",
    "cron(0 18 ? * MON-FRI 2025)",
    "cron(0/5 8-17 ? * MON-FRI *)",
    "cron(0/30 0-2 ? * MON-FRI *)",
    "cron(0 20-2 * * ? *)",
    "cron(0 6/6 * * ? *)",
    "cron(0 */5 * * ? *)",
    "cron(0 0 1/10 * ? *)",
    "cron(0 0 */7 * ? *)",
    "cron(0 0 10-12,20 * ? *)",
    "cron(0 0 1 */3 ? *)",
    "cron(0 0 1 2/4 ? *)",
    "cron(0 0 1 JAN,JUL ? *)",
    "cron(0 0 1 jan-mar ? *)",
    "cron(0 0 1 NOV-FEB ? *)",
    "cron(0 0 ? * FRI-MON *)",
    "cron(0 0 ? * * *)",
    "cron(0 0 * * ? 2030)",
    "cron(0 0 1 1 ? 2025/5)",
    "cron(0 0 1 1 ? 2025,2027,2031)",
    "cron(0 0 1 1 ? 2098-2102)",
    "cron(0 0 29 2 ? 2096-2110)",
    "cron(45 23 28-31 2 ? *)",
  ])("%s", (expression) => {
    const expected = fromOtherLibrary(expression, start, 5);
    expect(expected.length).toBeGreaterThan(0);
    expect(fires(expression, start, 5)).toEqual(expected);
  });
});

describe("firings worked out on a calendar", () => {
  it.each<[string, string, string[]]>([
    // 2024-03-31 is a Sunday, 2024-06-30 a Sunday, 2024-08-31 a Saturday.
    [
      "cron(0 9 LW * ? *)",
      "2024-03-01T00:00Z",
      [
        "2024-03-29T09:00",
        "2024-04-30T09:00",
        "2024-05-31T09:00",
        "2024-06-28T09:00",
        "2024-07-31T09:00",
        "2024-08-30T09:00",
      ],
    ],
    // 2024-06-01 is a Saturday: the nearest weekday inside the month is Monday the 3rd.
    ["cron(0 9 1W 6 ? 2024)", start, ["2024-06-03T09:00"]],
    // 2024-06-15 is a Saturday, 2024-09-15 a Sunday.
    ["cron(0 9 15W 6,9 ? 2024)", start, ["2024-06-14T09:00", "2024-09-16T09:00"]],
    // 2024-03-31 is a Sunday and the last day: Friday the 29th. April has no 31st.
    ["cron(0 9 31W 3-5 ? 2024)", start, ["2024-03-29T09:00", "2024-05-31T09:00"]],
    ["cron(0 0 29 2 ? 2097-2110)", start, ["2104-02-29T00:00"]],
    ["cron(0 0 ? * L *)", "2024-03-01T00:00Z", ["2024-03-02T00:00", "2024-03-09T00:00"]],
    ["cron(0 2 ? * SAT#5 *)", start, ["2024-03-30T02:00", "2024-06-29T02:00", "2024-08-31T02:00"]],
    ["cron(15 10 ? * 6L 2002-2005)", "2005-10-01T00:00Z", ["2005-10-28T10:15", "2005-11-25T10:15", "2005-12-30T10:15"]],
    ["cron(0 22-1 * * ? 2024)", "2024-12-31T00:30Z", ["2024-12-31T01:00", "2024-12-31T22:00", "2024-12-31T23:00"]],
    ["cron(59 23 31 12 ? 2199)", start, ["2199-12-31T23:59"]],
    ["cron(0 0 31 2,4,6,9,11 ? *)", start, []],
    ["cron(0 0 30 2 ? *)", start, []],
    ["cron(15 10 ? * 6L 2002-2005)", start, []],
  ])("%s after %s", (expression, after, expected) => {
    expect(fires(expression, after, Math.max(expected.length, 1))).toEqual(expected);
  });
});

describe("any expression", () => {
  const range = (min: number, max: number) => {
    const value = fc.integer({ min, max });
    const term = fc.oneof(
      value.map(String),
      fc.tuple(value, value).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
      fc.tuple(value, fc.integer({ min: 1, max: max - min })).map(([a, step]) => `${a}/${step}`),
    );
    return fc.oneof(
      fc.constant("*"),
      fc.array(term, { minLength: 1, maxLength: 3 }).map((terms) => terms.join()),
    );
  };
  const days = fc.oneof(
    range(1, 31).map((day) => [day, "?"]),
    fc.constantFrom(["L", "?"], ["2W", "?"], ["30W", "?"]),
    fc.constantFrom("MON-FRI", "1,7", "3", "2#1", "6#5", "4L").map((weekday) => ["?", weekday]),
  );

  it("fires when another library says", () => {
    fc.assert(
      fc.property(
        range(0, 59),
        range(0, 23),
        days,
        range(1, 12),
        fc.date({ min: new Date("2000-01-01"), max: new Date("2050-01-01"), noInvalidDate: true }),
        (minute, hour, [day, weekday], month, after) => {
          const expression = `cron(${minute} ${hour} ${day} ${month} ${weekday} *)`;
          const from = new Date(Math.floor(after.getTime() / 60_000) * 60_000).toISOString();
          const expected = fromOtherLibrary(expression, from, 3).filter((time) => time < "2199");
          expect(fires(expression, from, expected.length)).toEqual(expected);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("commas between fields", () => {
  it.each([
    ["cron(0/10, 7-19, ?, *, MON-FRI, *)", "cron(0/10 7-19 ? * MON-FRI *)"],
    ["cron(0,30,12,*,*,?,*)", undefined],
    ["cron(15, 6, 1, 3,9 ? *)", "cron(15 6 1 3,9 ? *)"],
  ])("%s", (text, same) => {
    if (same === undefined) return expect(() => parseSchedule(text, "scheduler")).toThrow();
    expect(fires(text, start, 5)).toEqual(fires(same, start, 5));
    for (const whose of ["events", "scheduler"] as const) expect(parseSchedule(text, whose)).toBeDefined();
  });
});

describe("daylight saving", () => {
  it("skips times the clocks skip", () => {
    // New York sets its clocks forward on 2024-03-10 at 02:00, Berlin on 2024-03-31 at 02:00.
    expect(fires("cron(30 2 * * ? *)", "2024-03-09T00:00Z", 2, "America/New_York")).toEqual([
      "2024-03-09T07:30",
      "2024-03-11T06:30",
    ]);
    expect(fires("cron(0/30 1-3 * * ? *)", "2024-03-31T00:00Z", 4, "Europe/Berlin")).toEqual([
      "2024-03-31T00:30",
      "2024-03-31T01:00",
      "2024-03-31T01:30",
      "2024-03-31T23:00",
    ]);
  });

  it("fires once at times the clocks show twice", () => {
    // New York sets its clocks back on 2024-11-03 at 02:00, from UTC-4 to UTC-5.
    expect(fires("cron(30 1 * * ? *)", "2024-11-02T12:00Z", 2, "America/New_York")).toEqual([
      "2024-11-03T05:30",
      "2024-11-04T06:30",
    ]);
    expect(fires("cron(0/20 * * * ? *)", "2024-11-03T05:20Z", 3, "America/New_York")).toEqual([
      "2024-11-03T05:40",
      "2024-11-03T07:00",
      "2024-11-03T07:20",
    ]);
    // Asked in the middle of the second showing.
    expect(fires("cron(45 1 * * ? *)", "2024-11-03T06:40Z", 1, "America/New_York")).toEqual(["2024-11-04T06:45"]);
  });

  it("knows zones of the southern half, of half hours, and a day that never was", () => {
    // Sydney: forward on 2024-10-06 at 02:00. Lord Howe: by half an hour.
    expect(fires("cron(30 2 * * ? *)", "2024-10-05T00:00Z", 2, "Australia/Sydney")).toEqual([
      "2024-10-06T15:30",
      "2024-10-07T15:30",
    ]);
    expect(fires("cron(15 2 * * ? *)", "2024-10-04T18:00Z", 2, "Australia/Lord_Howe")).toEqual([
      "2024-10-06T15:15",
      "2024-10-07T15:15",
    ]);
    expect(fires("cron(0 12 * * ? *)", "2024-01-01T00:00Z", 1, "Asia/Kolkata")).toEqual(["2024-01-01T06:30"]);
    expect(fires("cron(0 12 * * ? *)", "2011-12-29T00:00Z", 2, "Pacific/Apia")).toEqual([
      "2011-12-29T22:00",
      "2011-12-30T22:00",
    ]);
  });

  it("keeps a day of month in the zone's own calendar", () => {
    expect(fires("cron(0 0 1 * ? *)", "2024-01-15T00:00Z", 2, "Asia/Tokyo")).toEqual([
      "2024-01-31T15:00",
      "2024-02-29T15:00",
    ]);
  });
});
