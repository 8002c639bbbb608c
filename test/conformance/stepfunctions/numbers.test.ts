/** Numbers keep their text from the caller to the response, whatever they pass on the way. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateConnectionCommand, EventBridgeClient } from "@aws-sdk/client-eventbridge";
import {
  CreateActivityCommand,
  GetActivityTaskCommand,
  SendTaskSuccessCommand,
  StartExecutionCommand,
  StartSyncExecutionCommand,
  TestStateCommand,
} from "@aws-sdk/client-sfn";
import { CreateQueueCommand, GetQueueAttributesCommand, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readOptions } from "../../../src/cli-options.ts";
import { roleArn, type States, startStates } from "../../support/states.ts";
import { webServer } from "../../support/web-server.ts";

/** Numbers that JavaScript would write differently. */
const numbers = '{"zero":0.0,"exponent":1E2,"price":1.50,"big":9007199254740993,"huge":1e400}';
const lambda = "arn:aws:lambda:us-east-1:000000000000:function:";

describe.each(["memory", "disk"])("numbers, in %s", (backing) => {
  let states: States;
  let sqs: SQSClient;
  let queueUrl: string;
  let directory: string;
  let server: Awaited<ReturnType<typeof webServer>>;

  const open = async () => {
    states = await startStates({
      clock: "virtual",
      startTime: "2030-01-01T00:00:00Z",
      s3Root: join(directory, "s3"),
      functions: { text: `${server.url}/function` },
      ...(backing === "disk" ? { dataDir: join(directory, "data") } : {}),
    });
    sqs = new SQSClient(states.bus.clientConfig());
    queueUrl = (await sqs.send(new CreateQueueCommand({ QueueName: "q" }))).QueueUrl as string;
  };
  /** Waiting executions continue in another process, unless everything is in memory. */
  const reopen = async () => {
    if (backing === "memory") return;
    sqs.destroy();
    await states.close();
    await open();
  };
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "busbar-numbers-"));
    for (const bucket of ["data", "results"]) mkdirSync(join(directory, "s3", bucket), { recursive: true });
    server = await webServer(({ body }) => ({ headers: { "content-type": "application/json" }, body }));
    await open();
  });
  afterAll(async () => {
    sqs.destroy();
    await states.close();
    await server.close();
    await rm(directory, { recursive: true });
  });

  const create = (definition: string, type: "STANDARD" | "EXPRESS" = "STANDARD") =>
    states.create({}, { definition, type });
  const start = async (definition: string, input = numbers) => {
    const command = new StartExecutionCommand({ stateMachineArn: await create(definition), input });
    return (await states.client.send(command)).executionArn as string;
  };
  const outputOf = async (definition: string, input = numbers) => {
    const { output, cause } = await states.ended(await start(definition, input));
    expect(cause).toBeUndefined();
    return output;
  };
  const single = (fields: string) => `{"StartAt":"A","States":{"A":{${fields},"End":true}}}`;
  const received = async () => {
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl: queueUrl, VisibilityTimeout: 43_200 }));
    return Messages?.[0]?.Body;
  };

  it("are described and listed in events unchanged", async () => {
    const execution = await start(single('"Type":"Pass","Parameters":{"in.$":"$","own":2.0},"Assign":{"v.$":"$.in"}'));
    const { input, output } = await states.ended(execution);
    expect([input, output]).toEqual([numbers, `{"own":2.0,"in":${numbers}}`]);
    const events = await states.history(execution);
    expect(events[0]?.executionStartedEventDetails?.input).toBe(numbers);
    expect(events[2]?.stateExitedEventDetails).toMatchObject({ output, assignedVariables: { v: numbers } });
    expect(events[3]?.executionSucceededEventDetails?.output).toBe(output);
  });

  it("survive a restart in inputs, variables, items and branches", async () => {
    const wait = '{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":60.0,"End":true}}}';
    const definition = `{"StartAt":"V","States":{
      "V":{"Type":"Pass","Assign":{"v.$":"$"},"Next":"M"},
      "M":{"Type":"Map","ItemsPath":"$.items","ItemProcessor":${wait},"ResultPath":"$.mapped","Next":"P"},
      "P":{"Type":"Parallel","Branches":[${wait.replaceAll('"W"', '"X"')}],"ResultPath":"$.branched","Next":"D"},
      "D":{"Type":"Map","ItemsPath":"$.items","ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},${wait.replaceAll('"W"', '"Y"').slice(1)},"ResultPath":"$.run","Next":"O"},
      "O":{"Type":"Pass","Parameters":{"mapped.$":"$.mapped","branched.$":"$.branched[0].items","run.$":"$.run","v.$":"$v.items"},"End":true}}}`;
    const items = '[0.0,[1E2],{"n":1e400}]';
    const execution = await start(definition, `{"items":${items}}`);
    for (let minute = 0; minute < 3; minute++) {
      await reopen();
      await states.bus.clock.advance("1m");
    }
    const { output, cause } = await states.describe(execution);
    expect([output, cause]).toEqual([`{"v":${items},"mapped":${items},"run":${items},"branched":${items}}`, undefined]);
  });

  it("are sent to functions, queues and endpoints as text, and back", async () => {
    expect(await outputOf(single(`"Type":"Task","Resource":"${lambda}text"`))).toBe(numbers);
    const invoke =
      '"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"text","Payload.$":"$"},"OutputPath":"$.Payload"';
    expect(await outputOf(single(invoke))).toBe(numbers);
    expect(server.heard.map(({ body }) => body)).toEqual([numbers, numbers]);
    const send = `"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage","Parameters":{"QueueUrl":"${queueUrl}","MessageBody.$":"$"},"ResultPath":null`;
    expect(await outputOf(single(send))).toBe(numbers);
    expect(await received()).toBe(numbers);
    const host = server.url.replace("http://", "");
    const gateway = `"Type":"Task","Resource":"arn:aws:states:::apigateway:invoke","Parameters":{"ApiEndpoint":"${host}","Method":"POST","RequestBody.$":"$"},"OutputPath":"$.ResponseBody"`;
    expect(await outputOf(single(gateway))).toBe(numbers);
  });

  it("are sent to an HTTP endpoint unchanged, whatever a connection adds", async () => {
    const events = new EventBridgeClient(states.bus.clientConfig());
    const { ConnectionArn } = await events.send(
      new CreateConnectionCommand({
        Name: "adds",
        AuthorizationType: "API_KEY",
        AuthParameters: {
          ApiKeyAuthParameters: { ApiKeyName: "x-key", ApiKeyValue: "secret" },
          InvocationHttpParameters: { BodyParameters: [{ Key: "added", Value: "too" }] },
        },
      }),
    );
    events.destroy();
    server.heard.length = 0;
    const call = `"ApiEndpoint":"${server.url}/echo","Method":"POST","InvocationConfig":{"ConnectionArn":"${ConnectionArn}"}`;
    const http = (body: string) =>
      single(`"Type":"Task","Resource":"arn:aws:states:::http:invoke","Parameters":{${call},${body}}`);
    await outputOf(http('"RequestBody.$":"$"'));
    await outputOf(http('"RequestBody":{}'));
    expect(server.heard.map(({ body }) => body)).toEqual([numbers.replace("}", ',"added":"too"}'), '{"added":"too"}']);
  });

  it("are plain numbers in the input of a service", async () => {
    const send = `"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage","Parameters":{"QueueUrl":"${queueUrl}","MessageBody":1.0,"DelaySeconds.$":"$.delay"},"ResultPath":null`;
    expect(await outputOf(single(send), '{"delay":3E1}')).toBe('{"delay":3E1}');
    const attributes = { QueueUrl: queueUrl, AttributeNames: ["ApproximateNumberOfMessagesDelayed" as const] };
    const { Attributes } = await sqs.send(new GetQueueAttributesCommand(attributes));
    expect(Attributes).toEqual({ ApproximateNumberOfMessagesDelayed: "1" });
    await states.bus.clock.advance("30s");
    expect(await received()).toBe("1.0");
    const refused = await states.ended(await start(single(send), '{"delay":1e400}'));
    expect(refused).toMatchObject({ status: "FAILED", error: "States.Runtime" });
    expect(refused.cause).toContain('"DelaySeconds":1e400}');
  });

  it("are returned by children and workers", async () => {
    const child = await create(single('"Type":"Pass"'));
    const sync = `"Type":"Task","Resource":"arn:aws:states:::states:startExecution.sync:2","Parameters":{"StateMachineArn":"${child}","Input.$":"$"},"OutputPath":"$.Output"`;
    expect(await outputOf(single(sync))).toBe(numbers);
    const { activityArn } = await states.client.send(new CreateActivityCommand({ name: `a-${backing}` }));
    const execution = await start(single(`"Type":"Task","Resource":"${activityArn}","ResultPath":"$.r"`));
    await reopen();
    const { taskToken, input } = await states.client.send(new GetActivityTaskCommand({ activityArn }));
    expect(input).toBe(numbers);
    await reopen();
    await states.client.send(new SendTaskSuccessCommand({ taskToken, output: "-0.00" }));
    expect((await states.describe(execution)).output).toBe(numbers.replace("}", ',"r":-0.00}'));
  });

  it("are read from files and written to them", async () => {
    writeFileSync(join(directory, "s3", "data", "items.json"), `[0.0, ${numbers}]`);
    writeFileSync(join(directory, "s3", "data", "lines.jsonl"), `1E2\n${numbers}\n`);
    const map = (key: string, type: string, more = "") =>
      single(
        `"Type":"Map","ItemReader":{"Resource":"arn:aws:states:::s3:getObject","ReaderConfig":{"InputType":"${type}","MaxItems":2.0},"Parameters":{"Bucket":"data","Key":"${key}"}},
        "ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"EXPRESS"},"StartAt":"I","States":{"I":{"Type":"Pass","End":true}}}${more}`,
      );
    expect(await outputOf(map("items.json", "JSON"))).toBe(`[0.0,${numbers}]`);
    expect(await outputOf(map("lines.jsonl", "JSONL"))).toBe(`[1E2,${numbers}]`);
    const writer = `,"ResultWriter":{"Resource":"arn:aws:states:::s3:putObject","Parameters":{"Bucket":"results","Prefix":"p"},"WriterConfig":{"Transformation":"COMPACT","OutputType":"JSON"}}`;
    await outputOf(map("items.json", "JSON", writer));
    const folder = join(directory, "s3", "results", "p");
    const written = readdirSync(folder).map((uuid) => readFileSync(join(folder, uuid, "SUCCEEDED_0.json"), "utf8"));
    expect(written).toEqual([`[0.0,${numbers}]`]);
  });

  it("pass through express executions and tests of states", async () => {
    const definition = single('"Type":"Pass","Parameters":{"v.$":"$"}');
    const stateMachineArn = await create(definition, "EXPRESS");
    const answer = await states.client.send(new StartSyncExecutionCommand({ stateMachineArn, input: numbers }));
    expect([answer.input, answer.output]).toEqual([numbers, `{"v":${numbers}}`]);
    const tested = await states.client.send(
      new TestStateCommand({
        definition: `{"Type":"Task","Resource":"${lambda}text","ResultSelector":{"r.$":"$.m","x.$":"$x"},"End":true}`,
        input: numbers,
        roleArn,
        variables: '{"x":1.0}',
        inspectionLevel: "DEBUG",
        mock: { result: '{"m":1.50}' },
      }),
    );
    expect(tested.output).toBe('{"r":1.50,"x":1.0}');
    expect(tested.inspectionData).toMatchObject({
      afterInputPath: numbers,
      result: '{"m":1.50}',
      variables: '{"x":1.0}',
    });
  });

  it("become doubles in JSONata", async () => {
    const query = '"Type":"Pass","QueryLanguage":"JSONata","Output":"{% $states.input %}"';
    expect(await outputOf(single(query), '{"zero":0.0,"big":9007199254740993}')).toBe(
      '{"zero":0,"big":9007199254740992}',
    );
    const failed = await states.ended(await start(single(query)));
    expect(failed).toMatchObject({ status: "FAILED", error: "States.QueryEvaluationError" });
  });
});

it("keep their text in a file of mocks", async () => {
  const directory = await mkdtemp(join(tmpdir(), "busbar-mocks-"));
  const file = join(directory, "mocks.json");
  writeFileSync(
    file,
    `{"StateMachines":{"Priced":{"TestCases":{"Case":{"A":"Answer"}}}},"MockedResponses":{"Answer":{"0":{"Return":${numbers}}}}}`,
  );
  const states = await startStates({ mocks: readOptions(["--mocks", file], {}).mocks as object });
  try {
    const definition = `{"StartAt":"A","States":{"A":{"Type":"Task","Resource":"${lambda}none","End":true}}}`;
    const machine = await states.create({}, { name: "Priced", definition });
    const { output } = await states.ended(await states.start(`${machine}#Case`));
    expect(output).toBe(numbers);
  } finally {
    await states.close();
    await rm(directory, { recursive: true });
  }
});
