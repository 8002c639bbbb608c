/** How long the listener waits for clients that say nothing. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { type ClientHttp2Session, connect as connectHttp2, constants } from "node:http2";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import { createListener, type Listener } from "../../../src/server/listener.ts";

let listener: Listener;
let session: ClientHttp2Session;

afterEach(() => {
  session.destroy();
  listener.destroy();
  listener.server.close();
});

/** A listener that lets connections be silent for 20 ms, and an HTTP/2 session with it. */
async function start(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<void> {
  listener = createListener({ request: handle as never, upgrade: () => false }, undefined, 20);
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
  });
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
    request.on("end", () => setTimeout(() => response.end("late"), 200));
  });
  const stream = session.request({ ":method": "POST" });
  let answer = "";
  stream.on("data", (text) => {
    answer += text;
  });
  stream.end("all of it");
  await new Promise((done) => stream.once("end", done));
  expect(answer).toBe("late");
});
