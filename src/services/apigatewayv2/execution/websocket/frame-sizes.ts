/** Looks at the headers of WebSocket frames as they pass: API Gateway takes frames of 32 KiB at most (RFC 6455 section 5.2). */

const maxFrameBytes = 32_768;

/** The longest header: two bytes, eight of length, four of mask. */
const longestHeader = 14;

export class FrameSizes {
  /** What is left of the frame that is passing. */
  #left = 0;
  /** The beginning of a header whose rest has not come yet. */
  #header: Buffer | undefined;

  /** Whether a frame begins in these bytes that is too long. */
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
      const size = headerOf(bytes);
      if (size === undefined) {
        this.#header = Buffer.from(bytes.subarray(0, longestHeader));
        return false;
      }
      if (size.payload > maxFrameBytes) return true;
      this.#left = size.header + size.payload;
    }
  }
}

/** Undefined while the header is not whole. */
function headerOf(bytes: Buffer): { header: number; payload: number } | undefined {
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
