import type { Readable } from "node:stream";

/** An answer before it goes out. */
export interface Outcome {
  readonly status: number;
  /** Names and values in turn. */
  readonly headers: string[];
  readonly body: string | Buffer;
  /** Instead of the body, if it is sent as it arrives. */
  readonly stream?: Readable;
}
