/** The command as people start it: options, variables, banner, refusals, signals, TLS and HTTP/2. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { Agent, request } from "node:http";
import { type ClientHttp2Session, connect } from "node:http2";
import { get as httpsGet } from "node:https";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as tlsConnect } from "node:tls";
import { SNS } from "@aws-sdk/client-sns";
import { SQS } from "@aws-sdk/client-sqs";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Ended, runCli, startCli, stopAll } from "../support/cli.ts";
import { http, postJson } from "../support/http.ts";

let directory: string;
let directories = 0;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "busbar-cli-"));
});
afterEach(() => stopAll());
afterAll(() => rm(directory, { recursive: true, force: true }));

function fresh(): string {
  directories += 1;
  return join(directory, `data-${directories}`);
}

/** One line on stderr and nothing else. */
function expectOneLine({ stdout, stderr }: Ended, ...parts: string[]): void {
  expect(stdout).toBe("");
  expect(stderr).toMatch(/^busbar: [^\n]+\n$/);
  for (const part of parts) expect(stderr).toContain(part);
}

const call = (endpoint: string, operation: string, input: object) =>
  postJson(endpoint, `AmazonSQS.${operation}`, input);
const json = async (endpoint: string, path: string) => JSON.parse((await http(`${endpoint}/_busbar/${path}`)).text);

describe("the command line", () => {
  it("explains itself", async () => {
    const { code, stdout, stderr } = await runCli(["--help"]);
    expect([code, stderr]).toEqual([0, ""]);
    for (const option of [
      "port",
      "host",
      "data-dir",
      "default-region",
      "virtual-clock",
      "seed",
      "strict",
      "policies",
    ]) {
      expect(stdout).toContain(`--${option}`);
      expect(stdout).toContain(`BUSBAR_${option.toUpperCase().replaceAll("-", "_")}`);
    }
    for (const option of ["log-level", "tls", "cert", "key"]) expect(stdout).toContain(`--${option}`);
    expect(stdout).toContain("export AWS_ENDPOINT_URL=http://localhost:4566");
    const version = await runCli(["--version"]);
    const { version: expected } = JSON.parse(
      await readFile(new URL("../../package.json", import.meta.url), "utf8"),
    ) as { version: string };
    expect([version.code, version.stdout]).toEqual([0, `${expected}\n`]);
  });

  it("refuses unknown options and values with code 2", async () => {
    const wrong: [args: string[], env: Record<string, string>, part: string][] = [
      [["--nonsense"], {}, "--nonsense"],
      [["positional"], {}, "positional"],
      [["--port", "x"], {}, "x"],
      [["--port", "65536"], {}, "65536"],
      [["--port"], {}, "--port"],
      [["--log-level", "loud"], {}, "loud"],
      [["--policies", "some"], {}, "some"],
      [["--cert", "file.pem"], {}, "--key"],
      [[], { BUSBAR_PORT: "many" }, "many"],
      [[], { BUSBAR_STRICT: "perhaps" }, "BUSBAR_STRICT"],
      [["--data-dir", ""], {}, "--data-dir"],
      [["--host", ""], {}, "--host"],
      [["--default-region", "EU West"], {}, "EU West"],
      [["--function", "worker"], {}, "--function"],
    ];
    for (const [args, env, part] of wrong) {
      const ended = await runCli(args, env);
      expect([args, ended.code]).toEqual([args, 2]);
      expectOneLine(ended, part);
    }
  });

  it("refuses a port in use, and an address this machine does not have, with code 1", async () => {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const { port } = server.address() as AddressInfo;
    const ended = await runCli(["--port", String(port)]);
    server.close();
    expect(ended.code).toBe(1);
    expectOneLine(ended, String(port), "in use", "--port");
    const elsewhere = await runCli(["--port", "0", "--host", "203.0.113.1"]);
    expect(elsewhere.code).toBe(1);
    expectOneLine(elsewhere, "203.0.113.1", "--host");
    const unknown = await runCli(["--port", "0", "--host", "busbar.invalid"]);
    expect(unknown.code).toBe(1);
    expectOneLine(unknown, "busbar.invalid", "--host");
  });

  it("refuses a data directory that cannot be written or is in use, with code 1", async () => {
    const file = join(directory, "file");
    await writeFile(file, "");
    for (const path of [file, join(file, "below"), "/sys/busbar"]) {
      const ended = await runCli(["--port", "0", "--data-dir", path]);
      expect([path, ended.code]).toEqual([path, 1]);
      expectOneLine(ended, path);
    }
    const dataDir = fresh();
    await startCli(["--data-dir", dataDir]);
    const second = await runCli(["--port", "0", "--data-dir", dataDir]);
    expect(second.code).toBe(1);
    expectOneLine(second, dataDir);
  });

  it("refuses certificate files that it cannot read or use, with code 1", async () => {
    const missing = await runCli(["--port", "0", "--cert", "/nowhere/cert.pem", "--key", "/nowhere/key.pem"]);
    expect(missing.code).toBe(1);
    expectOneLine(missing, "/nowhere/cert.pem");
    const file = join(directory, "no.pem");
    await writeFile(file, "no certificate");
    const unusable = await runCli(["--port", "0", "--cert", file, "--key", file]);
    expect(unusable.code).toBe(1);
    expectOneLine(unusable, file);
  });
});

describe("a start", () => {
  it("shows its address and the line to export", async () => {
    const { banner, endpoint, port } = await startCli();
    expect(endpoint).toBe(`http://localhost:${port}`);
    expect(banner).toContain(`listening on http://localhost:${port}`);
    expect(banner).toContain(
      `export AWS_ENDPOINT_URL=http://localhost:${port} AWS_DISABLE_HOST_PREFIX_INJECTION=true\n`,
    );
    expect(banner).toContain("export AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1\n");
    expect(banner).toContain(`export AWS_ENDPOINT_URL=http://localhost.localstack.cloud:${port}\n`);
    expect((await http(`http://127.0.0.1:${port}/_busbar/health`)).status).toBe(200);
  });

  it("reads its options from variables, but prefers flags", async () => {
    const env = {
      BUSBAR_PORT: "0",
      BUSBAR_DEFAULT_REGION: "eu-north-1",
      BUSBAR_VIRTUAL_CLOCK: "1",
      BUSBAR_STRICT: "true",
      BUSBAR_SEED: "seed",
      BUSBAR_DATA_DIR: fresh(),
      BUSBAR_LOG_LEVEL: "silent",
    };
    const { endpoint } = await startCli([], env);
    const health = await json(endpoint, "health");
    expect(health).toMatchObject({ storage: "durable", clock: { mode: "virtual" } });
    await call(endpoint, "CreateQueue", { QueueName: "q" });
    const { text } = await call(endpoint, "GetQueueAttributes", { QueueUrl: "q", AttributeNames: ["QueueArn"] });
    expect(JSON.parse(text).Attributes.QueueArn).toBe("arn:aws:sqs:eu-north-1:000000000000:q");
    await call(endpoint, "PurgeQueue", { QueueUrl: "q" });
    expect((await call(endpoint, "PurgeQueue", { QueueUrl: "q" })).status).toBe(403);
    const flagged = await startCli(["--default-region", "sa-east-1", "--data-dir", fresh()], env);
    await call(flagged.endpoint, "CreateQueue", { QueueName: "q" });
    const own = await call(flagged.endpoint, "GetQueueAttributes", { QueueUrl: "q", AttributeNames: ["QueueArn"] });
    expect(JSON.parse(own.text).Attributes.QueueArn).toBe("arn:aws:sqs:sa-east-1:000000000000:q");
  });

  it("treats empty variables as not set", async () => {
    const names = [
      "HOST",
      "DATA_DIR",
      "DEFAULT_REGION",
      "VIRTUAL_CLOCK",
      "SEED",
      "STRICT",
      "STREAM_DELAY",
      "LOG_LEVEL",
    ];
    const more = ["TLS", "CERT", "KEY", "FUNCTION", "ENDPOINT", "S3_ROOT", "MOCKS"];
    const env = Object.fromEntries([...names, ...more].map((name) => [`BUSBAR_${name}`, ""]));
    const { endpoint } = await startCli(["--port", "0"], { ...env, PORT: "", BUSBAR_PORT: "" });
    expect(await json(endpoint, "health")).toMatchObject({ storage: "memory", clock: { mode: "real" } });
  });

  it("logs its start and stop in JSON with --log-level info, and nothing by default", async () => {
    const logged = async (...args: string[]) => {
      const { kill, ended } = await startCli(args);
      kill("SIGTERM");
      const lines = (await ended).stdout.split("\n").filter((line) => line.startsWith("{"));
      return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    };
    expect(await logged()).toEqual([]);
    const dataDir = fresh();
    expect(await logged("--log-level", "info", "--data-dir", dataDir)).toMatchObject([
      { level: 30, msg: "listening", port: expect.any(Number), storage: dataDir, clock: "real" },
      { level: 30, msg: expect.stringMatching(/^stopping/) },
    ]);
  });

  it("logs requests with --log-level info, and failed deliveries by default", async () => {
    const logged = async (...args: string[]) => {
      const { endpoint, kill, ended } = await startCli(args);
      await call(endpoint, "CreateQueue", { QueueName: "q" });
      await call(endpoint, "GetQueueUrl", { QueueName: "none" });
      await postJson(endpoint, "AWSEvents.PutRule", { Name: "r", EventPattern: '{"source":["shop"]}' });
      const Targets = [{ Id: "t", Arn: "arn:aws:sqs:us-east-1:000000000000:none" }];
      await postJson(endpoint, "AWSEvents.PutTargets", { Rule: "r", Targets });
      const Entries = [{ Source: "shop", DetailType: "order", Detail: "{}" }];
      await postJson(endpoint, "AWSEvents.PutEvents", { Entries });
      await postJson(`${endpoint}/_busbar/settle`, "none", {});
      kill("SIGTERM");
      const lines = (await ended).stdout.split("\n").filter((line) => line.startsWith("{"));
      return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    };
    const failed = { level: 40, msg: "a delivery failed for good", target: "arn:aws:sqs:us-east-1:000000000000:none" };
    expect(await logged()).toMatchObject([failed]);
    const lines = await logged("--log-level", "info");
    expect(lines.filter(({ level }) => level === 40)).toMatchObject([failed]);
    expect(lines.filter(({ msg }) => msg === "request")).toMatchObject([
      { level: 30, status: 200, service: "sqs", operation: "CreateQueue", resource: "q", region: "us-east-1" },
      {
        level: 30,
        status: 400,
        service: "sqs",
        operation: "GetQueueUrl",
        resource: "none",
        error: "QueueDoesNotExist",
      },
      { status: 200, service: "eventbridge", operation: "PutRule" },
      { status: 200, service: "eventbridge", operation: "PutTargets" },
      { status: 200, service: "eventbridge", operation: "PutEvents" },
    ]);
  });

  it("reports once per sender and queue what a policy does not allow", async () => {
    const told = async (...args: string[]) => {
      const { endpoint, kill, ended } = await startCli(args);
      const config = { endpoint, region: "us-east-1", credentials: { accessKeyId: "1", secretAccessKey: "1" } };
      const sqs = new SQS(config);
      const sns = new SNS(config);
      await sqs.createQueue({ QueueName: "q" });
      for (const Name of ["a", "b"]) {
        const { TopicArn } = await sns.createTopic({ Name });
        await sns.subscribe({ TopicArn, Protocol: "sqs", Endpoint: "arn:aws:sqs:us-east-1:000000000000:q" });
        for (let i = 0; i < 3; i++) await sns.publish({ TopicArn, Message: "x" });
      }
      kill("SIGTERM");
      const lines = (await ended).stdout.split("\n").filter((line) => line.startsWith("{"));
      const told = lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
      return told.filter((text) => text.startsWith("policies "));
    };
    const line = (mode: string, topic: string) =>
      `policies ${mode}: sns.amazonaws.com for arn:aws:sns:us-east-1:000000000000:${topic} may not sqs:SendMessage arn:aws:sqs:us-east-1:000000000000:q: no policy is set`;
    expect(await told()).toEqual([line("audit", "a"), line("audit", "b")]);
    expect(await told("--policies", "enforce")).toEqual([line("enforce", "a"), line("enforce", "b")]);
    expect(await told("--policies", "off")).toEqual([]);
  });

  it("handles a signal as soon as its banner is shown", async () => {
    const { ended, kill } = await startCli();
    kill("SIGTERM");
    expect((await ended).code).toBe(0);
  });

  it("uses PORT if BUSBAR_PORT is not set", async () => {
    const probe = createServer();
    await new Promise<void>((done) => probe.listen(0, "127.0.0.1", done));
    const { port } = probe.address() as AddressInfo;
    await new Promise((done) => probe.close(done));
    expect((await startCli([], { PORT: String(port) })).port).toBe(port);
    expect((await startCli([], { PORT: "1", BUSBAR_PORT: "0" })).port).not.toBe(1);
  });

  it("has the same ids with the same seed", async () => {
    const ids = async (seed: string) => {
      const { endpoint } = await startCli(["--seed", seed]);
      await call(endpoint, "CreateQueue", { QueueName: "q" });
      const { text } = await call(endpoint, "SendMessage", { QueueUrl: "q", MessageBody: "x" });
      return JSON.parse(text).MessageId;
    };
    expect(await ids("a")).toBe(await ids("a"));
    expect(await ids("a")).not.toBe(await ids("b"));
  });

  it("keeps its data", async () => {
    const dataDir = fresh();
    const first = await startCli(["--data-dir", dataDir, "--virtual-clock"]);
    await call(first.endpoint, "CreateQueue", { QueueName: "q", Attributes: { VisibilityTimeout: "60" } });
    await call(first.endpoint, "SendMessage", { QueueUrl: "q", MessageBody: "kept" });
    await call(first.endpoint, "SendMessage", { QueueUrl: "q", MessageBody: "in flight" });
    await call(first.endpoint, "ReceiveMessage", { QueueUrl: "q" });
    await http(`${first.endpoint}/_busbar/clock`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"advance":"10d"}',
    });
    await call(first.endpoint, "SendMessage", { QueueUrl: "q", MessageBody: "later" });
    const { now } = await json(first.endpoint, "clock");
    first.kill("SIGTERM");
    expect((await first.ended).code).toBe(0);
    const second = await startCli(["--data-dir", dataDir, "--virtual-clock"]);
    expect((await json(second.endpoint, "clock")).now).toBe(now);
    const { text } = await call(second.endpoint, "ReceiveMessage", { QueueUrl: "q", MaxNumberOfMessages: 10 });
    expect(JSON.parse(text).Messages.map(({ Body }: { Body: string }) => Body)).toEqual(["later"]);
  });
});

describe("a signal", () => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    it(`${signal} ends a long poll without messages, and the process with code 0`, async () => {
      const { endpoint, kill, ended } = await startCli();
      await call(endpoint, "CreateQueue", { QueueName: "q" });
      const poll = call(endpoint, "ReceiveMessage", { QueueUrl: "q", WaitTimeSeconds: 20 });
      for (let turn = 0; turn < 5; turn++) await call(endpoint, "GetQueueUrl", { QueueName: "q" });
      kill(signal);
      const answer = await poll;
      expect(answer.status).toBe(200);
      expect(JSON.parse(answer.text)).toEqual({});
      const { code, stderr } = await ended;
      expect([code, stderr]).toEqual([0, ""]);
      await expect(http(endpoint)).rejects.toThrow();
    });
  }

  it("ends the connections of busy clients with a response that says so, not with a reset", async () => {
    const { endpoint, port, kill, ended } = await startCli();
    await call(endpoint, "CreateQueue", { QueueName: "q" });
    const agent = new Agent({ keepAlive: true, maxSockets: 16 });
    const body = '{"QueueUrl":"q","MessageBody":"x"}';
    const headers = { "content-type": "application/x-amz-json-1.0", "x-amz-target": "AmazonSQS.SendMessage" };
    const send = () =>
      new Promise<string>((done) => {
        const outgoing = request({ host: "127.0.0.1", port, agent, method: "POST", headers }, (answer) => {
          answer.resume();
          answer.once("end", () => done(String(answer.statusCode)));
        });
        outgoing.once("error", (error: NodeJS.ErrnoException) => done(String(error.code)));
        outgoing.end(body);
      });
    let answered = 0;
    const work = async () => {
      for (;;) {
        const outcome = await send();
        if (outcome !== "200") return outcome;
        answered += 1;
        if (answered === 500) kill("SIGTERM");
      }
    };
    const outcomes = await Promise.all(Array.from({ length: 16 }, work));
    expect(new Set(outcomes)).toEqual(new Set(["ECONNREFUSED"]));
    expect((await ended).code).toBe(0);
    agent.destroy();
  });

  it("ends a process with idle connections too", async () => {
    const { port, kill, ended } = await startCli();
    const { connect: netConnect } = await import("node:net");
    const silent = netConnect(port, "127.0.0.1");
    const half = netConnect(port, "127.0.0.1");
    for (const socket of [silent, half]) socket.on("error", () => {});
    half.write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf");
    await http(`http://127.0.0.1:${port}/_busbar/health`);
    kill("SIGTERM");
    expect((await ended).code).toBe(0);
  });
});

/** A request on an HTTP/2 session. */
function h2(
  session: ClientHttp2Session,
  headers: Record<string, string>,
  body?: string,
): Promise<{ status: number; text: string }> {
  return new Promise((done, failed) => {
    const stream = session.request(headers);
    let status = 0;
    let text = "";
    stream.setEncoding("utf8");
    stream.on("response", (answer) => (status = Number(answer[":status"])));
    stream.on("data", (chunk) => (text += chunk));
    stream.on("end", () => done({ status, text }));
    stream.on("error", failed);
    stream.end(body);
  });
}

const createQueueHeaders = {
  ":method": "POST",
  ":path": "/",
  "content-type": "application/x-amz-json-1.0",
  "x-amz-target": "AmazonSQS.CreateQueue",
};

describe("one port", () => {
  it("speaks HTTP/1.1 and HTTP/2 with prior knowledge", async () => {
    const { endpoint, port } = await startCli();
    const session = connect(`http://127.0.0.1:${port}`);
    const answers = await Promise.all(
      ["a", "b", "c"].map((QueueName) => h2(session, createQueueHeaders, JSON.stringify({ QueueName }))),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(JSON.parse(answers[0]?.text ?? "").QueueUrl).toBe(`http://127.0.0.1:${port}/000000000000/a`);
    expect((await call(endpoint, "GetQueueUrl", { QueueName: "b" })).status).toBe(200);
    const health = await h2(session, { ":path": "/_busbar/health" });
    expect(JSON.parse(health.text).status).toBe("running");
    session.close();
  });

  it("also speaks TLS, with a certificate of its own that it keeps", async () => {
    const dataDir = fresh();
    const { endpoint, port, banner, kill, ended } = await startCli(["--tls", "--data-dir", dataDir]);
    expect(endpoint).toBe(`https://localhost:${port}`);
    expect(banner).toContain(`must be told to trust ${join(dataDir, "tls-cert.pem")}`);
    const ca = await readFile(join(dataDir, "tls-cert.pem"), "utf8");
    for (const [offered, agreed] of [
      [["h2", "http/1.1"], "h2"],
      [["http/1.1"], "http/1.1"],
    ] as const) {
      const protocol = await new Promise((done, failed) => {
        const socket = tlsConnect({
          port,
          host: "127.0.0.1",
          servername: "localhost",
          ca,
          ALPNProtocols: [...offered],
        });
        socket.on("error", failed);
        socket.on("secureConnect", () => {
          done(socket.alpnProtocol);
          socket.end();
        });
      });
      expect(protocol).toBe(agreed);
    }
    const session = connect(endpoint, { ca });
    const created = await h2(session, createQueueHeaders, '{"QueueName":"q"}');
    expect(JSON.parse(created.text).QueueUrl).toBe(`https://localhost:${port}/000000000000/q`);
    session.close();
    const over1 = await new Promise<string>((done, failed) => {
      httpsGet(`${endpoint}/_busbar/health`, { ca, agent: false }, (response) => {
        let text = "";
        response.on("data", (chunk) => (text += chunk));
        response.on("end", () => done(text));
      }).on("error", failed);
    });
    expect(JSON.parse(over1).status).toBe("running");
    expect((await http(`http://127.0.0.1:${port}/_busbar/health`)).status).toBe(200);
    kill("SIGTERM");
    expect((await ended).code).toBe(0);
    await startCli(["--tls", "--data-dir", dataDir]);
    expect(await readFile(join(dataDir, "tls-cert.pem"), "utf8")).toBe(ca);
    const own = await startCli(["--cert", join(dataDir, "tls-cert.pem"), "--key", join(dataDir, "tls-key.pem")]);
    expect(own.endpoint).toMatch(/^https:/);
    expect(own.banner).not.toContain("self-signed");
  });
});

describe("the built library", () => {
  it("starts an emulator in a process without a server", async () => {
    const { execFile } = await import("node:child_process");
    const { promisify } = await import("node:util");
    const script = `
      import { createBusbar } from ${JSON.stringify(new URL("../../dist/index.js", import.meta.url).href)};
      import { SQS } from "@aws-sdk/client-sqs";
      const bus = await createBusbar({ port: false, clock: "virtual" });
      const sqs = new SQS(bus.clientConfig());
      const { QueueUrl } = await sqs.createQueue({ QueueName: "q" });
      await sqs.sendMessage({ QueueUrl, MessageBody: "later", DelaySeconds: 900 });
      await bus.clock.advance("15m");
      const { Messages } = await sqs.receiveMessage({ QueueUrl });
      await bus.close();
      console.log(Messages[0].Body);
    `;
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], {
      cwd: new URL("../..", import.meta.url),
    });
    expect(stdout).toBe("later\n");
  });
});
