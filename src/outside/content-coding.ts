/** Decodes answers in the content codings that Busbar requests (RFC 9110, section 8.4.1). */
import { constants, createGunzip, createInflate, createInflateRaw, type Gunzip } from "node:zlib";

/**
 * An answer without its content coding, up to a limit; deflate with or without zlib's header. Bytes that are not in the
 * coding they claim are returned unchanged.
 */
export async function decoded(body: Buffer, coding: string | undefined, maxBytes: number): Promise<Buffer> {
  // A truncated answer is decoded as far as possible.
  const options = { finishFlush: constants.Z_SYNC_FLUSH };
  switch (coding?.trim().toLowerCase()) {
    case "gzip":
    case "x-gzip":
      return (await unpacked(createGunzip(options), body, maxBytes)) ?? body;
    case "deflate":
      return (
        (await unpacked(createInflate(options), body, maxBytes)) ??
        (await unpacked(createInflateRaw(options), body, maxBytes)) ??
        body
      );
    default:
      return body;
  }
}

/** Undefined for bytes that are not in this coding. */
async function unpacked(stream: Gunzip, body: Buffer, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.end(body);
  try {
    for await (const chunk of stream) {
      chunks.push(chunk as Buffer);
      size += (chunk as Buffer).length;
      if (size >= maxBytes) break;
    }
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks).subarray(0, maxBytes);
}
