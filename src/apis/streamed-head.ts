/**
 * What a function that streams an HTTP answer writes before its body: status and headers as JSON, then eight zero bytes
 * (Lambda developer guide, response streaming).
 */
import { jsonObject } from "../../protocols/unknown-json.ts";

/** The content type of a stream that starts with a head. */
export const headedStreamType = "application/vnd.awslambda.http-integration-response";

const divider = Buffer.alloc(8);
const maxHeadBytes = 64 * 1024;

export interface HeadAndRest {
  readonly head: Readonly<Record<string, unknown>>;
  /** What has arrived of the body. */
  readonly rest: Buffer;
}

/** Collects the bytes of a stream until its head is complete. */
export class StreamedHead {
  #bytes: Buffer = Buffer.alloc(0);

  /** Undefined while the head is incomplete; "malformed" if it is not a valid one. */
  add(bytes: Uint8Array): HeadAndRest | "malformed" | undefined {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    const at = this.#bytes.indexOf(divider);
    if (at === -1) return this.#bytes.length > maxHeadBytes ? "malformed" : undefined;
    const head = jsonObject(this.#bytes.subarray(0, at).toString());
    return head === undefined ? "malformed" : { head, rest: this.#bytes.subarray(at + divider.length) };
  }
}
