/** Schedules: one that goes off again and again, and many that do once. */
import type { Actor, Move } from "../actor.ts";
import { Ledger } from "../ledger.ts";
import { Sinks } from "../sinks.ts";
import { Violation, type World } from "../world.ts";

const queue = "scheduled";
const tickMs = 600_000;

export class Schedules implements Actor {
  readonly #world: World;
  readonly #ledger = new Ledger();
  readonly #sinks: Sinks;
  #nextTickMs = 0;
  /** Names of one-time schedules by when they are over. */
  readonly #ahead = new Map<string, number>();

  constructor(world: World) {
    this.#world = world;
    this.#sinks = new Sinks(world, this.#ledger, [queue]);
  }

  readonly moves: readonly Move[] = [
    { weight: 2, play: () => this.#schedule() },
    { weight: 1, play: () => this.#sinks.drain() },
    { weight: 0.5, play: () => this.#cancel() },
  ];

  async begin(): Promise<void> {
    await this.#sinks.begin();
    await this.#create("ticks", "cron(0/10 * * * ? *)", "tick <aws.scheduler.scheduled-time>", "NONE");
    // What is due in the minute under way still runs.
    const minuteStartMs = Math.floor(this.#world.now() / 60_000) * 60_000;
    this.#nextTickMs = Math.ceil(minuteStartMs / tickMs) * tickMs;
  }

  async #schedule(): Promise<void> {
    const token = this.#world.token("s");
    const atMs = Math.floor(this.#world.now() / 1000 + 1 + this.#world.chance.int(900)) * 1000;
    const at = new Date(atMs).toISOString().slice(0, 19);
    this.#world.note(`schedule ${token} at ${at}`);
    this.#ledger.may(queue, token);
    const output = await this.#world.sure(this.#create(token, `at(${at})`, token, "DELETE"));
    if (output === undefined) return;
    this.#ledger.must(queue, token, atMs);
    this.#ahead.set(token, atMs);
  }

  async #cancel(): Promise<void> {
    const now = this.#world.now();
    const name = [...this.#ahead].find(([, atMs]) => atMs > now)?.[0];
    if (name === undefined || this.#world.bursting) return;
    this.#world.note(`cancel ${name}`);
    await this.#world.sure(this.#world.sdk.scheduler.deleteSchedule({ Name: name }));
    this.#ahead.delete(name);
    this.#ledger.never(queue, name);
  }

  #create(Name: string, ScheduleExpression: string, token: string, ActionAfterCompletion: "NONE" | "DELETE") {
    return this.#world.sdk.scheduler.createSchedule({
      Name,
      ScheduleExpression,
      FlexibleTimeWindow: { Mode: "OFF" },
      ActionAfterCompletion,
      Target: {
        Arn: this.#world.arn("sqs", queue),
        RoleArn: "arn:aws:iam::000000000000:role/scheduler",
        Input: JSON.stringify({ token }),
      },
    });
  }

  async recover(): Promise<void> {}

  async check(): Promise<void> {
    const now = this.#world.now();
    for (; this.#nextTickMs <= now; this.#nextTickMs += tickMs) {
      const time = `${new Date(this.#nextTickMs).toISOString().slice(0, 19)}Z`;
      this.#ledger.must(queue, `tick ${time}`, this.#nextTickMs);
    }
    // An invocation is a call: one that was under way when the process ended is made again.
    this.#sinks.look();
    this.#ledger.checkDue(queue, now);
    if (!this.#world.ended) this.#ledger.checkOnce(queue);
    else this.#ledger.forgive(queue);
    for (const [Name, atMs] of this.#ahead) {
      if (atMs > now) continue;
      this.#ahead.delete(Name);
      const answer = await this.#world.ask(this.#world.sdk.scheduler.getSchedule({ Name }));
      if (answer.kind === "done") throw new Violation("a schedule is still there after its end", { Name, atMs, now });
    }
  }
}
