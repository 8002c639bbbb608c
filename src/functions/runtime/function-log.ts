/** The log of one invocation: the platform's lines around the function's own, and the tail that clients may request. */

import type { RuntimeSpec } from "./launch.ts";
import type { Outcome } from "./runs.ts";

export interface LogLine {
  /** Epoch milliseconds of the emulator's clock. */
  readonly timeMs: number;
  readonly message: string;
}

/** Bytes of the tail that Invoke returns, and of the lines kept per invocation. */
const tailBytes = 4096;
const maxKeptBytes = 4 * 1024 * 1024;

export class FunctionLog {
  readonly lines: LogLine[] = [];
  readonly #spec: RuntimeSpec;
  readonly #requestId: string;
  readonly #now: () => number;
  #bytes = 0;

  constructor(spec: RuntimeSpec, requestId: string, now: () => number) {
    this.#spec = spec;
    this.#requestId = requestId;
    this.#now = now;
  }

  add(message: string): void {
    this.#bytes += message.length;
    // Output beyond this is dropped.
    if (this.#bytes <= maxKeptBytes) this.lines.push({ timeMs: this.#now(), message });
  }

  start(): void {
    const { version, isJsonLog } = this.#spec;
    if (isJsonLog) this.#platform("start", { requestId: this.#requestId, version });
    else this.add(`START RequestId: ${this.#requestId} Version: ${version}`);
  }

  /** Adds the final lines for the outcome. */
  end(outcome: Outcome): void {
    const { isJsonLog, memoryMb, timeoutMs, runtime, runtimeVersionArn } = this.#spec;
    const { durationMs, initMs, peakBytes, timedOut } = outcome;
    const shownMs = timedOut ? timeoutMs : durationMs;
    const usedMb = Math.ceil((peakBytes ?? 0) / (1024 * 1024));
    if (initMs !== undefined && !isJsonLog) {
      const arn = runtimeVersionArn === undefined ? "" : `\tRuntime Version ARN: ${runtimeVersionArn}`;
      const message = `INIT_START Runtime Version: ${runtime}${arn}`;
      this.lines.unshift({ timeMs: this.lines[0]?.timeMs ?? this.#now(), message });
    }
    if (isJsonLog) {
      const metrics = {
        durationMs: round(shownMs),
        billedDurationMs: Math.ceil(shownMs),
        memorySizeMB: memoryMb,
        maxMemoryUsedMB: usedMb,
        ...(initMs === undefined ? {} : { initDurationMs: round(initMs) }),
      };
      const status = timedOut ? "timeout" : outcome.functionError === undefined ? "success" : "error";
      this.#platform("report", { requestId: this.#requestId, metrics, status });
      return;
    }
    const id = this.#requestId;
    if (timedOut) {
      const time = new Date(this.#now()).toISOString();
      this.add(`${time} ${id} Task timed out after ${(timeoutMs / 1000).toFixed(2)} seconds`);
    }
    this.add(`END RequestId: ${id}`);
    const init = initMs === undefined ? "" : `\tInit Duration: ${initMs.toFixed(2)} ms`;
    this.add(
      `REPORT RequestId: ${id}\tDuration: ${shownMs.toFixed(2)} ms\tBilled Duration: ${Math.ceil(shownMs)} ms\t` +
        `Memory Size: ${memoryMb} MB\tMax Memory Used: ${usedMb} MB${init}\t${timedOut ? "Status: timeout" : ""}`,
    );
  }

  /** The last 4 KB; a character cut in half becomes U+FFFD for each of its remaining bytes. */
  tail(): string {
    const texts: string[] = [];
    let bytes = 0;
    for (let at = this.lines.length - 1; at >= 0 && bytes < tailBytes; at--) {
      const text = `${this.lines[at]?.message}\n`;
      texts.unshift(text);
      bytes += Buffer.byteLength(text);
    }
    return Buffer.from(texts.join("")).subarray(-tailBytes).toString();
  }

  #platform(type: string, record: object): void {
    const time = new Date(this.#now()).toISOString();
    this.add(JSON.stringify({ time, type: `platform.${type}`, record }));
  }
}

function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
