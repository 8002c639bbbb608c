/** Splits the output of a process into lines. */

/** CloudWatch Logs takes events of 1 MB at most (CloudWatch Logs quotas). */
const maxLineBytes = 1024 * 1024;
const lineFeed = 10;

/** How many lines are kept that were written before the first event. */
const maxEarlyLines = 1000;

/** Sends lines to the log of the current event; lines written before go to the first event's log. */
export class EventLog {
  #early: string[] = [];
  #onLine: ((line: string) => void) | undefined;

  begin(onLine: (line: string) => void): void {
    this.#onLine = onLine;
    for (const line of this.#early.splice(0)) onLine(line);
  }

  add(line: string): void {
    if (this.#onLine !== undefined) this.#onLine(line);
    else if (this.#early.length < maxEarlyLines) this.#early.push(line);
  }
}

export class OutputLines {
  readonly #onLine: (line: string) => void;
  #begun: Buffer[] = [];
  #begunBytes = 0;

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  push(chunk: Buffer): void {
    let from = 0;
    for (let at = chunk.indexOf(lineFeed); at !== -1; at = chunk.indexOf(lineFeed, from)) {
      this.#take(chunk.subarray(from, at));
      this.end();
      from = at + 1;
    }
    this.#take(chunk.subarray(from));
    if (this.#begunBytes >= maxLineBytes) this.end();
  }

  /** Treats unfinished output as a line. */
  end(): void {
    if (this.#begunBytes === 0) return;
    const text = Buffer.concat(this.#begun).toString();
    this.#begun = [];
    this.#begunBytes = 0;
    // Bootstraps write a carriage return for a line feed within one message, as AWS's do.
    this.#onLine(text.replace(/\r$/, "").replaceAll("\r", "\n"));
  }

  #take(part: Buffer): void {
    if (part.length === 0) return;
    // A copy: the chunk belongs to the pipe and is much larger than a line.
    this.#begun.push(Buffer.from(part.subarray(0, maxLineBytes)));
    this.#begunBytes += part.length;
  }
}
