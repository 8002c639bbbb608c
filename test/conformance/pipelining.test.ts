/** Requests that a client sends without waiting for answers: begun one by one, answered in order, and nobody else waits. */
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { SQS } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Busbar, createBusbar } from "../../src/index.ts";
import { until } from "../support/until.ts";

let bus: Busbar;
let sqs: SQS;
let queueUrl: string;

beforeAll(async () => {
  bus = await createBusbar();
  sqs = new SQS(bus.clientConfig());
  queueUrl = (await sqs.createQueue({ QueueName: "q" })).QueueUrl as string;
  // What the first call loads takes longer than some thousand requests.
  await sqs.sendMessage({ QueueUrl: queueUrl, MessageBody: "first" });
});
afterAll(async () => {
  sqs.destroy();
  await bus.close();
});

const statusLine = "HTTP/1.1 200 OK";

/** A connection that counts the answers it gets. */
function client() {
  const { hostname, port } = new URL(bus.endpoint);
  const socket = connect(Number(port), hostname);
  const counts = { answers: 0 };
  let end = "";
  socket.on("data", (data) => {
    const parts = (end + data.toString("latin1")).split(statusLine);
    counts.answers += parts.length - 1;
    end = (parts.at(-1) as string).slice(1 - statusLine.length);
  });
  socket.on("error", () => {});
  return { socket, counts };
}

const health = "GET /_busbar/health HTTP/1.1\r\nHost: localhost\r\n\r\n";

const waitingMessages = async (url: string) => {
  const names = ["ApproximateNumberOfMessages"] as const;
  const { Attributes } = await sqs.getQueueAttributes({ QueueUrl: url, AttributeNames: [...names] });
  return Number(Attributes?.ApproximateNumberOfMessages);
};

function sendMessage(url: string, text: string): string {
  const body = JSON.stringify({ QueueUrl: url, MessageBody: text });
  const head = "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: AmazonSQS.SendMessage\r\n";
  return `${head}Content-Type: application/x-amz-json-1.0\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

describe("of thousands at once", () => {
  const count = 2_000;

  it.each([
    ["control routes", () => health],
    ["AWS", () => sendMessage(queueUrl, "x")],
  ])("%s leave others their turns, and are all answered", async (_name, request) => {
    const busy = client();
    busy.socket.write(request().repeat(count));
    await until(() => busy.counts.answers > 0);
    await sqs.sendMessage({ QueueUrl: queueUrl, MessageBody: "of another client" });
    expect(busy.counts.answers).toBeLessThan(count / 2);
    await until(() => busy.counts.answers === count);
    busy.socket.destroy();
  });

  it("those of an HTTP/2 session leave others their turns as well", async () => {
    const session = connectHttp2(bus.endpoint);
    let answers = 0;
    for (let at = 0; at < 1_000; at++) {
      const stream = session.request({ ":path": "/_busbar/health" });
      stream.on("end", () => (answers += 1)).resume();
    }
    await until(() => answers > 0);
    await sqs.sendMessage({ QueueUrl: queueUrl, MessageBody: "of another client" });
    expect(answers).toBeLessThan(500);
    await until(() => answers === 1_000);
    session.close();
  });

  it("nothing more is begun when the client has gone", async () => {
    const { QueueUrl: url = "" } = await sqs.createQueue({ QueueName: "given-up" });
    const busy = client();
    busy.socket.write(sendMessage(url, "x").repeat(count));
    await until(() => busy.counts.answers > 0);
    busy.socket.destroy();
    let before = -1;
    let now = await waitingMessages(url);
    while (now !== before) [before, now] = [now, await waitingMessages(url)];
    expect(now).toBeGreaterThan(0);
    expect(now).toBeLessThan(count / 2);
  });
});

it("answers in order, whatever takes longer", async () => {
  const { QueueUrl: url = "" } = await sqs.createQueue({
    QueueName: "in-order.fifo",
    Attributes: { FifoQueue: "true" },
  });
  const poll = JSON.stringify({ QueueUrl: url, WaitTimeSeconds: 20 });
  const head = "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: AmazonSQS.ReceiveMessage\r\n";
  const receive = `${head}Content-Type: application/x-amz-json-1.0\r\nContent-Length: ${poll.length}\r\n\r\n${poll}`;
  const { socket, counts } = client();
  let text = "";
  socket.on("data", (data) => (text += data));
  socket.write(receive + sendMessage(queueUrl, "after the poll") + health);
  await sqs.sendMessage({ QueueUrl: url, MessageBody: "awaited", MessageGroupId: "g", MessageDeduplicationId: "1" });
  await until(() => counts.answers === 3 && text.endsWith("}"));
  const [, first, second, third] = text.split(statusLine);
  expect(first).toContain('"Body":"awaited"');
  expect(second).toContain('"MD5OfMessageBody"');
  expect(third).toContain('"status":"running"');
  socket.destroy();
});
