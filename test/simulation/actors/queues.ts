/** Queues and topics that only this actor writes to: what each holds is known to the message, at every step. */

import { isDeepStrictEqual } from "node:util";
import type { Message } from "@aws-sdk/client-sqs";
import type { Actor, Move } from "../actor.ts";
import { type Handle, QueueBurst, type Sent, type Topic } from "../queue-burst.ts";
import { checkGiven } from "../queue-given.ts";
import { QueueModel } from "../queue-model.ts";
import { messagesIn, tokenOf } from "../queue-peek.ts";
import { Violation, type World } from "../world.ts";

const maxHandles = 100;
const visibilities = [0, 1, 30, 30, 300] as const;

interface Poll {
  readonly queue: QueueModel;
  readonly endsMs: number;
  readonly leave: AbortController;
  /** What it was answered; undefined while it waits. */
  messages: readonly Message[] | undefined;
}

export class Queues implements Actor {
  readonly #world: World;
  readonly #queues: readonly QueueModel[];
  readonly #polled: readonly QueueModel[];
  readonly #topics: readonly Topic[];
  #handles: Handle[] = [];
  #polls: Poll[] = [];
  #order = 0;
  /** Since the last check: whose counts may have changed. */
  readonly #touched = new Set<QueueModel>();
  readonly #burst: QueueBurst;

  constructor(world: World) {
    this.#world = world;
    const dead = new QueueModel({ name: "dead", retentionMs: 1_200_000 });
    const work = new QueueModel({ name: "work", retentionMs: 600_000, deadLetters: dead, maxReceives: 2 });
    const copies = new QueueModel({ name: "copies", retentionMs: 600_000 });
    const reds = new QueueModel({ name: "reds", retentionMs: 600_000 });
    const line = new QueueModel({ name: "line.fifo", retentionMs: 600_000 });
    const second = new QueueModel({ name: "second.fifo", retentionMs: 600_000 });
    this.#queues = [dead, work, copies, reds, line, second];
    this.#burst = new QueueBurst(world, this.#queues);
    this.#polled = [copies, reds, line];
    this.#topics = [
      {
        name: "news",
        subscribers: [
          { queue: work, raw: true },
          { queue: copies, raw: false },
          { queue: reds, color: "red", raw: false },
        ],
        windows: new Map(),
      },
      {
        name: "lines.fifo",
        subscribers: [
          { queue: line, raw: true },
          { queue: second, raw: true },
        ],
        windows: new Map(),
      },
    ];
  }

  readonly moves: readonly Move[] = [
    { weight: 8, play: () => this.#send() },
    { weight: 6, play: () => this.#publish() },
    { weight: 10, play: () => this.#receive() },
    { weight: 8, play: () => this.#delete() },
    { weight: 3, play: () => this.#changeVisibility() },
    { weight: 2, play: () => this.#poll() },
    { weight: 2, play: () => this.#leave() },
    { weight: 0.3, play: () => this.#purge() },
  ];

  async begin(): Promise<void> {
    const { sqs, sns } = this.#world.sdk;
    for (const { settings, fifo } of this.#queues) {
      const { name, retentionMs, deadLetters, maxReceives } = settings;
      const redrive = deadLetters && {
        deadLetterTargetArn: this.#world.arn("sqs", deadLetters.settings.name),
        maxReceiveCount: maxReceives,
      };
      await sqs.createQueue({
        QueueName: name,
        Attributes: {
          MessageRetentionPeriod: String(retentionMs / 1000),
          ...(fifo ? { FifoQueue: "true" } : {}),
          ...(redrive ? { RedrivePolicy: JSON.stringify(redrive) } : {}),
        },
      });
    }
    for (const { name, subscribers } of this.#topics) {
      await sns.createTopic({ Name: name, Attributes: name.endsWith(".fifo") ? { FifoTopic: "true" } : {} });
      for (const { queue, color, raw } of subscribers) {
        await sns.subscribe({
          TopicArn: this.#world.arn("sns", name),
          Protocol: "sqs",
          Endpoint: this.#world.arn("sqs", queue.settings.name),
          Attributes: {
            RawMessageDelivery: String(raw),
            ...(color ? { FilterPolicy: JSON.stringify({ color: [color] }) } : {}),
          },
        });
      }
    }
  }

  async #send(queue = this.#world.chance.of(this.#queues.slice(1))): Promise<void> {
    const { chance, sdk } = this.#world;
    const count = chance.chance(0.3) ? 1 + chance.int(10) : 1;
    const group = queue.fifo ? chance.of(["a", "b", "c"]) : undefined;
    const messages = Array.from({ length: count }, () => {
      const token = this.#world.token("m");
      const id = queue.fifo ? (chance.chance(0.2) ? `often${chance.int(4)}` : token) : undefined;
      const delayMs = queue.fifo ? 0 : chance.of([0, 0, 0, 5000, 60_000]);
      return { token, group, id, delayMs };
    });
    this.#world.note(`send to ${queue.settings.name}: ${messages.map(({ token, id }) => `${token}/${id ?? ""}`)}`);
    const facts = this.#expect(messages, [queue]);
    const sent = await this.#world.sure(
      sdk.sqs.sendMessageBatch({
        QueueUrl: this.#urlOf(queue),
        Entries: messages.map(({ token, id, delayMs }, index) => ({
          Id: String(index),
          MessageBody: token,
          MessageGroupId: group,
          MessageDeduplicationId: id,
          ...(queue.fifo ? {} : { DelaySeconds: delayMs / 1000 }),
        })),
      }),
    );
    if (sent === undefined) return;
    this.#world.note(`  ${(sent.Successful ?? []).map(({ MessageId }) => MessageId)}`);
    if (sent.Successful?.length !== count) throw new Violation("a good message is refused", sent.Failed);
    this.#accept(facts, messages, [queue]);
  }

  async #publish(): Promise<void> {
    const { chance, sdk } = this.#world;
    const topic = chance.of(this.#topics);
    const fifo = topic.name.endsWith(".fifo");
    const token = this.#world.token("p");
    const color = chance.of(["red", "blue"]);
    const group = fifo ? chance.of(["a", "b", "c"]) : undefined;
    const id = fifo ? (chance.chance(0.2) ? `again${chance.int(3)}` : token) : undefined;
    const queues = topic.subscribers.filter((one) => one.color === undefined || one.color === color);
    const targets = queues.map(({ queue }) => queue);
    this.#world.note(`publish to ${topic.name}: ${token} ${color} ${group ?? ""}/${id ?? ""}`);
    const message = { token, group, id, delayMs: 0 };
    const facts = this.#expect([message], targets);
    const now = this.#world.now();
    const output = await this.#world.sure(
      sdk.sns.publish({
        TopicArn: this.#world.arn("sns", topic.name),
        Message: token,
        MessageAttributes: { color: { DataType: "String", StringValue: color } },
        MessageGroupId: group,
        MessageDeduplicationId: id,
      }),
    );
    if (output === undefined) return;
    this.#world.note(`  ${output.MessageId}`);
    if (id !== undefined && !this.#world.bursting) {
      if ((topic.windows.get(id) ?? 0) > now) return;
      topic.windows.set(id, now + 300_000);
    }
    this.#accept(facts, [message], targets);
  }

  async #receive(): Promise<void> {
    const { chance, sdk } = this.#world;
    const queue = chance.of(this.#queues);
    const max = 1 + chance.int(10);
    const visibility = chance.of(visibilities);
    this.#world.note(`receive from ${queue.settings.name}: at most ${max} for ${visibility} s`);
    this.#touch(queue);
    const now = this.#world.now();
    const output = await this.#world.sure(
      sdk.sqs.receiveMessage({
        QueueUrl: this.#urlOf(queue),
        MaxNumberOfMessages: max,
        VisibilityTimeout: visibility,
        WaitTimeSeconds: 0,
        MessageSystemAttributeNames: ["All"],
      }),
    );
    if (output === undefined) return;
    const messages = output.Messages ?? [];
    this.#world.note(`  ${messages.map(({ Body }) => tokenOf(Body as string))}`);
    const handles = this.#keep(queue, messages);
    if (this.#world.bursting) {
      if (visibility > 0) this.#burst.received(handles);
      return;
    }
    queue.settle(now);
    checkGiven(queue, messages, max);
    for (const { Body } of messages) {
      const message = queue.find(tokenOf(Body as string));
      if (message !== undefined) queue.receive(message, visibility * 1000, now);
    }
  }

  async #delete(): Promise<void> {
    const handle = this.#pickHandle();
    if (handle === undefined) return;
    const { queue, token, text } = handle;
    this.#world.note(`delete ${token} from ${queue.settings.name}`);
    const now = this.#world.now();
    this.#touch(queue);
    if (this.#world.bursting) this.#burst.deleting(queue, token, false);
    const answer = await this.#world.ask(
      this.#world.sdk.sqs.deleteMessage({ QueueUrl: this.#urlOf(queue), ReceiptHandle: text }),
    );
    if (answer.kind === "lost") return;
    if (this.#world.bursting) {
      if (answer.kind === "done" && !queue.fifo) this.#burst.deleting(queue, token, true);
      return;
    }
    queue.settle(now);
    // Of a FIFO queue a handle deletes only while its message is in flight; of a standard one the latest always does.
    const message = queue.find(token);
    const current = message !== undefined && this.#isCurrent(handle);
    if (queue.fifo && message !== undefined && !current) {
      if (answer.kind === "done") throw new Violation("an old receipt handle deletes", { token });
    } else {
      if (answer.kind === "refused") throw new Violation("a delete is refused", answer.error.message);
      queue.drop(token);
    }
  }

  async #changeVisibility(): Promise<void> {
    const handle = this.#pickHandle();
    if (handle === undefined || this.#world.bursting) return;
    const { queue, token, text } = handle;
    const seconds = this.#world.chance.of(visibilities);
    this.#world.note(`change visibility of ${token} in ${queue.settings.name} to ${seconds} s`);
    const now = this.#world.now();
    this.#touch(queue);
    const answer = await this.#world.ask(
      this.#world.sdk.sqs.changeMessageVisibility({
        QueueUrl: this.#urlOf(queue),
        ReceiptHandle: text,
        VisibilityTimeout: seconds,
      }),
    );
    if (answer.kind === "lost") return;
    queue.settle(now);
    const message = queue.find(token);
    const inFlight = message !== undefined && message.untilMs > 0 && !message.delayed;
    // In a standard queue the latest receive's handle hides the message again, even after its visibility has ended.
    const possible = queue.fifo
      ? inFlight && this.#isCurrent(handle)
      : inFlight || message?.receives === handle.receive;
    if ((answer.kind === "done") !== possible) {
      throw new Violation("a change of visibility ends otherwise", { token, possible, answer: answer.kind });
    }
    if (possible) (message as { untilMs: number }).untilMs = seconds === 0 ? 0 : now + seconds * 1000;
  }

  /** A receive that waits, from a queue nobody else waits at. */
  async #poll(): Promise<void> {
    const { chance, sdk } = this.#world;
    const queue = chance.of(this.#polled);
    if (this.#world.bursting || this.#polls.some((poll) => poll.queue === queue)) return;
    const wait = 1 + chance.int(20);
    this.#world.note(`poll ${queue.settings.name} for ${wait} s`);
    const leave = new AbortController();
    const poll: Poll = { queue, endsMs: this.#world.now() + wait * 1000, leave, messages: undefined };
    this.#polls.push(poll);
    sdk.sqs
      .receiveMessage(
        {
          QueueUrl: this.#urlOf(queue),
          MaxNumberOfMessages: 1 + chance.int(10),
          VisibilityTimeout: chance.of([30, 300]),
          WaitTimeSeconds: wait,
          MessageSystemAttributeNames: ["All"],
        },
        { abortSignal: leave.signal },
      )
      .then(
        ({ Messages = [] }) => {
          poll.messages = Messages;
        },
        () => {
          poll.messages = [];
        },
      );
  }

  /** The client of a poll goes in the moment in which a message comes. */
  async #leave(): Promise<void> {
    const poll = this.#polls[0];
    if (poll === undefined || this.#world.bursting) return;
    this.#world.note(`leave the poll of ${poll.queue.settings.name}`);
    poll.leave.abort();
    this.#polls.shift();
    await this.#send(poll.queue);
  }

  async #purge(): Promise<void> {
    if (this.#world.bursting) return;
    const queue = this.#world.chance.of(this.#queues);
    this.#world.note(`purge ${queue.settings.name}`);
    this.#touch(queue);
    const output = await this.#world.sure(this.#world.sdk.sqs.purgeQueue({ QueueUrl: this.#urlOf(queue) }));
    if (output !== undefined) queue.purge();
  }

  async check(): Promise<void> {
    const now = this.#world.now();
    for (const queue of this.#queues) queue.settle(now);
    this.#checkPolls(now);
    this.#touched.add(this.#world.chance.of(this.#queues));
    for (const queue of this.#touched) {
      const output = await this.#world.sure(
        this.#world.sdk.sqs.getQueueAttributes({ QueueUrl: this.#urlOf(queue), AttributeNames: ["All"] }),
      );
      const of = (suffix: string) =>
        Number((output?.Attributes as Record<string, string> | undefined)?.[`ApproximateNumberOfMessages${suffix}`]);
      const counted = [of(""), of("NotVisible"), of("Delayed")];
      if (!isDeepStrictEqual(counted, [...queue.counts()])) {
        throw new Violation("counts are not reality", { queue: queue.settings.name, counted, wanted: queue.counts() });
      }
    }
    this.#touched.clear();
  }

  #checkPolls(now: number): void {
    for (const poll of [...this.#polls]) {
      const { queue, messages, endsMs } = poll;
      const { name } = queue.settings;
      if (messages === undefined) {
        if (now >= endsMs) throw new Violation("a poll is not answered in time", { name, endsMs, now });
        if (queue.receivable().length > 0) throw new Violation("a poll waits though there is a message", { name });
        continue;
      }
      this.#polls = this.#polls.filter((other) => other !== poll);
      this.#world.note(`poll of ${name} gives ${messages.map(({ Body }) => tokenOf(Body as string))}`);
      this.#touched.add(queue);
      this.#keep(queue, messages);
      const actual = messagesIn(this.#world, name);
      for (const { Body } of messages) {
        const token = tokenOf(Body as string);
        const message = queue.find(token);
        const there = actual.find((other) => other.token === token);
        if (message === undefined) continue;
        if (there?.receives !== message.receives + 1)
          throw new Violation("a poll's message is not in flight", { token });
        // When it was taken is not told: at any time of this step.
        queue.receive(message, 0, now);
        message.untilMs = there.untilMs;
      }
    }
  }

  async recover(): Promise<void> {
    this.#polls = [];
    this.#order = Math.max(this.#order, this.#burst.recover(this.#touched, this.#topics));
  }

  /** Gathers what is about to be sent, for a process that is about to end. */
  #expect(messages: readonly { token: string; id?: string | undefined }[], queues: readonly QueueModel[]): Sent[] {
    for (const queue of queues) this.#touch(queue);
    return this.#world.bursting ? this.#burst.sending(messages, queues) : [];
  }

  #accept(
    facts: readonly Sent[],
    messages: readonly { token: string; group?: string | undefined; id?: string | undefined; delayMs: number }[],
    queues: readonly QueueModel[],
  ): void {
    for (const fact of facts) fact.acknowledged = true;
    if (this.#world.bursting) return;
    const now = this.#world.now();
    for (const queue of queues) {
      queue.settle(now);
      for (const message of messages) {
        this.#order += 1;
        queue.send({ ...message, order: this.#order }, now);
      }
    }
  }

  #keep(queue: QueueModel, messages: readonly Message[]): Handle[] {
    const handles = messages.map(({ Body, ReceiptHandle, Attributes }) => {
      const receive = Number(Attributes?.ApproximateReceiveCount);
      return { queue, token: tokenOf(Body as string), text: ReceiptHandle as string, receive };
    });
    this.#handles = [...this.#handles, ...handles].slice(-maxHandles);
    return handles;
  }

  #pickHandle(): Handle | undefined {
    return this.#handles.length === 0 ? undefined : this.#world.chance.of(this.#handles);
  }

  /** Whether it is of the latest receive, and its message still in flight. */
  #isCurrent({ queue, token, receive }: Handle): boolean {
    const message = queue.find(token);
    return message !== undefined && message.receives === receive && message.untilMs > 0;
  }

  #touch(queue: QueueModel): void {
    this.#touched.add(queue);
    if (queue.settings.deadLetters !== undefined) this.#touched.add(queue.settings.deadLetters);
  }

  #urlOf(queue: QueueModel): string {
    return this.#world.queueUrl(queue.settings.name);
  }
}
