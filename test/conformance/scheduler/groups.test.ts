/** Schedule groups and their tags. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { refusal, refused } from "../../support/refusal.ts";
import { SchedulerEnvironment, startTime } from "../../support/scheduler.ts";

const arnOf = (name: string) => `arn:aws:scheduler:us-east-1:000000000000:schedule-group/${name}`;

describe.each(["memory", "disk"] as const)("schedule groups, %s", (storage) => {
  let env: SchedulerEnvironment;
  beforeAll(async () => {
    env = await SchedulerEnvironment.start(storage);
  });
  afterAll(() => env.stop());

  it("begin with default, which cannot be deleted", async () => {
    const { ScheduleGroups } = await env.scheduler.listScheduleGroups({});
    expect(ScheduleGroups).toEqual([
      {
        Arn: arnOf("default"),
        Name: "default",
        State: "ACTIVE",
        CreationDate: new Date(startTime),
        LastModificationDate: new Date(startTime),
      },
    ]);
    expect(await refused(env.scheduler.deleteScheduleGroup({ Name: "default" }))).toMatchObject({
      name: "ValidationException",
    });
  });

  it("are created active, once", async () => {
    const { ScheduleGroupArn } = await env.scheduler.createScheduleGroup({ Name: "g1" });
    expect(ScheduleGroupArn).toBe(arnOf("g1"));
    expect(await env.scheduler.getScheduleGroup({ Name: "g1" })).toMatchObject({ Arn: arnOf("g1"), State: "ACTIVE" });
    expect(await refused(env.scheduler.createScheduleGroup({ Name: "g1" }))).toEqual(
      refusal("ConflictException", "Schedule group g1 already exists.", 409),
    );
    expect(await refused(env.scheduler.getScheduleGroup({ Name: "g2" }))).toEqual(
      refusal("ResourceNotFoundException", "Schedule group g2 does not exist.", 404),
    );
    expect(await refused(env.scheduler.deleteScheduleGroup({ Name: "g2" }))).toMatchObject({ status: 404 });
    const token = { Name: "g3", ClientToken: "once" };
    await env.scheduler.createScheduleGroup(token);
    expect((await env.scheduler.createScheduleGroup(token)).ScheduleGroupArn).toBe(arnOf("g3"));
  });

  it("are deleted with all their schedules", async () => {
    const { url, arn } = await env.queue();
    await env.scheduler.createScheduleGroup({ Name: "doomed" });
    const Name = await env.schedule("rate(1 minute)", { Arn: arn }, { GroupName: "doomed" });
    await env.bus.clock.advance(0);
    expect(await env.bodies(url)).toHaveLength(1);
    await env.scheduler.deleteScheduleGroup({ Name: "doomed" });
    await env.bus.clock.advance("5m");
    expect(await refused(env.scheduler.getScheduleGroup({ Name: "doomed" }))).toMatchObject({ status: 404 });
    expect(await refused(env.scheduler.getSchedule({ Name, GroupName: "doomed" }))).toMatchObject({ status: 404 });
    expect(await env.bodies(url)).toEqual([]);
    await env.scheduler.createScheduleGroup({ Name: "doomed" });
    expect((await env.scheduler.listSchedules({ GroupName: "doomed" })).Schedules).toEqual([]);
  });

  it("are listed by prefix, page by page", async () => {
    for (const Name of ["list-c", "list-a", "list-b"]) await env.scheduler.createScheduleGroup({ Name });
    const first = await env.scheduler.listScheduleGroups({ NamePrefix: "list-", MaxResults: 2 });
    expect(first.ScheduleGroups?.map(({ Name }) => Name)).toEqual(["list-a", "list-b"]);
    const second = await env.scheduler.listScheduleGroups({ NamePrefix: "list-", NextToken: first.NextToken });
    expect(second.ScheduleGroups?.map(({ Name }) => Name)).toEqual(["list-c"]);
    expect(second.NextToken).toBeUndefined();
    expect(await refused(env.scheduler.listScheduleGroups({ NextToken: "nonsense" }))).toMatchObject({ status: 400 });
  });

  it("carry tags", async () => {
    const ResourceArn = arnOf("tagged");
    await env.scheduler.createScheduleGroup({ Name: "tagged", Tags: [{ Key: "a", Value: "1" }] });
    await env.scheduler.tagResource({
      ResourceArn,
      Tags: [
        { Key: "a", Value: "2" },
        { Key: "b", Value: "3" },
      ],
    });
    await env.scheduler.untagResource({ ResourceArn, TagKeys: ["b", "never"] });
    expect((await env.scheduler.listTagsForResource({ ResourceArn })).Tags).toEqual([{ Key: "a", Value: "2" }]);
    const many = Array.from({ length: 50 }, (_, i) => ({ Key: `k${i}`, Value: "v" }));
    expect(await refused(env.scheduler.tagResource({ ResourceArn, Tags: many }))).toMatchObject({
      name: "ServiceQuotaExceededException",
      status: 402,
    });
    expect(
      await refused(env.scheduler.tagResource({ ResourceArn, Tags: [{ Key: "aws:x", Value: "1" }] })),
    ).toMatchObject({ name: "ValidationException" });
    expect(await refused(env.scheduler.listTagsForResource({ ResourceArn: arnOf("none") }))).toMatchObject({
      name: "ResourceNotFoundException",
    });
    const schedule = "arn:aws:scheduler:us-east-1:000000000000:schedule/default/x";
    expect(await refused(env.scheduler.listTagsForResource({ ResourceArn: schedule }))).toMatchObject({
      name: "ValidationException",
    });
  });
});

it("takes its time to delete a group where AWS does", async () => {
  const env = await SchedulerEnvironment.start("memory", { strict: true });
  await env.scheduler.createScheduleGroup({ Name: "slow" });
  await env.schedule("rate(1 hour)", { Arn: "arn:aws:sqs:us-east-1:000000000000:q" }, { GroupName: "slow" });
  await env.scheduler.deleteScheduleGroup({ Name: "slow" });
  expect((await env.scheduler.getScheduleGroup({ Name: "slow" })).State).toBe("DELETING");
  const late = env.schedule("rate(1 hour)", { Arn: "arn:aws:sqs:us-east-1:000000000000:q" }, { GroupName: "slow" });
  expect(await refused(late)).toMatchObject({ name: "ConflictException" });
  await env.bus.clock.advance("1m");
  expect(await refused(env.scheduler.getScheduleGroup({ Name: "slow" }))).toMatchObject({ status: 404 });
  await env.stop();
});
