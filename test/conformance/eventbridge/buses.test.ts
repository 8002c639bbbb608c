import {
  CreateEventBusCommand,
  DeleteEventBusCommand,
  DescribeEventBusCommand,
  ListEventBusesCommand,
  ListTagsForResourceCommand,
  PutPermissionCommand,
  PutRuleCommand,
  RemovePermissionCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateEventBusCommand,
} from "@aws-sdk/client-eventbridge";
import { beforeAll, describe, expect, it } from "vitest";
import { account, type Harness, harness, refusal, region } from "./harness.ts";

let h: Harness;
const busArn = (name: string, at = region) => `arn:aws:events:${at}:${account}:event-bus/${name}`;
const created = new Date("2026-03-01T00:00:00Z");

beforeAll(async () => {
  h = await harness();
});

const create = (Name: string, more: object = {}) => h.events.send(new CreateEventBusCommand({ Name, ...more }));
const describeBus = (Name?: string) => h.events.send(new DescribeEventBusCommand({ Name }));
const withoutMetadata = ({ $metadata: _, ...output }: { $metadata: unknown }) => output;

describe("event buses", () => {
  it("have a default one that always exists", async () => {
    expect(withoutMetadata(await describeBus())).toEqual({
      Name: "default",
      Arn: busArn("default"),
      CreationTime: created,
      LastModifiedTime: created,
    });
    expect(await refusal(create("default"))).toBe("ResourceAlreadyExistsException: Event bus default already exists.");
    expect(await refusal(h.events.send(new DeleteEventBusCommand({ Name: "default" })))).toBe(
      "ValidationException: Cannot delete event bus default.",
    );
  });

  it("are created, described by name and ARN, updated and deleted", async () => {
    const dead = `arn:aws:sqs:${region}:${account}:dead`;
    const settings = {
      Description: "of ours",
      DeadLetterConfig: { Arn: dead },
      LogConfig: { IncludeDetail: "FULL" as const, Level: "ERROR" as const },
    };
    expect(withoutMetadata(await create("plain"))).toEqual({ EventBusArn: busArn("plain") });
    expect(withoutMetadata(await create("full", settings))).toEqual({ EventBusArn: busArn("full"), ...settings });
    expect(await refusal(create("full"))).toBe("ResourceAlreadyExistsException: Event bus full already exists.");
    expect(await refusal(create("a/b"))).toBe("ValidationException: Event bus name must not contain '/'.");
    await h.eventsAs({ region: "eu-west-1" }).send(new CreateEventBusCommand({ Name: "full" }));
    expect(withoutMetadata(await describeBus(busArn("full")))).toEqual({
      Name: "full",
      Arn: busArn("full"),
      ...settings,
      CreationTime: created,
      LastModifiedTime: created,
    });
    expect(
      withoutMetadata(
        await h.events.send(new UpdateEventBusCommand({ Name: "full", Description: "new", DeadLetterConfig: {} })),
      ),
    ).toEqual({ Arn: busArn("full"), Name: "full", Description: "new", LogConfig: settings.LogConfig });
    await h.events.send(new DeleteEventBusCommand({ Name: "full" }));
    await h.events.send(new DeleteEventBusCommand({ Name: "full" }));
    expect(await refusal(describeBus("full"))).toBe("ResourceNotFoundException: Event bus full does not exist.");
  });

  it("are not deleted while they have rules", async () => {
    await create("busy");
    await h.events.send(new PutRuleCommand({ Name: "r", EventBusName: "busy", EventPattern: '{"a":["b"]}' }));
    expect(await refusal(h.events.send(new DeleteEventBusCommand({ Name: "busy" })))).toBe(
      "ValidationException: EventBus can't be deleted since it has rules.",
    );
  });

  it("are listed by name, page by page, the default one in its place", async () => {
    const there = h.eventsAs({ region: "ap-south-1" });
    for (const Name of ["zoo", "deal", "data", "abc"]) await there.send(new CreateEventBusCommand({ Name }));
    const names: (string | undefined)[][] = [];
    let NextToken: string | undefined;
    do {
      const page = await there.send(new ListEventBusesCommand({ Limit: 2, NextToken }));
      names.push((page.EventBuses ?? []).map(({ Name }) => Name));
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    expect(names).toEqual([["abc", "data"], ["deal", "default"], ["zoo"]]);
    const some = await there.send(new ListEventBusesCommand({ NamePrefix: "de" }));
    expect(some.EventBuses?.map(({ Name }) => Name)).toEqual(["deal", "default"]);
    expect((await there.send(new ListEventBusesCommand({ NamePrefix: "none" }))).EventBuses).toEqual([]);
    expect(await refusal(there.send(new ListEventBusesCommand({ NextToken: "junk" })))).toBe(
      "ValidationException: Parameter NextToken is not valid.",
    );
  });

  it("answer names of the wrong form as the model does", async () => {
    expect(await refusal(create("no blanks"))).toBe(
      "ValidationException: 1 validation error detected: Value 'no blanks' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [/\\.\\-_A-Za-z0-9]+",
    );
  });
});

describe("permissions", () => {
  const permit = (more: object) => h.events.send(new PutPermissionCommand({ EventBusName: "guarded", ...more }));
  const forbid = (more: object) => h.events.send(new RemovePermissionCommand({ EventBusName: "guarded", ...more }));
  const policy = async () => (await describeBus("guarded")).Policy;

  it("are statements by id", async () => {
    await create("guarded");
    const action = { Action: "events:PutEvents" };
    await permit({ ...action, Principal: "111122223333", StatementId: "one" });
    const one = {
      Sid: "one",
      Effect: "Allow",
      Principal: { AWS: "arn:aws:iam::111122223333:root" },
      Action: "events:PutEvents",
      Resource: busArn("guarded"),
    };
    expect(await policy()).toBe(JSON.stringify({ Version: "2012-10-17", Statement: [one] }));
    const Condition = { Type: "StringEquals", Key: "aws:PrincipalOrgID", Value: "o-abcdefghij" };
    await permit({ ...action, Principal: "*", StatementId: "two", Condition });
    const condition = { StringEquals: { "aws:PrincipalOrgID": "o-abcdefghij" } };
    const two = { ...one, Sid: "two", Principal: "*", Condition: condition };
    expect(JSON.parse((await policy()) as string).Statement).toEqual([one, two]);
    await permit({ ...action, Principal: "*", StatementId: "one" });
    expect(JSON.parse((await policy()) as string).Statement).toEqual([{ ...one, Principal: "*" }, two]);
    await forbid({ StatementId: "one" });
    expect(await refusal(forbid({ StatementId: "one" }))).toBe(
      "ResourceNotFoundException: Statement with the provided id does not exist.",
    );
    await forbid({ RemoveAllPermissions: true });
    expect(await policy()).toBeUndefined();
    expect(await refusal(forbid({ StatementId: "two" }))).toBe(
      "ResourceNotFoundException: Statement with the provided id does not exist.",
    );
  });

  it("may be set as a whole document", async () => {
    const document = (Sid: string) =>
      JSON.stringify({
        Version: "2012-10-17",
        Statement: [{ Sid, Effect: "Allow", Principal: "*", Action: "events:PutEvents", Resource: busArn("guarded") }],
      });
    await permit({ Policy: document("x") });
    expect(await policy()).toBe(document("x"));
    expect(await refusal(permit({ Policy: document("x".repeat(10_240)) }))).toContain("PolicyLengthExceededException");
  });

  it("are checked", async () => {
    expect(await refusal(permit({ Action: "events:PutRule", Principal: "*", StatementId: "s" }))).toBe(
      "ValidationException: Provided value in parameter 'action' is not supported.",
    );
    expect(
      await refusal(permit({ EventBusName: "no", Action: "events:PutEvents", Principal: "*", StatementId: "s" })),
    ).toBe("ResourceNotFoundException: Event bus no does not exist.");
    expect(await refusal(forbid({}))).toContain("ValidationException");
  });
});

describe("tags", () => {
  const list = async (ResourceARN: string) =>
    (await h.events.send(new ListTagsForResourceCommand({ ResourceARN }))).Tags;

  it("belong to buses and rules", async () => {
    await create("tagged", { Tags: [{ Key: "a", Value: "1" }] });
    const { RuleArn = "" } = await h.events.send(
      new PutRuleCommand({
        Name: "r",
        EventBusName: "tagged",
        EventPattern: '{"a":["b"]}',
        Tags: [{ Key: "b", Value: "2" }],
      }),
    );
    expect(await list(busArn("tagged"))).toEqual([{ Key: "a", Value: "1" }]);
    for (const ResourceARN of [busArn("tagged"), busArn("default"), RuleArn]) {
      await h.events.send(
        new TagResourceCommand({
          ResourceARN,
          Tags: [
            { Key: "c", Value: "3" },
            { Key: "b", Value: "" },
          ],
        }),
      );
      await h.events.send(new UntagResourceCommand({ ResourceARN, TagKeys: ["c", "never"] }));
      expect(await list(ResourceARN)).toContainEqual({ Key: "b", Value: "" });
      expect(await list(ResourceARN)).not.toContainEqual({ Key: "c", Value: "3" });
    }
    expect(await list(busArn("default", region))).toEqual([{ Key: "b", Value: "" }]);
  });

  it("are refused for what does not exist, and when they are AWS's own or too many", async () => {
    expect(await refusal(list(busArn("none")))).toBe("ResourceNotFoundException: Event bus none does not exist.");
    expect(await refusal(list(`arn:aws:events:${region}:${account}:rule/none`))).toBe(
      "ResourceNotFoundException: Rule none does not exist on EventBus default.",
    );
    expect(await refusal(list(`arn:aws:events:${region}:${account}:rule/b/none`))).toBe(
      "ResourceNotFoundException: Rule none does not exist on EventBus b.",
    );
    const tag = (Tags: { Key: string; Value: string }[]) =>
      h.events.send(new TagResourceCommand({ ResourceARN: busArn("default"), Tags }));
    expect(await refusal(tag([{ Key: "aws:x", Value: "" }]))).toContain("ValidationException");
    const many = Array.from({ length: 50 }, (_, i) => ({ Key: `k${i}`, Value: "" }));
    expect(await refusal(tag(many))).toContain("ValidationException");
    expect(await list(busArn("default"))).toHaveLength(1);
  });
});
