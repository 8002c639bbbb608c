/** Doors: a service's own way in gets requests as they came, and connections that ask to be upgraded. */

import { mkdtemp, rm } from "node:fs/promises";
import { connect as connectHttp2 } from "node:http2";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { gzipSync } from "node:zlib";
import { SQS } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import type { Door, DoorAnswer, DoorRequest } from "../../src/calls/door.ts";
import { Emulator } from "../../src/emulator.ts";
import { loadTls } from "../../src/server/certificate.ts";
import { type RunningServer, startServer } from "../../src/server/server.ts";
import { until } from "../support/until.ts";

const sockets = new WebSocketServer({ noServer: true });
const limitBytes = 1000;
const closed: string[] = [];
const bugs: string[] = [];

/** Everything under /echo, and the host echo.localhost. */
const echoDoor: Door = {
  name: "echo",
  claims: ({ host, path }) => path.startsWith("/echo") || host.startsWith("echo.localhost"),
  serve: (request, answer) => (routes[request.path] ?? echo)(request, answer),
  upgrade: (request, socket, head) => {
    if (request.path !== "/echo/socket") return false;
    sockets.handleUpgrade(request.incoming as never, socket, head, (client) => {
      client.on("message", (data) => client.send(`${request.scheme} ${request.query} ${data}`));
    });
    return true;
  },
};

async function echo(request: DoorRequest, answer: DoorAnswer): Promise<void> {
  const { method, host, path, query, rawHeaders } = request;
  const body = (await request.bytes(limitBytes)).toString("latin1");
  const told = JSON.stringify({ method, host, path, query, rawHeaders, body });
  answer.send(200, ["X-Door", "echo", "set-Cookie", "a=1", "Set-cookie", "b=2"], told);
}

const routes: Record<string, (request: DoorRequest, answer: DoorAnswer) => void | Promise<void>> = {
  "/echo/stream": async (request, answer) => {
    const out = answer.stream(201, { "x-door": "stream" });
    answer.onClose(() => closed.push(request.query));
    for await (const piece of request.body) out.write(`[${piece}]`);
    out.end();
  },
  "/echo/throws": () => {
    throw new Error("a bug of the door");
  },
  "/echo/refuses": async () => {
    throw Object.assign(new Error("Not with me."), { statusCode: 418 });
  },
  "/echo/bad-header": (_request, answer) => answer.send(200, { "x-bad": "line\nbreak" }, "x"),
  "/echo/late": async (_request, answer) => {
    answer.stream(200, {}).write("half");
    throw new Error("a bug after the head");
  },
};

let emulator: Emulator;
let server: RunningServer;
let directory: string;
let ca: string;

beforeAll(async () => {
  emulator = await Emulator.start({ onBug: (error, where) => bugs.push(`${where}: ${(error as Error).message}`) });
  directory = await mkdtemp(join(tmpdir(), "busbar-doors-"));
  const tls = await loadTls({ cert: undefined, key: undefined, directory });
  ca = tls.cert;
  const served = new Proxy(emulator, {
    get(target, name) {
      if (name === "doors") return [echoDoor, ...target.doors];
      const value = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  server = await startServer(served, { host: "127.0.0.1", port: 0, tls });
});
afterAll(async () => {
  sockets.close();
  await server.close(500, 20);
  await emulator.close();
  await rm(directory, { recursive: true });
});

function dial(secure: boolean): Socket | TLSSocket {
  return secure
    ? connectTls({ port: server.port, host: "localhost", ca, ALPNProtocols: ["http/1.1"] })
    : connect({ port: server.port, host: "127.0.0.1" });
}

/** Sends text on a connection of its own, and resolves to all that comes back until the server ends it. */
function raw(text: string, secure = false): Promise<string> {
  return new Promise((done) => {
    const socket = dial(secure);
    let answer = "";
    socket.on("data", (data) => (answer += data.toString("latin1")));
    socket.on("error", () => {});
    socket.on("close", () => done(answer));
    socket.write(text, "latin1");
  });
}

describe.each([
  ["http", false],
  ["https", true],
] as const)("a door over %s", (scheme, secure) => {
  it("gets headers as they came and answers with headers as it says", async () => {
    const answer = await raw(
      "POST /echo/a%2fb//c?x=1&x=%20 HTTP/1.1\r\nHOST: h:1\r\nX-Twice: 1\r\nx-twice: 2\r\nCookie: a=\xe9\r\n" +
        "Content-Encoding: gzip\r\nConnection: close\r\nContent-Length: 5\r\n\r\nab\x00\xff!",
      secure,
    );
    const [head = "", body = ""] = answer.split("\r\n\r\n");
    expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\nX-Door: echo\r\nset-Cookie: a=1\r\nSet-cookie: b=2\r\n/);
    expect(JSON.parse(Buffer.from(body, "latin1").toString())).toEqual({
      method: "POST",
      host: "h:1",
      path: "/echo/a%2fb//c",
      query: "x=1&x=%20",
      rawHeaders: [
        ...["HOST", "h:1", "X-Twice", "1", "x-twice", "2", "Cookie", "a=\xe9", "Content-Encoding", "gzip"],
        ...["Connection", "close", "Content-Length", "5"],
      ],
      // Nothing was unpacked on the way.
      body: "ab\x00\xff!",
    });
  });

  it("upgrades to a WebSocket, and leaves other upgrades alone", async () => {
    const client = new WebSocket(`${secure ? "wss" : "ws"}://localhost:${server.port}/echo/socket?q=1`, { ca });
    const heard = new Promise<string>((done) => client.once("message", (data) => done(String(data))));
    await new Promise((done) => client.once("open", done));
    client.send("ping");
    expect(await heard).toBe(`${scheme} q=1 ping`);
    client.close();
    const upgrade = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n";
    // As Java's client asks: the door does not upgrade this, and AWS has no upgrade at all. Both requests are answered on
    // one connection, bodies and all.
    const form = "Action=CreateQueue&QueueName=upgraded&Version=2012-11-05";
    const answers = await raw(
      `POST /echo/x HTTP/1.1\r\nHost: localhost\r\n${upgrade}Content-Length: 4\r\n\r\nbody` +
        `POST / HTTP/1.1\r\nHost: localhost\r\n${upgrade}Content-Type: application/x-www-form-urlencoded\r\n` +
        `Content-Length: ${form.length}\r\n\r\n${form}` +
        "GET /echo/end HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
      secure,
    );
    expect(answers.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(3);
    expect(answers).toContain('"body":"body"');
    expect(answers).toContain(`<QueueUrl>${scheme}://localhost/000000000000/upgraded</QueueUrl>`);
    expect(answers).toContain('"path":"/echo/end"');
  });

  it("upgrades a connection when the requests before are answered", async () => {
    const socket = dial(secure);
    let heard = "";
    socket.on("data", (data) => (heard += data.toString("latin1")));
    const upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";
    const key = `Sec-WebSocket-Key: ${Buffer.alloc(16).toString("base64")}\r\n`;
    const ping = "\x81\x84\0\0\0\0ping";
    socket.write(
      "GET /echo/x HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(100) +
        `GET /echo/socket?q=1 HTTP/1.1\r\nHost: localhost\r\n${upgrade}${key}\r\n${ping}`,
      "latin1",
    );
    await until(() => heard.endsWith(`${scheme} q=1 ping`));
    expect(heard.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(100);
    socket.write(ping.replace("ping", "pong"), "latin1");
    await until(() => heard.endsWith(`${scheme} q=1 pong`));
    socket.destroy();
  });

  it("streams a body as it arrives", async () => {
    const socket = dial(secure);
    let answer = "";
    const wait = (text: string) =>
      new Promise<void>((done) => {
        const look = () => (answer.includes(text) ? done() : socket.once("data", look));
        look();
      });
    socket.on("data", (data) => (answer += data));
    socket.write(`POST /echo/stream?${scheme} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n`);
    await wait("201 Created");
    for (const piece of ["one", "two"]) {
      socket.write(`3\r\n${piece}\r\n`);
      await wait(`[${piece}]`);
    }
    expect(closed).not.toContain(scheme);
    socket.write("0\r\n\r\n");
    await wait("\r\n0\r\n\r\n");
    socket.destroy();
    expect(closed).toContain(scheme);
  });
});

it("is asked before AWS, by host as well, and after the control routes", async () => {
  const close = "Connection: close\r\n\r\n";
  expect(await raw(`GET /?Action=ListQueues HTTP/1.1\r\nHost: echo.localhost:4566\r\n${close}`)).toContain("X-Door");
  expect(await raw(`GET /_busbar/health HTTP/1.1\r\nHost: echo.localhost\r\n${close}`)).toContain('"status":"running"');
  expect(await raw(`GET /?Action=ListQueues HTTP/1.1\r\nHost: localhost\r\n${close}`)).toContain("<ListQueuesResult>");
});

it("is not upgraded by a page of another site", async () => {
  const client = new WebSocket(`ws://localhost:${server.port}/echo/socket`, { origin: "https://evil.example" });
  const status = await new Promise((done) => {
    client.once("unexpected-response", (_request, answer) => done(answer.statusCode));
    client.once("open", () => done("open"));
    client.on("error", () => {});
  });
  expect(status).toBe(403);
});

it("serves HTTP/2, with repeated headers", async () => {
  const session = connectHttp2(`http://localhost:${server.port}`);
  const stream = session.request({
    ":method": "POST",
    ":path": "/echo/two?q",
    "x-twice": ["1", "2"],
  });
  const cookies = new Promise((done) => stream.once("response", (headers) => done(headers["set-cookie"])));
  let body = "";
  stream.on("data", (data) => (body += data));
  stream.end("x");
  await new Promise((done) => stream.once("end", done));
  session.close();
  expect(await cookies).toEqual(["a=1", "b=2"]);
  expect(JSON.parse(body)).toMatchObject({
    host: `localhost:${server.port}`,
    path: "/echo/two",
    query: "q",
    rawHeaders: ["x-twice", "1", "x-twice", "2"],
    body: "x",
  });
});

it("answers errors thrown in a door", async () => {
  const ask = async (path: string, body = "") => {
    const head = `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`;
    const answer = await raw(head + body);
    return [answer.slice(9, 12), answer.split("\r\n\r\n")[1]];
  };
  const internal = '{"message":"An internal error occurred. It is logged with its stack where Busbar runs."}';
  expect(await ask("/echo/throws")).toEqual(["500", internal]);
  expect(await ask("/echo/refuses")).toEqual(["418", '{"message":"Not with me."}']);
  expect(await ask("/echo/bad-header")).toEqual(["500", ""]);
  expect(await ask("/echo/x", "x".repeat(limitBytes + 1))).toEqual([
    "413",
    '{"message":"Request body exceeds the limit of 1000 bytes."}',
  ]);
  expect((await ask("/echo/late"))[1]).toBe("4\r\nhalf\r\n");
  expect(bugs).toEqual([
    "POST /echo/throws at the door echo: a bug of the door",
    expect.stringMatching(/^the answer to POST \/echo\/bad-header: Invalid character/),
    "POST /echo/late at the door echo: a bug after the head",
  ]);
});

it("leaves decompression to the AWS door", async () => {
  const sqs = new SQS({
    endpoint: `http://127.0.0.1:${server.port}`,
    region: "us-east-1",
    credentials: { accessKeyId: "000000000000", secretAccessKey: "x" },
  });
  const { QueueUrl = "" } = await sqs.createQueue({ QueueName: "packed" });
  const headers = { "content-encoding": "gzip", "content-type": "application/x-www-form-urlencoded" };
  const body = gzipSync("Action=SendMessage&MessageBody=packed");
  expect((await fetch(QueueUrl, { method: "POST", headers, body })).status).toBe(200);
  expect((await sqs.receiveMessage({ QueueUrl })).Messages?.[0]?.Body).toBe("packed");
  sqs.destroy();
});
