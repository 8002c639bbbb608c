/** Clients of WebSocket APIs. */
import { WebSocket } from "ws";
import { until } from "./until.ts";

export interface SocketClient {
  readonly socket: WebSocket;
  /** What came, taken away by whoever has looked at it. */
  readonly messages: string[];
  readonly closed: { code: number; reason: string }[];
  /** The next message, as JSON where it is some. */
  next(): Promise<unknown>;
}

/** A connection that is open. @param url with `ws`. */
export async function openSocket(url: string, headers: Readonly<Record<string, string>> = {}): Promise<SocketClient> {
  const socket = new WebSocket(url, { headers });
  const messages: string[] = [];
  const closed: { code: number; reason: string }[] = [];
  socket.on("message", (data) => messages.push(String(data)));
  socket.on("close", (code, reason) => closed.push({ code, reason: String(reason) }));
  socket.on("error", () => {});
  await until(() => socket.readyState === WebSocket.OPEN);
  const next = async () => {
    await until(() => messages.length > 0);
    const text = messages.shift() as string;
    try {
      return JSON.parse(text) as unknown;
    } catch {
      return text;
    }
  };
  return { socket, messages, closed, next };
}

/** What a handshake is answered with: 101 when it becomes a connection, which is closed again, 0 for nothing at all. */
export function handshake(
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ status: number; body: string }> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url, { headers });
    socket.on("error", () => {});
    socket.on("close", () => resolve({ status: 0, body: "" }));
    socket.on("open", () => {
      socket.terminate();
      resolve({ status: 101, body: "" });
    });
    socket.on("unexpected-response", (_request, response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => {
        body += String(chunk);
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
    });
  });
}
