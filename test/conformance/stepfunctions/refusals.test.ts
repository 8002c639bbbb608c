/** What Step Functions refuses, in AWS's words. */
import { SFN } from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pass, roleArn, type States, startStates } from "../../support/states.ts";

let states: States;
let sfn: SFN;
let machine: string;
const definition = JSON.stringify(pass);

beforeAll(async () => {
  states = await startStates({ clock: "virtual", startTime: "2030-01-01T00:00:00Z", seed: "refusals" });
  sfn = new SFN({ ...states.bus.clientConfig(), maxAttempts: 1 });
  machine = await states.create(pass, { name: "machine" });
});
afterAll(async () => {
  sfn.destroy();
  await states.close();
});

const sibling = (type: string, name: string) => `arn:aws:states:us-east-1:000000000000:${type}:${name}`;
const create = (more: object) => sfn.createStateMachine({ name: "refused", definition, roleArn, ...more });

describe("a request that breaks a constraint", () => {
  const member = (value: string, name: string, rule: string) =>
    `1 validation error detected: Value ${value}at '${name}' failed to satisfy constraint: Member must ${rule}`;

  it.each<[string, () => Promise<unknown>, string]>([
    [
      "a number above its range",
      () => sfn.listStateMachines({ maxResults: 1001 }),
      member("'1001' ", "maxResults", "have value less than or equal to 1000"),
    ],
    [
      "a string that is too long",
      () => create({ name: "n".repeat(81) }),
      member(`'${"n".repeat(81)}' `, "name", "have length less than or equal to 80"),
    ],
    ["an empty string", () => create({ name: "" }), member("'' ", "name", "have length greater than or equal to 1")],
    [
      "a token that is too long",
      () => sfn.listExecutions({ stateMachineArn: machine, nextToken: "t".repeat(3097) }),
      member(`'${"t".repeat(3097)}' `, "nextToken", "have length less than or equal to 3096"),
    ],
    [
      "a status in lower case",
      () => sfn.listExecutions({ stateMachineArn: machine, statusFilter: "running" as never }),
      member(
        "'running' ",
        "statusFilter",
        "satisfy enum value set: [SUCCEEDED, TIMED_OUT, PENDING_REDRIVE, ABORTED, FAILED, RUNNING]",
      ),
    ],
    ["nothing", () => create({ definition: undefined }), member("", "definition", "not be null")],
    [
      "a member of a list",
      () => alias([{ stateMachineVersionArn: `${machine}:1`, weight: 101 }]),
      member("'101' ", "routingConfiguration.1.member.weight", "have value less than or equal to 100"),
    ],
    [
      "a list that is too long",
      () => alias([1, 2, 3].map((n) => ({ stateMachineVersionArn: `v${n}`, weight: n }))),
      member(
        "'[RoutingConfigurationListItem(stateMachineVersionArn=v1, weight=1), RoutingConfigurationListItem(stateMachineVersionArn=v2, weight=2), RoutingConfigurationListItem(stateMachineVersionArn=v3, weight=3)]' ",
        "routingConfiguration",
        "have length less than or equal to 2",
      ),
    ],
    [
      "an alias of digits only",
      () => alias([{ stateMachineVersionArn: `${machine}:1`, weight: 100 }], "12"),
      member("'12' ", "name", "satisfy regular expression pattern: ^(?=.*[a-zA-Z_\\-\\.])[a-zA-Z0-9_\\-\\.]+$"),
    ],
    [
      "an input beyond 262,144 characters, which is not quoted",
      () => sfn.startExecution({ stateMachineArn: machine, input: JSON.stringify("x".repeat(262_143)) }),
      member("", "input", "have length less than or equal to 262144"),
    ],
    [
      "an input beyond 262,144 bytes",
      () => sfn.startExecution({ stateMachineArn: machine, input: JSON.stringify("é".repeat(131_072)) }),
      member("", "input", "have length less than or equal to 262144"),
    ],
  ])("names %s", async (_what, call, message) => {
    await expect(call()).rejects.toMatchObject({
      name: "ValidationException",
      message,
      $metadata: { httpStatusCode: 400 },
    });
  });

  const alias = (routingConfiguration: { stateMachineVersionArn: string; weight: number }[], name = "a") =>
    sfn.createStateMachineAlias({ name, routingConfiguration });

  it("accepts an input of maximum length", async () => {
    const input = JSON.stringify("x".repeat(262_142));
    const { executionArn } = await sfn.startExecution({ stateMachineArn: machine, input });
    expect((await states.ended(executionArn as string)).output).toBe(input);
  });
});

describe("a name", () => {
  it("must not have special characters, but may have letters of any alphabet", async () => {
    const forbidden = [...' <>{}[]?*"#%\\^|~`$&,;:/', "\t", "\u0001", "\u007f", "\u009f", "\ufffe", "\uffff"];
    for (const character of forbidden) {
      const name = `a${character}b`;
      const refused = { name: "InvalidName", message: `Invalid Name: '${name}'` };
      await expect(create({ name })).rejects.toMatchObject(refused);
      await expect(sfn.createActivity({ name })).rejects.toMatchObject(refused);
      await expect(sfn.startExecution({ stateMachineArn: machine, name })).rejects.toMatchObject(refused);
    }
    for (const name of ["a.b-c_d", "übung", "実行"]) {
      expect((await sfn.createActivity({ name })).activityArn).toBe(sibling("activity", name));
    }
  });
});

describe("an ARN", () => {
  it.each<[string, (arn: string) => Promise<unknown>, string]>([
    ["DescribeStateMachine", (stateMachineArn) => sfn.describeStateMachine({ stateMachineArn }), "activity"],
    ["StartExecution", (stateMachineArn) => sfn.startExecution({ stateMachineArn }), "activity"],
    ["DescribeExecution", (executionArn) => sfn.describeExecution({ executionArn }), "express"],
    ["StopExecution", (executionArn) => sfn.stopExecution({ executionArn }), "express"],
    ["GetExecutionHistory", (executionArn) => sfn.getExecutionHistory({ executionArn }), "express"],
    ["RedriveExecution", (executionArn) => sfn.redriveExecution({ executionArn }), "express"],
    ["DescribeActivity", (activityArn) => sfn.describeActivity({ activityArn }), "stateMachine"],
    ["GetActivityTask", (activityArn) => sfn.getActivityTask({ activityArn }), "stateMachine"],
  ])("that %s does not accept is invalid", async (_operation, call, type) => {
    await expect(call("bad")).rejects.toMatchObject({
      name: "InvalidArn",
      message: "Invalid Arn: 'Invalid ARN prefix: bad'",
    });
    await expect(call(sibling(type, "a:b"))).rejects.toMatchObject({
      name: "InvalidArn",
      message: expect.stringContaining(type === "stateMachine" ? "Invalid Arn: '" : `context: ${type}'`),
    });
  });

  it("of a label or an alias is refused where only machines are allowed", async () => {
    await expect(sfn.describeStateMachine({ stateMachineArn: `${machine}/L` })).rejects.toMatchObject({
      name: "ValidationException",
      reason: "API_DOES_NOT_SUPPORT_LABELED_ARNS",
    });
    const { stateMachineVersionArn } = await sfn.publishStateMachineVersion({ stateMachineArn: machine });
    const routingConfiguration = [{ stateMachineVersionArn, weight: 100 }];
    const { stateMachineAliasArn } = await sfn.createStateMachineAlias({ name: "live", routingConfiguration });
    await expect(sfn.describeStateMachine({ stateMachineArn: stateMachineAliasArn })).rejects.toMatchObject({
      name: "InvalidArn",
    });
    const aliases = await sfn.listStateMachineAliases({ stateMachineArn: stateMachineVersionArn });
    expect(aliases.stateMachineAliases).toMatchObject([{ stateMachineAliasArn }]);
    await expect(
      sfn.createStateMachineAlias({ name: "live", description: "other", routingConfiguration }),
    ).rejects.toMatchObject({ name: "ConflictException", $metadata: { httpStatusCode: 400 } });
  });

  it("of something that does not exist is not found", async () => {
    const missing = { stateMachineArn: `${machine}x` };
    for (const call of [
      sfn.describeStateMachine(missing),
      sfn.startExecution(missing),
      sfn.listExecutions(missing),
      sfn.publishStateMachineVersion(missing),
      sfn.updateStateMachine({ ...missing, definition }),
    ]) {
      await expect(call).rejects.toMatchObject({
        name: "StateMachineDoesNotExist",
        message: `State Machine Does Not Exist: '${machine}x'`,
      });
    }
    const executionArn = sibling("execution", "machine:none");
    for (const call of [
      sfn.describeExecution({ executionArn }),
      sfn.getExecutionHistory({ executionArn }),
      sfn.stopExecution({ executionArn }),
      sfn.redriveExecution({ executionArn }),
      sfn.describeStateMachineForExecution({ executionArn }),
    ]) {
      await expect(call).rejects.toMatchObject({
        name: "ExecutionDoesNotExist",
        message: `Execution Does Not Exist: '${executionArn}'`,
      });
    }
    const notFound = { name: "ResourceNotFound", $metadata: { httpStatusCode: 400 } };
    const unknown = { ...notFound, message: "Request references a resource that does not exist." };
    await expect(sfn.describeStateMachineAlias({ stateMachineAliasArn: `${machine}:none` })).rejects.toMatchObject({
      ...notFound,
      message: `Resource not found: '${machine}:none'`,
    });
    await expect(sfn.describeMapRun({ mapRunArn: sibling("mapRun", "m/L:id") })).rejects.toMatchObject(unknown);
    await expect(sfn.listTagsForResource({ resourceArn: `${machine}x` })).rejects.toMatchObject({
      ...notFound,
      message: `Resource not found: '${machine}x'`,
      resourceName: `${machine}x`,
    });
    expect(await sfn.deleteStateMachine(missing)).toMatchObject({ $metadata: { httpStatusCode: 200 } });
    await sfn.deleteStateMachineVersion({ stateMachineVersionArn: `${machine}:99` });
    await sfn.deleteStateMachineAlias({ stateMachineAliasArn: `${machine}:none` });
    await sfn.deleteActivity({ activityArn: sibling("activity", "none") });
  });
});

describe("a state machine", () => {
  it("is created once, whatever role and tags a repeated request has", async () => {
    const input = { name: "repeated", definition, roleArn };
    const first = await sfn.createStateMachine(input);
    const again = { ...input, roleArn: `${roleArn}2`, tags: [{ key: "k", value: "v" }] };
    expect(await sfn.createStateMachine(again)).toMatchObject({ stateMachineArn: first.stateMachineArn });
    expect((await sfn.describeStateMachine(first as { stateMachineArn: string })).roleArn).toBe(roleArn);
    expect((await sfn.listTagsForResource({ resourceArn: first.stateMachineArn })).tags).toEqual([]);
    for (const more of [{ type: "EXPRESS" as const }, { tracingConfiguration: { enabled: true } }, { publish: true }]) {
      await expect(sfn.createStateMachine({ ...input, ...more })).rejects.toMatchObject({
        name: "StateMachineAlreadyExists",
      });
    }
  });

  it("logs to one log group, or none", async () => {
    const group = (arn: string) => ({ cloudWatchLogsLogGroup: { logGroupArn: arn } });
    const arn = "arn:aws:logs:us-east-1:000000000000:log-group:g";
    const logging = (...destinations: object[]) =>
      create({ name: "logged", loggingConfiguration: { level: "ALL", destinations } });
    await expect(logging(group(`${arn}:*`), group(`${arn}2:*`))).rejects.toMatchObject({
      message: "Invalid Logging Configuration: Must specify exactly one Log Destination.",
    });
    await expect(logging(group(arn))).rejects.toMatchObject({ name: "InvalidLoggingConfiguration" });
    for (const [index, loggingConfiguration] of [{}, { destinations: [] }, { level: "OFF" as const }].entries()) {
      const { stateMachineArn } = await create({ name: `off${index}`, loggingConfiguration });
      const described = await sfn.describeStateMachine({ stateMachineArn });
      expect(described.loggingConfiguration).toEqual({ level: "OFF", includeExecutionData: false });
    }
    const { stateMachineArn } = await logging(group(`${arn}:*`));
    expect((await sfn.describeStateMachine({ stateMachineArn })).loggingConfiguration).toEqual({
      level: "ALL",
      includeExecutionData: false,
      destinations: [group(`${arn}:*`)],
    });
  });

  it("has a name instead of an id for its first revision, and may be encrypted", async () => {
    await expect(sfn.publishStateMachineVersion({ stateMachineArn: machine, revisionId: "x" })).rejects.toMatchObject({
      name: "ConflictException",
      message:
        "Failed to publish the State Machine version for revision x. The current State Machine revision is INITIAL.",
    });
    const express = await create({ name: "published", type: "EXPRESS", publish: true, versionDescription: "v" });
    expect(express.stateMachineVersionArn).toBe(`${sibling("stateMachine", "published")}:1`);
    const encryptionConfiguration = { type: "CUSTOMER_MANAGED_KMS_KEY" as const, kmsKeyId: "alias/k" };
    const { stateMachineArn } = await create({ name: "encrypted", encryptionConfiguration });
    expect((await sfn.describeStateMachine({ stateMachineArn })).encryptionConfiguration).toEqual({
      ...encryptionConfiguration,
      kmsDataKeyReusePeriodSeconds: 300,
    });
  });
});

describe("a worker", () => {
  it("gets errors for its token, its output and its activity", async () => {
    const invalid = { name: "InvalidToken", message: "Invalid Token: 'Invalid token'" };
    const taskToken = "AAAA";
    await expect(sfn.sendTaskSuccess({ taskToken, output: "1" })).rejects.toMatchObject(invalid);
    await expect(sfn.sendTaskFailure({ taskToken })).rejects.toMatchObject(invalid);
    await expect(sfn.sendTaskHeartbeat({ taskToken })).rejects.toMatchObject(invalid);
    const { activityArn } = await sfn.createActivity({ name: "worked" });
    await expect(
      sfn.createActivity({
        name: "worked",
        encryptionConfiguration: { type: "CUSTOMER_MANAGED_KMS_KEY", kmsKeyId: "k" },
      }),
    ).rejects.toMatchObject({ name: "ActivityAlreadyExists" });
    await expect(sfn.getActivityTask({ activityArn, workerName: "w".repeat(81) })).rejects.toMatchObject({
      name: "ValidationException",
    });
    await expect(sfn.sendTaskFailure({ taskToken, error: "e".repeat(257) })).rejects.toMatchObject({
      name: "ValidationException",
      message: expect.stringContaining("Value at 'error' failed to satisfy constraint"),
    });
  });
});

describe("tags", () => {
  it("are limited in their characters, prefix and number", async () => {
    const { activityArn: resourceArn } = await sfn.createActivity({
      name: "tagged",
      tags: [{ key: "a b_.:/=+-@é", value: "" }],
    });
    expect((await sfn.listTagsForResource({ resourceArn })).tags).toEqual([{ key: "a b_.:/=+-@é", value: "" }]);
    // A repeated request is not an update.
    await sfn.createActivity({ name: "tagged", tags: [{ key: "other", value: "x" }] });
    const tag = (...keys: string[]) => sfn.tagResource({ resourceArn, tags: keys.map((key) => ({ key, value: "v" })) });
    await expect(tag("what!")).rejects.toMatchObject({ name: "ValidationException" });
    await expect(tag("aws:mine")).rejects.toMatchObject({ name: "AccessDeniedException" });
    await expect(tag(...Array.from({ length: 50 }, (_, n) => `k${n}`))).rejects.toMatchObject({
      name: "TooManyTags",
      resourceName: resourceArn,
    });
    await tag(...Array.from({ length: 49 }, (_, n) => `k${n}`));
    await sfn.tagResource({ resourceArn, tags: [] });
    await sfn.untagResource({ resourceArn, tagKeys: [] });
    expect((await sfn.listTagsForResource({ resourceArn })).tags).toHaveLength(50);
  });
});

it("has AWS's namespace in its errors", async () => {
  const answer = await fetch(states.bus.endpoint, {
    method: "POST",
    headers: {
      "content-type": "application/x-amz-json-1.0",
      "x-amz-target": "AWSStepFunctions.DescribeStateMachine",
      connection: "close",
    },
    body: JSON.stringify({ stateMachineArn: `${machine}x` }),
  });
  expect([answer.status, answer.headers.get("content-type")]).toEqual([400, "application/x-amz-json-1.0"]);
  expect(await answer.json()).toEqual({
    __type: "com.amazonaws.swf.service.v2.model#StateMachineDoesNotExist",
    message: `State Machine Does Not Exist: '${machine}x'`,
  });
});
