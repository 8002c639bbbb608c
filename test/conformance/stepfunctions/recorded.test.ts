/** Machines, versions, aliases, inputs and pages, as recorded on AWS. */
import {
  CreateActivityCommand,
  CreateStateMachineAliasCommand,
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  DescribeStateMachineAliasCommand,
  DescribeStateMachineCommand,
  DescribeStateMachineForExecutionCommand,
  GetActivityTaskCommand,
  ListExecutionsCommand,
  ListStateMachineVersionsCommand,
  ListTagsForResourceCommand,
  PublishStateMachineVersionCommand,
  RedriveExecutionCommand,
  SendTaskFailureCommand,
  SendTaskHeartbeatCommand,
  SendTaskSuccessCommand,
  StartExecutionCommand,
  StartSyncExecutionCommand,
  TagResourceCommand,
  UpdateStateMachineAliasCommand,
  UpdateStateMachineCommand,
} from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pass, roleArn, type States, startStates } from "../../support/states.ts";

let states: States;
beforeAll(async () => {
  states = await startStates({ clock: "virtual", startTime: "2030-01-01T00:00:00Z", seed: "recorded" });
});
afterAll(() => states.close());

const first = JSON.stringify(pass);
const second = JSON.stringify({ StartAt: "B", States: { B: { Type: "Succeed" } } });
const send: States["client"]["send"] = ((command: never) => states.client.send(command)) as never;

function create(name: string, more: object = {}) {
  return send(new CreateStateMachineCommand({ name, definition: first, roleArn, ...more }));
}

describe("a machine created again is compared with its current state", () => {
  const exists = (message: string) => ({
    name: "StateMachineAlreadyExists",
    message: `State Machine Already Exists: ${message}`,
  });

  it("by its definition, not its role or its tags", async () => {
    const { stateMachineArn, creationDate } = await create("again");
    const otherRole = "arn:aws:iam::000000000000:role/other";
    const repeated = await create("again", { roleArn: otherRole, tags: [{ key: "a", value: "b" }] });
    expect([repeated.stateMachineArn, repeated.creationDate]).toEqual([stateMachineArn, creationDate]);
    await send(new UpdateStateMachineCommand({ stateMachineArn, definition: second }));
    await expect(create("again")).rejects.toMatchObject(exists(`'${stateMachineArn}'`));
    expect((await create("again", { definition: second })).stateMachineArn).toBe(stateMachineArn);
    await expect(create("again", { definition: `${second} ` })).rejects.toMatchObject(exists(`'${stateMachineArn}'`));
    await expect(create("again", { definition: second, type: "EXPRESS" })).rejects.toMatchObject({
      name: "StateMachineAlreadyExists",
    });
  });

  it("by its first version's description, whatever was published since", async () => {
    const published = { publish: true, versionDescription: "one" };
    const { stateMachineArn, stateMachineVersionArn } = await create("versions", published);
    expect(stateMachineVersionArn).toBe(`${stateMachineArn}:1`);
    const update = { stateMachineArn, definition: second, publish: true, versionDescription: "two" };
    expect((await send(new UpdateStateMachineCommand(update))).stateMachineVersionArn).toBe(`${stateMachineArn}:2`);
    const now = { definition: second };
    expect((await create("versions", { ...now, ...published })).stateMachineVersionArn).toBe(`${stateMachineArn}:1`);
    const sentence = "This state machine was already created with a published version";
    const described = exists(`${sentence} using a different description.`);
    await expect(create("versions", { ...now, publish: true, versionDescription: "two" })).rejects.toMatchObject(
      described,
    );
    await expect(create("versions", { ...now, publish: true })).rejects.toMatchObject(described);
    await expect(create("versions", now)).rejects.toMatchObject(exists(`${sentence}.`));
  });
});

describe("a version's ARN", () => {
  it("that does not exist is distinguished from a machine's", async () => {
    const machine = await states.create(pass);
    const missing = `${machine}:7`;
    const refusal = { name: "StateMachineDoesNotExist", message: `State Machine Version Does Not Exist: '${missing}'` };
    await expect(send(new DescribeStateMachineCommand({ stateMachineArn: missing }))).rejects.toMatchObject(refusal);
    await expect(send(new StartExecutionCommand({ stateMachineArn: missing }))).rejects.toMatchObject(refusal);
    const express = `${await states.create(pass, { type: "EXPRESS" })}:7`;
    await expect(send(new StartSyncExecutionCommand({ stateMachineArn: express }))).rejects.toMatchObject({
      message: `State Machine Version Does Not Exist: '${express}'`,
    });
  });

  it("cannot be updated or tagged, and has no tags", async () => {
    const { stateMachineVersionArn: version } = await create("tagless", { publish: true });
    await expect(
      send(new UpdateStateMachineCommand({ stateMachineArn: version, definition: second })),
    ).rejects.toMatchObject({
      name: "StateMachineDoesNotExist",
      message: `State Machine Does Not Exist: '${version}'`,
    });
    expect((await send(new ListTagsForResourceCommand({ resourceArn: version }))).tags).toEqual([]);
    const tags = [{ key: "a", value: "b" }];
    await expect(send(new TagResourceCommand({ resourceArn: version, tags }))).rejects.toMatchObject({
      name: "ResourceNotFound",
      message: `Resource not found: '${version}'`,
    });
  });
});

it("reserved tags are refused by an access error", async () => {
  const machine = await states.create(pass);
  const tag = new TagResourceCommand({ resourceArn: machine, tags: [{ key: "aws:mine", value: "" }] });
  const message = "Caller is an end user and not allowed to mutate system tags";
  await expect(send(tag)).rejects.toMatchObject({ name: "AccessDeniedException", message });
});

describe("an alias", () => {
  it("has no update date until it is updated, and an empty description changes nothing", async () => {
    const { stateMachineArn, stateMachineVersionArn } = await create("aliased", { publish: true });
    const routingConfiguration = [{ stateMachineVersionArn, weight: 100 }];
    const alias = { name: "live", description: "old", routingConfiguration };
    const { stateMachineAliasArn } = await send(new CreateStateMachineAliasCommand(alias));
    const described = () => send(new DescribeStateMachineAliasCommand({ stateMachineAliasArn }));
    expect(await described()).not.toHaveProperty("updateDate");
    const { updateDate } = await send(new UpdateStateMachineAliasCommand({ stateMachineAliasArn, description: "" }));
    expect(await described()).toMatchObject({ updateDate, description: "old" });
    await send(new UpdateStateMachineAliasCommand({ stateMachineAliasArn, description: "new" }));
    expect(await described()).toMatchObject({ description: "new" });
    const missing = `${stateMachineArn}:none`;
    await expect(send(new DescribeStateMachineAliasCommand({ stateMachineAliasArn: missing }))).rejects.toMatchObject({
      name: "ResourceNotFound",
      message: `Resource not found: '${missing}'`,
    });
    await expect(
      send(new UpdateStateMachineAliasCommand({ stateMachineAliasArn: missing, description: "x" })),
    ).rejects.toMatchObject({
      name: "ResourceNotFound",
      message: "Request references a resource that does not exist.",
    });
    await expect(send(new UpdateStateMachineAliasCommand({ stateMachineAliasArn }))).rejects.toMatchObject({
      name: "ValidationException",
      message: "Either description or routing configuration must be specified",
    });
  });
});

describe("an execution's input", () => {
  const expected = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')";

  it.each([
    ["", "Invalid execution input."],
    ["maybe", `Unrecognized token 'maybe': was expecting ${expected}`],
    ["{'a':1}", "Unexpected character (''' (code 39)): was expecting double-quote to start field name"],
    ["[1,]", `Unexpected character (']' (code 93)): expected a valid value ${expected}`],
  ])("that is not JSON is reported without its source: %j", async (input, sentence) => {
    const message = `Invalid State Machine Execution Input: '${sentence}'`;
    const stateMachineArn = await states.create(pass);
    await expect(send(new StartExecutionCommand({ stateMachineArn, input }))).rejects.toMatchObject({
      name: "InvalidExecutionInput",
      message,
    });
    const express = await states.create(pass, { type: "EXPRESS" });
    await expect(send(new StartSyncExecutionCommand({ stateMachineArn: express, input }))).rejects.toMatchObject({
      message,
    });
  });

  it.each(["5", '"text"', "null", "[ ]"])("may be any JSON value: %s", async (input) => {
    const stateMachineArn = await states.create(pass);
    const { executionArn } = await send(new StartExecutionCommand({ stateMachineArn, input }));
    expect((await states.ended(executionArn as string)).input).toBe(input);
  });
});

describe("the context object", () => {
  const whole = { StartAt: "A", States: { A: { Type: "Pass", Parameters: { "c.$": "$$.Execution" }, End: true } } };

  it("has a redrive count, except for StartSyncExecution", async () => {
    expect(JSON.parse((await states.run(whole)).output as string).c).toMatchObject({ RedriveCount: 0 });
    const stateMachineArn = await states.create(whole, { type: "EXPRESS" });
    const { output, ...result } = await send(new StartSyncExecutionCommand({ stateMachineArn }));
    expect(Object.keys(JSON.parse(output as string).c)).not.toContain("RedriveCount");
    expect(Object.keys(result).filter((name) => name.startsWith("redrive"))).toEqual([]);
  });
});

it("machines show their encryption, executions how many times they were redriven", async () => {
  const stateMachineArn = await states.create({ StartAt: "A", States: { A: { Type: "Fail" } } });
  const encryptionConfiguration = { type: "AWS_OWNED_KEY" };
  expect(await send(new DescribeStateMachineCommand({ stateMachineArn }))).toMatchObject({ encryptionConfiguration });
  const executionArn = await states.start(stateMachineArn);
  expect(await states.ended(executionArn)).toMatchObject({ redriveCount: 0 });
  const ofExecution = await send(new DescribeStateMachineForExecutionCommand({ executionArn }));
  expect(ofExecution).toMatchObject({ encryptionConfiguration });
  await send(new RedriveExecutionCommand({ executionArn }));
  expect(await states.ended(executionArn)).toMatchObject({ redriveCount: 1 });
  const { executions } = await send(new ListExecutionsCommand({ stateMachineArn }));
  expect(executions).toMatchObject([{ redriveCount: 1 }]);
});

describe("an activity's task", () => {
  const waits = async (name: string, limits: object) => {
    const { activityArn } = await send(new CreateActivityCommand({ name }));
    const work = { Type: "Task", Resource: activityArn, End: true, ...limits };
    const execution = await states.start(await states.create({ StartAt: "A", States: { A: work } }));
    const take = () => send(new GetActivityTaskCommand({ activityArn }));
    return { execution, take };
  };

  it.each([{ TimeoutSeconds: 3 }, { HeartbeatSeconds: 2, TimeoutSeconds: 3 }])(
    "has the limits %j from the time a worker takes it",
    async (limits) => {
      const { execution, take } = await waits(`late${Object.keys(limits).length}`, limits);
      await states.bus.clock.advance("4s");
      const { taskToken } = await take();
      await states.bus.clock.advance("1s");
      await send(new SendTaskSuccessCommand({ taskToken, output: "1" }));
      expect(await states.ended(execution)).toMatchObject({ status: "SUCCEEDED", output: "1" });

      const silent = await waits(`silent${Object.keys(limits).length}`, limits);
      await states.bus.clock.advance("10m");
      expect((await states.describe(silent.execution)).status).toBe("RUNNING");
      await silent.take();
      await states.bus.clock.advance("3s");
      expect(await states.describe(silent.execution)).toMatchObject({ status: "FAILED", error: "States.Timeout" });
    },
  );

  it("that no worker takes ends only by the machine's timeout", async () => {
    const { activityArn } = await send(new CreateActivityCommand({ name: "left" }));
    const A = { Type: "Task", Resource: activityArn, TimeoutSeconds: 3, HeartbeatSeconds: 1, End: true };
    const execution = await states.start(await states.create({ StartAt: "A", States: { A }, TimeoutSeconds: 60 }));
    await states.bus.clock.advance("59s");
    expect((await states.describe(execution)).status).toBe("RUNNING");
    await states.bus.clock.advance("2s");
    expect((await states.describe(execution)).status).toBe("TIMED_OUT");
  });
});

it.each([
  [() => send(new SendTaskSuccessCommand({ taskToken: "", output: "1" }))],
  [() => send(new SendTaskFailureCommand({ taskToken: "" }))],
  [() => send(new SendTaskHeartbeatCommand({ taskToken: "" }))],
])("an empty token is shown in the message (%#)", async (call) => {
  await expect(call()).rejects.toMatchObject({
    name: "ValidationException",
    message:
      "1 validation error detected: Value '' at 'taskToken' failed to satisfy constraint: Member must have length greater than or equal to 1",
  });
});

it("the message for a missing output has no value", async () => {
  const call = send(new SendTaskSuccessCommand({ taskToken: "AAAA", output: undefined }));
  await expect(call).rejects.toMatchObject({
    name: "ValidationException",
    message: "1 validation error detected: Value at 'output' failed to satisfy constraint: Member must not be null",
  });
});

it("a redrive's date is the same everywhere", async () => {
  const token = { StartAt: "A", States: { A: { Type: "Fail", ErrorPath: "$$.Execution.RedriveTime" } } };
  const failing = { StartAt: "A", States: { A: { Type: "Fail", Error: "E" } } };
  for (const definition of [failing, token]) {
    const { executionArn } = await states.run(definition);
    await states.bus.clock.advance("90s");
    const { redriveDate } = await send(new RedriveExecutionCommand({ executionArn }));
    await states.ended(executionArn as string);
    const described = await send(new DescribeExecutionCommand({ executionArn }));
    expect(described.redriveDate).toEqual(redriveDate);
    if (definition === token) expect(described.error).toBe(redriveDate?.toISOString());
  }
});

describe("a page token belongs to its request", () => {
  it("it is refused with another filter or another machine", async () => {
    const stateMachineArn = await states.create(pass);
    for (let count = 0; count < 3; count++) await states.ended(await states.start(stateMachineArn));
    const list = (more: object) => send(new ListExecutionsCommand({ stateMachineArn, maxResults: 1, ...more }));
    const { nextToken } = await list({ statusFilter: "SUCCEEDED" });
    expect((await list({ statusFilter: "SUCCEEDED", nextToken })).executions).toHaveLength(1);
    for (const more of [{}, { statusFilter: "FAILED" }, { stateMachineArn: await states.create(pass) }]) {
      await expect(list({ ...more, nextToken })).rejects.toMatchObject({
        name: "InvalidToken",
        message: "Invalid Token: 'Input inconsistent with page token'",
      });
    }
    await expect(list({ nextToken: "nonsense" })).rejects.toMatchObject({ message: "Invalid Token: 'Invalid token'" });
  });

  it("of versions too", async () => {
    const arns: string[] = [];
    for (let count = 0; count < 2; count++) {
      const stateMachineArn = await states.create(pass, { publish: true });
      await send(new UpdateStateMachineCommand({ stateMachineArn, definition: second }));
      await send(new PublishStateMachineVersionCommand({ stateMachineArn }));
      arns.push(stateMachineArn);
    }
    const list = (stateMachineArn: string | undefined, nextToken?: string) =>
      send(new ListStateMachineVersionsCommand({ stateMachineArn, maxResults: 1, nextToken }));
    const { nextToken } = await list(arns[0]);
    expect((await list(arns[0], nextToken)).stateMachineVersions).toHaveLength(1);
    await expect(list(arns[1], nextToken)).rejects.toMatchObject({ name: "InvalidToken" });
  });
});
