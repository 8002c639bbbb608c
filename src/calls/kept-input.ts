/** What answered calls were given, as the log of requests keeps it. */
import type { OperationCodec, WireRequest } from "../../protocols/protocol.ts";
import type { Call } from "./call.ts";
import type { Input } from "./shown-call.ts";

const noBytes = Buffer.alloc(0);
/** Room is made in multiples of this, so that one buffer serves most of the calls that come after. */
const unitBytes = 256;

/**
 * The input of one call: the bytes it came in, which are read once more when somebody looks. A thousand decoded inputs
 * would be most of what the garbage collector has to move under load; bytes lie outside of its heap, and each buffer is
 * used again for a later call.
 */
export class KeptInput {
  #codec: OperationCodec | undefined;
  #method = "";
  #path = "";
  #query = "";
  #type: string | undefined;
  #bytes: Buffer = noBytes;
  #length = 0;
  /** Instead of all that, where other headers have a part of it. */
  #decoded: Input | undefined;

  /** Takes over the input of a call, which may have none. */
  fill({ input, codec, request }: Call): void {
    const isWhole = input === undefined || codec === undefined || request === undefined || codec.readsHeaders;
    this.#decoded = isWhole ? input : undefined;
    this.#codec = isWhole ? undefined : codec;
    if (!isWhole) this.#take(request);
  }

  /** @param host that the call was sent to. */
  value(host: string | undefined): Input | undefined {
    if (this.#codec === undefined) return this.#decoded;
    const headers = { host: host || undefined, "content-type": this.#type };
    const body = this.#bytes.subarray(0, this.#length);
    return this.#codec.decode({ method: this.#method, path: this.#path, query: this.#query, headers, body });
  }

  #take({ method, path, query, headers, body }: WireRequest): void {
    const type = headers["content-type"];
    this.#method = method;
    this.#path = path;
    this.#query = query;
    // Mostly what it was: the text that is old already need not be moved.
    if (this.#type !== type) this.#type = typeof type === "string" ? type : undefined;
    this.#length = body.length;
    if (body.length > this.#bytes.length) {
      this.#bytes = Buffer.allocUnsafeSlow(Math.ceil(body.length / unitBytes) * unitBytes);
    }
    this.#bytes.set(body);
  }
}
