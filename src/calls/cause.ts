/**
 * What made something happen: the chain of requests, deliveries, timers and tasks that led to it. It is ambient while a
 * synchronous body runs, and kept as one text with each row that outlives the turn.
 */
import { sha256Hex } from "../engine/digest.ts";
import type { TimerCauses } from "../engine/timers.ts";

/** What a link of the chain is; its id is the request's, the delivery's, the timer's, an execution's or pipe's ARN … */
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

/** A chain keeps its first link and the last ones: what triggers itself again and again makes no endless text. */
const mostLinks = 12;
const elided = "…";

/** Longest trace header that is taken from a client; X-Ray's own have about 100 characters. */
const mostTraceChars = 500;

let current: Cause | undefined;

/** The cause of what runs at this moment; undefined outside of everything, and behind an `await`. */
export function currentCause(): Cause | undefined {
  return current;
}

export class Cause {
  /** From the first cause to the nearest, each `{kind}:{id}`. */
  readonly links: readonly string[];
  /** Epoch seconds at which the trace began: with the first link, or when a timer last fired. */
  readonly beganAt: number;
  /** Scheme, host and port by which the outermost client reached us; undefined when there was no client. */
  readonly origin: string | undefined;
  /** The trace header that the first client sent, as it came; undefined when it sent none. */
  readonly sentTrace: string | undefined;
  #text: string | undefined;
  /** The text up to the trace header. */
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

  /** What begins by itself, with no client behind it. */
  static beginning(kind: CauseKind, id: string, nowMs: number): Cause {
    return new Cause([linkOf(kind, id)], seconds(nowMs), undefined, undefined);
  }

  /** The cause that `text` was made of. Rows of versions that kept none have no text. */
  static from(text = "- 0 run:earlier"): Cause {
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

  /** What rows keep: `{origin or -} {hex seconds} {link}>{link}…[ {trace header sent}]`, in printable characters. */
  get text(): string {
    this.#text ??= this.#withTrace(this.#headText());
    return this.#text;
  }

  /** The text of `next(kind, id)` for a new id of our own making; a fan-out has many that differ in their last link alone. */
  textOfNext(kind: CauseKind, id: string): string {
    if (this.links.length >= mostLinks) return this.next(kind, id).text;
    return this.#withTrace(`${this.#headText()}>${kind}:${id}`);
  }

  #headText(): string {
    this.#head ??= `${this.origin ?? "-"} ${this.beganAt.toString(16)} ${this.links.join(">")}`;
    return this.#head;
  }

  #withTrace(head: string): string {
    return this.sentTrace === undefined ? head : `${head} ${this.sentTrace}`;
  }

  /** The chain alone, for people. */
  get chain(): string {
    return this.links.join(">");
  }

  /** One link further. What is its own cause, such as a timer that sets itself again, adds no second link. */
  next(kind: CauseKind, id: string): Cause {
    const link = linkOf(kind, id);
    const { links } = this;
    if (links.at(-1) === link) return this;
    const longer =
      links.length < mostLinks
        ? [...links, link]
        : [links[0] as string, elided, ...links.slice(links.length - mostLinks + 3), link];
    return new Cause(longer, this.beganAt, this.origin, this.sentTrace);
  }

  /** A timer that was set here fires: a trace of its own begins, each time it does. */
  fired(timerId: string, nowMs: number): Cause {
    const { links } = this.next("timer", timerId);
    return new Cause(links, seconds(nowMs), this.origin, undefined);
  }

  /** The same chain with this trace header instead of the request's own; without any for undefined. */
  withTrace(header: string | undefined): Cause {
    return new Cause(this.links, this.beganAt, this.origin, usableTrace(header));
  }

  /** A trace header of X-Ray's form: the client's own, or one made of the chain, the same at each look. */
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

/**
 * For the engine's timers: what is to be kept with one that is set now, and how its cause is in force again when it fires.
 */
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

/** Ids come from clients too; these characters stand between links and parts. */
function linkOf(kind: CauseKind, id: string): string {
  return `${kind}:${id.replace(/[^!-=?-~]/g, "_")}`;
}

function usableTrace(header: unknown): string | undefined {
  if (typeof header !== "string" || header.length > mostTraceChars) return undefined;
  return /^[!-~](?:[ -~]*[!-~])?$/.test(header) ? header : undefined;
}
