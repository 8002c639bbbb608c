import type { Readable } from "node:stream";

/** An answer before it goes out. */
export interface Outcome {
  readonly status: number;
  /** Names and values in turn. */
  readonly headers: string[];
  readonly body: string | Buffer;
  /** In place of the body, where it comes as it is made. */
  readonly stream?: Readable;
}
