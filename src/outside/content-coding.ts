/** Answers in the codings that Busbar asks for (RFC 9110, section 8.4.1). */
import { constants, createGunzip, createInflate, createInflateRaw, type Gunzip } from "node:zlib";

/**
 * The text of an answer without its coding, up to a bound; deflate comes with zlib's frame or without it. What is not of
 * the coding it names stays as it came.
 */
export async function decoded(body: Buffer, coding: string | undefined, mostBytes: number): Promise<Buffer> {
  // An answer that was cut off is read as far as it came.
  const options = { finishFlush: constants.Z_SYNC_FLUSH };
  switch (coding?.trim().toLowerCase()) {
    case "gzip":
    case "x-gzip":
      return (await unpacked(createGunzip(options), body, mostBytes)) ?? body;
    case "deflate":
      return (
        (await unpacked(createInflate(options), body, mostBytes)) ??
        (await unpacked(createInflateRaw(options), body, mostBytes)) ??
        body
      );
    default:
      return body;
  }
}

/** Undefined for bytes that are not of the stream's coding. */
async function unpacked(stream: Gunzip, body: Buffer, mostBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.end(body);
  try {
    for await (const chunk of stream) {
      chunks.push(chunk as Buffer);
      size += (chunk as Buffer).length;
      if (size >= mostBytes) break;
    }
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks).subarray(0, mostBytes);
}
