import {
  CreateActivityCommand,
  DeleteActivityCommand,
  GetActivityTaskCommand,
  SendTaskFailureCommand,
  SendTaskHeartbeatCommand,
  SendTaskSuccessCommand,
  StopExecutionCommand,
} from "@aws-sdk/client-sfn";
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inShort, pass, type States, startStates } from "../../support/states.ts";

let states: States;
let sqs: SQSClient;
let queueUrl: string;
const lambda = "arn:aws:lambda:us-east-1:000000000000:function:";

beforeAll(async () => {
  states = await startStates({ clock: "virtual", startTime: "2030-01-01T00:00:00Z", seed: "tasks" });
  sqs = new SQSClient({ ...states.bus.clientConfig() });
  queueUrl = (await sqs.send(new CreateQueueCommand({ QueueName: "q" }))).QueueUrl as string;
  states.bus.registerFunction("double", (event) => ({ n: (event as { n: number }).n * 2 }));
  states.bus.registerFunction("fails", () => {
    throw Object.assign(new Error("no good"), { name: "CustomError" });
  });
});
afterAll(async () => {
  sqs.destroy();
  await states.close();
});

const task = (fields: object) => ({ StartAt: "T", States: { T: { Type: "Task", End: true, ...fields } } });
const send = (more: object, suffix = "") =>
  task({ Resource: `arn:aws:states:::sqs:sendMessage${suffix}`, Parameters: { QueueUrl: queueUrl, ...more } });

async function received(): Promise<string | undefined> {
  const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl: queueUrl, VisibilityTimeout: 43_200 }));
  return Messages?.[0]?.Body;
}

describe("a Lambda task", () => {
  it("calls the function by its ARN", async () => {
    const { executionArn, output, status } = await states.run(task({ Resource: `${lambda}double` }), { n: 21 });
    expect([status, output]).toEqual(["SUCCEEDED", '{"n":42}']);
    expect(inShort(await states.history(executionArn as string))).toEqual([
      "1<0 ExecutionStarted",
      "2<0 TaskStateEntered",
      "3<2 LambdaFunctionScheduled",
      "4<3 LambdaFunctionStarted",
      "5<4 LambdaFunctionSucceeded",
      "6<5 TaskStateExited",
      "7<6 ExecutionSucceeded",
    ]);
  });

  it("has the optimized integration's envelope", async () => {
    const { output } = await states.run(
      task({ Resource: "arn:aws:states:::lambda:invoke", Parameters: { FunctionName: "double", Payload: { n: 1 } } }),
    );
    const result = JSON.parse(output as string);
    expect(Object.keys(result)).toEqual([
      "ExecutedVersion",
      "Payload",
      "SdkHttpMetadata",
      "SdkResponseMetadata",
      "StatusCode",
    ]);
    expect(result).toMatchObject({ ExecutedVersion: "$LATEST", Payload: { n: 2 }, StatusCode: 200 });
  });

  it("fails with the function's error, or with Lambda's own", async () => {
    const failed = await states.run(task({ Resource: `${lambda}fails` }));
    expect(failed).toMatchObject({ status: "FAILED", error: "CustomError" });
    expect(JSON.parse(failed.cause as string)).toMatchObject({ errorMessage: "no good" });
    const missing = await states.run(
      task({ Resource: "arn:aws:states:::lambda:invoke", Parameters: { FunctionName: "none" } }),
    );
    expect(missing.error).toBe("Lambda.ResourceNotFoundException");
    expect(missing.cause).toMatch(
      /^Function not found: arn:aws:lambda:us-east-1:000000000000:function:none:\$LATEST \(Service: AWSLambda; Status Code: 404; Error Code: ResourceNotFoundException; Request ID: [\w-]+; Proxy: null\)$/,
    );
  });

  it("returns null for nothing, and accepts a payload that is a string as JSON", async () => {
    states.bus.registerFunction("nothing", () => {});
    states.bus.registerFunction("same", (event) => event);
    expect((await states.run(task({ Resource: `${lambda}nothing` }))).output).toBe("null");
    const payloadOf = async (given: object) => {
      const { output } = await states.run(
        task({ Resource: "arn:aws:states:::lambda:invoke", Parameters: { FunctionName: "same", ...given } }),
      );
      return JSON.parse(output as string).Payload;
    };
    expect(await payloadOf({ Payload: "null" })).toBeNull();
    expect(await payloadOf({ Payload: '"HelloWorld"' })).toBe("HelloWorld");
    expect(await payloadOf({ Payload: null })).toEqual({});
    expect(await payloadOf({})).toEqual({});
    const sdk = {
      Resource: "arn:aws:states:::aws-sdk:lambda:invoke",
      Parameters: { FunctionName: "same", Payload: [1] },
    };
    expect(JSON.parse((await states.run(task(sdk))).output as string)).toEqual({
      ExecutedVersion: "$LATEST",
      Payload: "[1]",
      StatusCode: 200,
    });
  });

  it("fails with what is thrown, whatever it is", async () => {
    states.bus.registerFunction("throwsNull", () => {
      throw null;
    });
    states.bus.registerFunction("throwsText", () => Promise.reject("text"));
    const nothing = await states.run(task({ Resource: `${lambda}throwsNull` }));
    expect([nothing.error, nothing.cause]).toEqual(["Error", '{"errorType":"Error","errorMessage":"null"}']);
    expect((await states.run(task({ Resource: `${lambda}throwsText` }))).cause).toContain('"errorMessage":"text"');
  });

  it("cannot return more than the payload limit", async () => {
    states.bus.registerFunction("big", () => "x".repeat(262_144));
    const limit = "returned a result with a size exceeding the maximum number of bytes service limit.";
    const direct = await states.run(task({ Resource: `${lambda}big` }));
    expect([direct.error, direct.cause]).toEqual([
      "States.DataLimitExceeded",
      `The state/task '${lambda}big' ${limit}`,
    ]);
    const invoked = await states.run(
      task({ Resource: "arn:aws:states:::lambda:invoke", Parameters: { FunctionName: "big" } }),
    );
    expect(invoked.cause).toBe(`The state/task 'lambda' ${limit}`);
  });

  it("is retried and caught", async () => {
    const definition = {
      StartAt: "T",
      States: {
        T: {
          Type: "Task",
          Resource: `${lambda}fails`,
          Retry: [{ ErrorEquals: ["CustomError"], IntervalSeconds: 21_600, MaxAttempts: 2, BackoffRate: 1 }],
          Catch: [{ ErrorEquals: ["States.TaskFailed"], Next: "C" }],
          End: true,
        },
        C: { Type: "Pass", Result: "caught", End: true },
      },
    };
    const execution = await states.start(await states.create(definition));
    await states.bus.clock.advance("11h");
    expect((await states.describe(execution)).status).toBe("RUNNING");
    await states.bus.clock.advance("1h");
    expect((await states.describe(execution)).output).toBe('"caught"');
    expect((await states.history(execution)).filter(({ type }) => type === "LambdaFunctionFailed")).toHaveLength(3);
  });
});

describe("an optimized integration", () => {
  it("sends to a queue, objects as JSON text", async () => {
    const { output, executionArn } = await states.run(send({ MessageBody: { a: [1] } }));
    expect(await received()).toBe('{"a":[1]}');
    expect(JSON.parse(output as string)).toEqual({
      MD5OfMessageBody: expect.stringMatching(/^[0-9a-f]{32}$/),
      MessageId: expect.any(String),
      SdkHttpMetadata: { AllHttpHeaders: expect.any(Object), HttpHeaders: expect.any(Object), HttpStatusCode: 200 },
      SdkResponseMetadata: { RequestId: expect.any(String) },
    });
    const events = await states.history(executionArn as string);
    expect(events[2]?.taskScheduledEventDetails).toEqual({
      resourceType: "sqs",
      resource: "sendMessage",
      region: "us-east-1",
      parameters: JSON.stringify({ QueueUrl: queueUrl, MessageBody: { a: [1] } }),
    });
  });

  it("fails with AWS's names and causes", async () => {
    const failed = await states.run(send({ "MessageBody.$": "$.none" }), { none: null });
    expect(failed.error).toBe("SQS.AmazonSQSException");
    expect(failed.cause).toMatch(
      /^The request must contain the parameter MessageBody\. \(Service: AmazonSQS; Status Code: 400; Error Code: MissingParameter; Request ID: [\w-]+; Proxy: null\)$/,
    );
    const missing = await states.run(
      task({
        Resource: "arn:aws:states:::aws-sdk:sqs:sendMessage",
        Parameters: { QueueUrl: `${queueUrl}x`, MessageBody: "m" },
      }),
    );
    expect(missing.error).toBe("Sqs.QueueDoesNotExistException");
    expect(missing.cause).toMatch(
      /^The specified queue does not exist\. \(Service: Sqs, Status Code: 400, Request ID: [\w-]+\) \(SDK Attempt Count: 1\)$/,
    );
  });

  it("refuses parameters the API does not have, at creation and at run time", async () => {
    await expect(states.create(send({ queueUrl: "x", MessageBody: "m" }))).rejects.toMatchObject({
      name: "InvalidDefinition",
      message:
        "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: The field 'queueUrl' is not supported by Step Functions at /States/T/Parameters'",
    });
    const dynamic = {
      QueryLanguage: "JSONata",
      ...task({ Resource: "arn:aws:states:::sqs:sendMessage", Arguments: "{% $states.input %}" }),
    };
    const { error, cause } = await states.run(dynamic, { body: 1 });
    expect([error, cause]).toEqual([
      "States.Runtime",
      `An error occurred while executing the state 'T' (entered at the event id #2). The Parameters '{"body":1}' could not be used to start the Task: [The field 'body' is not supported by Step Functions]`,
    ]);
  });

  it("refuses an operation that its service does not have", async () => {
    for (const resource of ["aws-sdk:sqs:fly", "sqs:receiveMessage", "nope:run"]) {
      const arn = `arn:aws:states:::${resource}`;
      await expect(states.create(task({ Resource: arn, Parameters: {} }))).rejects.toMatchObject({
        name: "InvalidDefinition",
        message: `Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: The resource provided ${arn} is not recognized. The value is not a valid resource ARN, or the resource is not available in this region. at /States/T/Resource'`,
      });
    }
  });

  it("waits for a callback", async () => {
    const definition = send({ MessageBody: { "token.$": "$$.Task.Token" } }, ".waitForTaskToken");
    const execution = await states.start(await states.create(definition));
    await states.bus.clock.advance(0);
    const { token } = JSON.parse((await received()) as string);
    await expect(
      states.client.send(new SendTaskSuccessCommand({ taskToken: token, output: "x" })),
    ).rejects.toMatchObject({ name: "InvalidOutput" });
    await states.client.send(new SendTaskSuccessCommand({ taskToken: token, output: '{"done":true}' }));
    expect((await states.describe(execution)).output).toBe('{"done":true}');
    expect(inShort(await states.history(execution)).slice(2)).toEqual([
      "3<2 TaskScheduled",
      "4<3 TaskStarted",
      "5<4 TaskSubmitted",
      "6<5 TaskSucceeded",
      "7<6 TaskStateExited",
      "8<7 ExecutionSucceeded",
    ]);
    await expect(
      states.client.send(new SendTaskSuccessCommand({ taskToken: token, output: "1" })),
    ).rejects.toMatchObject({
      name: "TaskTimedOut",
      message: "Task Timed Out: 'Provided task does not exist anymore'",
    });
    await expect(states.client.send(new SendTaskSuccessCommand({ taskToken: "x", output: "1" }))).rejects.toMatchObject(
      { name: "InvalidToken", message: "Invalid Token: 'Invalid token'" },
    );
  });

  it("ignores a callback after a missed heartbeat", async () => {
    const definition = task({
      Resource: "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
      Parameters: { QueueUrl: queueUrl, "MessageBody.$": "$$.Task.Token" },
      HeartbeatSeconds: 60,
    });
    const execution = await states.start(await states.create(definition));
    await states.bus.clock.advance("50s");
    const taskToken = (await received()) as string;
    await states.client.send(new SendTaskHeartbeatCommand({ taskToken }));
    await states.bus.clock.advance("50s");
    expect((await states.describe(execution)).status).toBe("RUNNING");
    await states.bus.clock.advance("10s");
    expect(await states.describe(execution)).toMatchObject({ status: "FAILED", error: "States.Timeout" });
  });
});

describe("a nested execution", () => {
  const nested = (machine: string, suffix: string, input: unknown) =>
    task({
      Resource: `arn:aws:states:::states:startExecution${suffix}`,
      Parameters: { StateMachineArn: machine, Input: input },
    });

  it("is not waited for if it is express, which cannot be described", async () => {
    const child = await states.create(pass, { type: "EXPRESS" });
    for (const suffix of [".sync", ".sync:2"]) {
      const { executionArn, error, cause } = await states.run(nested(child, suffix, {}));
      expect(error).toBe("StepFunctions.InvalidArnException");
      expect(cause).toMatch(
        /^Invalid Arn: 'Resource type not valid in this context: express' \(Service: AWSStepFunctions; /,
      );
      const history = inShort(await states.history(executionArn as string));
      expect(history.slice(4)).toEqual(["5<4 TaskSubmitted", "6<5 TaskFailed", "7<6 ExecutionFailed"]);
    }
  });

  it("is started, and waited for if requested", async () => {
    const child = await states.create(pass);
    const started = await states.run(nested(child, "", { a: 1 }));
    const result = JSON.parse(started.output as string);
    expect(Object.keys(result)).toEqual(["ExecutionArn", "SdkHttpMetadata", "SdkResponseMetadata", "StartDate"]);
    expect((await states.ended(result.ExecutionArn)).output).toBe('{"a":1}');
    const synced = JSON.parse((await states.run(nested(child, ".sync", { a: 1 }))).output as string);
    expect(synced).toMatchObject({
      Input: '{"a":1}',
      InputDetails: { Included: true },
      Output: '{"a":1}',
      StateMachineArn: child,
      Status: "SUCCEEDED",
    });
    const parsed = await states.run(nested(child, ".sync:2", { a: 1 }));
    expect(JSON.parse(parsed.output as string)).toMatchObject({ Input: { a: 1 }, Output: { a: 1 } });
    expect(inShort(await states.history(parsed.executionArn as string)).slice(2, 6)).toEqual([
      "3<2 TaskScheduled",
      "4<3 TaskStarted",
      "5<4 TaskSubmitted",
      "6<5 TaskSucceeded",
    ]);
  });

  it("fails its parent, and is stopped with it", async () => {
    const failing = { StartAt: "F", States: { F: { Type: "Fail", Error: "E", Cause: "C" } } };
    const failed = await states.run(nested(await states.create(failing), ".sync", {}));
    expect(failed.error).toBe("States.TaskFailed");
    expect(JSON.parse(failed.cause as string)).toMatchObject({ Cause: "C", Error: "E", Status: "FAILED", Input: "{}" });
    const waiting = { StartAt: "W", States: { W: { Type: "Wait", Seconds: 600, End: true } } };
    const child = await states.create(waiting);
    const parent = await states.start(await states.create(nested(child, ".sync", {})));
    await states.bus.clock.advance("1s");
    const events = await states.history(parent);
    const { ExecutionArn } = JSON.parse(events[4]?.taskSubmittedEventDetails?.output as string);
    await states.client.send(new StopExecutionCommand({ executionArn: parent }));
    expect((await states.describe(ExecutionArn)).status).toBe("ABORTED");
  });
});

describe("a call of the SDK", () => {
  it("runs an express execution, whose failure is not a failure of the task", async () => {
    const failing = { StartAt: "F", States: { F: { Type: "Fail", Error: "E", Cause: "C" } } };
    const express = await states.create(failing, { type: "EXPRESS" });
    const { output } = await states.run(
      task({
        Resource: "arn:aws:states:::aws-sdk:sfn:startSyncExecution",
        Parameters: { StateMachineArn: express, Input: { a: 1 } },
      }),
    );
    expect(JSON.parse(output as string)).toMatchObject({
      BillingDetails: { BilledDurationInMilliseconds: 100, BilledMemoryUsedInMB: 64 },
      Error: "E",
      Cause: "C",
      Input: '{"a":1}',
      InputDetails: { Included: true },
      StartDate: expect.stringMatching(/^2030-01-01T.*Z$/),
      StateMachineArn: express,
      Status: "FAILED",
    });
    const missing = await states.run(
      task({
        Resource: "arn:aws:states:::aws-sdk:sfn:sendTaskSuccess",
        Parameters: { TaskToken: "x", Output: "{}" },
      }),
    );
    expect(missing.error).toBe("Sfn.InvalidTokenException");
    expect(missing.cause).toMatch(
      /^Invalid Token: 'Invalid token' \(Service: Sfn, Status Code: 400, Request ID: [\w-]+\) \(SDK Attempt Count: 1\)$/,
    );
  });

  it.each<[string, object, object]>([
    ["sqs:listQueues", {}, { QueueUrls: [expect.any(String)] }],
    ["sns:listTopics", {}, { Topics: [] }],
    ["kinesis:listStreams", {}, { HasMoreStreams: false, StreamNames: [], StreamSummaries: [] }],
    ["eventbridge:listRules", {}, { Rules: [] }],
    ["scheduler:listSchedules", {}, { Schedules: [] }],
    ["pipes:listPipes", {}, { Pipes: [] }],
    ["sfn:listActivities", { MaxResults: 1 }, { Activities: expect.any(Array) }],
    ["sts:getCallerIdentity", {}, { Account: "000000000000", Arn: expect.any(String), UserId: expect.any(String) }],
  ])("returns the output of %s without metadata", async (api, parameters, output) => {
    const done = await states.run(task({ Resource: `arn:aws:states:::aws-sdk:${api}`, Parameters: parameters }));
    expect(done.cause).toBeUndefined();
    expect(JSON.parse(done.output as string)).toMatchObject(output);
    expect(done.output).not.toContain("Metadata");
  });

  it.each<[string, object, string, number]>([
    ["sqs:getQueueUrl", { QueueName: "none" }, "Sqs.QueueDoesNotExistException", 400],
    [
      "sns:publish",
      { TopicArn: "arn:aws:sns:us-east-1:000000000000:none", Message: "m" },
      "Sns.NotFoundException",
      404,
    ],
    ["kinesis:describeStream", { StreamName: "none" }, "Kinesis.ResourceNotFoundException", 400],
    ["eventbridge:describeRule", { Name: "none" }, "EventBridge.ResourceNotFoundException", 400],
    ["scheduler:getSchedule", { Name: "none" }, "Scheduler.ResourceNotFoundException", 404],
    ["pipes:describePipe", { Name: "none" }, "Pipes.NotFoundException", 404],
    [
      "sfn:describeMapRun",
      { MapRunArn: "arn:aws:states:us-east-1:000000000000:mapRun:m/l:none" },
      "Sfn.ResourceNotFoundException",
      400,
    ],
  ])("fails with the error of %s, with the client's name for it", async (api, parameters, error, status) => {
    const failed = await states.run(task({ Resource: `arn:aws:states:::aws-sdk:${api}`, Parameters: parameters }));
    expect(failed.error).toBe(error);
    expect(failed.cause).toMatch(
      new RegExp(
        `\\(Service: ${error.split(".")[0]}, Status Code: ${status}, Request ID: [\\w-]+\\) \\(SDK Attempt Count: 1\\)$`,
      ),
    );
  });

  it("waits for a function's callback, with a role of its own", async () => {
    let token = "";
    states.bus.registerFunction("asked", (event) => {
      token = (event as { token: string }).token;
    });
    const machine = await states.create(
      task({
        Resource: "arn:aws:states:::lambda:invoke.waitForTaskToken",
        Parameters: { FunctionName: "asked", Payload: { "token.$": "$$.Task.Token" } },
        Credentials: { RoleArn: "arn:aws:iam::111122223333:role/other" },
        TimeoutSeconds: 60,
      }),
    );
    const execution = await states.start(machine);
    await states.bus.clock.advance(0);
    await states.client.send(new SendTaskFailureCommand({ taskToken: token, error: "E" }));
    expect(await states.describe(execution)).toMatchObject({ status: "FAILED", error: "E" });
    const events = await states.history(execution);
    expect(events[2]?.taskScheduledEventDetails).toMatchObject({
      resourceType: "lambda",
      resource: "invoke.waitForTaskToken",
      timeoutInSeconds: 60,
      taskCredentials: { roleArn: "arn:aws:iam::111122223333:role/other" },
    });
    expect(events[4]?.taskSubmittedEventDetails?.output).toContain('"StatusCode":200');
  });
});

describe("an activity", () => {
  it("gives its tasks to workers that poll", async () => {
    const { activityArn } = await states.client.send(new CreateActivityCommand({ name: "work" }));
    const machine = await states.create(task({ Resource: activityArn }));
    const first = await states.start(machine, { n: 1 });
    const given = await states.client.send(new GetActivityTaskCommand({ activityArn, workerName: "w" }));
    expect(given.input).toBe('{"n":1}');
    await states.client.send(new SendTaskSuccessCommand({ taskToken: given.taskToken, output: '"done"' }));
    expect((await states.describe(first)).output).toBe('"done"');
    expect(inShort(await states.history(first)).slice(2, 5)).toEqual([
      "3<2 ActivityScheduled",
      "4<3 ActivityStarted",
      "5<4 ActivitySucceeded",
    ]);
    // A waiting poll gets the next task as soon as there is one.
    const poll = states.client.send(new GetActivityTaskCommand({ activityArn }));
    await states.describe(first);
    const second = await states.start(machine, { n: 2 });
    const { taskToken, input } = await poll;
    expect(input).toBe('{"n":2}');
    await states.client.send(new SendTaskFailureCommand({ taskToken, error: "E", cause: "C" }));
    expect(await states.describe(second)).toMatchObject({ status: "FAILED", error: "E", cause: "C" });
    // A poll without a task ends after a minute, with an empty response.
    const empty = states.client.send(new GetActivityTaskCommand({ activityArn }));
    await states.describe(first);
    await states.bus.clock.advance("1m");
    expect((await empty).taskToken).toBeUndefined();
  });

  it("must exist when its task starts", async () => {
    const { activityArn } = await states.client.send(new CreateActivityCommand({ name: "gone" }));
    await states.client.send(new DeleteActivityCommand({ activityArn }));
    await expect(states.client.send(new GetActivityTaskCommand({ activityArn }))).rejects.toMatchObject({
      name: "ActivityDoesNotExist",
    });
    const { error, cause } = await states.run(task({ Resource: activityArn }));
    expect([error, cause]).toEqual([
      "States.Runtime",
      `An error occurred while executing the state 'T' (entered at the event id #2). The activity ${activityArn} does not exist.`,
    ]);
  });
});
