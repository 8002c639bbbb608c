/**
 * What extensions are told about an environment's life and log lines (Lambda developer guide, "Lambda Telemetry API",
 * and the older Logs API).
 */
import { createConnection } from "node:net";
import { textOf } from "../../../protocols/unknown-json.ts";
import { clearTimeout, dateNow, setTimeout } from "../../engine/real-time.ts";
import { httpCall } from "../../outside/http-client.ts";

const kinds = ["platform", "function", "extension"];
const deliveryMs = 5000;
/** How many characters may wait for a subscriber; anything beyond is dropped, and the subscriber is told. */
const maxWaiting = 4 * 1024 * 1024;

interface Subscription {
  readonly name: string;
  readonly types: ReadonlySet<string>;
  readonly protocol: "HTTP" | "TCP";
  readonly url: URL;
  readonly maxItems: number;
  readonly maxBytes: number;
  readonly timeoutMs: number;
  waiting: string[];
  size: number;
  dropped: number;
  timer: NodeJS.Timeout | undefined;
  sending: Promise<void>;
}

export class Telemetry {
  readonly #subscriptions: Subscription[] = [];

  get isHeard(): boolean {
    return this.#subscriptions.length > 0;
  }

  /** @returns why it was refused; undefined when it was accepted. */
  subscribe(name: string, text: string, isLogs: boolean): string | undefined {
    const read = subscriptionIn(text);
    if (typeof read === "string") return read;
    this.#subscriptions.push({
      ...read,
      name,
      waiting: [],
      size: 0,
      dropped: 0,
      timer: undefined,
      sending: Promise.resolve(),
    });
    this.platform(isLogs ? "logsSubscription" : "telemetrySubscription", {
      name,
      state: "Subscribed",
      types: [...read.types],
    });
    return undefined;
  }

  platform(type: string, record: object): void {
    this.#emit("platform", `platform.${type}`, record);
  }

  line(kind: "function" | "extension", line: string): void {
    this.#emit(kind, kind, `${line}\n`);
  }

  /** Resolves once everything queued was sent. */
  async flush(): Promise<void> {
    await Promise.all(
      this.#subscriptions.map((one) => {
        this.#send(one);
        return one.sending;
      }),
    );
  }

  close(): void {
    for (const { timer } of this.#subscriptions) clearTimeout(timer);
    this.#subscriptions.length = 0;
  }

  #emit(kind: string, type: string, record: unknown): void {
    if (this.#subscriptions.length === 0) return;
    const text = JSON.stringify({ time: new Date(dateNow()).toISOString(), type, record });
    for (const one of this.#subscriptions) {
      if (!one.types.has(kind)) continue;
      if (one.size + text.length > maxWaiting) {
        one.dropped += 1;
        continue;
      }
      one.waiting.push(text);
      one.size += text.length;
      if (one.waiting.length >= one.maxItems || one.size >= one.maxBytes) this.#send(one);
      else one.timer ??= setTimeout(() => this.#send(one), one.timeoutMs).unref();
    }
  }

  #send(one: Subscription): void {
    clearTimeout(one.timer);
    one.timer = undefined;
    one.sending = one.sending.then(async () => {
      if (one.dropped > 0) {
        const record = { reason: "The subscriber is too slow.", droppedRecords: one.dropped };
        one.waiting.push(
          JSON.stringify({ time: new Date(dateNow()).toISOString(), type: "platform.logsDropped", record }),
        );
        one.dropped = 0;
      }
      const batch = one.waiting;
      one.waiting = [];
      one.size = 0;
      if (batch.length > 0) await deliver(one, batch);
    });
  }
}

/** A subscriber that does not answer loses the batch. */
async function deliver({ protocol, url }: Subscription, batch: readonly string[]): Promise<void> {
  try {
    if (protocol === "TCP") return await write(url, `${batch.join("\n")}\n`);
    const headers = { "Content-Type": "application/json" };
    const body = `[${batch.join(",")}]`;
    await httpCall(url, { method: "POST", headers, body, timeoutMs: deliveryMs, maxBodyBytes: 1024 });
  } catch {
    // It does not listen any more, or not yet.
  }
}

function write({ hostname, port }: URL, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: hostname, port: Number(port) }, () => socket.end(text));
    socket.setTimeout(deliveryMs, () => socket.destroy());
    socket.once("close", () => resolve());
    socket.once("error", reject);
  });
}

type Read = Pick<Subscription, "types" | "protocol" | "url" | "maxItems" | "maxBytes" | "timeoutMs">;

/** A subscription, or the problem with it. */
function subscriptionIn(text: string): Read | string {
  let body: Readonly<Record<string, unknown>>;
  try {
    const value: unknown = JSON.parse(text);
    body = typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return "The subscription is not valid JSON.";
  }
  const { types, buffering, destination } = body;
  if (!Array.isArray(types) || types.length === 0 || types.some((type) => !kinds.includes(type as string))) {
    return `types is a list of ${kinds.join(", ")}.`;
  }
  const { protocol, URI: uri, port } = { ...(destination as object | undefined) } as Readonly<Record<string, unknown>>;
  if (protocol !== "HTTP" && protocol !== "TCP") return "destination.protocol is HTTP or TCP.";
  const url = urlOf(protocol === "TCP" && uri === undefined ? `http://sandbox:${textOf(port)}` : uri);
  if (url === undefined) return "destination.URI names a port of sandbox.localdomain.";
  const numbers = { ...(buffering as object | undefined) } as Readonly<Record<string, unknown>>;
  const maxItems = bounded(numbers["maxItems"], 1000, 10_000, 10_000);
  const maxBytes = bounded(numbers["maxBytes"], 262_144, 1_048_576, 262_144);
  const timeoutMs = bounded(numbers["timeoutMs"], 25, 30_000, 1000);
  if (maxItems === undefined || maxBytes === undefined || timeoutMs === undefined)
    return "buffering is out of its range.";
  return { types: new Set(types as string[]), protocol, url, maxItems, maxBytes, timeoutMs };
}

/** The sandbox's own host name means this machine. */
function urlOf(uri: unknown): URL | undefined {
  if (typeof uri !== "string" || !URL.canParse(uri)) return undefined;
  const url = new URL(uri);
  if (!/^(sandbox(\.localdomain)?|localhost|127\.0\.0\.1|0\.0\.0\.0)$/.test(url.hostname) || url.port === "")
    return undefined;
  url.hostname = "127.0.0.1";
  return url;
}

function bounded(value: unknown, least: number, most: number, otherwise: number): number | undefined {
  if (value === undefined || value === null) return otherwise;
  return typeof value === "number" && value >= least && value <= most ? value : undefined;
}
