/** Rules of Scheduler as AWS was recorded, or reported by its users, to follow them. */
import type { CreateScheduleCommandInput } from "@aws-sdk/client-scheduler";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { refusal, refused } from "../../support/refusal.ts";
import { roleArn, SchedulerEnvironment } from "../../support/scheduler.ts";

describe("what was recorded", () => {
  let env: SchedulerEnvironment;
  beforeAll(async () => {
    env = await SchedulerEnvironment.start();
  });
  afterAll(() => env.stop());

  const request = (Arn: string, more: Partial<CreateScheduleCommandInput> = {}) => ({
    Name: env.name(),
    ScheduleExpression: "rate(1 day)",
    FlexibleTimeWindow: { Mode: "OFF" as const },
    Target: { Arn, RoleArn: roleArn },
    ...more,
  });
  const queue = "arn:aws:sqs:us-east-1:000000000000:q";
  const universal = (call: string) => `arn:aws:scheduler:::aws-sdk:${call}`;

  it.each([
    ["arn:aws:glue:us-east-1:000000000000:job/j", "glue"],
    ["arn:aws:scheduler:us-east-1:000000000000:schedule/default/s", "scheduler"],
    ["arn:aws:s3:::bucket", "s3"],
    [universal("backup:startBackupJob"), "backup"],
    [universal("nosuch:foo"), "nosuch"],
    [universal("sqs:nosuchAction"), "sqs"],
    [universal("sqs:SendMessage"), "sqs"],
    [universal("sfn:StartExecution"), "sfn"],
    [universal("dynamodb:PutItem"), "dynamodb"],
    [universal("sns:"), "sns"],
  ])("%s cannot be a target", async (arn, service) => {
    const text = `${service} is not a supported service for a target.`;
    expect(await refused(env.scheduler.createSchedule(request(arn)))).toEqual(refusal("ValidationException", text));
    const { Name, ...rest } = request(queue);
    await env.scheduler.createSchedule({ Name, ...rest });
    const update = env.scheduler.updateSchedule({ Name, ...rest, Target: { Arn: arn, RoleArn: roleArn } });
    expect(await refused(update)).toEqual(refusal("ValidationException", text));
  });

  it.each(["sqs:sendMessage", "sfn:startExecution", "eventbridge:putEvents", "glue:startJobRun", "ec2:startInstances"])(
    "%s can be one",
    async (call) => {
      await env.scheduler.createSchedule(request(universal(call), target(universal(call))));
    },
  );
  const target = (Arn: string) => ({ Target: { Arn, RoleArn: roleArn, Input: "{}" } });

  it("CreateSchedule answers with the ARN alone, also for a time that is past", async () => {
    const created = request(queue, {
      ScheduleExpression: "at(2022-12-31T23:59:59)",
      FlexibleTimeWindow: { Mode: "FLEXIBLE", MaximumWindowInMinutes: 4 },
    });
    const { $metadata: _, ...answer } = await env.scheduler.createSchedule(created);
    expect(answer).toEqual({
      ScheduleArn: `arn:aws:scheduler:us-east-1:000000000000:schedule/default/${created.Name}`,
    });
  });

  it("ListSchedules without any answers an empty list and no token", async () => {
    await env.scheduler.createScheduleGroup({ Name: "empty" });
    const { $metadata: _, ...answer } = await env.scheduler.listSchedules({ GroupName: "empty" });
    expect(answer).toEqual({ Schedules: [] });
  });

  it.each(["rate( 7 days )", " rate(7 days)", "rate(7 days) ", "rate(7 Days)"])(
    "'%s' has blanks or capitals where none may be",
    async (ScheduleExpression) => {
      expect(await refused(env.scheduler.createSchedule(request(queue, { ScheduleExpression })))).toEqual(
        refusal("ValidationException", `Invalid Schedule Expression ${ScheduleExpression}.`),
      );
    },
  );

  it("commas between the fields of cron are taken for blanks", async () => {
    const ScheduleExpression = "cron(0/10, 7-19, ?, *, MON-FRI, *)";
    await env.scheduler.createSchedule(request(queue, { ScheduleExpression }));
  });
});
