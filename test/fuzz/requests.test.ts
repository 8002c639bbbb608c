/**
 * Ten thousand requests that no client should send, over real sockets to a process of its own: none is answered with
 * a 5xx but 501, none hangs, and the process goes on as if nothing had been.
 */
import { Agent, type IncomingHttpHeaders, request } from "node:http";
import { connect, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { SQS } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Chance } from "../support/chance.ts";
import { type RunningCli, startCli, stopAll } from "../support/cli.ts";
import { postForm, postJson } from "../support/http.ts";
import { brokenConnection, malformedCall, type Sent } from "../support/malformed.ts";

const wellFormedHttp = 8000;
const brokenHttp = 2000;
const concurrency = 32;
const mebibyte = 1024 * 1024;
/** Longer means that it hangs. */
const hangMs = 20_000;

const seed = Math.floor(Math.random() * 2 ** 32);
let cli: RunningCli;
let agent: Agent;

beforeAll(async () => {
  cli = await startCli();
  agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  const sqs = client();
  await sqs.createQueue({ QueueName: "fuzz" });
  await sqs.createQueue({ QueueName: "fuzz.fifo", Attributes: { FifoQueue: "true" } });
  sqs.destroy();
  await postForm(cli.endpoint, { Action: "CreateTopic", Version: "2010-03-31", Name: "fuzz" });
  await postJson(cli.endpoint, "Kinesis_20131202.CreateStream", { StreamName: "fuzz", ShardCount: 1 });
});
afterAll(async () => {
  agent.destroy();
  await stopAll();
});

function client(): SQS {
  return new SQS({
    endpoint: cli.endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "000000000000", secretAccessKey: "x" },
    maxAttempts: 1,
  });
}

/** The status of the response; 0 if the connection was closed instead. */
function ask({ method, path, headers, body }: Sent): Promise<{ status: number; headers: IncomingHttpHeaders }> {
  return new Promise((done, failed) => {
    const limit = setTimeout(() => failed(new Error("no answer")), hangMs);
    const settle = (status: number, answered: IncomingHttpHeaders) => {
      clearTimeout(limit);
      done({ status, headers: answered });
    };
    const outgoing = request(
      {
        host: "127.0.0.1",
        port: cli.port,
        agent,
        method,
        path,
        headers: "transfer-encoding" in headers ? headers : { "content-length": body.length, ...headers },
      },
      (response) => {
        response.resume();
        response.on("close", () => settle(response.statusCode ?? 0, response.headers));
      },
    );
    outgoing.on("error", () => settle(0, {}));
    outgoing.on("continue", () => {});
    outgoing.end(body);
  });
}

async function inParallel<Item>(items: readonly Item[], run: (item: Item) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      next += 1;
      await run(items[next - 1] as Item);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}

function expectFine(status: number, sent: unknown): void {
  if (status >= 500 && status !== 501) throw new Error(`seed ${seed}: status ${status} for ${describe(sent)}`);
}

function describe(sent: unknown): string {
  return JSON.stringify(sent, (_key, value) =>
    value?.type === "Buffer" ? Buffer.from(value.data).toString("latin1").slice(0, 500) : value,
  );
}

async function expectAlive(): Promise<void> {
  const sqs = client();
  const { QueueUrl } = await sqs.createQueue({ QueueName: "alive" });
  await sqs.sendMessage({ QueueUrl, MessageBody: "still here" });
  const { Messages } = await sqs.receiveMessage({ QueueUrl });
  expect(Messages?.[0]?.Body).toBe("still here");
  await sqs.deleteQueue({ QueueUrl });
  sqs.destroy();
}

it(`answers ${wellFormedHttp} malformed calls in valid HTTP`, async () => {
  const chance = new Chance(seed);
  const statuses = new Map<number, number>();
  const all = Array.from({ length: wellFormedHttp }, () => malformedCall(chance));
  await inParallel(all, async (sent) => {
    const { status } = await ask(sent).catch((error: Error) => {
      throw new Error(`seed ${seed}: ${error.message} to ${describe(sent)}`);
    });
    expectFine(status, sent);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  });
  console.log(
    `statuses: ${[...statuses]
      .sort(([a], [b]) => a - b)
      .map(([status, count]) => `${status}×${count}`)
      .join(" ")}`,
  );
  // Most are refused with a response, some happen to be valid, and few connections end without one.
  expect(statuses.get(200)).toBeGreaterThan(0);
  expect(statuses.get(400)).toBeGreaterThan(wellFormedHttp / 4);
  expect(statuses.get(0) ?? 0).toBeLessThan(wellFormedHttp / 20);
  await expectAlive();
});

it(`survives ${brokenHttp} connections that are not HTTP, break off or stay half open`, async () => {
  const chance = new Chance(seed + 1);
  const halfOpen: Socket[] = [];
  const all = Array.from({ length: brokenHttp }, () => ({
    bytes: brokenConnection(chance),
    then: chance.of(["end", "end", "end", "reset", "hold"] as const),
  }));
  await inParallel(all, ({ bytes, then }) => {
    const socket = connect({ port: cli.port, host: "127.0.0.1" });
    let answered = "";
    socket.on("data", (chunk) => (answered += chunk.toString("latin1")));
    return new Promise<void>((done, failed) => {
      const limit = setTimeout(
        () => failed(new Error(`seed ${seed}: a connection hangs after ${describe({ bytes, then })}`)),
        hangMs,
      );
      const finish = () => {
        clearTimeout(limit);
        for (const [, status] of answered.matchAll(/^HTTP\/1\.1 (\d{3})/gm)) expectFine(Number(status), bytes);
        done();
      };
      socket.on("error", () => {});
      socket.on("close", finish);
      socket.write(bytes, () => {
        if (then === "end") socket.end();
        else if (then === "reset") socket.resetAndDestroy();
        else {
          halfOpen.push(socket);
          finish();
        }
      });
    });
  });
  expect(halfOpen.length).toBeGreaterThan(0);
  await expectAlive();
  for (const socket of halfOpen) socket.destroy();
  await expectAlive();
});

it("refuses bodies of 20 MiB, plain, in chunks or compressed", async () => {
  const big = Buffer.alloc(20 * mebibyte, "x");
  const target = { "content-type": "application/x-amz-json-1.0", "x-amz-target": "AmazonSQS.SendMessage" };
  const forms = { "content-type": "application/x-www-form-urlencoded" };
  const requests: Sent[] = [
    { method: "POST", path: "/", headers: target, body: big },
    { method: "POST", path: "/", headers: forms, body: big },
    { method: "POST", path: "/", headers: { ...target, "transfer-encoding": "chunked" }, body: big },
    { method: "POST", path: "/_busbar/clock", headers: {}, body: big },
    { method: "PUT", path: "/x", headers: {}, body: big },
    { method: "POST", path: "/", headers: { ...target, "content-encoding": "gzip" }, body: gzipSync(big) },
    { method: "POST", path: "/", headers: { ...forms, "content-encoding": "gzip" }, body: gzipSync(big) },
  ];
  for (const sent of requests) {
    expect((await ask(sent)).status).toBe(413);
  }
  const body = Buffer.from(`{"QueueUrl":"fuzz","MessageBody":"${"x".repeat(7 * mebibyte)}"}`);
  expect((await ask({ method: "POST", path: "/", headers: target, body })).status).toBe(400);
  await expectAlive();
});

it("has logged no bugs, and stops properly", async () => {
  cli.kill("SIGTERM");
  const { code, stdout, stderr } = await cli.ended;
  // Some data starts like TLS, which is logged once.
  const lines = stdout.split("\n").filter((line) => line.startsWith("{") && !line.includes("spoke https"));
  expect(lines).toEqual([]);
  expect([code, stderr]).toEqual([0, ""]);
});
