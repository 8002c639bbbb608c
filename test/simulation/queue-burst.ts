/** What queues were told while a process was about to end, and what the next one may therefore find in them. */
import { isDeepStrictEqual } from "node:util";
import type { ModelMessage, QueueModel } from "./queue-model.ts";
import { messagesIn } from "./queue-peek.ts";
import { Violation, type World } from "./world.ts";

export interface Handle {
  readonly queue: QueueModel;
  readonly token: string;
  readonly text: string;
  /** Which receive of the message it is of. */
  readonly receive: number;
}

/** What was sent while the process was about to end. */
export interface Sent {
  readonly token: string;
  readonly queues: readonly QueueModel[];
  readonly id: string | undefined;
  readonly atMs: number;
  acknowledged: boolean;
}

export interface Topic {
  readonly name: string;
  /** Those that get messages of this color, or of any. */
  readonly subscribers: readonly { readonly queue: QueueModel; readonly color?: string; readonly raw: boolean }[];
  /** FIFO: when what was published under an id is forgotten. */
  readonly windows: Map<string, number>;
}

export class QueueBurst {
  readonly #world: World;
  readonly #queues: readonly QueueModel[];
  #sent: Sent[] = [];
  #received: readonly Handle[] = [];
  /** By queue and token: whether that was acknowledged. */
  readonly #deleted = new Map<string, boolean>();

  constructor(world: World, queues: readonly QueueModel[]) {
    this.#world = world;
    this.#queues = queues;
  }

  /** These are about to be sent. */
  sending(messages: readonly { token: string; id?: string | undefined }[], queues: readonly QueueModel[]): Sent[] {
    const atMs = this.#world.now();
    const facts = messages.map(({ token, id }) => ({ token, queues, id, atMs, acknowledged: false }));
    this.#sent.push(...facts);
    return facts;
  }

  received(handles: readonly Handle[]): void {
    this.#received = [...this.#received, ...handles];
  }

  deleting(queue: QueueModel, token: string, acknowledged: boolean): void {
    const key = keyOf(queue, token);
    this.#deleted.set(key, acknowledged || this.#deleted.get(key) === true);
  }

  /**
   * Takes over what is there after a reload: what was acknowledged, and of what was under way some. What was not touched
   * is as it was. Gives the highest place of a message. @throws Violation
   */
  recover(touched: ReadonlySet<QueueModel>, topics: readonly Topic[]): number {
    const now = this.#world.now();
    const actual = new Map(this.#queues.map(({ settings }) => [settings.name, messagesIn(this.#world, settings.name)]));
    for (const queue of this.#queues) {
      queue.settle(now);
      const { name, retentionMs } = queue.settings;
      const all = actual.get(name) ?? [];
      const there = all.filter(({ sentMs }) => sentMs + retentionMs > now);
      if (!touched.has(queue)) {
        const [kept, known] = [there.map(standing), queue.messages.map(standing)];
        if (!isDeepStrictEqual(kept, known)) throw new Violation("a reload changes a queue", { name, kept, known });
      }
      this.#checkKept(queue, all, actual.get(queue.settings.deadLetters?.settings.name ?? "") ?? [], now);
    }
    // All at once: what left a queue as a dead letter is known of there until all are looked at.
    for (const queue of this.#queues) {
      const { name, retentionMs } = queue.settings;
      queue.messages = (actual.get(name) ?? []).filter(({ sentMs }) => sentMs + retentionMs > now);
    }
    for (const { token, queue, receive } of this.#received) {
      const message = queue.find(token);
      if (message !== undefined && message.receives < receive) throw new Violation("a receive is forgotten", { token });
    }
    this.#adoptSent(actual, topics);
    this.#sent = [];
    this.#received = [];
    this.#deleted.clear();
    return Math.max(0, ...[...actual.values()].flat().map(({ order }) => order));
  }

  #checkKept(
    queue: QueueModel,
    there: readonly { token: string; sentMs: number }[],
    dead: readonly { token: string }[],
    now: number,
  ): void {
    const { name, retentionMs } = queue.settings;
    const isThere = (token: string) => [...there, ...dead].some((message) => message.token === token);
    for (const { token } of queue.messages) {
      if (!isThere(token) && !this.#deleted.has(keyOf(queue, token)))
        throw new Violation("an acknowledged message is lost", { name, token });
    }
    for (const { token, queues, acknowledged, id, atMs } of this.#sent) {
      // A duplicate is acknowledged and not kept.
      if (!queues.includes(queue) || !acknowledged || (id !== undefined && id !== token)) continue;
      if (atMs + retentionMs > now && !isThere(token))
        throw new Violation("an acknowledged message is lost", { name, token });
    }
    for (const { token, sentMs } of there) {
      if (sentMs + retentionMs <= now) continue;
      const known = queue.find(token) !== undefined || this.#sent.some((sent) => sent.token === token);
      const source = this.#queues.find(({ settings }) => settings.deadLetters === queue);
      if (!known && source?.find(token) === undefined) {
        throw new Violation("a message comes from nowhere", { name, token });
      }
      if (this.#deleted.get(keyOf(queue, token)) === true && queue.find(token) !== undefined) {
        throw new Violation("a deleted message is back", { name, token });
      }
    }
  }

  /** What was published reached all its queues or none, and ids that were taken are remembered. */
  #adoptSent(
    actual: ReadonlyMap<string, readonly { token: string; sentMs: number }[]>,
    topics: readonly Topic[],
  ): void {
    for (const { token, queues, id } of this.#sent) {
      const found = queues.map((queue) => {
        const names = [queue.settings.name, queue.settings.deadLetters?.settings.name ?? ""];
        const message = names.flatMap((name) => actual.get(name) ?? []).find((one) => one.token === token);
        if (message !== undefined && id !== undefined) queue.remember(id, message.sentMs);
        return message;
      });
      const some = found.find((message) => message !== undefined);
      if (some !== undefined && id === undefined && found.includes(undefined)) {
        throw new Violation("a message reached some of its queues", { token });
      }
      if (some === undefined || id === undefined || queues.length < 2) continue;
      for (const { name, windows } of topics) if (name.endsWith(".fifo")) windows.set(id, some.sentMs + 300_000);
    }
  }
}

function keyOf({ settings }: QueueModel, token: string): string {
  return `${settings.name} ${token}`;
}

/** What a reload must not change. */
function standing({ token, group, sentMs, untilMs, delayed, receives, receivesBefore }: ModelMessage) {
  return { token, group, sentMs, untilMs, delayed, receives, receivesBefore };
}
