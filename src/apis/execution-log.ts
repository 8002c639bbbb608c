/** The log of one execution, line by line (developer guide, CloudWatch logs for REST APIs). */

/** Characters after which a line is truncated; TestInvokeMethod allows more. */
const maxLineLength = 1024;
const maxTestedLineLength = 100_000;

export class ExecutionLog {
  readonly #lines: { readonly timeMs: number; readonly text: string }[] = [];
  readonly #now: () => number;
  readonly #requestId: string;
  /** Whether bodies and headers are logged too. */
  readonly #full: boolean;
  readonly #maxLength: number;

  /** @param full logs whole requests and answers (`dataTrace`). @param tested the log of a TestInvokeMethod. */
  constructor(requestId: string, now: () => number, { full, tested }: { full: boolean; tested: boolean }) {
    this.#requestId = requestId;
    this.#now = now;
    this.#full = full;
    this.#maxLength = tested ? maxTestedLineLength : maxLineLength;
  }

  line(text: string): void {
    const shown = text.length > this.#maxLength ? `${text.slice(0, this.#maxLength)} [TRUNCATED]` : text;
    this.#lines.push({ timeMs: this.#now(), text: shown });
  }

  /** A line that is only logged with `full`. */
  detail(text: string): void {
    if (this.#full) this.line(text);
  }

  /** The request to a backend. */
  request(
    url: string,
    headers: Readonly<Record<string, string | readonly string[]>>,
    body: { readonly text: string },
  ): void {
    this.detail(`Endpoint request URI: ${url}`);
    this.detail(`Endpoint request headers: ${mapText(Object.entries(headers))}`);
    this.detail(`Endpoint request body after transformations: ${body.text}`);
    this.line(`Sending request to ${url}`);
  }

  /** What the backend answered. */
  answer(status: number, latencyMs: number, rawHeaders: readonly string[], body: string | Buffer): void {
    this.line(`Received response. Status: ${status}, Integration latency: ${latencyMs} ms`);
    this.detail(`Endpoint response headers: ${rawMapText(rawHeaders)}`);
    this.detail(`Endpoint response body before transformations: ${body.toString()}`);
  }

  get lines(): readonly { readonly timeMs: number; readonly text: string }[] {
    return this.#lines;
  }

  /** The log as TestInvokeMethod returns it. */
  text(): string {
    const lines = this.#lines.map(({ timeMs, text }) => `${logDate(timeMs)} : ${text}\n`);
    return `Execution log for request ${this.#requestId}\n${lines.join("")}`;
  }
}

const secrets = new Set(["authorization", "x-api-key"]);

/** `{name=value, …}`, secrets masked. */
export function mapText(entries: Iterable<readonly [string, string | readonly string[]]>): string {
  const texts: string[] = [];
  for (const [name, value] of entries) {
    const shown = secrets.has(name.toLowerCase()) ? "***" : typeof value === "string" ? value : value.join(", ");
    texts.push(`${name}=${shown}`);
  }
  return `{${texts.join(", ")}}`;
}

/** As `mapText`. @param rawHeaders names and values in turn */
export function rawMapText(rawHeaders: readonly string[]): string {
  const entries: [string, string][] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2)
    entries.push([rawHeaders[at] as string, rawHeaders[at + 1] as string]);
  return mapText(entries);
}

/** `Thu Oct 01 09:05:00 UTC 2026` */
export function logDate(epochMs: number): string {
  const text = new Date(epochMs).toUTCString();
  const [weekday = "", day = "", month = "", year = "", time = ""] = text.split(" ");
  return `${weekday.slice(0, 3)} ${month} ${day} ${time} UTC ${year}`;
}
