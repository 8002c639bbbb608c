import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InvalidSchedule, isTimeZone, nextFire, parseSchedule } from "../../../src/events/schedule/index.ts";

const t = (iso: string) => Date.parse(iso);

function refused(text: string, dialect: "events" | "scheduler"): string | undefined {
  try {
    parseSchedule(text, dialect);
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidSchedule);
    return (error as Error).message;
  }
}

describe("what is accepted", () => {
  it.each([
    "rate(1 minute)",
    "rate(5 minutes)",
    "rate(1 hour)",
    "rate(24 hours)",
    "rate(1 day)",
    "rate(365 days)",
    "cron(0 2 ? * SAT *)",
    "cron(5,35 14 * * ? *)",
    "cron(15 10 ? * 6L 2002-2005)",
    "cron(0 2 ? * SAT#3 *)",
    "cron(* * ? * SAT#3 *)",
    "cron(0/5 5 ? JAN 1-5 2022)",
    "cron(0/5 8-17 ? * MON-FRI *)",
    "cron(0/30 0-2 ? * MON-FRI *)",
    "cron(0/15 * * * ? *)",
    "cron(0 20-2 * * ? *)",
  ])("%s", (text) => {
    expect(refused(text, "events")).toBeUndefined();
    expect(refused(text, "scheduler")).toBeUndefined();
  });
});

describe("what is refused", () => {
  it.each([
    "",
    "rate",
    "rate()",
    "rate(0 minutes)",
    "rate(-5 minutes)",
    "rate(1.5 hours)",
    "rate(5 minute)",
    "rate(5 seconds)",
    "rate(5minutes)",
    "rate(99999999999 days)",
    "rate(5 minutes",
    " rate(5 minutes)",
    "every(5 minutes)",
    "cron()",
    "cron(dummy)",
    "cron(0 1 * * * *)",
    "cron(0 1 ? * ? *)",
    "cron(0 1 1 * 2 *)",
    "cron(0 dummy ? * MON-FRI *)",
    "cron(71 8 1 * ? *)",
    "cron(0 24 1 * ? *)",
    "cron(0 1 32 * ? *)",
    "cron(0 1 0 * ? *)",
    "cron(0 1 1 13 ? *)",
    "cron(0 1 ? * 8 *)",
    "cron(0 1 ? * 0 *)",
    "cron(0 1 ? * -1 *)",
    "cron(0 1 ? * NOT *)",
    "cron(0 1 ? * 2#6 *)",
    "cron(0 1 ? * 2#1,3#1 *)",
    "cron(0 1 ? * 2#1#1 *)",
    "cron(0 1 ? * 2L,3L *)",
    "cron(0 1 1W,2W * ? *)",
    "cron(0 1 32W * ? *)",
    "cron(0 1 L,1 * ? *)",
    "cron(0 1 1 * ? 1969)",
    "cron(0 1 1 * ? 2200)",
    "cron(0 1 1 * ? 2030-2020)",
    "rate( 7 days )",
    "rate(7 days )",
    "rate( 7 days)",
    "cron( 0 1 1 * ? *)",
    "cron(1/2/3 * * * ? *)",
    "cron(1-2-3 * * * ? *)",
    "cron(? * * * ? *)",
    "cron(0 1 1 * ?)",
    "cron(0 1 1 * ? * *)",
    "cron(1,,2 * * * ? *)",
    "cron(, * * * ? *)",
  ])("%s", (text) => {
    expect(refused(text, "events")).toBe("Parameter ScheduleExpression is not valid.");
    expect(refused(text, "scheduler")).toBe(`Invalid Schedule Expression ${text}.`);
  });

  it.each(["33x", "33/0", "33/61"])("is not %s in the minutes of a rule, which fires then", (minutes) => {
    const after = Date.parse("2026-09-15T22:00:00Z");
    const schedule = parseSchedule(`cron(${minutes} 22 * * ? *)`, "events");
    expect(nextFire(schedule, after)).toBe(Date.parse("2026-09-15T22:33:00Z"));
    expect(refused(`cron(${minutes} 22 * * ? *)`, "scheduler")).toContain("Invalid Schedule Expression");
  });

  it.each(["15W * ?", "1-31W * ?", "L-15 * ?", "? * TUE#3", "? * TUESDAY", "? SEPTEMBER TUE"])(
    "is not %s in the days of a rule, which fires then",
    (days) => {
      const after = Date.parse("2026-09-15T22:00:00Z");
      expect(nextFire(parseSchedule(`cron(33 22 ${days} *)`, "events"), after)).toBe(
        Date.parse("2026-09-15T22:33:00Z"),
      );
    },
  );

  it.each(["events", "scheduler"] as const)("is no comma before a blank between fields (%s)", (dialect) => {
    expect(refused("cron(0/10, 7-19, ?, *, MON-FRI, *)", dialect)).toBeUndefined();
    expect(refused("cron(0/10,20 7-19 ? * MON-FRI *)", dialect)).toBeUndefined();
  });

  it("differs between rules and Scheduler", () => {
    expect(refused("rate(1 minutes)", "events")).toBe("Parameter ScheduleExpression is not valid.");
    expect(refused("rate(1 minutes)", "scheduler")).toBeUndefined();
    expect(refused("at(2030-01-01T00:00:00)", "events")).toBe("Parameter ScheduleExpression is not valid.");
    expect(refused("at(2030-01-01T00:00:00)", "scheduler")).toBeUndefined();
  });

  it.each([
    "at()",
    "at(2030-01-01)",
    "at(2030-01-01T00:00)",
    "at(2030-01-01T00:00:00Z)",
    "at(2030-01-01T00:00:00.000)",
    "at(2030-02-30T00:00:00)",
    "at(2029-02-29T00:00:00)",
    "at(2030-13-01T00:00:00)",
    "at(2030-01-00T00:00:00)",
    "at(2030-01-01T24:00:00)",
    "at(2030-01-01T00:60:00)",
  ])("%s", (text) => {
    expect(refused(text, "scheduler")).toBe(`Invalid Schedule Expression ${text}.`);
  });

  it("is any other text, without another kind of error", () => {
    const word = fc.constantFrom(
      "cron(",
      "rate(",
      "at(",
      ")",
      " ",
      "*",
      "?",
      "1",
      "60",
      "L",
      "W",
      "#",
      "/",
      "-",
      ",",
      "MON",
      "minutes",
      "T",
      ":",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(word, { maxLength: 20 }).map((words) => words.join("")),
        ),
        (text) => {
          refused(text, "events");
          refused(text, "scheduler");
        },
      ),
      { numRuns: 3000 },
    );
    const field = fc.array(fc.constantFrom("*", "1", "5", "31", "L", "W", "#", "/", "-", ",", "SUN"), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(fc.array(field, { minLength: 5, maxLength: 5 }), fc.boolean(), (fields, byDay) => {
        const [a, b, c, d, e] = fields.map((one) => one.join(""));
        const text = byDay ? `cron(${a} ${b} ${c} ${d} ? ${e})` : `cron(${a} ${b} ? ${c} ${d} ${e})`;
        if (refused(text, "events") !== undefined) return;
        const after = t("2024-05-05T00:00:00Z");
        const next = nextFire(parseSchedule(text, "events"), after, { timeZone: "Europe/London" });
        expect(next === undefined || (next > after && next % 60_000 === 0)).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });
});

describe("rates", () => {
  const hourly = parseSchedule("rate(1 hour)", "events");

  it("fire every period from the anchor", () => {
    const created = t("2024-03-10T00:00:20Z");
    expect(nextFire(hourly, created, { anchorMs: created })).toBe(created + 3_600_000);
    expect(nextFire(hourly, created - 1, { anchorMs: created })).toBe(created);
    expect(nextFire(hourly, created + 10 * 3_600_000 + 1, { anchorMs: created })).toBe(created + 11 * 3_600_000);
    expect(nextFire(hourly, created)).toBe(created + 3_600_000);
  });

  it("start at the start date and end at the end date", () => {
    const startMs = t("2024-03-10T12:00:30Z");
    const endMs = t("2024-03-10T14:00:10Z");
    const created = t("2024-03-09T00:00:00Z");
    expect(nextFire(hourly, created, { startMs, endMs })).toBe(t("2024-03-10T12:00:00Z"));
    expect(nextFire(hourly, t("2024-03-10T13:00:00Z"), { startMs, endMs })).toBe(t("2024-03-10T14:00:00Z"));
    expect(nextFire(hourly, t("2024-03-10T14:00:00Z"), { startMs, endMs })).toBeUndefined();
  });

  it("count days of 24 hours whatever the clocks do", () => {
    const daily = parseSchedule("rate(1 day)", "scheduler");
    const anchorMs = t("2024-03-09T12:00:00Z");
    expect(nextFire(daily, anchorMs, { anchorMs, timeZone: "America/New_York" })).toBe(t("2024-03-10T12:00:00Z"));
  });
});

describe("cron between dates", () => {
  const daily = parseSchedule("cron(30 8 * * ? *)", "scheduler");

  it("fires neither before the start nor after the end, by the minute", () => {
    const startMs = t("2024-05-10T08:30:45Z");
    const endMs = t("2024-05-11T08:30:05Z");
    expect(nextFire(daily, t("2024-05-01T00:00:00Z"), { startMs, endMs })).toBe(t("2024-05-10T08:30:00Z"));
    expect(nextFire(daily, t("2024-05-10T08:30:00Z"), { startMs, endMs })).toBe(t("2024-05-11T08:30:00Z"));
    expect(nextFire(daily, t("2024-05-11T08:30:00Z"), { startMs, endMs })).toBeUndefined();
    expect(nextFire(daily, t("2024-05-01T08:30:00Z") - 1)).toBe(t("2024-05-01T08:30:00Z"));
  });
});

describe("one-time schedules", () => {
  it("fire once, in their zone, whatever the dates", () => {
    const once = parseSchedule("at(2024-07-01T09:15:30)", "scheduler");
    const fire = t("2024-07-01T07:15:30Z");
    const options = { timeZone: "Europe/Berlin", startMs: fire + 1e9, endMs: fire - 1e9 };
    expect(nextFire(once, fire - 1, options)).toBe(fire);
    expect(nextFire(once, fire, options)).toBeUndefined();
    expect(nextFire(once, 0)).toBe(t("2024-07-01T09:15:30Z"));
  });

  it("take the first of two and move out of a gap", () => {
    const twice = parseSchedule("at(2024-11-03T01:30:00)", "scheduler");
    expect(nextFire(twice, 0, { timeZone: "America/New_York" })).toBe(t("2024-11-03T05:30:00Z"));
    const never = parseSchedule("at(2024-03-10T02:30:00)", "scheduler");
    expect(nextFire(never, 0, { timeZone: "America/New_York" })).toBe(t("2024-03-10T07:30:00Z"));
  });
});

describe("time zones", () => {
  it("are IANA names", () => {
    for (const zone of ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Asia/Kolkata"]) {
      expect(isTimeZone(zone)).toBe(true);
    }
    for (const zone of ["", "Mars/Olympus", "+02:00", "Europe/", "UTC+2"]) expect(isTimeZone(zone)).toBe(false);
  });
});
