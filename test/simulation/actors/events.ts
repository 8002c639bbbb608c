/** Events on the default bus, a rule that takes some of them to a queue, an archive of all, and replays. */
import type { Actor, Move } from "../actor.ts";
import { Ledger } from "../ledger.ts";
import { Sinks } from "../sinks.ts";
import { Violation, type World } from "../world.ts";

const taken = "taken-events";
const replays = "replayed-events";
const source = "simulation";
/** A replay moves a minute of events at a time; it must have ended by then. */
const replayMs = 1_800_000;

interface Put {
  readonly token: string;
  readonly atMs: number;
  acknowledged: boolean;
}

export class Events implements Actor {
  readonly #world: World;
  readonly #ledger = new Ledger();
  readonly #sinks: Sinks;
  readonly #puts: Put[] = [];
  readonly #replays = new Map<string, number>();

  constructor(world: World) {
    this.#world = world;
    this.#sinks = new Sinks(world, this.#ledger, [taken, replays]);
  }

  readonly moves: readonly Move[] = [
    { weight: 5, play: () => this.#put() },
    { weight: 0.5, play: () => this.#replay() },
    { weight: 1, play: () => this.#sinks.drain() },
  ];

  async begin(): Promise<void> {
    const { eventbridge } = this.#world.sdk;
    await this.#sinks.begin();
    const rules = [
      ["take", { source: [source], detail: { kind: ["a"] }, "replay-name": [{ exists: false }] }, taken],
      ["replays", { source: [source], "replay-name": [{ exists: true }] }, replays],
    ] as const;
    for (const [Name, pattern, queue] of rules) {
      await eventbridge.putRule({ Name, EventPattern: JSON.stringify(pattern) });
      await eventbridge.putTargets({ Rule: Name, Targets: [{ Id: "queue", Arn: this.#world.arn("sqs", queue) }] });
    }
    await eventbridge.createArchive({
      ArchiveName: "all",
      EventSourceArn: this.#world.arn("events", "event-bus/default"),
      EventPattern: JSON.stringify({ source: [source] }),
    });
  }

  async #put(): Promise<void> {
    const { chance, sdk } = this.#world;
    const atMs = this.#world.now();
    const entries = Array.from({ length: 1 + chance.int(3) }, () => ({
      token: this.#world.token("e"),
      kind: chance.of(["a", "b"]),
    }));
    this.#world.note(`put events ${entries.map(({ token, kind }) => `${token}/${kind}`)}`);
    const puts = entries.map(({ token }) => ({ token, atMs, acknowledged: false }));
    this.#puts.push(...puts);
    for (const { token, kind } of entries) if (kind === "a") this.#ledger.may(taken, token);
    const output = await this.#world.sure(
      sdk.eventbridge.putEvents({
        Entries: entries.map((detail) => ({ Source: source, DetailType: "made", Detail: JSON.stringify(detail) })),
      }),
    );
    if (output === undefined) return;
    this.#world.note(`  ${output.Entries?.map(({ EventId }) => EventId)}`);
    if (output.FailedEntryCount !== 0) throw new Violation("a good event is refused", output);
    for (const put of puts) put.acknowledged = true;
    for (const { token, kind } of entries) if (kind === "a") this.#ledger.must(taken, token, atMs);
  }

  async #replay(): Promise<void> {
    const { chance, sdk } = this.#world;
    const first = this.#puts[0];
    const now = this.#world.now();
    if (first === undefined) return;
    // Whole seconds, as clients send them.
    const startMs = Math.floor((first.atMs + chance.next() * (now - first.atMs)) / 1000) * 1000;
    const endMs = Math.floor(now / 1000) * 1000;
    if (startMs >= endMs) return;
    const name = this.#world.token("replay");
    this.#world.note(`${name} from ${startMs} to ${endMs}`);
    const within = this.#puts.filter(({ atMs }) => atMs >= startMs && atMs <= endMs);
    for (const { token } of within) this.#ledger.may(replays, `${name} ${token}`);
    const bus = this.#world.arn("events", "event-bus/default");
    const output = await this.#world.sure(
      sdk.eventbridge.startReplay({
        ReplayName: name,
        EventSourceArn: this.#world.arn("events", "archive/all"),
        EventStartTime: new Date(startMs),
        EventEndTime: new Date(endMs),
        Destination: { Arn: bus, FilterArns: [this.#world.arn("events", "rule/replays")] },
      }),
    );
    if (output === undefined) return;
    this.#replays.set(name, now + replayMs);
    for (const { token, atMs, acknowledged } of within) {
      if (acknowledged && atMs < endMs) this.#ledger.must(replays, `${name} ${token}`, now + replayMs);
    }
  }

  async recover(): Promise<void> {}

  async check(): Promise<void> {
    const now = this.#world.now();
    this.#sinks.look();
    for (const queue of [taken, replays]) {
      this.#ledger.checkDue(queue, now);
      this.#ledger.checkOnce(queue);
    }
    for (const [ReplayName, dueMs] of this.#replays) {
      if (dueMs > now) continue;
      const output = await this.#world.sure(this.#world.sdk.eventbridge.describeReplay({ ReplayName }));
      if (output?.State !== "COMPLETED") throw new Violation("a replay does not end", output);
      this.#replays.delete(ReplayName);
    }
  }
}
