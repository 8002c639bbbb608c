/** What a queue must do, in as few words as possible: lists and loops, nothing is fast here. */

export interface ModelMessage {
  /** Names the message in all of the simulation. */
  readonly token: string;
  readonly group: string | undefined;
  readonly sentMs: number;
  /** Its place among all messages of all queues. */
  readonly order: number;
  /** When its delay or its visibility timeout ends; 0 when it is visible. */
  untilMs: number;
  delayed: boolean;
  receives: number;
  /** Receives before it came here as a dead letter. */
  receivesBefore: number;
}

export interface QueueSettings {
  readonly name: string;
  readonly retentionMs: number;
  readonly deadLetters?: QueueModel;
  readonly maxReceives?: number;
}

const windowMs = 300_000;

export class QueueModel {
  readonly settings: QueueSettings;
  readonly fifo: boolean;
  messages: ModelMessage[] = [];
  /** When what was sent under a deduplication id is forgotten. */
  readonly #windows = new Map<string, number>();

  constructor(settings: QueueSettings) {
    this.settings = settings;
    this.fifo = settings.name.endsWith(".fifo");
  }

  settle(now: number): void {
    this.messages = this.messages.filter(({ sentMs }) => sentMs + this.settings.retentionMs > now);
    for (const message of this.messages) {
      if (message.untilMs > now) continue;
      message.untilMs = 0;
      message.delayed = false;
    }
  }

  /** Says whether it was taken: a duplicate is not. */
  send(
    message: { token: string; order: number; group?: string | undefined; id?: string | undefined; delayMs?: number },
    now: number,
  ): boolean {
    const { token, order, group, id, delayMs = 0 } = message;
    if (id !== undefined) {
      if ((this.#windows.get(id) ?? 0) > now) return false;
      this.remember(id, now);
    }
    const untilMs = delayMs > 0 ? now + delayMs : 0;
    const fresh = { token, group, sentMs: now, order, untilMs, delayed: delayMs > 0, receives: 0, receivesBefore: 0 };
    this.messages.push(fresh);
    return true;
  }

  /** A message was taken under this deduplication id. */
  remember(id: string, sentMs: number): void {
    this.#windows.set(id, sentMs + windowMs);
  }

  /** Could be received now, in order; on FIFO of each group what stands before its first message in flight. */
  receivable(): ModelMessage[] {
    const locked = new Set<string>();
    return this.messages.filter((message) => {
      if (!this.fifo) return message.untilMs === 0;
      if (message.untilMs > 0) locked.add(message.group as string);
      return !locked.has(message.group as string);
    });
  }

  /** Of a standard queue: what a receive gives, after those that were received too often have left as dead letters. */
  next(max: number): ModelMessage[] {
    const { deadLetters, maxReceives = Number.POSITIVE_INFINITY } = this.settings;
    const given: ModelMessage[] = [];
    for (const message of this.receivable()) {
      if (given.length === max) break;
      if (deadLetters === undefined || message.receives - message.receivesBefore < maxReceives) {
        given.push(message);
        continue;
      }
      this.drop(message.token);
      message.receivesBefore = message.receives;
      deadLetters.messages.push(message);
      deadLetters.messages.sort((a, b) => a.order - b.order);
    }
    return given;
  }

  receive(message: ModelMessage, visibilityMs: number, now: number): void {
    message.receives += 1;
    message.untilMs = visibilityMs === 0 ? 0 : now + visibilityMs;
  }

  find(token: string): ModelMessage | undefined {
    return this.messages.find((message) => message.token === token);
  }

  drop(token: string): void {
    this.messages = this.messages.filter((message) => message.token !== token);
  }

  purge(): void {
    this.messages = [];
    this.#windows.clear();
  }

  /** Visible, in flight, delayed. */
  counts(): readonly [number, number, number] {
    const waiting = this.messages.filter(({ untilMs }) => untilMs > 0);
    const delayed = waiting.filter((message) => message.delayed).length;
    return [this.messages.length - waiting.length, waiting.length - delayed, delayed];
  }
}
