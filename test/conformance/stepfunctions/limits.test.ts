/** Limits on numbers and sizes, and how long things are kept. */
import { SFN } from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, expect, it } from "vitest";
import { pass, roleArn, type States, startStates } from "../../support/states.ts";

let states: States;
let sfn: SFN;
beforeAll(async () => {
  // Without sockets, of which a thousand polls would need one each.
  states = await startStates({ port: false, clock: "virtual", startTime: "2030-01-01T00:00:00Z", seed: "limits" });
  sfn = new SFN({ ...states.bus.clientConfig(), maxAttempts: 1 });
});
afterAll(async () => {
  sfn.destroy();
  await states.close();
});

const waitFor = (seconds: number) => ({ StartAt: "W", States: { W: { Type: "Wait", Seconds: seconds, End: true } } });

it("a machine has 100 aliases", async () => {
  const machine = await states.create(pass, { publish: true });
  const alias = (name: string) =>
    sfn.createStateMachineAlias({
      name,
      routingConfiguration: [{ stateMachineVersionArn: `${machine}:1`, weight: 100 }],
    });
  for (let i = 0; i < 100; i++) await alias(`a${i}`);
  await expect(alias("a100")).rejects.toMatchObject({
    name: "ServiceQuotaExceededException",
    $metadata: { httpStatusCode: 400 },
  });
  await alias("a99");
  const first = await sfn.listStateMachineAliases({ stateMachineArn: machine, maxResults: 60 });
  const { nextToken } = first;
  const second = await sfn.listStateMachineAliases({ stateMachineArn: machine, maxResults: 60, nextToken });
  const listed = [...(first.stateMachineAliases ?? []), ...(second.stateMachineAliases ?? [])];
  expect(new Set(listed.map(({ stateMachineAliasArn }) => stateMachineAliasArn)).size).toBe(100);
  expect(second.nextToken).toBeUndefined();
});

it("a machine has 1,000 versions, whose numbers are never reused", async () => {
  const stateMachineArn = await states.create(pass);
  const publish = (n: number) =>
    sfn.updateStateMachine({
      stateMachineArn,
      definition: JSON.stringify({ Comment: String(n), ...pass }),
      publish: true,
    });
  for (let n = 1; n <= 1000; n++) await publish(n);
  await expect(publish(1001)).rejects.toMatchObject({ name: "ServiceQuotaExceededException" });
  await sfn.deleteStateMachineVersion({ stateMachineVersionArn: `${stateMachineArn}:1000` });
  expect((await publish(1001)).stateMachineVersionArn).toBe(`${stateMachineArn}:1001`);
});

it("an activity has 1,000 pollers, which wait for a minute", async () => {
  const { activityArn } = await sfn.createActivity({ name: "polled" });
  const polls = Array.from({ length: 1000 }, () => sfn.getActivityTask({ activityArn }));
  await sfn.describeActivity({ activityArn });
  await expect(sfn.getActivityTask({ activityArn })).rejects.toMatchObject({ name: "ActivityWorkerLimitExceeded" });
  await states.bus.clock.advance("1m");
  for (const poll of polls) expect((await poll).taskToken).toBeUndefined();
});

it("a task's output has 262,144 characters", async () => {
  const { activityArn } = await sfn.createActivity({ name: "large" });
  const task = { StartAt: "T", States: { T: { Type: "Task", Resource: activityArn, End: true } } };
  const execution = await states.start(await states.create(task));
  const { taskToken } = await sfn.getActivityTask({ activityArn });
  await expect(sfn.sendTaskSuccess({ taskToken, output: JSON.stringify("x".repeat(262_143)) })).rejects.toMatchObject({
    name: "ValidationException",
  });
  await sfn.sendTaskSuccess({ taskToken, output: JSON.stringify("x".repeat(262_142)) });
  expect((await states.describe(execution)).output).toHaveLength(262_144);
});

it("a closed execution is kept for 90 days, and then its name can be reused", async () => {
  const { activityArn } = await sfn.createActivity({ name: "forgotten" });
  const task = { StartAt: "T", States: { T: { Type: "Task", Resource: activityArn, End: true } } };
  const machine = await states.create(task);
  const executionArn = await states.start(machine, {}, "once");
  const { taskToken } = await sfn.getActivityTask({ activityArn });
  await sfn.stopExecution({ executionArn });
  await states.bus.clock.advance("89d");
  await expect(sfn.sendTaskSuccess({ taskToken, output: "1" })).rejects.toMatchObject({ name: "TaskTimedOut" });
  await expect(states.start(machine, {}, "once")).rejects.toMatchObject({ name: "ExecutionAlreadyExists" });
  await states.bus.clock.advance("2d");
  await states.run(pass);
  await expect(states.describe(executionArn)).rejects.toMatchObject({ name: "ExecutionDoesNotExist" });
  await expect(sfn.sendTaskSuccess({ taskToken, output: "1" })).rejects.toMatchObject({
    name: "TaskDoesNotExist",
    message: "Task Does Not Exist: 'Provided task does not exist'",
  });
  expect(await states.start(machine, {}, "once")).toBe(executionArn);
});

it("an execution of a version shows the machine and runs the version's definition", async () => {
  const machine = await states.create(waitFor(60), { publish: true });
  const { revisionId } = await sfn.updateStateMachine({
    stateMachineArn: machine,
    definition: JSON.stringify(pass),
    publish: true,
  });
  const described = async (version: string) => {
    const { executionArn } = await sfn.startExecution({ stateMachineArn: version });
    return sfn.describeStateMachineForExecution({ executionArn });
  };
  const first = await described(`${machine}:1`);
  expect([first.stateMachineArn, first.revisionId, first.definition]).toEqual([
    machine,
    undefined,
    JSON.stringify(waitFor(60)),
  ]);
  expect(await described(`${machine}:2`)).toMatchObject({ stateMachineArn: machine, revisionId, roleArn });
});
