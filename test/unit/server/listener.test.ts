/** What the listener takes in: how long it waits for silent clients, and every header of a request. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { type ClientHttp2Session, connect as connectHttp2, constants } from "node:http2";
import { type AddressInfo, connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, expect, it } from "vitest";
import type { Incoming, Outgoing } from "../../../src/server/exchange.ts";
import { Http2Exchange } from "../../../src/server/http2-exchange.ts";
import { createListener, type Listener } from "../../../src/server/listener.ts";

let listener: Listener;
let session: ClientHttp2Session;

afterEach(() => {
  session.destroy();
  listener.destroy();
  listener.server.close();
});

/** A listener, and an HTTP/2 session with it. @param silentMs how long connections may be silent, in real ms. */
async function start(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
  silentMs = 60_000,
): Promise<void> {
  const request = (incoming: Incoming, outgoing: Outgoing) => {
    const { request, response } =
      incoming instanceof Http2Exchange ? incoming.node : ({ request: incoming, response: outgoing } as never);
    handle(request as never, response as never);
  };
  listener = createListener({ request, upgrade: () => false }, undefined, silentMs);
  await new Promise<void>((done) => listener.server.listen(0, "127.0.0.1", done));
  session = connectHttp2(`http://127.0.0.1:${(listener.server.address() as AddressInfo).port}`);
}

it("gives up an HTTP/2 request that does not come to its end, and the session then", async () => {
  let ended = false;
  await start((request) => {
    request.resume();
    request.on("close", () => {
      ended = true;
    });
  }, 20);
  const stream = session.request({ ":method": "POST" });
  stream.on("error", () => {});
  stream.write("half of it");
  const sessionClosed = new Promise<void>((done) => session.once("close", done));
  await new Promise((done) => stream.once("close", done));
  expect(stream.rstCode).toBe(constants.NGHTTP2_CANCEL);
  await sessionClosed;
  expect(ended).toBe(true);
});

it("lets a whole HTTP/2 request wait for its answer as long as it takes", async () => {
  await start((request, response) => {
    request.resume();
    request.on("end", () => setTimeout(() => response.end("late"), 600));
  }, 200);
  const stream = session.request({ ":method": "POST" });
  let answer = "";
  stream.on("data", (text) => {
    answer += text;
  });
  stream.end("all of it");
  await new Promise((done) => stream.once("end", done));
  expect(answer).toBe("late");
});

it("takes all headers of a request, however many fit into its bytes", async () => {
  await start(async (request, response) => {
    const body = await text(request);
    response.setHeader("Connection", "close");
    response.end(`${request.headers["content-length"]} ${request.rawHeaders.length / 2} ${body}`);
  });
  const socket = connect((listener.server.address() as AddressInfo).port, "127.0.0.1");
  socket.write(`POST / HTTP/1.1\r\nHost: localhost\r\n${"X: 1\r\n".repeat(5_000)}Content-Length: 4\r\n\r\nbody`);
  expect(await text(socket)).toMatch(/\r\n4 5002 body$/);
});

it("answers expectations and CONNECT over HTTP/2 by itself", async () => {
  await start((request, response) => {
    request.resume();
    request.on("end", () => response.end());
  });
  const statusOf = async (headers: Record<string, string>) => {
    const stream = session.request({ ":method": "POST", ...headers }, { endStream: true });
    const continued = new Promise<string>((done) => stream.once("continue", () => done("100, ")));
    const status = await new Promise((done) => stream.once("response", (head) => done(head[":status"])));
    stream.close();
    return `${await Promise.race([continued, ""])}${status}`;
  };
  expect(await statusOf({ expect: "100-continue" })).toBe("100, 200");
  expect(await statusOf({ expect: "something else" })).toBe("417");
  expect(await statusOf({ ":method": "CONNECT", ":authority": "elsewhere:80" })).toBe("405");
});
