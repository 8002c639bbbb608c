/** A small HTTP server for tests that remembers what it was asked. */
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

export interface Heard {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Said {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array;
  /** Says nothing, ever. */
  readonly silent?: boolean;
}

/**
 * @param answer what to say to each request; 200 and nothing when it says nothing.
 * @param encoding of the bodies that are heard: `latin1` has a character for each byte.
 */
export async function webServer(
  answer: (request: Heard) => Said | undefined = () => undefined,
  encoding: "utf8" | "latin1" = "utf8",
) {
  const heard: Heard[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method = "", url = "", headers } = request;
      const one = { method, url, headers, body: Buffer.concat(chunks).toString(encoding) };
      heard.push(one);
      const { status = 200, headers: sent = {}, body = "", silent = false } = answer(one) ?? {};
      if (!silent) response.writeHead(status, sent).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard,
    close: () => {
      server.closeAllConnections();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
