/** Lambda: events for later, and a mapping that drains a queue into a function nobody can rely on. */
import type { Actor, Move } from "../actor.ts";
import { Ledger } from "../ledger.ts";
import type { Outside } from "../outside.ts";
import { Sinks } from "../sinks.ts";
import { Violation, type World } from "../world.ts";

const later = "later";
const mapped = "mapped";
const input = "mapped-in";
const dead = "mapped-dead";
/** An event whose first attempt was under way when a process ended is tried again by then. */
const soonMs = 120_000;
/** As often as the function may fail, with its time-outs, until the message is a dead letter. */
const longestMs = 7_200_000;

export class Functions implements Actor {
  readonly #world: World;
  readonly #ledger = new Ledger();
  readonly #sinks: Sinks;

  constructor(world: World, outside: Outside) {
    this.#world = world;
    this.#sinks = new Sinks(world, this.#ledger, [dead]);
    outside.function(later, (event, attempt) => this.#ledger.saw(later, (event as { token: string }).token, attempt));
    outside.function(mapped, (event, attempt) => {
      for (const { body } of (event as { Records: { body: string }[] }).Records) {
        this.#ledger.saw(mapped, body, attempt);
      }
    });
  }

  readonly moves: readonly Move[] = [
    { weight: 2, play: () => this.#invokeLater() },
    { weight: 2, play: () => this.#send() },
    { weight: 0.5, play: () => this.#sinks.drain() },
  ];

  async begin(): Promise<void> {
    const { sqs, lambda } = this.#world.sdk;
    await this.#sinks.begin();
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: this.#world.arn("sqs", dead), maxReceiveCount: 3 });
    await sqs.createQueue({ QueueName: input, Attributes: { VisibilityTimeout: "30", RedrivePolicy } });
    const EventSourceArn = this.#world.arn("sqs", input);
    const { UUID } = await lambda.createEventSourceMapping({ EventSourceArn, FunctionName: mapped, BatchSize: 5 });
    await this.#world.settle();
    const { State } = await lambda.getEventSourceMapping({ UUID });
    if (State !== "Enabled") throw new Violation("an event source mapping does not run", { State });
  }

  async #invokeLater(): Promise<void> {
    const token = this.#world.token("f");
    this.#world.note(`invoke ${later} with ${token}`);
    this.#ledger.may(later, token);
    const { lambda } = this.#world.sdk;
    const Payload = Buffer.from(JSON.stringify({ token }));
    const answer = await this.#world.sure(lambda.invoke({ FunctionName: later, InvocationType: "Event", Payload }));
    if (answer === undefined) return;
    if (answer.StatusCode !== 202) throw new Violation("an event is not accepted", answer.StatusCode);
    this.#ledger.must(later, token, this.#world.now() + soonMs);
  }

  async #send(): Promise<void> {
    const token = this.#world.token("m");
    this.#world.note(`send ${token} to ${input}`);
    this.#ledger.may(mapped, token);
    this.#ledger.may(dead, token);
    const { sqs } = this.#world.sdk;
    const sent = await this.#world.sure(sqs.sendMessage({ QueueUrl: this.#world.queueUrl(input), MessageBody: token }));
    if (sent !== undefined) this.#ledger.must(mapped, token, this.#world.now() + longestMs);
  }

  async recover(): Promise<void> {}

  async check(): Promise<void> {
    const now = this.#world.now();
    this.#sinks.look();
    this.#ledger.checkDue(later, now);
    this.#ledger.checkDue(mapped, now, dead);
  }
}
