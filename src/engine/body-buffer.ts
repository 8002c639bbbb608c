import { setImmediate } from "./real-time.ts";

/** A larger body is copied piece by piece. */
const largeBytes = 256 * 1024;
/**
 * A body gets its buffer once this share of it has arrived: all at its beginning would take memory for what may never
 * come.
 */
const largeShare = 1 / 4;
/** Copied in one turn of the event loop at the end of a body. */
const stepBytes = 512 * 1024;

/**
 * The bytes of a body as they arrive. A large one is copied into its buffer while the rest arrives, and in several turns
 * of the event loop at its end, since copying it all at once would hold up everybody else.
 */
export class BodyBuffer {
  readonly #length: number;
  /** What has arrived and is not copied yet. */
  #chunks: Buffer[] = [];
  #whole: Buffer | undefined;
  #copied = 0;

  /** @param length what the request declares, or NaN. */
  constructor(length: number) {
    this.#length = length;
  }

  /** @param received bytes of the body so far, with this chunk; not more than the body's length. */
  add(chunk: Buffer, received: number): void {
    this.#chunks.push(chunk);
    if (this.#length <= largeBytes || !(received >= this.#length * largeShare)) return;
    this.#whole ??= Buffer.allocUnsafeSlow(this.#length);
    // Twice of what arrives, so that what came before the buffer was there is caught up with.
    this.#copyInto(this.#whole, 2 * chunk.length);
  }

  /** Calls `done` with the body, now or in a later turn. */
  take(received: number, done: (body: Buffer) => void): void {
    if (this.#whole === undefined && received <= largeBytes) {
      done(this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks));
      return;
    }
    const whole = this.#whole ?? Buffer.allocUnsafeSlow(received);
    const goOn = (): void => {
      this.#copyInto(whole, stepBytes);
      if (this.#chunks.length > 0) setImmediate(goOn);
      else done(whole);
    };
    goOn();
  }

  #copyInto(whole: Buffer, bytes: number): void {
    const end = this.#copied + bytes;
    let count = 0;
    while (count < this.#chunks.length && this.#copied < end) {
      this.#copied += (this.#chunks[count] as Buffer).copy(whole, this.#copied);
      count += 1;
    }
    this.#chunks.splice(0, count);
  }
}
