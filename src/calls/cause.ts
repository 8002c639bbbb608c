/**
 * What made something happen: the chain of requests, deliveries, timers and tasks that led to it. It is ambient while a
 * synchronous body runs, and stored as one text with each row that lives longer than the turn.
 */
import { sha256Hex } from "../engine/digest.ts";
import type { TimerCauses } from "../engine/timers.ts";

/**
 * What kind of thing a link of the chain is. Its id is that of the request, delivery or timer, or the ARN of an
 * execution or pipe.
 */
export type CauseKind =
  | "request"
  | "delivery"
  | "message"
  | "timer"
  | "lever"
  | "execution"
  | "task"
  | "pipe"
  | "mapping"
  | "batch"
  | "replay"
  | "run";

/**
 * A chain keeps its first link and the last ones, so that something that triggers itself does not make an endless text.
 */
const maxLinks = 12;
const elided = "…";

/** Longest trace header accepted from a client; X-Ray's own have about 100 characters. */
const maxTraceChars = 500;

let current: Cause | undefined;

/** The cause whose text was asked for last: mostly it is read again before another one. */
let latest: Cause | undefined;

/** The cause of what runs at this moment; undefined outside of `run`, and after an `await`. */
export function currentCause(): Cause | undefined {
  return current;
}

export class Cause {
  /** From the first cause to the latest, each `{kind}:{id}`. */
  readonly links: readonly string[];
  /** Epoch seconds at which the trace began: with the first link, or when a timer last fired. */
  readonly beganAt: number;
  /** Scheme, host and port under which the outermost client reached us; undefined when there was no client. */
  readonly origin: string | undefined;
  /** The trace header that the first client sent, unchanged; undefined when it sent none. */
  readonly sentTrace: string | undefined;
  #text: string | undefined;
  /** The text in front of the trace header. */
  #head: string | undefined;

  private constructor(
    links: readonly string[],
    beganAt: number,
    origin: string | undefined,
    sentTrace: string | undefined,
  ) {
    this.links = links;
    this.beganAt = beganAt;
    this.origin = origin;
    this.sentTrace = sentTrace;
  }

  /** A client's request. @param trace the value of its X-Amzn-Trace-Id. */
  static ofRequest(requestId: string, nowMs: number, origin: string, trace: unknown): Cause {
    return new Cause([`request:${requestId}`], seconds(nowMs), origin, usableTrace(trace));
  }

  /** The cause of what begins by itself, with no client behind it. */
  static beginning(kind: CauseKind, id: string, nowMs: number): Cause {
    return new Cause([linkOf(kind, id)], seconds(nowMs), undefined, undefined);
  }

  /** The cause that `text` was made from. Rows of older versions have no text. */
  static from(text = "- 0 run:earlier"): Cause {
    if (latest !== undefined && latest.#text === text) return latest;
    const [origin = "", beganAt = "", links = "", ...trace] = text.split(" ");
    const cause = new Cause(
      links.split(">"),
      Number.parseInt(beganAt, 16),
      origin === "-" ? undefined : origin,
      trace.length === 0 ? undefined : trace.join(" "),
    );
    cause.#text = text;
    return cause;
  }

  /** The stored form: `{origin or -} {hex seconds} {link}>{link}…[ {trace header sent}]`, in printable characters. */
  get text(): string {
    this.#text ??= this.#withTrace(this.#headText());
    latest = this;
    return this.#text;
  }

  /**
   * The text of `next(kind, id)` for a new id of our own making, without building the cause: a fan-out has many that
   * differ only in their last link.
   */
  textOfNext(kind: CauseKind, id: string): string {
    if (this.links.length >= maxLinks) return this.next(kind, id).text;
    return this.#withTrace(`${this.#headText()}>${kind}:${id}`);
  }

  #headText(): string {
    this.#head ??= `${this.origin ?? "-"} ${this.beganAt.toString(16)} ${this.links.join(">")}`;
    return this.#head;
  }

  #withTrace(head: string): string {
    return this.sentTrace === undefined ? head : `${head} ${this.sentTrace}`;
  }

  /** The chain by itself, for people. */
  get chain(): string {
    return this.links.join(">");
  }

  /** The cause with one more link. What causes itself, such as a timer that sets itself again, adds no second link. */
  next(kind: CauseKind, id: string): Cause {
    const link = linkOf(kind, id);
    const { links } = this;
    if (links.at(-1) === link) return this;
    const longer =
      links.length < maxLinks
        ? [...links, link]
        : [links[0] as string, elided, ...links.slice(links.length - maxLinks + 3), link];
    return new Cause(longer, this.beganAt, this.origin, this.sentTrace);
  }

  /** The cause for a timer that was set here and now fires: each time it does, a new trace begins. */
  fired(timerId: string, nowMs: number): Cause {
    const { links } = this.next("timer", timerId);
    return new Cause(links, seconds(nowMs), this.origin, undefined);
  }

  /** The same chain with this trace header instead of the request's own, or without any when it is undefined. */
  withTrace(header: string | undefined): Cause {
    return new Cause(this.links, this.beganAt, this.origin, usableTrace(header));
  }

  /** A trace header in X-Ray's form: the client's own, or one derived from the chain, always the same. */
  get trace(): string {
    if (this.sentTrace !== undefined) return this.sentTrace;
    const { links, beganAt } = this;
    const time = beganAt.toString(16).padStart(8, "0");
    const root = sha256Hex(`${time} ${links[0]}`).slice(0, 24);
    return `Root=1-${time}-${root};Parent=${sha256Hex(this.chain).slice(0, 16)};Sampled=0`;
  }

  /** Runs a synchronous body with this as its cause. */
  run<T>(body: () => T): T {
    const before = current;
    current = this;
    try {
      return body();
    } finally {
      current = before;
    }
  }
}

/** For the engine's timers: what to store with a timer that is set now, and how to restore its cause when it fires. */
export function timerCauses(now: () => number): TimerCauses {
  return {
    current: () => current?.text,
    within: (kept, id, body) => {
      const cause = kept === undefined ? Cause.beginning("timer", id, now()) : Cause.from(kept).fired(id, now());
      return cause.run(body);
    },
  };
}

function seconds(epochMs: number): number {
  return Math.floor(epochMs / 1000);
}

/** Ids may come from clients, so the characters that separate links and parts are replaced. */
function linkOf(kind: CauseKind, id: string): string {
  return `${kind}:${id.replace(/[^!-=?-~]/g, "_")}`;
}

function usableTrace(header: unknown): string | undefined {
  if (typeof header !== "string" || header.length > maxTraceChars) return undefined;
  return /^[!-~](?:[ -~]*[!-~])?$/.test(header) ? header : undefined;
}
