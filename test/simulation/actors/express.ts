/** Express executions, whose callers wait for them or not: what ends well has told its queue. */
import type { Actor, Move } from "../actor.ts";
import { Ledger } from "../ledger.ts";
import { Sinks } from "../sinks.ts";
import { Violation, type World } from "../world.ts";

const done = "express-done";
const machine = "quick";

export class Express implements Actor {
  readonly #world: World;
  readonly #ledger = new Ledger();
  readonly #sinks: Sinks;

  constructor(world: World) {
    this.#world = world;
    this.#sinks = new Sinks(world, this.#ledger, [done]);
  }

  readonly moves: readonly Move[] = [
    { weight: 2, play: () => this.#start(true) },
    { weight: 2, play: () => this.#start(false) },
    { weight: 0.5, play: () => this.#sinks.drain() },
  ];

  async begin(): Promise<void> {
    await this.#sinks.begin();
    const definition = {
      StartAt: "Each",
      States: {
        Each: {
          Type: "Map",
          ItemsPath: "$.tokens",
          ItemProcessor: {
            StartAt: "Tell",
            States: {
              Tell: {
                Type: "Task",
                Resource: "arn:aws:states:::sqs:sendMessage",
                Parameters: { QueueUrl: this.#world.queueUrl(done), "MessageBody.$": "$" },
                OutputPath: "$.MessageId",
                End: true,
              },
            },
          },
          End: true,
        },
      },
    };
    await this.#world.sdk.states.createStateMachine({
      name: machine,
      type: "EXPRESS",
      definition: JSON.stringify(definition),
      roleArn: "arn:aws:iam::000000000000:role/machine",
    });
  }

  async #start(waits: boolean): Promise<void> {
    const { chance, sdk } = this.#world;
    const tokens = Array.from({ length: chance.int(4) }, () => this.#world.token("q"));
    const now = this.#world.now();
    this.#world.note(`${waits ? "run" : "start"} ${machine} ${tokens}`);
    for (const token of tokens) this.#ledger.may(done, token);
    const input = {
      stateMachineArn: this.#world.arn("states", `stateMachine:${machine}`),
      input: JSON.stringify({ tokens }),
    };
    if (waits) {
      const output = await this.#world.sure(sdk.states.startSyncExecution(input));
      if (output === undefined) return;
      const { status, error, cause } = output;
      if (status !== "SUCCEEDED") throw new Violation("an execution ends otherwise", { status, error, cause });
      if ((JSON.parse(output.output as string) as unknown[]).length !== tokens.length)
        throw new Violation("an execution's output is not whole", output.output);
    } else {
      // One that nobody waits for is in memory alone: it may end with its process.
      const output = await this.#world.sure(sdk.states.startExecution(input));
      if (output === undefined || this.#world.bursting) return;
    }
    for (const token of tokens) this.#ledger.must(done, token, now);
  }

  async recover(): Promise<void> {}

  async check(): Promise<void> {
    this.#sinks.look();
    this.#ledger.checkDue(done, this.#world.now());
    this.#ledger.checkOnce(done);
  }
}
