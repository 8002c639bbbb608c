/** An answer before it goes out. */
export interface Outcome {
  readonly status: number;
  /** Names and values in turn. */
  readonly headers: string[];
  readonly body: string | Buffer;
}
