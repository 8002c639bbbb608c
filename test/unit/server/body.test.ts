import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { expect, it } from "vitest";
import { readBody } from "../../../src/server/body.ts";

const chunkBytes = 65_536;

/** A request whose bytes are all there at once. */
function requestOf(body: Buffer, headers: Record<string, string>): IncomingMessage {
  const chunks = Array.from({ length: Math.ceil(body.length / chunkBytes) }, (_, at) =>
    body.subarray(at * chunkBytes, (at + 1) * chunkBytes),
  );
  return Object.assign(Readable.from(chunks, { objectMode: false }), { headers }) as unknown as IncomingMessage;
}

it.each([
  ["a declared length", { "content-length": "4000000" }],
  ["chunks", { "transfer-encoding": "chunked" }],
])("a large body with %s is read some in each turn, and whole", async (_name, headers) => {
  const sent = randomBytes(4_000_000);
  const request = requestOf(sent, headers);
  let inTurn = 0;
  let most = 0;
  request.on("data", (chunk: Buffer) => {
    if (inTurn === 0) setImmediate(() => (inTurn = 0));
    inTurn += chunk.length;
    most = Math.max(most, inTurn);
  });
  const body = await new Promise<Buffer>((resolve, reject) => {
    readBody(request, 5_000_000, (error, whole) => (error === undefined ? resolve(whole) : reject(error)));
  });
  expect(body.equals(sent)).toBe(true);
  expect(most).toBeLessThanOrEqual(2 * 262_144);
});
