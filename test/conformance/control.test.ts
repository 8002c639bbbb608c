/** Control routes, CORS, and the embedding API. */
import { SNS } from "@aws-sdk/client-sns";
import { ReceiveMessageCommand, SQS, SQSClient } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { Emulator } from "../../src/emulator.ts";
import { EndlessWork } from "../../src/engine/work.ts";
import { type Busbar, createBusbar } from "../../src/index.ts";
import { startServer } from "../../src/server/server.ts";
import { http, postJson } from "../support/http.ts";

let bus: Busbar;

beforeAll(async () => {
  bus = await createBusbar({ clock: "virtual", startTime: "2030-01-01T00:00:00Z" });
});
afterAll(() => bus.close());

async function control(path: string, body?: unknown, method = body === undefined ? "GET" : "POST") {
  const headers = { "content-type": "application/json" };
  const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
  const init = text === undefined ? { method, headers } : { method, headers, body: text };
  const answer = await http(`${bus.endpoint}/_busbar/${path}`, init);
  expect(answer.headers.get("content-type")).toMatch(/^application\/json/);
  return { status: answer.status, body: JSON.parse(answer.text) };
}

const call = (operation: string, input: unknown, account = "000000000000") =>
  postJson(bus.endpoint, `AmazonSQS.${operation}`, input, {
    authorization: `AWS4-HMAC-SHA256 Credential=${account}/20300101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0`,
  });

describe("/_busbar/health", () => {
  it("shows version, storage, clock and services", async () => {
    const { status, body } = await control("health");
    expect(status).toBe(200);
    expect(body).toMatchObject({
      status: "running",
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      storage: "memory",
      clock: { mode: "virtual", now: new Date(bus.clock.now()).toISOString(), epochMs: bus.clock.now() },
      services: { sqs: { operations: 23, of: 23 } },
    });
  });
});

describe("HEAD", () => {
  it("answers probes as GET does, without the body", async () => {
    for (const path of ["health", "clock", "state", "requests"]) {
      const { status, text, headers } = await http(`${bus.endpoint}/_busbar/${path}`, { method: "HEAD" });
      expect([path, status, text]).toEqual([path, 200, ""]);
      expect(Number(headers.get("content-length"))).toBeGreaterThan(0);
    }
    expect((await http(`${bus.endpoint}/_busbar/nowhere`, { method: "HEAD" })).status).toBe(404);
    expect((await http(`${bus.endpoint}/nowhere`, { method: "HEAD" })).status).toBe(404);
  });
});

describe("any method", () => {
  const content = [
    ["application/json", '{"a":1}'],
    ["no such type;;", "\u0000"],
    ["multipart/form-data", "x"],
  ] as const;

  it.each(["DELETE", "OPTIONS", "PATCH", "POST", "PUT", "QUERY"])(
    "%s is answered whatever its body says it is",
    async (method) => {
      for (const [type, body] of content) {
        const init = { method, body, headers: { "content-type": type } };
        expect((await http(`${bus.endpoint}/nowhere`, init)).status).toBe(404);
        for (const path of ["", "/", "/nowhere"]) {
          const answer = await http(`${bus.endpoint}/_busbar${path}`, init);
          expect([answer.status, JSON.parse(answer.text).message]).toEqual([
            404,
            expect.stringContaining("/_busbar/health"),
          ]);
        }
      }
    },
  );
});

describe("/_busbar/clock", () => {
  it("reports endless work", async () => {
    const emulator = await Emulator.start();
    const server = await startServer(emulator, { host: "127.0.0.1", port: 0 });
    vi.spyOn(emulator.clock, "advance").mockRejectedValue(new EndlessWork(60, 0));
    const { status, text } = await http(`http://127.0.0.1:${server.port}/_busbar/clock`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"advance":"1s"}',
    });
    expect(status).toBe(409);
    expect(JSON.parse(text).message).toMatch(/^Work has gone on for 60 s at 1970-01-01T00:00:00.000Z/);
    await server.close(0, 0);
    await emulator.close();
  });

  it("advances, sets and changes mode", async () => {
    const { body: before } = await control("clock");
    expect((await control("clock", { advance: "1h30m" })).body.epochMs).toBe(before.epochMs + 5_400_000);
    expect((await control("clock", { advance: 250 })).body.epochMs).toBe(before.epochMs + 5_400_250);
    expect((await control("clock", { set: "2031-02-03T04:05:06.789Z" })).body.now).toBe("2031-02-03T04:05:06.789Z");
    expect((await control("clock", { set: 1_900_000_000_000 })).body.epochMs).toBe(1_900_000_000_000);
    expect((await control("clock", { set: "2030-01-01T00:00:00Z", advance: "1d" })).body.now).toBe(
      "2030-01-02T00:00:00.000Z",
    );
    expect((await control("clock", { mode: "real" })).body.mode).toBe("real");
    expect(bus.clock.mode).toBe("real");
    expect((await control("clock", { mode: "virtual" })).body.mode).toBe("virtual");
  });

  it("refuses with a sentence, and moves nothing", async () => {
    const before = bus.clock.now();
    const bad: unknown[] = [
      {},
      "{",
      "[]",
      "null",
      '"x"',
      { advance: "soon" },
      { advance: -1 },
      { advance: null },
      { advance: {} },
      { advance: [] },
      { advance: true },
      { advance: "1d", mode: "slow" },
      { set: "yesterday" },
      { set: null },
      { set: 1e300 },
      { set: "2030-01-01T00:00:00Z", advance: "99999999999999w" },
      { advance: "999999999999999d" },
      { set: 8.64e15 },
      { set: -1 },
      { mode: 7 },
    ];
    for (const body of bad) {
      const answer = await control("clock", body);
      expect([body, answer.status]).toEqual([body, 400]);
      expect(answer.body).toEqual({ message: expect.stringMatching(/^.{15,}\.$/) });
    }
    expect(bus.clock.now()).toBe(before);
    expect((await control("health")).status).toBe(200);
  });
});

describe("/_busbar/reset", () => {
  it("forgets everything, or one account's things", async () => {
    await call("CreateQueue", { QueueName: "mine" });
    await call("CreateQueue", { QueueName: "theirs" }, "111122223333");
    await call("SendMessage", { QueueUrl: "theirs", MessageBody: "x" }, "111122223333");
    expect((await control("reset", { account: "111122223333" })).body).toEqual({ reset: "111122223333" });
    expect((await call("GetQueueUrl", { QueueName: "theirs" }, "111122223333")).status).toBe(400);
    expect((await call("GetQueueUrl", { QueueName: "mine" })).status).toBe(200);
    const { tables } = (await control("state")).body;
    expect(tables).toMatchObject({ "sqs.queues": 1, "sqs.messages": 0 });
    expect((await control("reset", undefined, "POST")).body).toEqual({ reset: "all" });
    expect((await call("GetQueueUrl", { QueueName: "mine" })).status).toBe(400);
    expect((await control("requests")).body.requests.length).toBe(1);
  });

  it("refuses what is not an account", async () => {
    for (const account of ["1", 111122223333, null, {}]) {
      const { status, body } = await control("reset", { account });
      expect([account, status]).toEqual([account, 400]);
      expect(body.message).toContain("12 digits");
    }
  });
});

describe("/_busbar/requests", () => {
  it("lists requests, newest first, by filters", async () => {
    await control("reset", {});
    await call("CreateQueue", { QueueName: "q" });
    await call("GetQueueUrl", { QueueName: "nope" }, "111122223333");
    await call("GetQueueUrl", { QueueName: "q" });
    const all = (await control("requests")).body.requests;
    expect(all.map(({ operation }: { operation: string }) => operation)).toEqual([
      "GetQueueUrl",
      "GetQueueUrl",
      "CreateQueue",
    ]);
    expect(all[1]).toMatchObject({
      method: "POST",
      host: new URL(bus.endpoint).host,
      path: "/",
      time: new Date(bus.clock.now()).toISOString(),
      service: "sqs",
      operation: "GetQueueUrl",
      account: "111122223333",
      region: "us-east-1",
      status: 400,
      error: "AWS.SimpleQueueService.NonExistentQueue",
      message: "The specified queue does not exist.",
      durationMs: expect.any(Number),
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    const count = async (query: string) => (await control(`requests?${query}`)).body.requests.length;
    expect(await count("operation=GetQueueUrl")).toBe(2);
    expect(await count("account=111122223333&status=400")).toBe(1);
    expect(await count("error=AWS.SimpleQueueService.NonExistentQueue")).toBe(1);
    expect(await count("service=sns")).toBe(0);
    expect(await count("limit=1")).toBe(1);
    expect(bus.requests().length).toBe(3);
  });

  it("keeps the last thousand", async () => {
    const sqs = new SQS(bus.clientConfig());
    for (let batch = 0; batch < 11; batch++) {
      await Promise.all(Array.from({ length: 100 }, (_, index) => sqs.listQueues({ MaxResults: index + 1 })));
    }
    expect((await control("requests?limit=5000")).body.requests.length).toBe(1000);
    sqs.destroy();
  });

  it("refuses unknown filters and invalid limits", async () => {
    for (const query of ["limit=0", "limit=x", "limit=1.5", "colour=red", "limit=1&limit=2"]) {
      const { status, body } = await control(`requests?${query}`);
      expect([query, status]).toEqual([query, 400]);
      expect(body.message).toMatch(/\.$/);
    }
  });
});

describe("/_busbar/state and the rest", () => {
  it("counts rows per table", async () => {
    await control("reset", {});
    await call("CreateQueue", { QueueName: "q" });
    await call("SendMessage", { QueueUrl: "q", MessageBody: "x" });
    expect((await control("state")).body.tables).toMatchObject({ "sqs.queues": 1, "sqs.messages": 1 });
  });

  it("lists the routes for an unknown one", async () => {
    for (const [path, method] of [
      ["nothing", "GET"],
      ["", "GET"],
      ["health", "DELETE"],
      ["state", "POST"],
    ] as const) {
      const { status, body } = await control(path, undefined, method);
      expect([path, status]).toEqual([path, 404]);
      expect(body.message).toContain("GET /_busbar/health");
    }
  });
});

describe("browser clients", () => {
  it("get the date, by which SDKs correct their clocks", async () => {
    const { headers } = await postJson(bus.endpoint, "AmazonSQS.ListQueues", {});
    expect(Math.abs(Date.parse(headers.get("date") as string) - Date.now())).toBeLessThan(60_000);
  });
});

describe("embedding", () => {
  it("runs dozens of emulators side by side that share nothing", async () => {
    const buses = await Promise.all(
      Array.from({ length: 30 }, (_, index) =>
        createBusbar({ clock: "virtual", ...(index % 2 ? { port: false } : {}) }),
      ),
    );
    await Promise.all(
      buses.map(async (own, index) => {
        const sqs = new SQS(own.clientConfig());
        const { QueueUrl } = await sqs.createQueue({ QueueName: "same" });
        await sqs.sendMessage({ QueueUrl, MessageBody: `of ${index}`, DelaySeconds: 10 });
        if (index % 3 === 0) await own.clock.advance("10s");
        const { Messages = [] } = await sqs.receiveMessage({ QueueUrl });
        expect(Messages.map(({ Body }) => Body)).toEqual(index % 3 === 0 ? [`of ${index}`] : []);
        expect(own.requests().length).toBe(3);
        sqs.destroy();
      }),
    );
    await Promise.all(buses.map((own) => own.close()));
  });

  it("needs no socket", async () => {
    const own = await createBusbar({ port: false, clock: "virtual", account: "111122223333", region: "eu-west-1" });
    const sqs = new SQS(own.clientConfig());
    const { QueueUrl } = await sqs.createQueue({ QueueName: "q", tags: { a: "b" } });
    expect(QueueUrl).toBe("http://localhost:4566/111122223333/q");
    const poll = sqs.receiveMessage({ QueueUrl, WaitTimeSeconds: 20 });
    await sqs.sendMessage({ QueueUrl, MessageBody: "x".repeat(100_000) });
    expect((await poll).Messages?.[0]?.Body?.length).toBe(100_000);
    const other = new SQS(own.clientConfig({ account: "444455556666", region: "us-west-2" }));
    expect((await other.listQueues({})).QueueUrls).toBeUndefined();
    await expect(sqs.getQueueUrl({ QueueName: "nope" })).rejects.toMatchObject({ name: "QueueDoesNotExist" });
    const abort = new AbortController();
    const waiting = sqs.receiveMessage({ QueueUrl, WaitTimeSeconds: 20 }, { abortSignal: abort.signal });
    setImmediate(() => abort.abort());
    await expect(waiting).rejects.toMatchObject({ name: "AbortError" });
    await own.close();
  });

  it("makes progress while a client polls without a socket", async () => {
    const own = await createBusbar({ port: false });
    const sns = new SNS(own.clientConfig());
    const { TopicArn } = await sns.createTopic({ Name: "t" });
    let invoked = false;
    own.registerFunction("f", async () => {
      await new Promise((done) => setTimeout(done, 1));
      invoked = true;
    });
    const Endpoint = "arn:aws:lambda:us-east-1:000000000000:function:f";
    await sns.subscribe({ TopicArn, Protocol: "lambda", Endpoint });
    await sns.publish({ TopicArn, Message: "hello" });
    // Fifty thousand calls without a turn for others would be a client that waits for ever.
    let calls = 0;
    while (!invoked && calls < 50_000) {
      calls += 1;
      await sns.listTopics({});
    }
    expect(invoked).toBe(true);
    await own.close();
  });

  it("refuses calls after it was closed, as a closed port does, without reporting a bug", async () => {
    const error = vi.spyOn(console, "error");
    for (const port of [false, undefined] as const) {
      const own = await createBusbar(port === undefined ? {} : { port });
      const sqs = new SQS({ ...own.clientConfig(), maxAttempts: 1 });
      const { QueueUrl } = await sqs.createQueue({ QueueName: "q" });
      await own.close();
      for (const call of [sqs.sendMessage({ QueueUrl, MessageBody: "x" }), sqs.receiveMessage({ QueueUrl })]) {
        await expect(call).rejects.toMatchObject({ code: expect.stringMatching(/^ECONN(REFUSED|RESET)$/) });
      }
    }
    expect(error).not.toHaveBeenCalled();
    error.mockRestore();
  });

  it("lets time be read, moved and set", async () => {
    const own = await createBusbar({ port: false, clock: "virtual", startTime: new Date("2030-06-01T00:00:00Z") });
    expect(own.clock.now()).toBe(Date.parse("2030-06-01T00:00:00Z"));
    await own.clock.advance("1d");
    await own.clock.advance(1000);
    expect(own.clock.now()).toBe(Date.parse("2030-06-02T00:00:01Z"));
    await own.clock.set("2030-07-01T00:00:00Z");
    await own.clock.set(new Date("2030-08-01T00:00:00Z"));
    expect(own.clock.now()).toBe(Date.parse("2030-08-01T00:00:00Z"));
    await expect(own.clock.advance("soon")).rejects.toThrow(RangeError);
    await expect(own.clock.set("never")).rejects.toThrow(RangeError);
    own.clock.setMode("real");
    expect(own.clock.mode).toBe("real");
    await own.close();
  });

  it("resets one account or all, and gives the same ids for the same seed", async () => {
    const ids = async () => {
      const own = await createBusbar({ port: false, clock: "virtual", seed: "s", startTime: 1_900_000_000_000 });
      const sqs = new SQS(own.clientConfig());
      const { QueueUrl } = await sqs.createQueue({ QueueName: "q" });
      const { MessageId } = await sqs.sendMessage({ QueueUrl, MessageBody: "x" });
      await own.reset("111122223333");
      await sqs.getQueueUrl({ QueueName: "q" });
      await own.reset();
      await expect(sqs.getQueueUrl({ QueueName: "q" })).rejects.toThrow();
      await own.close();
      return MessageId;
    };
    expect(await ids()).toBe(await ids());
  });

  it("refuses impossible options", async () => {
    await expect(createBusbar({ account: "1" })).rejects.toThrow(RangeError);
    await expect(createBusbar({ startTime: "never" })).rejects.toThrow(RangeError);
    await expect(createBusbar({ port: Number(new URL(bus.endpoint).port) })).rejects.toMatchObject({
      code: "EADDRINUSE",
    });
  });

  it("ends waiting polls empty when it is closed", async () => {
    const own = await createBusbar();
    const sqs = new SQSClient(own.clientConfig());
    const aggregated = new SQS(own.clientConfig());
    const { QueueUrl } = await aggregated.createQueue({ QueueName: "q" });
    const poll = sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }));
    for (let turn = 0; turn < 5; turn++) await aggregated.getQueueUrl({ QueueName: "q" });
    await own.close();
    expect((await poll).Messages).toBeUndefined();
    await own.close();
  });
});
