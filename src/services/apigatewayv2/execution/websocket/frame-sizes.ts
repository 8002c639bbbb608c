/**
 * Reads the headers of WebSocket frames as they pass: API Gateway allows frames of at most 32 KiB (RFC 6455 section
 * 5.2).
 */

const maxFrameBytes = 32_768;

/** Two bytes, eight for the length, four for the mask. */
const maxHeaderBytes = 14;

export class FrameSizes {
  /** Bytes left of the current frame. */
  #left = 0;
  /** The start of a header whose rest has not arrived. */
  #header: Buffer | undefined;

  /** Whether a frame that is too long starts in these bytes. */
  exceeds(chunk: Buffer): boolean {
    let bytes = this.#header === undefined ? chunk : Buffer.concat([this.#header, chunk]);
    this.#header = undefined;
    for (;;) {
      if (this.#left >= bytes.length) {
        this.#left -= bytes.length;
        return false;
      }
      bytes = bytes.subarray(this.#left);
      this.#left = 0;
      const size = frameHeader(bytes);
      if (size === undefined) {
        this.#header = Buffer.from(bytes.subarray(0, maxHeaderBytes));
        return false;
      }
      if (size.payload > maxFrameBytes) return true;
      this.#left = size.header + size.payload;
    }
  }
}

/** Undefined while the header is incomplete. */
function frameHeader(bytes: Buffer): { header: number; payload: number } | undefined {
  if (bytes.length < 2) return undefined;
  const second = bytes[1] as number;
  const mask = second & 0x80 ? 4 : 0;
  const short = second & 0x7f;
  if (short < 126) return { header: 2 + mask, payload: short };
  if (short === 126) return bytes.length < 4 ? undefined : { header: 4 + mask, payload: bytes.readUInt16BE(2) };
  if (bytes.length < 10) return undefined;
  const payload = Number(bytes.readBigUInt64BE(2));
  return { header: 10 + mask, payload };
}
