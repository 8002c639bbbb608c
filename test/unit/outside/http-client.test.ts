import { createServer as createHttpServer } from "node:http";
import { createServer, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { type BackendAnswer, callBackend } from "../../../src/apis/backend-call.ts";
import { type HttpAnswer, type HttpCallError, httpBytes, httpCall } from "../../../src/outside/http-client.ts";

const answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
/** What a server that hangs up in the middle of an answer has sent before. */
const beginnings: Record<string, string> = {
  "after the headers": "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
  "inside the headers": "HTTP/1.1 200 OK\r\nConte",
  "after an interim answer": "HTTP/1.1 102 Processing\r\n\r\n",
};

const sends = {
  "a call over HTTP": (url: URL, body: string): Promise<HttpAnswer> =>
    httpCall(url, { method: "POST", headers: {}, body, timeoutMs: 10_000, maxBodyBytes: 1000 }),
  "a call of an API's backend": (url: URL, body: string): Promise<BackendAnswer> =>
    callBackend(url, { method: "POST", headers: [], body: Buffer.from(body), signal: new AbortController().signal }),
};

/** A server whose answers are written by hand; `requests` are the bodies it has read, in their order. */
async function withServer(
  reply: (socket: Socket, requests: readonly string[], onConnection: number) => void,
  test: (call: (body: string) => Promise<HttpAnswer | BackendAnswer>, requests: readonly string[]) => Promise<void>,
  send: (url: URL, body: string) => Promise<HttpAnswer | BackendAnswer> = sends["a call over HTTP"],
): Promise<void> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let text = "";
    let onConnection = 0;
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      text += bytes.toString();
      const end = text.indexOf("\r\n\r\n") + 4;
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1]);
      if (end < 4 || text.length < end + length) return;
      requests.push(text.slice(end, end + length));
      text = "";
      onConnection += 1;
      reply(socket, requests, onConnection);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const url = new URL(`http://127.0.0.1:${port}/`);
  const call = (body: string) => send(url, body);
  try {
    await test(call, requests);
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

describe.each(Object.entries(sends))("%s", (_name, send) => {
  for (const [when, beginning] of Object.entries(beginnings)) {
    it(`is not sent again when its connection resets ${when}`, async () => {
      const reply = (socket: Socket, requests: readonly string[]) => {
        if (requests.length === 1) socket.write(answer);
        else socket.write(beginning, () => setTimeout(() => socket.resetAndDestroy(), 20));
      };
      await withServer(
        reply,
        async (call, requests) => {
          await call("first");
          const error = await call("second").catch((error: HttpCallError) => error.code);
          expect(error).toBe("ECONNRESET");
          expect(requests).toEqual(["first", "second"]);
        },
        send,
      );
    });
  }

  it("is sent on a new connection when kept ones are closed without an answer", async () => {
    const waiting: Socket[] = [];
    const together = (socket: Socket, requests: readonly string[], onConnection: number) => {
      if (onConnection > 1) socket.resetAndDestroy();
      else if (requests.length > 3) socket.write(answer);
      // The first answers come when all of them are under way, so that each has a connection of its own.
      else if (waiting.push(socket) === 3) for (const one of waiting) one.write(answer);
    };
    await withServer(
      together,
      async (call, requests) => {
        await Promise.all(["a", "b", "c"].map(call));
        expect(String((await call("d")).body)).toBe("ok");
        expect(requests.slice(3)).toEqual(["d", "d"]);
      },
      send,
    );
  });
});

describe("bytes", () => {
  it("go out and come back as they are, with headers that are repeated", async () => {
    const bytes = Buffer.from([0, 255, 128, 13, 10]);
    const got: { headers: NodeJS.Dict<string | string[]>; body: Buffer }[] = [];
    const server = createHttpServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk) => chunks.push(chunk));
      request.on("end", () => {
        got.push({ headers: request.headersDistinct, body: Buffer.concat(chunks) });
        response.writeHead(200, ["X-One", "1", "x-one", "2"]).end(bytes);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const headers = { "X-Two": ["a", "b"] };
    const call = { method: "PUT", headers, body: bytes, timeoutMs: 10_000, maxBodyBytes: 1000 };
    const answer = await httpBytes(new URL(`http://127.0.0.1:${port}/`), call);
    server.closeAllConnections();
    server.close();
    expect(got[0]?.body).toEqual(bytes);
    expect(got[0]?.headers["x-two"]).toEqual(["a", "b"]);
    expect(answer.body).toEqual(bytes);
    expect(answer.rawHeaders.slice(0, 4)).toEqual(["X-One", "1", "x-one", "2"]);
  });
});
