/** When schedules run: expressions, zones, dates, windows, completion. */
import { CronExpressionParser } from "cron-parser";
import { Cron } from "croner";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { refused } from "../../support/refusal.ts";
import { roleArn, SchedulerEnvironment } from "../../support/scheduler.ts";

const scheduledTime = "<aws.scheduler.scheduled-time>";

describe("schedules run", () => {
  let env: SchedulerEnvironment;
  beforeAll(async () => {
    env = await SchedulerEnvironment.start();
  });
  afterAll(() => env.stop());

  const noon = "2026-03-01T12:00:00Z";

  it("at a rate, from their creation or their start date, to their end date", async () => {
    const [{ url, arn }, started] = [await env.queue(), await env.queue()];
    const base = env.bus.clock.now();
    expect(new Date(base).toISOString()).toBe("2026-03-01T12:00:00.000Z");
    const rate = await env.schedule("rate(7 minutes)", { Arn: arn, Input: scheduledTime });
    await env.schedule(
      "rate(1 hour)",
      { Arn: started.arn, Input: scheduledTime },
      { StartDate: new Date("2026-03-01T12:10:30Z"), EndDate: new Date("2026-03-01T14:10:00Z") },
    );
    await env.bus.clock.advance("20m");
    expect(await env.bodies(url)).toEqual([noon, "2026-03-01T12:07:00Z", "2026-03-01T12:14:00Z"]);
    await env.scheduler.deleteSchedule({ Name: rate });
    await env.bus.clock.advance("6h");
    expect(await env.bodies(url)).toEqual([]);
    expect(await env.bodies(started.url)).toEqual([
      "2026-03-01T12:10:30Z",
      "2026-03-01T13:10:30Z",
      "2026-03-01T14:10:30Z",
    ]);
  });

  it("once, in their own zone, and never late", async () => {
    const { url, arn } = await env.queue();
    const target = { Arn: arn, Input: scheduledTime };
    await env.bus.clock.set("2026-06-10T08:00:00Z");
    const once = await env.schedule("at(2026-06-10T10:30:15)", target, {
      ScheduleExpressionTimezone: "Europe/Berlin",
    });
    await env.schedule("at(2022-12-31T23:59:59)", target, {
      FlexibleTimeWindow: { Mode: "FLEXIBLE", MaximumWindowInMinutes: 4 },
    });
    await env.bus.clock.set("2026-06-10T08:30:14Z");
    expect(await env.bodies(url)).toEqual([]);
    await env.bus.clock.set("2026-06-12T00:00:00Z");
    expect(await env.bodies(url)).toEqual(["2026-06-10T08:30:15Z"]);
    expect((await env.scheduler.getSchedule({ Name: once })).State).toBe("ENABLED");
    await env.scheduler.updateSchedule({
      Name: once,
      ScheduleExpression: "at(2026-06-12T01:00:00)",
      FlexibleTimeWindow: { Mode: "OFF" },
      Target: { ...target, RoleArn: roleArn },
    });
    await env.bus.clock.advance("1h");
    expect(await env.bodies(url)).toEqual(["2026-06-12T01:00:00Z"]);
  });

  it("not while disabled, and do not make up for it", async () => {
    const { url, arn } = await env.queue();
    await env.bus.clock.set("2026-06-13T00:00:00Z");
    const Name = await env.schedule("cron(0 * * * ? *)", { Arn: arn, Input: scheduledTime }, { State: "DISABLED" });
    await env.bus.clock.set("2026-06-13T03:30:00Z");
    expect(await env.bodies(url)).toEqual([]);
    await env.scheduler.updateSchedule({
      Name,
      ScheduleExpression: "cron(0 * * * ? *)",
      FlexibleTimeWindow: { Mode: "OFF" },
      Target: { Arn: arn, Input: scheduledTime, RoleArn: roleArn },
    });
    await env.bus.clock.set("2026-06-13T05:30:00Z");
    expect(await env.bodies(url)).toEqual(["2026-06-13T04:00:00Z", "2026-06-13T05:00:00Z"]);
    await env.scheduler.deleteSchedule({ Name });
  });

  it("and are deleted when they are complete, if configured", async () => {
    const { url, arn } = await env.queue();
    await env.bus.clock.set("2026-06-14T00:00:00Z");
    const done = { ActionAfterCompletion: "DELETE" } as const;
    const once = await env.schedule("at(2026-06-14T01:00:00)", { Arn: arn }, done);
    const recurring = await env.schedule(
      "cron(0/30 * * * ? *)",
      { Arn: arn },
      { ...done, EndDate: new Date("2026-06-14T02:00:00Z") },
    );
    const never = await env.schedule(
      "cron(0 0 1 1 ? 2030)",
      { Arn: arn },
      { ...done, EndDate: new Date("2026-06-14T02:00:00Z") },
    );
    // The queue is not there: the last invocation is retried as often as the policy says before the schedule goes.
    const retried = await env.schedule(
      "at(2026-06-14T01:00:00)",
      { Arn: "arn:aws:scheduler:::aws-sdk:sqs:sendMessage", Input: '{"QueueUrl":"http://x/000000000000/none"}' },
      done,
    );
    await env.bus.clock.set("2026-06-14T00:59:59Z");
    for (const Name of [once, recurring, never, retried]) await env.scheduler.getSchedule({ Name });
    await env.bus.clock.set("2026-06-14T01:10:00Z");
    for (const Name of [once, retried]) {
      expect(await refused(env.scheduler.getSchedule({ Name }))).toMatchObject({ status: 404 });
    }
    await env.scheduler.getSchedule({ Name: recurring });
    await env.bus.clock.set("2026-06-14T02:10:00Z");
    for (const Name of [recurring, never]) {
      expect(await refused(env.scheduler.getSchedule({ Name }))).toMatchObject({ status: 404 });
    }
    expect(await env.drain(url)).toHaveLength(6);
  });

  it("somewhere in their flexible window, at the same place for the same seed", async () => {
    const offsets: number[][] = [];
    for (const seed of ["one", "one", "two"]) {
      const other = await SchedulerEnvironment.start("memory", { seed });
      const { url, arn } = await other.queue();
      const window = { FlexibleTimeWindow: { Mode: "FLEXIBLE", MaximumWindowInMinutes: 30 } } as const;
      await other.schedule("cron(0 * * * ? *)", { Arn: arn, Input: scheduledTime }, { ...window, Name: "flexible" });
      await other.bus.clock.set("2026-03-01T23:59:00Z");
      const messages = await other.drain(url);
      offsets.push(
        messages.map(({ Attributes, Body }) => Number(Attributes?.SentTimestamp) - Date.parse(Body as string)),
      );
      await other.stop();
    }
    const [first, again, second] = offsets as [number[], number[], number[]];
    expect(first).toHaveLength(12);
    for (const offset of [...first, ...second]) {
      expect(offset).toBeGreaterThanOrEqual(0);
      expect(offset).toBeLessThan(30 * 60_000);
    }
    expect(new Set(first).size).toBeGreaterThan(6);
    expect(again).toEqual(first);
    expect(second).not.toEqual(first);
  });
});

/** croner and cron-parser are independent of Busbar's own cron; both know the zone's clocks. */
describe("a year of a daily schedule", () => {
  it.each([
    ["America/New_York", "cron(30 2 * * ? *)", "30 2 * * *"],
    ["Europe/Berlin", "cron(15 9 * * ? *)", "15 9 * * *"],
    ["America/Santiago", "cron(30 23 * * ? *)", "30 23 * * *"],
  ])("in %s fires when independent libraries say", async (zone, expression, cron) => {
    const env = await SchedulerEnvironment.start("memory", { startTime: "2026-01-01T00:00:00Z" });
    const { url, arn } = await env.queue({ MessageRetentionPeriod: "1209600" });
    await env.schedule(expression, { Arn: arn, Input: scheduledTime }, { ScheduleExpressionTimezone: zone });
    const fired: string[] = [];
    const sent: number[] = [];
    for (let week = 0; week < 53; week++) {
      await env.bus.clock.advance("7d");
      for (const { Body, Attributes } of await env.drain(url)) {
        fired.push(Body as string);
        sent.push(Number(Attributes?.SentTimestamp));
      }
    }
    const [from, to] = [new Date("2026-01-01T00:00:00Z"), new Date("2027-01-07T00:00:00Z")];
    const croner = new Cron(cron, { timezone: zone }).nextRuns(400, from).filter((date) => date < to);
    const parser = CronExpressionParser.parse(cron, { tz: zone, currentDate: from });
    const parsed: Date[] = [];
    for (let next = parser.next().toDate(); next < to; next = parser.next().toDate()) parsed.push(next);
    const shown = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit" });
    const [minute, hour] = cron.split(" ");
    const wanted = `${hour?.padStart(2, "0")}:${minute?.padStart(2, "0")}`;
    // A time that the clocks skip is left out by AWS, and put elsewhere by the libraries.
    const onTheClock = (dates: Date[]) =>
      dates.filter((date) => shown.format(date) === wanted).map((date) => date.toISOString().replace(".000", ""));
    expect(fired).toEqual(onTheClock(croner));
    expect(fired).toEqual(onTheClock(parsed));
    expect(fired.length).toBeGreaterThan(365);
    expect(sent).toEqual(fired.map((time) => Date.parse(time)));
    await env.stop();
  });
});
