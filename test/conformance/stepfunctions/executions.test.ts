import { request } from "node:http";
import {
  DescribeExecutionCommand,
  DescribeStateMachineForExecutionCommand,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  StartExecutionCommand,
  StartSyncExecutionCommand,
  StopExecutionCommand,
  UpdateStateMachineCommand,
} from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inShort, pass, type States, startStates } from "../../support/states.ts";

let states: States;
beforeAll(async () => {
  states = await startStates({ clock: "virtual", startTime: "2030-01-01T00:00:00Z", seed: "executions" });
});
afterAll(() => states.close());

const waitFor = (seconds: number) => ({ StartAt: "W", States: { W: { Type: "Wait", Seconds: seconds, End: true } } });

describe("an execution", () => {
  it("runs a Pass and shows everything about it", async () => {
    const machine = await states.create(pass);
    const { executionArn, startDate } = await states.client.send(
      new StartExecutionCommand({ stateMachineArn: machine, name: "first", input: '{ "a": 1 }' }),
    );
    expect(executionArn).toBe(`${machine.replace("stateMachine", "execution")}:first`);
    const { $metadata: _metadata, ...described } = await states.ended(executionArn as string);
    expect(described).toEqual({
      executionArn,
      stateMachineArn: machine,
      name: "first",
      status: "SUCCEEDED",
      startDate,
      stopDate: startDate,
      input: '{ "a": 1 }',
      inputDetails: { included: true },
      output: '{"a":1}',
      outputDetails: { included: true },
      redriveCount: 0,
      redriveStatus: "NOT_REDRIVABLE",
      redriveStatusReason: "Execution is SUCCEEDED and cannot be redriven",
    });
    const details = { truncated: false };
    expect(await states.history(executionArn as string)).toEqual([
      {
        timestamp: startDate,
        type: "ExecutionStarted",
        id: 1,
        previousEventId: 0,
        executionStartedEventDetails: {
          input: '{ "a": 1 }',
          inputDetails: details,
          roleArn: "arn:aws:iam::000000000000:role/r",
        },
      },
      {
        timestamp: startDate,
        type: "PassStateEntered",
        id: 2,
        previousEventId: 0,
        stateEnteredEventDetails: { name: "A", input: '{ "a": 1 }', inputDetails: details },
      },
      {
        timestamp: startDate,
        type: "PassStateExited",
        id: 3,
        previousEventId: 2,
        stateExitedEventDetails: { name: "A", output: '{"a":1}', outputDetails: details },
      },
      {
        timestamp: startDate,
        type: "ExecutionSucceeded",
        id: 4,
        previousEventId: 3,
        executionSucceededEventDetails: { output: '{"a":1}', outputDetails: details },
      },
    ]);
  });

  it("waits for time to pass", async () => {
    const execution = await states.start(await states.create(waitFor(3600)));
    await states.bus.clock.advance("59m");
    expect((await states.describe(execution)).status).toBe("RUNNING");
    await states.bus.clock.advance("1m");
    expect((await states.describe(execution)).status).toBe("SUCCEEDED");
    expect(inShort(await states.history(execution))).toEqual([
      "1<0 ExecutionStarted",
      "2<0 WaitStateEntered",
      "3<2 WaitStateExited",
      "4<3 ExecutionSucceeded",
    ]);
  });

  it("maps over more items than one step handles", async () => {
    const items = Array.from({ length: 1000 }, (_, index) => index);
    const definition = {
      StartAt: "M",
      States: {
        M: {
          Type: "Map",
          ItemProcessor: { StartAt: "P", States: { P: { Type: "Pass", Parameters: { "n.$": "$" }, End: true } } },
          End: true,
        },
      },
    };
    const { status, output } = await states.run(definition, items);
    expect(status).toBe("SUCCEEDED");
    expect(JSON.parse(output as string)).toEqual(items.map((n) => ({ n })));
  });

  it("is the same for the same name and input, and refused with another input", async () => {
    const machine = await states.create(waitFor(60));
    const start = (input: string) =>
      states.client.send(new StartExecutionCommand({ stateMachineArn: machine, name: "n", input }));
    const first = await start("{}");
    expect((await start("{}")).startDate).toEqual(first.startDate);
    await expect(start('{"b":2}')).rejects.toMatchObject({
      name: "ExecutionAlreadyExists",
      message: `Execution Already Exists: '${first.executionArn}'`,
    });
    await states.bus.clock.advance("1m");
    await expect(start("{}")).rejects.toMatchObject({ name: "ExecutionAlreadyExists" });
  });

  it("stops when told to", async () => {
    const execution = await states.start(await states.create(waitFor(60)));
    const stop = new StopExecutionCommand({ executionArn: execution, error: "E", cause: "C" });
    const { stopDate } = await states.client.send(stop);
    expect((await states.client.send(stop)).stopDate).toEqual(stopDate);
    const described = await states.describe(execution);
    expect(described).toMatchObject({ status: "ABORTED", error: "E", cause: "C", redriveStatus: "REDRIVABLE" });
    expect(inShort(await states.history(execution))).toEqual([
      "1<0 ExecutionStarted",
      "2<0 WaitStateEntered",
      "3<0 ExecutionAborted",
    ]);
  });

  it("is refused without a machine, with invalid input or an invalid name", async () => {
    const machine = await states.create(pass);
    const start = (more: object) =>
      states.client.send(new StartExecutionCommand({ stateMachineArn: machine, ...more }));
    await expect(start({ stateMachineArn: `${machine}x` })).rejects.toMatchObject({
      name: "StateMachineDoesNotExist",
      message: `State Machine Does Not Exist: '${machine}x'`,
    });
    await expect(start({ input: "x" })).rejects.toMatchObject({ name: "InvalidExecutionInput" });
    await expect(start({ name: "a b" })).rejects.toMatchObject({
      name: "InvalidName",
      message: "Invalid Name: 'a b'",
    });
    await expect(start({ stateMachineArn: "x" })).rejects.toMatchObject({
      name: "InvalidArn",
      message: "Invalid Arn: 'Invalid ARN prefix: x'",
    });
    await expect(start({ stateMachineArn: `${machine}/label` })).rejects.toMatchObject({ name: "ValidationException" });
    await expect(states.describe(`${machine.replace("stateMachine", "execution")}:none`)).rejects.toMatchObject({
      name: "ExecutionDoesNotExist",
    });
    await expect(states.describe(`${machine.replace("stateMachine", "express")}:a:b`)).rejects.toMatchObject({
      name: "InvalidArn",
      message: "Invalid Arn: 'Resource type not valid in this context: express'",
    });
  });

  it("keeps the definition it was started with", async () => {
    const machine = await states.create(waitFor(60));
    const execution = await states.start(machine);
    await states.client.send(
      new UpdateStateMachineCommand({ stateMachineArn: machine, definition: JSON.stringify(pass) }),
    );
    const described = await states.client.send(
      new DescribeStateMachineForExecutionCommand({ executionArn: execution }),
    );
    expect(JSON.parse(described.definition as string)).toEqual(waitFor(60));
    expect(described).toMatchObject({ stateMachineArn: machine, name: machine.split(":").at(-1) });
    await states.bus.clock.advance("1m");
    expect((await states.describe(execution)).status).toBe("SUCCEEDED");
  });

  it("is listed, newest first, by page and by status", async () => {
    const machine = await states.create(waitFor(60));
    for (const name of ["a", "b", "c"]) await states.start(machine, {}, name);
    await states.client.send(
      new StopExecutionCommand({ executionArn: `${machine.replace("stateMachine", "execution")}:b` }),
    );
    const list = async (more: object) => {
      const page = await states.client.send(new ListExecutionsCommand({ stateMachineArn: machine, ...more }));
      return { names: page.executions?.map(({ name }) => name), nextToken: page.nextToken };
    };
    expect((await list({})).names).toEqual(["c", "b", "a"]);
    expect((await list({ statusFilter: "RUNNING" })).names).toEqual(["c", "a"]);
    const first = await list({ maxResults: 2 });
    expect(first.names).toEqual(["c", "b"]);
    expect((await list({ maxResults: 2, nextToken: first.nextToken })).names).toEqual(["a"]);
    await expect(list({ nextToken: "x" })).rejects.toMatchObject({ name: "InvalidToken" });
    await expect(list({ stateMachineArn: undefined })).rejects.toMatchObject({ name: "ValidationException" });
  });

  it("is described without its data if only metadata is requested", async () => {
    const machine = await states.create(pass);
    const { executionArn } = await states.client.send(
      new StartExecutionCommand({ stateMachineArn: machine, input: '{"a":1}', traceHeader: "Root=1-2" }),
    );
    await states.ended(executionArn as string);
    const bare = await states.client.send(
      new DescribeExecutionCommand({ executionArn, includedData: "METADATA_ONLY" }),
    );
    expect(bare).toMatchObject({ status: "SUCCEEDED", traceHeader: "Root=1-2", outputDetails: { included: false } });
    expect(bare).not.toHaveProperty("input");
    expect(bare).not.toHaveProperty("output");
    const asked = new DescribeStateMachineForExecutionCommand({ executionArn, includedData: "METADATA_ONLY" });
    expect((await states.client.send(asked)).definition).toBe("{}");
  });

  it("pages its history in both directions", async () => {
    const execution = await states.start(await states.create(pass));
    const page = (more: object) =>
      states.client.send(new GetExecutionHistoryCommand({ executionArn: execution, ...more }));
    const first = await page({ maxResults: 3 });
    expect(first.events?.map(({ id }) => id)).toEqual([1, 2, 3]);
    const second = await page({ maxResults: 3, nextToken: first.nextToken });
    expect([second.events?.map(({ id }) => id), second.nextToken]).toEqual([[4], undefined]);
    const last = await page({ maxResults: 3, reverseOrder: true });
    expect(last.events?.map(({ id }) => id)).toEqual([4, 3, 2]);
    const before = await page({ maxResults: 3, reverseOrder: true, nextToken: last.nextToken });
    expect(before.events?.map(({ id }) => id)).toEqual([1]);
    const bare = await page({ includeExecutionData: false });
    expect(bare.events?.[1]?.stateEnteredEventDetails).toEqual({ name: "A" });
  });
});

describe("an express execution", () => {
  it("is answered synchronously, even if it waits", async () => {
    const machine = await states.create(pass, { type: "EXPRESS" });
    const { $metadata: _metadata, ...result } = await states.client.send(
      new StartSyncExecutionCommand({ stateMachineArn: machine, name: "n", input: '{"a":1}' }),
    );
    expect(result).toMatchObject({
      stateMachineArn: machine,
      name: "n",
      status: "SUCCEEDED",
      input: '{"a":1}',
      inputDetails: { included: true },
      output: '{"a":1}',
      outputDetails: { included: true },
      billingDetails: { billedMemoryUsedInMB: 64, billedDurationInMilliseconds: 100 },
    });
    expect(result.executionArn).toMatch(/:express:m\d+:n:[0-9a-f-]{36}$/);
    const { $metadata: _bare, ...bare } = await states.client.send(
      new StartSyncExecutionCommand({
        stateMachineArn: machine,
        input: '{"a":1}',
        traceHeader: "Root=1-5759e988-bd862e3fe1be46a994272793",
        includedData: "METADATA_ONLY",
      }),
    );
    expect(bare).toMatchObject({
      status: "SUCCEEDED",
      traceHeader: "Root=1-5759e988-bd862e3fe1be46a994272793",
      inputDetails: { included: false },
      outputDetails: { included: false },
    });
    expect(bare).not.toHaveProperty("input");
    expect(bare).not.toHaveProperty("output");
    const waiting = await states.create(waitFor(2), { type: "EXPRESS" });
    const answer = states.client.send(new StartSyncExecutionCommand({ stateMachineArn: waiting }));
    await states.describe(result.executionArn as string).catch(() => {});
    await states.bus.clock.advance("2s");
    expect(await answer).toMatchObject({
      status: "SUCCEEDED",
      billingDetails: { billedDurationInMilliseconds: 2000 },
    });
  });

  it("is reached by the host prefix that clients use", async () => {
    const stateMachineArn = await states.create(pass, { type: "EXPRESS" });
    const { hostname, port } = new URL(states.bus.endpoint);
    const headers = {
      host: `sync-localhost:${port}`,
      "content-type": "application/x-amz-json-1.0",
      "x-amz-target": "AWSStepFunctions.StartSyncExecution",
    };
    const text = await new Promise<string>((resolve, reject) => {
      const call = request({ hostname, port, method: "POST", headers }, (answer) => {
        let body = "";
        answer.on("data", (chunk) => (body += chunk));
        answer.on("end", () => resolve(body));
      });
      call.on("error", reject);
      call.end(JSON.stringify({ stateMachineArn, input: "[1]" }));
    });
    expect(JSON.parse(text)).toMatchObject({ status: "SUCCEEDED", output: "[1]" });
  });

  it("returns failures without an error, and times out after five minutes", async () => {
    const failing = { StartAt: "F", States: { F: { Type: "Fail", Error: "E", Cause: "C" } } };
    const machine = await states.create(failing, { type: "EXPRESS" });
    const command = new StartSyncExecutionCommand({ stateMachineArn: machine });
    expect(await states.client.send(command)).toMatchObject({ status: "FAILED", error: "E", cause: "C" });
    const slow = await states.create(waitFor(600), { type: "EXPRESS" });
    const answer = states.client.send(new StartSyncExecutionCommand({ stateMachineArn: slow }));
    await states.describe("arn:aws:states:us-east-1:000000000000:execution:a:b").catch(() => {});
    await states.bus.clock.advance("5m");
    expect((await answer).status).toBe("TIMED_OUT");
  });

  it("is refused where only standard ones are allowed, and vice versa", async () => {
    const express = await states.create(pass, { type: "EXPRESS" });
    await expect(states.client.send(new ListExecutionsCommand({ stateMachineArn: express }))).rejects.toMatchObject({
      name: "StateMachineTypeNotSupported",
    });
    const standard = await states.create(pass);
    await expect(
      states.client.send(new StartSyncExecutionCommand({ stateMachineArn: standard })),
    ).rejects.toMatchObject({
      name: "StateMachineTypeNotSupported",
      message: "This operation is not supported by this type of state machine",
    });
  });
});
