/** What is told while it happens, and what helps whoever looks for the reason. */
import { connect } from "node:net";
import { CreateTopicCommand, PublishCommand, SNSClient, SubscribeCommand } from "@aws-sdk/client-sns";
import {
  CreateQueueCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type Busbar, createBusbar } from "../../src/index.ts";
import { http } from "../support/http.ts";

let bus: Busbar;
let sqs: SQSClient;
beforeEach(async () => {
  bus = await createBusbar();
  sqs = new SQSClient(bus.clientConfig());
});
afterEach(() => bus.close());

interface Told {
  readonly kind: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Opens the stream; what it returns reads on until an event is there that fits. */
async function watch(query = "") {
  const gone = new AbortController();
  const answer = await fetch(`${bus.endpoint}/_busbar/watch${query}`, { signal: gone.signal });
  const reader = (answer.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader();
  const told: Told[] = [];
  let text = "";
  return {
    answer,
    told,
    async until(fits: (event: Told) => boolean): Promise<Told> {
      for (;;) {
        const found = told.find(fits);
        if (found !== undefined) return found;
        const { value, done } = await reader.read();
        if (done) throw new Error("the stream has ended");
        const blocks = (text + value).split("\n\n");
        text = blocks.pop() ?? "";
        for (const block of blocks) {
          const [, kind, data] = /^event: (.*)\ndata: (.*)$/.exec(block) ?? [];
          if (kind !== undefined) told.push({ kind, data: JSON.parse(data ?? "{}") as Told["data"] });
        }
      }
    },
    close: () => gone.abort(),
  };
}

it("requests, messages, deliveries and changes are shown as they happen", async () => {
  const sns = new SNSClient(bus.clientConfig());
  const stream = await watch();
  expect(stream.answer.headers.get("content-type")).toBe("text/event-stream");
  const { QueueUrl = "" } = await sqs.send(new CreateQueueCommand({ QueueName: "q" }));
  expect((await stream.until(({ kind }) => kind === "request")).data).toMatchObject({
    ...{ service: "sqs", operation: "CreateQueue", status: 200, resource: "q" },
    time: expect.stringMatching(/^\d{4}-.*Z$/),
  });
  const table = (name: string) => (one: Told) => one.kind === "state" && one.data["table"] === name;
  expect((await stream.until(table("sqs.queues"))).data).toMatchObject({ change: "added" });
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: "t" }));
  const Endpoint = "arn:aws:sqs:us-east-1:000000000000:q";
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: "sqs", Endpoint }));
  await sns.send(new PublishCommand({ TopicArn, Message: "m" }));
  expect((await stream.until(({ kind }) => kind === "message")).data).toMatchObject({
    queue: Endpoint,
    change: "added",
  });
  expect((await stream.until(({ kind }) => kind === "delivery")).data).toMatchObject({
    ...{ service: "sns", target: Endpoint, status: "delivered" },
  });
  stream.close();
  const some = await watch("?kinds=message");
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "2" }));
  await some.until(({ kind }) => kind === "message");
  expect(some.told.every(({ kind }) => kind === "message")).toBe(true);
  some.close();
  expect((await http(`${bus.endpoint}/_busbar/watch?kinds=moods`)).status).toBe(400);
});

it("a reader that does not read has a bounded cost and learns how much it has missed", async () => {
  const socket = connect(Number(new URL(bus.endpoint).port), "127.0.0.1");
  socket.write("GET /_busbar/watch?kinds=request HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await new Promise((resolve) => socket.once("data", resolve));
  socket.pause();
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: "q" }));
  const body = JSON.stringify({ QueueUrl, MessageBody: "x" });
  // Told with its path, each request is long, so that a few fill the kernel's buffers (10 MB) and ours (1 MB).
  const url = `${bus.endpoint}/${"y".repeat(12_000)}`;
  const headers = { "content-type": "application/x-amz-json-1.0", "x-amz-target": "AmazonSQS.SendMessage" };
  let text = "";
  const send = async () => {
    const some = Array.from({ length: 100 }, () =>
      fetch(url, { method: "POST", headers, body }).then((one) => one.text()),
    );
    await Promise.all(some);
  };
  for (let i = 0; i < 15; i++) await send();
  socket.on("data", (chunk) => {
    text += String(chunk);
  });
  socket.resume();
  while (!text.includes("event: left-out")) {
    await send();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect(text).toMatch(/event: left-out\ndata: \{"events":\d+\}/);
  socket.destroy();
});

it("the hint for a queue elsewhere is not part of AWS's message", async () => {
  const there = new SQSClient(bus.clientConfig({ account: "111122223333", region: "eu-west-1" }));
  await there.send(new CreateQueueCommand({ QueueName: "orders" }));
  const asked = sqs.send(new GetQueueUrlCommand({ QueueName: "orders" }));
  const error = await asked.catch((failure: { $response?: { headers: Record<string, string> } }) => failure);
  const hint =
    "There is a queue orders in account 111122223333 and eu-west-1; this call was for account 000000000000 and us-east-1.";
  expect(error).toMatchObject({ name: "QueueDoesNotExist", message: "The specified queue does not exist." });
  expect((error as { $response: { headers: Record<string, string> } }).$response.headers["x-busbar-hint"]).toBe(hint);
  expect(bus.requests({ error: "QueueDoesNotExist" })).toMatchObject([
    { hint, errorName: "QueueDoesNotExist", error: "AWS.SimpleQueueService.NonExistentQueue", resource: "orders" },
  ]);
  await expect(sqs.send(new GetQueueUrlCommand({ QueueName: "none" }))).rejects.toThrow();
  expect(bus.requests({ resource: "none" })[0]?.hint).toBeUndefined();
});

it("requests have their parameters, shortened and without secrets, and are filtered alike over HTTP", async () => {
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: "q" }));
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "x".repeat(500), DelaySeconds: 3 }));
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "y".repeat(5000) }));
  const [large, small] = bus.requests({ operation: "SendMessage", limit: 2 });
  expect(small).toMatchObject({ resource: "q", parameters: { DelaySeconds: "3", QueueUrl } });
  expect(small?.parameters?.["MessageBody"]?.length).toBeLessThan(250);
  expect([large?.resource, large?.parameters]).toEqual(["q", undefined]);
  const answer = await http(`${bus.endpoint}/_busbar/requests?operation=SendMessage&resource=q`);
  const { requests } = JSON.parse(answer.text) as { requests: { requestId: string }[] };
  expect(requests.map(({ requestId }) => requestId)).toEqual([large?.requestId, small?.requestId]);
});

it("POST /_busbar/settle waits until all is delivered, with a limit", async () => {
  const settle = (body: object) =>
    http(`${bus.endpoint}/_busbar/settle`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  expect(JSON.parse((await settle({})).text)).toEqual({ settled: true, pending: 0 });
  const sns = new SNSClient(bus.clientConfig());
  let answer: () => void = () => {};
  bus.registerFunction("slow", () => new Promise<void>((resolve) => (answer = resolve)));
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: "t" }));
  const Endpoint = "arn:aws:lambda:us-east-1:000000000000:function:slow";
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: "lambda", Endpoint }));
  await sns.send(new PublishCommand({ TopicArn, Message: "m" }));
  expect(await settle({ limit: "100ms" })).toMatchObject({
    status: 408,
    text: expect.stringContaining('"settled":false'),
  });
  answer();
  expect((await settle({ limit: "20s" })).status).toBe(200);
  expect((await settle({ limit: "soon" })).status).toBe(400);
});

it("https on the plain port is answered plainly and reported once", async () => {
  const warnings: string[] = [];
  const listen = ({ message }: Error) => warnings.push(message);
  process.on("warning", listen);
  const { port } = new URL(bus.endpoint);
  for (let i = 0; i < 2; i++) {
    const text = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), "127.0.0.1", () =>
        socket.write(Buffer.from([0x16, 0x03, 0x01, 0x00, 0x05])),
      );
      let heard = "";
      socket.on("data", (chunk) => {
        heard += String(chunk);
      });
      socket.on("end", () => resolve(heard)).on("error", reject);
    });
    expect(text).toContain("This port speaks plain http. Use http://, or start Busbar with --tls.");
  }
  await new Promise((resolve) => setImmediate(resolve));
  process.off("warning", listen);
  expect(warnings.filter((one) => one.includes("https"))).toHaveLength(1);
});

it("a receive that waits while time stands still is reported once", async () => {
  const standing = await createBusbar({ port: false, clock: "virtual", resources: { queues: [{ QueueName: "q" }] } });
  const told: string[] = [];
  let tell = () => {};
  const first = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const listen = ({ message }: Error) => {
    if (!message.includes("WaitTimeSeconds")) return;
    told.push(message);
    tell();
  };
  process.on("warning", listen);
  const client = new SQSClient(standing.clientConfig());
  const QueueUrl = `${standing.endpoint}/000000000000/q`;
  const receive = () => client.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }));
  // Whoever moves the clock hears nothing.
  const quick = receive();
  while (standing.requests().length === 0 && told.length === 0) {
    await standing.clock.advance("20s");
    if ((await Promise.race([quick, new Promise((resolve) => setTimeout(resolve, 5))])) !== undefined) break;
  }
  expect(told).toEqual([]);
  const waiting = [receive(), receive()];
  await first;
  await standing.clock.advance("20s");
  await Promise.all(waiting);
  expect(told).toEqual([
    "A receive with WaitTimeSeconds waits for a message of arn:aws:sqs:us-east-1:000000000000:q, and the clock is virtual: no time passes until somebody moves it, so the wait ends when a message is sent or the clock is moved.",
  ]);
  process.off("warning", listen);
  await standing.close();
});
