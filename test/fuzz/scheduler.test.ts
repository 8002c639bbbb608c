/** Nonsensical schedules: accepted or refused, never broken. */
import { Scheduler } from "@aws-sdk/client-scheduler";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Busbar, createBusbar } from "../../src/index.ts";

const field = fc.oneof(
  fc.constantFrom(
    "*",
    "?",
    "L",
    "LW",
    "1W",
    "SUN#2",
    "6#5",
    "MON-FRI",
    "0/15",
    "1,2,3",
    "JAN",
    "*/0",
    "-",
    "/",
    "99999999999",
  ),
  fc.integer({ min: -5, max: 2300 }).map(String),
  fc.string({ maxLength: 5 }),
);
const expression = fc.oneof(
  fc.array(field, { minLength: 4, maxLength: 8 }).map((fields) => `cron(${fields.join(" ")})`),
  fc
    .tuple(fc.integer({ min: -1, max: 2 ** 40 }), fc.constantFrom("minute", "minutes", "hours", "days", "week", ""))
    .map(([n, unit]) => `rate(${n} ${unit})`),
  fc
    .date({ noInvalidDate: false })
    .map((date) => `at(${Number.isNaN(+date) ? "NaN" : date.toISOString().slice(0, 19)})`),
  fc.string({ minLength: 1, maxLength: 300 }),
);
const zone = fc.oneof(
  fc.constantFrom(...Intl.supportedValuesOf("timeZone"), "UTC", "Etc/GMT+12", "GMT0"),
  fc.string({ minLength: 1, maxLength: 60 }),
  fc.constantFrom("__proto__", "constructor", "+01:00", "Europe/berlin ", "local", "system"),
);

describe("schedules", () => {
  let bus: Busbar;
  let scheduler: Scheduler;
  beforeAll(async () => {
    bus = await createBusbar({ clock: "virtual", startTime: "2026-03-01T12:00:00Z", port: false });
    scheduler = new Scheduler({ ...bus.clientConfig(), maxAttempts: 1 });
  });
  afterAll(() => bus.close());

  const target = {
    Arn: "arn:aws:sqs:us-east-1:000000000000:q",
    RoleArn: "arn:aws:iam::000000000000:role/r",
    RetryPolicy: { MaximumRetryAttempts: 0 },
  };

  it("with any expression, zone and dates are stored and run, or refused as invalid", async () => {
    await fc.assert(
      fc.asyncProperty(
        expression,
        zone,
        fc.option(fc.date({ noInvalidDate: true }), { nil: undefined }),
        fc.option(fc.integer({ min: 1, max: 1440 }), { nil: undefined }),
        async (ScheduleExpression, ScheduleExpressionTimezone, EndDate, window) => {
          try {
            await scheduler.createSchedule({
              Name: "fuzz",
              ScheduleExpression,
              ScheduleExpressionTimezone,
              EndDate,
              FlexibleTimeWindow:
                window === undefined ? { Mode: "OFF" } : { Mode: "FLEXIBLE", MaximumWindowInMinutes: window },
              Target: target,
            });
          } catch (error) {
            const { name, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
            expect([name, $metadata?.httpStatusCode]).toEqual(["ValidationException", 400]);
            return;
          }
          await bus.clock.advance("3m");
          const kept = await scheduler.getSchedule({ Name: "fuzz" });
          expect(kept).toMatchObject({ ScheduleExpression, ScheduleExpressionTimezone });
          await scheduler.deleteSchedule({ Name: "fuzz" });
        },
      ),
      { numRuns: 600 },
    );
    expect(bus.requests().filter(({ status }) => status >= 500)).toEqual([]);
  });

  it("with any input and ARN end in a delivery or a reason", async () => {
    const word = fc.constantFrom(
      "<aws.scheduler.",
      "schedule-arn>",
      "attempt-number>",
      "{",
      "}",
      '"',
      "$&",
      "é\u{1F600}",
      "x",
    );
    const arn = fc.oneof(
      fc
        .constantFrom(
          "sqs:sendMessage",
          "sfn:startExecution",
          "kinesis:putRecord",
          "sns:publish",
          "lambda:invoke",
          "sts:assumeRole",
          "a:b",
        )
        .map((action) => `arn:aws:scheduler:::aws-sdk:${action}`),
      fc
        .constantFrom("lambda:us-east-1:000000000000:function:f", "sqs:us-east-1:000000000000:q", "sns:::", "x")
        .map((rest) => `arn:aws:${rest}`),
      fc.string({ minLength: 1, maxLength: 100 }),
    );
    const input = fc.oneof(
      fc.array(word, { minLength: 1, maxLength: 8 }).map((words) => words.join("")),
      fc.json(),
    );
    await fc.assert(
      fc.asyncProperty(arn, input, async (Arn, Input) => {
        try {
          await scheduler.createSchedule({
            Name: "target",
            ScheduleExpression: "rate(30 days)",
            FlexibleTimeWindow: { Mode: "OFF" },
            Target: { ...target, Arn, Input },
          });
        } catch (error) {
          expect((error as Error).name).toBe("ValidationException");
          return;
        }
        await bus.clock.advance(1000);
        const source = "arn:aws:scheduler:us-east-1:000000000000:schedule/default/target";
        expect(bus.deliveries({ source, limit: 1 })[0]).toMatchObject({
          target: Arn,
          status: expect.stringMatching(/failed|delivered/),
        });
        await scheduler.deleteSchedule({ Name: "target" });
      }),
      { numRuns: 300 },
    );
    expect(bus.deliveries({ limit: 2000 }).filter(({ reason }) => reason?.includes("An internal error"))).toEqual([]);
  });
});
