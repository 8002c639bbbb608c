/** How the APIs for runtimes and extensions read requests and answer. */
import type { IncomingMessage, ServerResponse } from "node:http";

/** Errors and registrations are a few lines of text; anything longer ends the connection. */
const maxTextBytes = 1024 * 1024;

export function withText(request: IncomingMessage, then: (text: string) => void): void {
  const chunks: Buffer[] = [];
  let size = 0;
  request.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size > maxTextBytes) request.destroy();
    else chunks.push(chunk);
  });
  request.on("error", () => {});
  request.on("end", () => then(Buffer.concat(chunks).toString()));
}

export function refuse(response: ServerResponse, status: number, errorType: string, errorMessage: string): void {
  answer(response, status, JSON.stringify({ errorMessage, errorType }));
}

export function answer(
  response: ServerResponse,
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, {
    "Content-Type": "application/json",
    "Content-Length": Buffer.byteLength(body),
    ...headers,
  });
  response.end(body);
}
