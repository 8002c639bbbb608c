/**
 * Passes a function's answer on to the client as it arrives (developer guide, response streaming of a Lambda proxy
 * integration).
 */
import { PassThrough, type Readable } from "node:stream";
import { type ProxyResult, proxyResult } from "../../../apis/lambda-answer.ts";
import { headedStreamType, StreamedHead } from "../../../apis/streamed-head.ts";
import type { FunctionAnswer, ResponseSink } from "../../../functions/types.ts";

export class FunctionStream implements ResponseSink {
  readonly #head = new StreamedHead();
  readonly #body = new PassThrough();
  readonly #opened: Promise<ProxyResult | "malformed">;
  #open: (result: ProxyResult | "malformed") => void = () => {};
  #result: ProxyResult | "malformed" | undefined;
  #hasBegun = false;

  constructor() {
    this.#opened = new Promise((resolve) => {
      this.#open = resolve;
    });
    // Whoever reads the body learns about errors there.
    this.#body.on("error", () => {});
  }

  get body(): Readable {
    return this.#body;
  }

  begin(contentType: string | undefined): void {
    this.#hasBegun = true;
    if (contentType !== headedStreamType) this.#settle("malformed");
  }

  write(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#result !== undefined) return this.#pass(bytes);
    const found = this.#head.add(bytes);
    if (found === undefined) return undefined;
    if (found === "malformed") {
      this.#settle("malformed");
      return undefined;
    }
    this.#settle(proxyResult(found.head, "streamed") ?? "malformed");
    return this.#pass(found.rest);
  }

  /**
   * The head as soon as it has arrived; the function's whole answer if it did not stream.
   * @param whole settles when the function has ended.
   */
  first(whole: Promise<FunctionAnswer>): Promise<ProxyResult | FunctionAnswer | "malformed"> {
    const ended = whole.then(
      (answer) => {
        if (answer.functionError === undefined) this.#body.end();
        else this.#body.destroy(new Error("The function failed"));
        return this.#hasBegun ? (this.#result ?? "malformed") : answer;
      },
      (error: Error) => {
        this.#body.destroy(error);
        throw error;
      },
    );
    // Once the head is there nobody waits for the end.
    ended.catch(() => {});
    return Promise.race([this.#opened, ended]);
  }

  #settle(result: ProxyResult | "malformed"): void {
    this.#result ??= result;
    this.#open(this.#result);
  }

  #pass(bytes: Uint8Array): Promise<void> | undefined {
    const body = this.#body;
    if (this.#result === "malformed" || body.destroyed || bytes.length === 0 || body.write(bytes)) return undefined;
    return new Promise((resolve) => {
      body.once("drain", resolve);
      body.once("close", resolve);
    });
  }
}
