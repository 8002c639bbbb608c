/** An HTTP endpoint that remembers what it got and answers as it is told. */
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { onClose } from "./sns-bus.ts";

export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly path: string;
  readonly body: string;
  /** What `now` told when it came. */
  readonly timeMs: number;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Record<string, string>;
}

export interface Receiver {
  readonly url: string;
  readonly received: Received[];
  /** How the next requests are answered; 200 unless told. */
  answer: (request: Received) => Answer;
}

/** @param now the clock that stamps what comes in, in epoch milliseconds. */
export async function startReceiver(now: () => number): Promise<Receiver> {
  const received: Received[] = [];
  const receiver = { url: "", received, answer: (): Answer => ({ status: 200 }) };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString();
      const one = { headers: request.headers, path: request.url ?? "", body, timeMs: now() };
      received.push(one);
      const { status, headers } = (receiver as Receiver).answer(one);
      response.writeHead(status, headers).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onClose(async () => {
    server.closeAllConnections();
    server.close();
  });
  receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return receiver;
}

/** A GET on a connection of its own, so that none is left open when the emulator ends. */
export function visit(url: string | URL): Promise<Response> {
  return fetch(url, { headers: { connection: "close" } });
}
