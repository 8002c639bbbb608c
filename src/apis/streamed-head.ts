/**
 * What a function that streams an HTTP answer writes before its body: status and headers as JSON, then eight zero bytes
 * (Lambda developer guide, response streaming).
 */
import { jsonObject } from "../../protocols/unknown-json.ts";

/** The content type of a stream that begins so. */
export const headedStreamType = "application/vnd.awslambda.http-integration-response";

const divider = Buffer.alloc(8);
const longestHead = 64 * 1024;

export interface HeadAndRest {
  readonly head: Readonly<Record<string, unknown>>;
  /** What has come of the body. */
  readonly rest: Buffer;
}

export class StreamedHead {
  #bytes: Buffer = Buffer.alloc(0);

  /** Undefined while the head is not whole, "malformed" for what is none. */
  add(bytes: Uint8Array): HeadAndRest | "malformed" | undefined {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    const at = this.#bytes.indexOf(divider);
    if (at === -1) return this.#bytes.length > longestHead ? "malformed" : undefined;
    const head = jsonObject(this.#bytes.subarray(0, at).toString());
    return head === undefined ? "malformed" : { head, rest: this.#bytes.subarray(at + divider.length) };
  }
}
