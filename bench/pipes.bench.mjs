/** Pipes: messages a second through a pipe, against a client that receives, puts and deletes them by itself. */
import { awsJson, drive } from "./lib/load.mjs";
import { startBusbar } from "./lib/servers.mjs";

const rounds = 3;
const messages = 10_000;
const account = "000000000000";
const role = `arn:aws:iam::${account}:role/pipe`;
const queueArn = (name) => `arn:aws:sqs:us-east-1:${account}:${name}`;
const queueUrl = (name) => `http://localhost:4566/${account}/${name}`;
const streamArn = `arn:aws:kinesis:us-east-1:${account}:stream/to`;
const rate = (perSecond) => `${Math.round(perSecond).toLocaleString("en-US")}/s`;
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

const sqsRequest = (operation, input) => awsJson(`AmazonSQS.${operation}`, input);
const kinesisRequest = (operation, input) =>
  awsJson(`Kinesis_20131202.${operation}`, input, { version: "1.1", service: "kinesis" });

async function call(server, request) {
  let answer;
  await drive({
    port: server.port,
    count: 1,
    connections: 1,
    request: () => request,
    onAnswer: (bytes) => {
      answer = bytes.length > 0 ? JSON.parse(bytes.toString()) : {};
    },
  });
  return answer;
}

async function rest(server, method, path, body) {
  const scope = `Credential=${account}/20260101/us-east-1/pipes/aws4_request`;
  const answer = await fetch(`http://127.0.0.1:${server.port}${path}`, {
    method,
    headers: { "content-type": "application/json", authorization: `AWS4-HMAC-SHA256 ${scope}, Signature=0` },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const json = await answer.json();
  if (!answer.ok) throw new Error(JSON.stringify(json));
  return json;
}

async function fill(server, queue) {
  const Entries = Array.from({ length: 10 }, (_, i) => ({
    Id: `e${i}`,
    MessageBody: JSON.stringify({ n: i, text: "x".repeat(150) }),
  }));
  const request = sqsRequest("SendMessageBatch", { QueueUrl: queueUrl(queue), Entries });
  await drive({ port: server.port, count: messages / 10, connections: 8, request: () => request });
}

async function left(server, queue) {
  const input = { QueueUrl: queueUrl(queue), AttributeNames: ["All"] };
  const { Attributes } = await call(server, sqsRequest("GetQueueAttributes", input));
  return Number(Attributes.ApproximateNumberOfMessages) + Number(Attributes.ApproximateNumberOfMessagesNotVisible);
}

async function untilState(server, name, state) {
  while ((await rest(server, "GET", `/v1/pipes/${name}`)).CurrentState !== state);
}

/** Fills the queue while the pipe is stopped and measures until it is empty. */
async function pipeRate(server, name, queue) {
  await rest(server, "POST", `/v1/pipes/${name}/stop`);
  await untilState(server, name, "STOPPED");
  await fill(server, queue);
  const startedAt = performance.now();
  await rest(server, "POST", `/v1/pipes/${name}/start`);
  while ((await left(server, queue)) > 0);
  return messages / ((performance.now() - startedAt) / 1000);
}

/** The same work by a client over HTTP, ten at a time on eight connections: receive, put, delete. */
async function directRate(server, queue) {
  await fill(server, queue);
  const received = [];
  const deletable = [];
  const step = new Map();
  const { perSecond } = await drive({
    port: server.port,
    count: (messages / 10) * 3,
    connections: 8,
    request: (index) => {
      const done = deletable.pop();
      if (done) {
        const Entries = done.map(({ ReceiptHandle }, i) => ({ Id: `e${i}`, ReceiptHandle }));
        return sqsRequest("DeleteMessageBatch", { QueueUrl: queueUrl(queue), Entries });
      }
      const batch = received.pop();
      if (batch) {
        step.set(index, batch);
        const Records = batch.map(({ Body, MessageId }) => ({
          Data: Buffer.from(Body).toString("base64"),
          PartitionKey: MessageId,
        }));
        return kinesisRequest("PutRecords", { StreamARN: streamArn, Records });
      }
      step.set(index, "receive");
      return sqsRequest("ReceiveMessage", { QueueUrl: queueUrl(queue), MaxNumberOfMessages: 10 });
    },
    onAnswer: (bytes, index) => {
      const what = step.get(index);
      if (what === "receive") {
        const batch = JSON.parse(bytes.toString()).Messages;
        if (batch) received.push(batch);
      } else if (what) deletable.push(what);
    },
  });
  return (perSecond / 3) * 10;
}

export async function bench() {
  const rows = [];
  for (const durable of [false, true]) {
    const server = await startBusbar({ durable });
    for (const QueueName of ["plain", "filtered", "direct"])
      await call(server, sqsRequest("CreateQueue", { QueueName }));
    await call(server, kinesisRequest("CreateStream", { StreamName: "to", ShardCount: 4 }));
    while (
      (await call(server, kinesisRequest("DescribeStreamSummary", { StreamARN: streamArn }))).StreamDescriptionSummary
        .StreamStatus !== "ACTIVE"
    );
    const target = {
      Target: streamArn,
      RoleArn: role,
      TargetParameters: { KinesisStreamParameters: { PartitionKey: "$.messageId" } },
    };
    await rest(server, "POST", "/v1/pipes/plain", { Source: queueArn("plain"), ...target });
    await rest(server, "POST", "/v1/pipes/filtered", {
      Source: queueArn("filtered"),
      ...target,
      SourceParameters: { FilterCriteria: { Filters: [{ Pattern: '{"body":{"n":[{"numeric":["<",5]}]}}' }] } },
      TargetParameters: { ...target.TargetParameters, InputTemplate: '{"text":"<$.body.text>"}' },
    });
    for (const name of ["plain", "filtered"]) await untilState(server, name, "RUNNING");
    const measured = { plain: [], filtered: [], direct: [] };
    // One unmeasured round lets the process compile its hot paths.
    for (let round = -1; round < rounds; round++) {
      const direct = await directRate(server, "direct");
      const plain = await pipeRate(server, "plain", "plain");
      const filtered = await pipeRate(server, "filtered", "filtered");
      if (round < 0) continue;
      measured.direct.push(direct);
      measured.plain.push(plain);
      measured.filtered.push(filtered);
    }
    const direct = median(measured.direct);
    const where = durable ? ", durable" : "";
    rows.push([`receive, put and delete by a client, messages${where}`, rate(direct), "1.00"]);
    rows.push([
      `the same through a pipe${where}`,
      rate(median(measured.plain)),
      (median(measured.plain) / direct).toFixed(2),
    ]);
    rows.push([
      `through a pipe with filter and template${where}`,
      rate(median(measured.filtered)),
      (median(measured.filtered) / direct).toFixed(2),
    ]);
    await server.stop();
  }
  return rows;
}
