/** CreateSchedule, GetSchedule, UpdateSchedule, DeleteSchedule, ListSchedules. */
import type { CreateScheduleCommandInput, Target } from "@aws-sdk/client-scheduler";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { refusal, refused } from "../../support/refusal.ts";
import { roleArn, SchedulerEnvironment, startTime } from "../../support/scheduler.ts";

const queueArn = "arn:aws:sqs:us-east-1:000000000000:anywhere";
const target: Target = { Arn: queueArn, RoleArn: roleArn };

function request(more: Partial<CreateScheduleCommandInput> = {}): CreateScheduleCommandInput {
  return {
    Name: "refused",
    ScheduleExpression: "rate(1 day)",
    FlexibleTimeWindow: { Mode: "OFF" },
    Target: target,
    ...more,
  };
}

describe.each(["memory", "disk"] as const)("schedules, %s", (storage) => {
  let env: SchedulerEnvironment;
  beforeAll(async () => {
    env = await SchedulerEnvironment.start(storage);
  });
  afterAll(() => env.stop());

  it("are created with nothing but an ARN for an answer and described with their defaults", async () => {
    const { $metadata, ...created } = await env.scheduler.createSchedule(request({ Name: "plain" }));
    const ScheduleArn = "arn:aws:scheduler:us-east-1:000000000000:schedule/default/plain";
    expect($metadata.httpStatusCode).toBe(200);
    expect(created).toEqual({ ScheduleArn });
    const { $metadata: _, ...described } = await env.scheduler.getSchedule({ Name: "plain" });
    expect(described).toEqual({
      Arn: ScheduleArn,
      Name: "plain",
      GroupName: "default",
      State: "ENABLED",
      ScheduleExpression: "rate(1 day)",
      ScheduleExpressionTimezone: "UTC",
      FlexibleTimeWindow: { Mode: "OFF" },
      ActionAfterCompletion: "NONE",
      CreationDate: new Date(startTime),
      LastModificationDate: new Date(startTime),
      Target: { ...target, RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 } },
    });
  });

  it("keep every member and lose those an update leaves out", async () => {
    const kmsKey = "arn:aws:kms:us-east-1:000000000000:key/1";
    const full = request({
      Name: "full",
      Description: "all of it",
      StartDate: new Date("2026-04-01T00:00:00Z"),
      EndDate: new Date("2026-05-01T00:00:00.5Z"),
      State: "DISABLED",
      ScheduleExpressionTimezone: "Europe/Berlin",
      KmsKeyArn: kmsKey,
      ActionAfterCompletion: "DELETE",
      FlexibleTimeWindow: { Mode: "FLEXIBLE", MaximumWindowInMinutes: 15 },
      Target: {
        ...target,
        Input: "{}",
        DeadLetterConfig: { Arn: queueArn },
        RetryPolicy: { MaximumEventAgeInSeconds: 60, MaximumRetryAttempts: 0 },
        SqsParameters: { MessageGroupId: "g" },
      },
    });
    await env.scheduler.createSchedule(full);
    const { Name: _, ...members } = full;
    expect(await env.scheduler.getSchedule({ Name: "full" })).toMatchObject(members);
    await env.bus.clock.advance("1m");
    await env.scheduler.updateSchedule(request({ Name: "full" }));
    const updated = await env.scheduler.getSchedule({ Name: "full" });
    expect(updated).toMatchObject({
      State: "ENABLED",
      ScheduleExpressionTimezone: "UTC",
      ActionAfterCompletion: "NONE",
      FlexibleTimeWindow: { Mode: "OFF" },
      Target: { Arn: queueArn, RetryPolicy: { MaximumRetryAttempts: 185 } },
    });
    for (const gone of ["Description", "StartDate", "EndDate", "KmsKeyArn"] as const) {
      expect(updated[gone]).toBeUndefined();
    }
    expect(updated.Target).not.toHaveProperty("Input");
    expect((updated.LastModificationDate as Date) > (updated.CreationDate as Date)).toBe(true);
  });

  it("are gone once deleted", async () => {
    await env.scheduler.createSchedule(request({ Name: "gone" }));
    await env.scheduler.deleteSchedule({ Name: "gone" });
    const missing = refusal("ResourceNotFoundException", "Schedule gone does not exist.", 404);
    expect(await refused(env.scheduler.getSchedule({ Name: "gone" }))).toEqual(missing);
    expect(await refused(env.scheduler.deleteSchedule({ Name: "gone" }))).toEqual(missing);
    expect(await refused(env.scheduler.updateSchedule(request({ Name: "gone" })))).toEqual(missing);
  });

  it("have a name of their own in their group", async () => {
    await env.scheduler.createScheduleGroup({ Name: "other" });
    await env.scheduler.createSchedule(request({ Name: "twin" }));
    await env.scheduler.createSchedule(request({ Name: "twin", GroupName: "other" }));
    expect(await refused(env.scheduler.createSchedule(request({ Name: "twin" })))).toEqual(
      refusal("ConflictException", "Schedule twin already exists.", 409),
    );
    expect(await refused(env.scheduler.createSchedule(request({ GroupName: "nowhere" })))).toEqual(
      refusal("ResourceNotFoundException", "Schedule group nowhere does not exist.", 404),
    );
    expect((await env.scheduler.getSchedule({ Name: "twin", GroupName: "other" })).GroupName).toBe("other");
  });

  it("may be asked for again with the same client token", async () => {
    const asked = request({ Name: "token", ClientToken: "t1" });
    const first = await env.scheduler.createSchedule(asked);
    expect((await env.scheduler.createSchedule(asked)).ScheduleArn).toBe(first.ScheduleArn);
    expect(await refused(env.scheduler.createSchedule({ ...asked, Description: "other" }))).toMatchObject({
      name: "ConflictException",
      status: 409,
    });
    await env.scheduler.deleteSchedule({ Name: "token", ClientToken: "t1" });
    await env.scheduler.deleteSchedule({ Name: "token", ClientToken: "t1" });
  });

  const invalid: [string, Partial<CreateScheduleCommandInput>, string | RegExp][] = [
    ["expression", { ScheduleExpression: "every day" }, "Invalid Schedule Expression every day."],
    ["cron", { ScheduleExpression: "cron(0 12 * * * *)" }, "Invalid Schedule Expression cron(0 12 * * * *)."],
    ["zone", { ScheduleExpressionTimezone: "Mars/Base" }, /Timezone/],
    ["window without width", { FlexibleTimeWindow: { Mode: "FLEXIBLE" } }, /MaximumWindowInMinutes/],
    ["width without window", { FlexibleTimeWindow: { Mode: "OFF", MaximumWindowInMinutes: 1 } }, /MaximumWindow/],
    [
      "old start",
      { StartDate: new Date("2026-03-01T11:54:00Z") },
      "The StartDate you specify cannot be earlier than 5 minutes ago.",
    ],
    ["past end", { EndDate: new Date("2026-03-01T11:00:00Z") }, /EndDate/],
    [
      "end before start",
      { StartDate: new Date("2026-04-02T00:00:00Z"), EndDate: new Date("2026-04-01T00:00:00Z") },
      /EndDate/,
    ],
    ["target", { Target: { ...target, Arn: "arn:aws:s3:::bucket" } }, "s3 is not a supported service for a target."],
    ["no ARN", { Target: { ...target, Arn: "nonsense" } }, /not a supported target/],
    [
      "reading action",
      { Target: { ...target, Arn: "arn:aws:scheduler:::aws-sdk:sqs:receiveMessage" } },
      /sqs:receiveMessage/,
    ],
    [
      "missing block",
      { Target: { ...target, Arn: "arn:aws:kinesis:us-east-1:000000000000:stream/s" } },
      /KinesisParameters/,
    ],
    ["foreign block", { Target: { ...target, KinesisParameters: { PartitionKey: "k" } } }, /KinesisParameters/],
    ["large input", { Target: { ...target, Input: "x".repeat(262_145) } }, /Input/],
  ];
  it.each(invalid)("are refused for their %s", async (_what, more, message) => {
    const answer = await refused(env.scheduler.createSchedule(request(more)));
    expect(answer).toMatchObject({ name: "ValidationException", status: 400 });
    expect(answer.message).toMatch(message);
    await refused(env.scheduler.getSchedule({ Name: "refused" }));
  });

  it("are refused in AWS's words for what breaks the model", async () => {
    expect(await refused(env.scheduler.createSchedule(request({ Target: { ...target, RoleArn: "role" } })))).toEqual(
      refusal(
        "ValidationException",
        "1 validation error detected: Value 'role' at 'target.roleArn' failed to satisfy constraint: " +
          "Member must satisfy regular expression pattern: ^arn:aws(-[a-z]+)?:iam::\\d{12}:role\\/[\\w+=,.@\\/-]+$",
      ),
    );
    const answer = await refused(env.scheduler.createSchedule({ ...request(), Target: undefined, Name: "a b" }));
    expect(answer.message).toMatch(/^2 validation errors detected: /);
    const deadLetterConfig = { Arn: `${queueArn}.fifo` };
    const fifo = await refused(
      env.scheduler.createSchedule(request({ Target: { ...target, DeadLetterConfig: deadLetterConfig } })),
    );
    expect(fifo.message).toContain("target.deadLetterConfig.arn");
  });

  it("are listed by group and name, page by page, through every filter", async () => {
    const account = "111122223333";
    const { Scheduler } = await import("@aws-sdk/client-scheduler");
    const scheduler = new Scheduler({ ...env.bus.clientConfig({ account }), maxAttempts: 1 });
    expect((await scheduler.listSchedules({})).Schedules).toEqual([]);
    await scheduler.createScheduleGroup({ Name: "b" });
    await scheduler.createScheduleGroup({ Name: "z" });
    for (const GroupName of ["z", "default", "b"]) {
      for (const [i, Name] of ["y2", "x1", "y1"].entries()) {
        await scheduler.createSchedule(request({ GroupName, Name, State: i === 0 ? "DISABLED" : "ENABLED" }));
      }
    }
    const list = async (filter: object) => {
      const names: string[] = [];
      let NextToken: string | undefined;
      do {
        const page = await scheduler.listSchedules({ ...filter, NextToken });
        names.push(...(page.Schedules ?? []).map((schedule) => `${schedule.GroupName}/${schedule.Name}`));
        NextToken = page.NextToken;
      } while (NextToken !== undefined);
      return names;
    };
    const all = ["b/x1", "b/y1", "b/y2", "default/x1", "default/y1", "default/y2", "z/x1", "z/y1", "z/y2"];
    for (const MaxResults of [1, 2, 9, 100]) expect(await list({ MaxResults })).toEqual(all);
    expect(await list({ GroupName: "z" })).toEqual(["z/x1", "z/y1", "z/y2"]);
    expect(await list({ NamePrefix: "y", MaxResults: 1 })).toEqual(all.filter((name) => name.includes("/y")));
    expect(await list({ State: "DISABLED", MaxResults: 1 })).toEqual(["b/y2", "default/y2", "z/y2"]);
    expect((await scheduler.listSchedules({ GroupName: "z", NamePrefix: "x" })).Schedules?.[0]).toEqual({
      Arn: `arn:aws:scheduler:us-east-1:${account}:schedule/z/x1`,
      Name: "x1",
      GroupName: "z",
      State: "ENABLED",
      CreationDate: expect.any(Date),
      LastModificationDate: expect.any(Date),
      Target: { Arn: queueArn },
    });
    expect((await refused(scheduler.listSchedules({ NextToken: "abc" }))).name).toBe("ValidationException");
    expect(await refused(scheduler.listSchedules({ GroupName: "nowhere" }))).toMatchObject({ status: 404 });
    scheduler.destroy();
  });
});
