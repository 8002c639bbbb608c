/** An HTTP endpoint that remembers what it got and answers as it is told. */

import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingHttpHeaders, type RequestListener } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadTls } from "../../src/server/certificate.ts";
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

/**
 * @param now the clock that stamps what comes in, in epoch milliseconds.
 * @param protocol `https` has a certificate that nobody else knows, which deliveries to this machine do not mind.
 */
export async function startReceiver(now: () => number, protocol: "http" | "https" = "http"): Promise<Receiver> {
  const received: Received[] = [];
  const receiver = { url: "", received, answer: (): Answer => ({ status: 200 }) };
  const listener: RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString();
      const one = { headers: request.headers, path: request.url ?? "", body, timeMs: now() };
      received.push(one);
      const { status, headers } = (receiver as Receiver).answer(one);
      response.writeHead(status, headers).end();
    });
  };
  const server = protocol === "http" ? createServer(listener) : createSecureServer(await ownCertificate(), listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onClose(async () => {
    server.closeAllConnections();
    server.close();
  });
  receiver.url = `${protocol}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return receiver;
}

/** A self-signed certificate, made once. */
function ownCertificate(): Promise<{ cert: string; key: string }> {
  certificate ??= mkdtemp(join(tmpdir(), "busbar-receiver-")).then(async (directory) => {
    try {
      const { cert, key } = await loadTls({ cert: undefined, key: undefined, directory, names: ["127.0.0.1"] });
      return { cert: String(cert), key: String(key) };
    } finally {
      await rm(directory, { recursive: true });
    }
  });
  return certificate;
}

let certificate: Promise<{ cert: string; key: string }> | undefined;

/** A GET on a connection of its own, so that none is left open when the emulator ends. */
export function visit(url: string | URL): Promise<Response> {
  return fetch(url, { headers: { connection: "close" } });
}
