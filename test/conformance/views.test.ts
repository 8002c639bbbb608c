/** Looking into resources without touching them, over HTTP and in the embedding API, and waiting for what comes. */
import { CreateStreamCommand, KinesisClient, PutRecordCommand, SplitShardCommand } from "@aws-sdk/client-kinesis";
import { CreateStateMachineCommand, SFNClient, StartExecutionCommand } from "@aws-sdk/client-sfn";
import { CreateQueueCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Busbar, createBusbar } from "../../src/index.ts";

let bus: Busbar;
beforeAll(async () => {
  bus = await createBusbar({ clock: "virtual", startTime: "2030-01-01T00:00:00Z", account: "111122223333" });
});
afterAll(() => bus.close());
beforeEach(() => bus.reset());

async function get(path: string): Promise<{ status: number; body: Record<string, unknown> }> {
  const answer = await fetch(`${bus.endpoint}/_busbar${path}`);
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

describe("queues", () => {
  let sqs: SQSClient;
  let QueueUrl: string;
  beforeEach(async () => {
    sqs = new SQSClient(bus.clientConfig());
    QueueUrl = (await sqs.send(new CreateQueueCommand({ QueueName: "q" }))).QueueUrl ?? "";
  });

  it("show what is visible, delayed and in flight, and until when", async () => {
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "first" }));
    await sqs.send(new ReceiveMessageCommand({ QueueUrl, VisibilityTimeout: 90 }));
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "later", DelaySeconds: 60 }));
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "now" }));
    const messages = bus.sqs.messages(QueueUrl);
    const sentAt = "2030-01-01T00:00:00.000Z";
    expect(messages).toMatchObject([
      { body: "first", state: "inFlight", receiveCount: 1, visibleAt: "2030-01-01T00:01:30.000Z", sentAt },
      { body: "later", state: "delayed", receiveCount: 0, visibleAt: "2030-01-01T00:01:00.000Z", sentAt },
      {
        body: "now",
        state: "visible",
        receiveCount: 0,
        visibleAt: undefined,
        attributes: { ApproximateReceiveCount: "0" },
      },
    ]);
    expect((await get("/sqs/111122223333/us-east-1/q/messages")).body).toEqual(
      JSON.parse(JSON.stringify({ messages })),
    );
    expect((await get("/sqs/111122223333/us-east-1/q/messages?state=delayed&limit=1")).body).toMatchObject({
      messages: [{ body: "later" }],
    });
    await bus.clock.advance("2m");
    expect(bus.sqs.messages("arn:aws:sqs:us-east-1:111122223333:q").map(({ state }) => state)).toEqual(
      Array(3).fill("visible"),
    );
  });

  it("refuse what is none", async () => {
    expect(() => bus.sqs.messages(`${QueueUrl}x`)).toThrow(/There is no queue/);
    expect(await get("/sqs/111122223333/eu-west-1/q/messages")).toMatchObject({
      status: 404,
      body: { message: "There is no queue q in account 111122223333 and eu-west-1." },
    });
    expect(await get("/sqs/111122223333/us-east-1/q/messages?state=lost")).toMatchObject({ status: 400 });
  });

  it("are waited for", async () => {
    const waited = bus.sqs.waitForMessage(QueueUrl, ({ body }) => body === "2");
    for (const MessageBody of ["1", "2"]) await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
    expect(await waited).toMatchObject({ body: "2", state: "visible" });
    await expect(bus.sqs.waitForMessage(QueueUrl, ({ body }) => body === "3", { timeout: "50ms" })).rejects.toThrow(
      /No message that fits came to .*; it has 2 visible, 0 delayed and 0 in flight\. .*The clock is virtual/,
    );
  });

  it("of another region are found by their URL's name", async () => {
    const there = new SQSClient(bus.clientConfig({ region: "eu-west-1" }));
    const { QueueUrl: url = "" } = await there.send(new CreateQueueCommand({ QueueName: "far" }));
    await there.send(new SendMessageCommand({ QueueUrl: url, MessageBody: "x" }));
    expect(bus.sqs.messages(url)).toHaveLength(1);
  });
});

it("streams show their last records by shard", async () => {
  const kinesis = new KinesisClient(bus.clientConfig());
  await kinesis.send(new CreateStreamCommand({ StreamName: "s", ShardCount: 1 }));
  for (const text of ["a", "b", "c"]) {
    await kinesis.send(new PutRecordCommand({ StreamName: "s", PartitionKey: "k", Data: Buffer.from(text) }));
  }
  const NewStartingHashKey = (2n ** 127n).toString();
  await kinesis.send(
    new SplitShardCommand({ StreamName: "s", ShardToSplit: "shardId-000000000000", NewStartingHashKey }),
  );
  const shards = bus.kinesis.records("s", { limit: 2 });
  expect(shards).toMatchObject([
    {
      shardId: "shardId-000000000000",
      state: "closed",
      records: [
        {
          partitionKey: "k",
          data: Buffer.from("b").toString("base64"),
          arrivedAt: new Date(bus.clock.now()).toISOString(),
        },
        { data: Buffer.from("c").toString("base64"), sequenceNumber: expect.stringMatching(/^\d+$/) },
      ],
    },
    { shardId: "shardId-000000000001", state: "open", records: [] },
    { shardId: "shardId-000000000002", state: "open", records: [] },
  ]);
  expect((await get("/kinesis/111122223333/us-east-1/s/records?limit=2")).body).toEqual({ shards });
  expect(bus.kinesis.records("s", { shard: "shardId-000000000001" })).toHaveLength(1);
  expect(() => bus.kinesis.records("none")).toThrow(RangeError);
});

it("executions are shown and waited for", async () => {
  const sfn = new SFNClient(bus.clientConfig());
  const definition = JSON.stringify({ StartAt: "W", States: { W: { Type: "Wait", Seconds: 60, End: true } } });
  const roleArn = "arn:aws:iam::111122223333:role/r";
  const { stateMachineArn = "" } = await sfn.send(new CreateStateMachineCommand({ name: "m", definition, roleArn }));
  const { executionArn = "" } = await sfn.send(
    new StartExecutionCommand({ stateMachineArn, name: "e", input: '{"a":1}' }),
  );
  expect(bus.stepfunctions.executions(stateMachineArn, { status: "RUNNING" })).toMatchObject([
    { executionArn, stateMachineArn, name: "e", status: "RUNNING", input: '{"a":1}', stoppedAt: undefined },
  ]);
  await expect(bus.stepfunctions.waitForExecution(executionArn, { timeout: 50 })).rejects.toThrow(/is still RUNNING\./);
  const ended = bus.stepfunctions.waitForExecution(executionArn);
  await bus.clock.advance("1m");
  expect(await ended).toMatchObject({
    status: "SUCCEEDED",
    output: '{"a":1}',
    stoppedAt: new Date(bus.clock.now()).toISOString(),
  });
  expect((await get("/stepfunctions/111122223333/us-east-1/m/executions")).body).toEqual(
    JSON.parse(JSON.stringify({ executions: bus.stepfunctions.executions(stateMachineArn) })),
  );
  await expect(bus.stepfunctions.waitForExecution(`${executionArn}x`)).rejects.toThrow(RangeError);
});
