import {
  CreateArchiveCommand,
  CreateEventBusCommand,
  DeleteRuleCommand,
  DescribeRuleCommand,
  DisableRuleCommand,
  EnableRuleCommand,
  ListRuleNamesByTargetCommand,
  ListRulesCommand,
  ListTargetsByRuleCommand,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
  type Target,
} from "@aws-sdk/client-eventbridge";
import { beforeAll, describe, expect, it } from "vitest";
import { account, type Harness, harness, refusal, region } from "./harness.ts";

let h: Harness;
beforeAll(async () => {
  h = await harness();
  await h.events.send(new CreateEventBusCommand({ Name: "custom" }));
});

const put = (Name: string, more: object = {}) =>
  h.events.send(new PutRuleCommand({ Name, EventPattern: '{"source":["s"]}', ...more }));
const ruleArn = (path: string) => `arn:aws:events:${region}:${account}:rule/${path}`;
const described = async (Name: string, EventBusName?: string) => {
  const { $metadata: _, ...rule } = await h.events.send(new DescribeRuleCommand({ Name, EventBusName }));
  return rule;
};

describe("rules", () => {
  it("are put, replaced as a whole, and described", async () => {
    const EventPattern = '{ "source": ["s"] }';
    const role = "arn:aws:iam::000000000000:role/r";
    const { RuleArn } = await put("full", { EventPattern, State: "DISABLED", Description: "d", RoleArn: role });
    expect(RuleArn).toBe(ruleArn("full"));
    expect(await described("full")).toEqual({
      Name: "full",
      Arn: ruleArn("full"),
      EventPattern,
      State: "DISABLED",
      Description: "d",
      RoleArn: role,
      EventBusName: "default",
      CreatedBy: account,
    });
    await put("full", { EventPattern: undefined, ScheduleExpression: "rate(1 day)" });
    expect(await described("full")).toEqual({
      Name: "full",
      Arn: ruleArn("full"),
      ScheduleExpression: "rate(1 day)",
      State: "ENABLED",
      EventBusName: "default",
      CreatedBy: account,
    });
    expect((await put("full", { EventBusName: "custom" })).RuleArn).toBe(ruleArn("custom/full"));
    await h.events.send(new DeleteRuleCommand({ Name: "full" }));
    await h.events.send(new DeleteRuleCommand({ Name: "full" }));
    expect(await refusal(described("full"))).toBe(
      "ResourceNotFoundException: Rule full does not exist on EventBus default.",
    );
  });

  it("are refused in AWS's order and words", async () => {
    const bad = (more: object) => refusal(put("bad", more));
    expect(await bad({ EventBusName: "none", EventPattern: "{" })).toBe(
      "ResourceNotFoundException: Event bus none does not exist.",
    );
    expect(await bad({ EventPattern: undefined })).toBe(
      "ValidationException: Parameter(s) EventPattern or ScheduleExpression must be specified.",
    );
    expect(await bad({ EventBusName: "custom", ScheduleExpression: "rubbish" })).toBe(
      "ValidationException: ScheduleExpression is supported only on the default event bus.",
    );
    expect(await bad({ ScheduleExpression: "cron(0 12 * * * *)", EventPattern: "{" })).toBe(
      "ValidationException: Parameter ScheduleExpression is not valid.",
    );
    expect(await bad({ EventPattern: '{"source": ["aws.health"], "detail": {}}' })).toBe(
      'InvalidEventPatternException: Event pattern is not valid. Reason: Empty objects are not allowed\n at [Source: (String)"{"source": ["aws.health"], "detail": {}}"; line: 1, column: 40]',
    );
    expect(await bad({ State: "ON" })).toBe(
      "ValidationException: 1 validation error detected: Value 'ON' at 'state' failed to satisfy constraint: Member must satisfy enum value set: [ENABLED, DISABLED, ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS]",
    );
    expect(await refusal(h.events.send(new DeleteRuleCommand({ Name: "x", EventBusName: "none" })))).toBe(
      "ResourceNotFoundException: Event bus none does not exist.",
    );
  });

  it("stop matching when they are disabled, and start again", async () => {
    const { url, arn } = await h.queue("switch");
    await put("switch", { EventPattern: '{"source":["switch"]}' });
    await h.events.send(new PutTargetsCommand({ Rule: "switch", Targets: [{ Id: "1", Arn: arn }] }));
    const received = async () => {
      await h.events.send(new PutEventsCommand({ Entries: [{ Source: "switch", DetailType: "d", Detail: "{}" }] }));
      return (await h.take(url)).length;
    };
    expect(await received()).toBe(1);
    await h.events.send(new DisableRuleCommand({ Name: "switch" }));
    expect((await described("switch")).State).toBe("DISABLED");
    expect(await received()).toBe(0);
    await h.events.send(new EnableRuleCommand({ Name: "switch" }));
    expect(await received()).toBe(1);
    await put("switch", { EventPattern: '{"source":["other"]}' });
    expect(await received()).toBe(0);
    await put("switch", { EventPattern: '{"source":["switch"]}' });
    expect(await received()).toBe(1);
    await h.events.send(new RemoveTargetsCommand({ Rule: "switch", Ids: ["1"] }));
    await h.events.send(new DeleteRuleCommand({ Name: "switch" }));
    expect(await received()).toBe(0);
    expect(await refusal(h.events.send(new EnableRuleCommand({ Name: "switch" })))).toContain(
      "ResourceNotFoundException",
    );
  });

  it("are listed by prefix and page", async () => {
    await h.events.send(new CreateEventBusCommand({ Name: "listed" }));
    for (const name of ["b2", "a1", "b1", "c1", "b3"]) await put(name, { EventBusName: "listed" });
    const names = async (more: object) => {
      const page = await h.events.send(new ListRulesCommand({ EventBusName: "listed", ...more }));
      return { names: page.Rules?.map(({ Name }) => Name), token: page.NextToken };
    };
    const first = await names({ Limit: 2, NamePrefix: "b" });
    expect(first.names).toEqual(["b1", "b2"]);
    expect(await names({ Limit: 2, NamePrefix: "b", NextToken: first.token })).toEqual({
      names: ["b3"],
      token: undefined,
    });
    const { Rules } = await h.events.send(new ListRulesCommand({ EventBusName: "listed", NamePrefix: "a" }));
    expect(Rules).toEqual([
      {
        Name: "a1",
        Arn: ruleArn("listed/a1"),
        EventPattern: '{"source":["s"]}',
        State: "ENABLED",
        EventBusName: "listed",
      },
    ]);
  });

  it("that AWS manages cannot be changed", async () => {
    await h.events.send(new CreateEventBusCommand({ Name: "kept" }));
    const EventSourceArn = `arn:aws:events:${region}:${account}:event-bus/kept`;
    await h.events.send(new CreateArchiveCommand({ ArchiveName: "arc", EventSourceArn }));
    const rule = { Name: "Events-Archive-arc", EventBusName: "kept" };
    expect(await described(rule.Name, "kept")).toMatchObject({ ManagedBy: "prod.vhs.events.aws.internal" });
    const target = {
      Rule: rule.Name,
      EventBusName: "kept",
      Targets: [{ Id: "1", Arn: "arn:aws:sqs:us-east-1:000000000000:q" }],
    };
    for (const call of [
      put(rule.Name, { EventBusName: "kept" }),
      h.events.send(new PutTargetsCommand(target)),
      h.events.send(new DisableRuleCommand(rule)),
      h.events.send(new DeleteRuleCommand(rule)),
    ]) {
      expect(await refusal(call)).toContain("ManagedRuleException");
    }
    const { Name: Rule, EventBusName } = rule;
    await h.events.send(new RemoveTargetsCommand({ Rule, EventBusName, Ids: [Rule], Force: true }));
    await h.events.send(new DeleteRuleCommand({ ...rule, Force: true }));
  });

  it("have limits if the emulator is strict", async () => {
    const strict = await harness({ strict: true, port: false });
    const rule = (i: number) =>
      strict.events.send(new PutRuleCommand({ Name: `r${i}`, EventPattern: '{"source":["s"]}' }));
    for (let i = 0; i < 300; i++) await rule(i);
    expect(await refusal(rule(300))).toBe(
      "LimitExceededException: The requested resource exceeds the maximum number allowed.",
    );
    await rule(7);
    // Thirty of a bus's rules may have wildcards; a field that is called so is none.
    await strict.events.send(new CreateEventBusCommand({ Name: "wild" }));
    const wild = (i: number, pattern: string) =>
      strict.events.send(new PutRuleCommand({ Name: `w${i}`, EventBusName: "wild", EventPattern: pattern }));
    for (let i = 0; i < 15; i++) await wild(i, '{"detail":{"a":[{"wildcard":"x*"}]}}');
    for (let i = 15; i < 30; i++) await wild(i, '{"detail":{"a":[{"anything-but":{"wildcard":"x*"}}]}}');
    await expect(wild(30, '{"detail":{"a":[{"wildcard":"y*"}]}}')).rejects.toThrow("The requested resource exceeds");
    await wild(0, '{"detail":{"a":[{"wildcard":"y*"}]}}');
    await wild(31, '{"detail":{"wildcard":["x"]}}');
    await strict.close();
  });
});

describe("targets", () => {
  const sqs = (name: string) => `arn:aws:sqs:${region}:${account}:${name}`;
  const role = "arn:aws:iam::000000000000:role/r";
  const target = (...Targets: Partial<Target>[]) =>
    h.events.send(new PutTargetsCommand({ Rule: "t", Targets: Targets as Target[] }));
  const listed = async (more: object = {}) => h.events.send(new ListTargetsByRuleCommand({ Rule: "t", ...more }));

  it("are put, replaced by id, listed in order and removed", async () => {
    await put("t");
    const full: Target = {
      Id: "b",
      Arn: sqs("q.fifo"),
      SqsParameters: { MessageGroupId: "g" },
      InputTransformer: { InputPathsMap: { x: "$.detail.x" }, InputTemplate: '{"x": <x>}' },
      DeadLetterConfig: { Arn: sqs("dead") },
      RetryPolicy: { MaximumRetryAttempts: 3, MaximumEventAgeInSeconds: 60 },
    };
    const { $metadata: _, ...answer } = await target({ Id: "c", Arn: sqs("q") }, full, { Id: "a", Arn: sqs("q") });
    expect(answer).toEqual({ FailedEntryCount: 0, FailedEntries: [] });
    await target({ Id: "c", Arn: sqs("other"), Input: "{}" });
    expect((await listed()).Targets).toEqual([
      { Id: "a", Arn: sqs("q") },
      full,
      { Id: "c", Arn: sqs("other"), Input: "{}" },
    ]);
    const page = await listed({ Limit: 2 });
    expect((await listed({ Limit: 2, NextToken: page.NextToken })).Targets).toEqual([
      { Id: "c", Arn: sqs("other"), Input: "{}" },
    ]);
    expect(await refusal(h.events.send(new DeleteRuleCommand({ Name: "t" })))).toBe(
      "ValidationException: Rule can't be deleted since it has targets.",
    );
    await h.events.send(new RemoveTargetsCommand({ Rule: "t", Ids: ["a", "b", "c", "unknown"] }));
    expect((await listed()).Targets).toEqual([]);
    expect(await refusal(h.events.send(new RemoveTargetsCommand({ Rule: "none", Ids: ["a"] })))).toBe(
      "ResourceNotFoundException: Rule none does not exist on EventBus default.",
    );
  });

  it("find their rules by ARN", async () => {
    for (const name of ["n3", "n1", "n5", "n2", "n4"]) {
      await put(name);
      const Targets = [
        { Id: "1", Arn: sqs("shared") },
        { Id: "2", Arn: sqs("shared") },
      ];
      await h.events.send(new PutTargetsCommand({ Rule: name, Targets }));
    }
    const pages: unknown[] = [];
    let NextToken: string | undefined;
    do {
      const page = await h.events.send(
        new ListRuleNamesByTargetCommand({ TargetArn: sqs("shared"), Limit: 2, NextToken }),
      );
      pages.push(page.RuleNames);
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    expect(pages).toEqual([["n1", "n2"], ["n3", "n4"], ["n5"]]);
    const none = await h.events.send(new ListRuleNamesByTargetCommand({ TargetArn: sqs("nobody") }));
    expect(none.RuleNames).toEqual([]);
  });

  it("are refused with AWS's words, all or none", async () => {
    const machine = `arn:aws:states:${region}:${account}:stateMachine:m`;
    const lambda = `arn:aws:lambda:${region}:${account}:function:f`;
    const cases: [Partial<Target>, string][] = [
      [{ Arn: "nonsense" }, "Parameter nonsense is not valid. Reason: Provided Arn is not in correct format."],
      [{ Arn: "arn:aws:s3:::bucket" }, "Parameter Arn is not valid."],
      [{ Arn: machine }, `RoleArn is required for target ${machine}.`],
      [{ Arn: lambda, RoleArn: role }, `RoleArn is not supported for target ${lambda}.`],
      [{ Arn: sqs("q.fifo") }, "Parameter(s) SqsParameters must be specified for target: id."],
      [
        { Arn: `arn:aws:ecs:${region}:${account}:cluster/c`, RoleArn: role },
        "Parameter(s) EcsParameters must be specified for target: id.",
      ],
      [
        { Input: "{}", InputPath: "$" },
        "Only one of Input, InputPath, or InputTransformer must be provided for target id.",
      ],
      [{ Input: "{" }, 'JSON syntax error in input for target id: [Source: (String)"{"; line: 1, column: 1]'],
      [{ InputPath: "detail" }, "InputPath for target id is invalid."],
      [
        { InputTransformer: { InputPathsMap: { b: "$.b" }, InputTemplate: "<a>" } },
        "InputTemplate for target id contains invalid placeholder a.",
      ],
      [
        { DeadLetterConfig: { Arn: "arn:aws:sns:us-east-1:000000000000:t" } },
        "Parameter DeadLetterConfig.Arn is not valid.",
      ],
      [{ Arn: `arn:aws:events:${region}:111122223333:event-bus/b` }, "RoleArn is required for target"],
    ];
    for (const [wrong, message] of cases) {
      const said = await refusal(target({ Id: "fine", Arn: sqs("q") }, { Id: "id", Arn: sqs("q"), ...wrong }));
      expect(said).toContain(`ValidationException: ${message}`);
    }
    const six = Array.from({ length: 6 }, (_, i) => ({ Id: `${i}`, Arn: sqs("q") }));
    expect(await refusal(target(...six))).toBe(
      "LimitExceededException: The requested resource exceeds the maximum number allowed.",
    );
    expect((await listed()).Targets).toEqual([]);
  });
});
