/** Pipes from a queue, from a stream and to a function nobody can rely on: what goes in comes out, at least once. */
import type { Actor, Move } from "../actor.ts";
import { Ledger } from "../ledger.ts";
import type { Outside } from "../outside.ts";
import { messagesIn } from "../queue-peek.ts";
import { Sinks } from "../sinks.ts";
import { Violation, type World } from "../world.ts";

const piped = "piped";
const streamed = "streamed";
const dead = "pipe-dead";
const stream = "pipe-stream";
const visibilitySeconds = 30;
/** Whoever was under way when a process ended is visible again by then, and taken once more. */
const soonMs = 120_000;
/** As often as the function may fail, with its time-outs, until the message is a dead letter. */
const longestMs = 7_200_000;

export class Pipes implements Actor {
  readonly #world: World;
  readonly #ledger = new Ledger();
  readonly #sinks: Sinks;
  /** Of each key, what was put, in order. */
  readonly #order = new Map<string, string[]>();

  constructor(world: World, outside: Outside) {
    this.#world = world;
    this.#sinks = new Sinks(world, this.#ledger, [piped, streamed, dead]);
    outside.function("worker", (event, attempt) => {
      for (const { body } of event as { body: string }[]) this.#ledger.saw("worker", body, attempt);
    });
  }

  readonly moves: readonly Move[] = [
    { weight: 3, play: () => this.#send("pipe-in", [piped], soonMs) },
    { weight: 2, play: () => this.#send("work-in", ["worker", dead], longestMs) },
    { weight: 3, play: () => this.#put() },
    { weight: 1, play: () => this.#sinks.drain() },
  ];

  async begin(): Promise<void> {
    const { sqs, kinesis, pipes } = this.#world.sdk;
    await this.#sinks.begin();
    const redrive = { deadLetterTargetArn: this.#world.arn("sqs", dead), maxReceiveCount: 3 };
    for (const [QueueName, policy] of [
      ["pipe-in", undefined],
      ["work-in", JSON.stringify(redrive)],
    ] as const) {
      const Attributes = { VisibilityTimeout: String(visibilitySeconds), ...(policy && { RedrivePolicy: policy }) };
      await sqs.createQueue({ QueueName, Attributes });
    }
    await kinesis.createStream({ StreamName: stream, ShardCount: 2 });
    const RoleArn = "arn:aws:iam::000000000000:role/pipe";
    const queueParameters = { SqsQueueParameters: { BatchSize: 5 } };
    await pipes.createPipe({
      Name: "queue-to-queue",
      RoleArn,
      Source: this.#world.arn("sqs", "pipe-in"),
      Target: this.#world.arn("sqs", piped),
      SourceParameters: queueParameters,
      TargetParameters: { InputTemplate: '{"token": "<$.body>"}' },
    });
    await pipes.createPipe({
      Name: "queue-to-function",
      RoleArn,
      Source: this.#world.arn("sqs", "work-in"),
      Target: this.#world.arn("lambda", "function:worker"),
      SourceParameters: queueParameters,
    });
    await pipes.createPipe({
      Name: "stream-to-queue",
      RoleArn,
      Source: this.#world.arn("kinesis", `stream/${stream}`),
      Target: this.#world.arn("sqs", streamed),
      SourceParameters: { KinesisStreamParameters: { StartingPosition: "TRIM_HORIZON", BatchSize: 5 } },
      TargetParameters: { InputTemplate: '{"token": "<$.data.text>"}' },
    });
    await this.#world.settle();
    for (const Name of ["queue-to-queue", "queue-to-function", "stream-to-queue"]) {
      const { CurrentState } = await pipes.describePipe({ Name });
      if (CurrentState !== "RUNNING") throw new Violation("a pipe does not run", { Name, CurrentState });
    }
  }

  async #send(queue: string, places: readonly string[], withinMs: number): Promise<void> {
    const token = this.#world.token("x");
    this.#world.note(`send ${token} to ${queue}`);
    for (const place of places) this.#ledger.may(place, token);
    const sent = await this.#world.sure(
      this.#world.sdk.sqs.sendMessage({ QueueUrl: this.#world.queueUrl(queue), MessageBody: token }),
    );
    if (sent !== undefined) this.#ledger.must(places[0] as string, token, this.#world.now() + withinMs);
  }

  async #put(): Promise<void> {
    const token = this.#world.token("y");
    const key = this.#world.chance.of(["a", "b", "c"]);
    this.#world.note(`put ${token}/${key} into ${stream}`);
    this.#ledger.may(streamed, token);
    const put = await this.#world.sure(
      this.#world.sdk.kinesis.putRecord({
        StreamName: stream,
        Data: Buffer.from(JSON.stringify({ text: token })),
        PartitionKey: key,
      }),
    );
    if (put === undefined) return;
    this.#ledger.must(streamed, token, this.#world.now() + soonMs);
    if (!this.#world.bursting) this.#order.set(key, [...(this.#order.get(key) ?? []), token]);
  }

  async recover(): Promise<void> {}

  async check(): Promise<void> {
    const now = this.#world.now();
    this.#sinks.look();
    this.#ledger.checkDue(piped, now);
    this.#ledger.checkDue(streamed, now);
    this.#ledger.checkDue("worker", now, dead);
    this.#checkOrder();
    this.#checkInFlight(now);
  }

  /** Each comes after those before it of the same key; what was there already may come again. */
  #checkOrder(): void {
    for (const [key, tokens] of this.#order) {
      const firstMissing = tokens.findIndex((token) => this.#ledger.times(streamed, token) === 0);
      const later = firstMissing < 0 ? [] : tokens.slice(firstMissing + 1);
      const early = later.find((token) => this.#ledger.times(streamed, token) > 0);
      if (early !== undefined)
        throw new Violation("a key's order is broken", { key, early, before: tokens[firstMissing] });
    }
  }

  /** A message in flight is somebody's: of a reader that still waits for its target, or of one that ended a little ago. */
  #checkInFlight(now: number): void {
    for (const { token, untilMs, delayed } of messagesIn(this.#world, "pipe-in")) {
      if (delayed || untilMs === 0) continue;
      if (untilMs - now > visibilitySeconds * 1000)
        throw new Violation("a message is in flight to nobody", { token, untilMs });
      if (!this.#endedLately(now)) throw new Violation("a message is in flight to nobody", { token, untilMs, now });
    }
  }

  #endedMs = Number.NEGATIVE_INFINITY;

  #endedLately(now: number): boolean {
    if (this.#world.ended) this.#endedMs = now;
    return now - this.#endedMs < visibilitySeconds * 1000;
  }
}
