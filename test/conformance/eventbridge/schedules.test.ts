import {
  DeleteRuleCommand,
  DisableRuleCommand,
  EnableRuleCommand,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
} from "@aws-sdk/client-eventbridge";
import { beforeEach, describe, expect, it } from "vitest";
import { account, type Harness, harness, region } from "./harness.ts";

let h: Harness;
let queue: { url: string; arn: string };

beforeEach(async () => {
  h = await harness({ startTime: "2028-01-31T12:00:30Z" });
  queue = await h.queue("ticks");
  return h.close;
});

async function rule(Name: string, more: object, Input?: string): Promise<void> {
  await h.events.send(new PutRuleCommand({ Name, ...more }));
  await h.events.send(new PutTargetsCommand({ Rule: Name, Targets: [{ Id: "1", Arn: queue.arn, Input }] }));
}

const times = async () =>
  (await h.take(queue.url)).map(({ Body }) => (JSON.parse(Body as string) as { time: string }).time);

describe("rules on a schedule", () => {
  it("fire every night of a month", async () => {
    const got: string[] = [];
    h.bus.registerFunction("night", (event) => got.push((event as { time: string }).time));
    await h.events.send(new PutRuleCommand({ Name: "nightly", ScheduleExpression: "cron(30 2 * * ? *)" }));
    const Targets = [{ Id: "1", Arn: `arn:aws:lambda:${region}:${account}:function:night` }];
    await h.events.send(new PutTargetsCommand({ Rule: "nightly", Targets }));
    await h.bus.clock.advance("29d");
    const expected = Array.from({ length: 29 }, (_, day) => `2028-02-${String(day + 1).padStart(2, "0")}T02:30:00Z`);
    expect(got).toEqual(expected);
  });

  it("send AWS's event", async () => {
    await rule("once", { ScheduleExpression: "cron(0 0 29 2 ? *)" });
    await h.bus.clock.advance("30d");
    const [message, ...more] = await h.take(queue.url);
    expect(more).toEqual([]);
    const { id } = JSON.parse(message?.Body as string) as { id: string };
    expect(message?.Body).toBe(
      `{"version":"0","id":"${id}","detail-type":"Scheduled Event","source":"aws.events","account":"${account}",` +
        `"time":"2028-02-29T00:00:00Z","region":"${region}","resources":["arn:aws:events:${region}:${account}:rule/once"],"detail":{}}`,
    );
    expect(h.bus.events({ source: "aws.events" })).toMatchObject([
      { matched: [`arn:aws:events:${region}:${account}:rule/once`] },
    ]);
  });

  it("send a constant instead when they have one", async () => {
    await rule("constant", { ScheduleExpression: "rate(1 minute)" }, '{"hello": 1}');
    await h.bus.clock.advance("1m");
    expect((await h.take(queue.url)).map(({ Body }) => Body)).toEqual(['{"hello": 1}']);
  });

  it("count a rate from when they were created or enabled", async () => {
    await rule("hourly", { ScheduleExpression: "rate(1 hour)" });
    await h.bus.clock.advance("2h30m");
    expect(await times()).toEqual(["2028-01-31T13:00:30Z", "2028-01-31T14:00:30Z"]);
    // The same rule once more changes nothing.
    await rule("hourly", { ScheduleExpression: "rate(1 hour)", Description: "same" });
    await h.bus.clock.advance("30m");
    expect(await times()).toEqual(["2028-01-31T15:00:30Z"]);
    await h.events.send(new DisableRuleCommand({ Name: "hourly" }));
    await h.bus.clock.advance("90m");
    expect(await times()).toEqual([]);
    await h.events.send(new EnableRuleCommand({ Name: "hourly" }));
    await h.bus.clock.advance("1h");
    expect(await times()).toEqual(["2028-01-31T17:30:30Z"]);
    await rule("hourly", { ScheduleExpression: "rate(2 hours)" });
    await h.bus.clock.advance("2h");
    expect(await times()).toEqual(["2028-01-31T19:30:30Z"]);
  });

  it("that also have a pattern fire on either, and matching rules get their event", async () => {
    const both = { ScheduleExpression: "rate(1 minute)", EventPattern: '{"source":["by-hand"]}' };
    await rule("both", both);
    await rule("eavesdropper", { EventPattern: '{"source":["aws.events"]}' });
    await h.events.send(new PutEventsCommand({ Entries: [{ Source: "by-hand", DetailType: "d", Detail: "{}" }] }));
    await h.bus.clock.advance("1m");
    expect(await times()).toEqual(["2028-01-31T12:00:30Z", "2028-01-31T12:01:30Z", "2028-01-31T12:01:30Z"]);
  });

  it("stop when they are deleted, and never fire when their years are past", async () => {
    await rule("past", { ScheduleExpression: "cron(15 10 ? * 6L 2002-2005)" });
    await h.events.send(new PutRuleCommand({ Name: "gone", ScheduleExpression: "rate(1 minute)" }));
    await h.events.send(new DeleteRuleCommand({ Name: "gone" }));
    await h.bus.clock.advance("400d");
    expect(h.bus.events()).toEqual([]);
  });
});
