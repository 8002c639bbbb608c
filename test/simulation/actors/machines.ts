/** State machines that wait, retry, fan out, and ask others who may never answer: each execution ends as it must. */
import { headTable, taskTable } from "../../../src/services/stepfunctions/tables.ts";
import type { Actor, Move } from "../actor.ts";
import { Ledger } from "../ledger.ts";
import type { Outside } from "../outside.ts";
import { Sinks } from "../sinks.ts";
import { Violation, type World } from "../world.ts";

const done = "machines-done";
const questions = "questions";

interface Execution {
  readonly token: string;
  readonly machine: string;
  readonly dueMs: number;
}

interface End {
  readonly statuses: readonly string[];
  /** It has no more to wait for than this: its longest wait, its time-outs and its retries, in seconds. */
  readonly withinSeconds: number;
}

/** How each machine may end; what it tells its queue when it succeeds is its token. */
const ends: Readonly<Record<string, End>> = {
  waits: { statuses: ["SUCCEEDED"], withinSeconds: 601 },
  calls: { statuses: ["SUCCEEDED"], withinSeconds: 200 },
  fans: { statuses: ["SUCCEEDED"], withinSeconds: 60 },
  asks: { statuses: ["SUCCEEDED", "FAILED"], withinSeconds: 301 },
  // Nobody may take its task: then the machine's own time ends it.
  works: { statuses: ["SUCCEEDED", "FAILED", "TIMED_OUT"], withinSeconds: 601 },
};

export class Machines implements Actor {
  readonly #world: World;
  readonly #ledger = new Ledger();
  readonly #sinks: Sinks;
  readonly #outside: Outside;
  #executions: Execution[] = [];
  #taskTokens: string[] = [];

  constructor(world: World, outside: Outside) {
    this.#world = world;
    this.#outside = outside;
    this.#sinks = new Sinks(world, this.#ledger, [done]);
    outside.function("helper", (event) => event);
  }

  readonly moves: readonly Move[] = [
    { weight: 5, play: () => this.#start() },
    { weight: 3, play: () => this.#readQuestions() },
    { weight: 3, play: () => this.#answer() },
    { weight: 2, play: () => this.#takeWork() },
    { weight: 1, play: () => this.#sinks.drain() },
    { weight: 1, play: () => this.#describe() },
  ];

  async begin(): Promise<void> {
    const { states, sqs } = this.#world.sdk;
    await this.#sinks.begin();
    await sqs.createQueue({ QueueName: questions });
    await states.createActivity({ name: "hands" });
    for (const [name, definition] of Object.entries(this.#definitions())) {
      await states.createStateMachine({
        name,
        definition: JSON.stringify(definition),
        roleArn: "arn:aws:iam::000000000000:role/machine",
      });
    }
  }

  #definitions(): Record<string, object> {
    const tell = {
      Type: "Task",
      Resource: "arn:aws:states:::sqs:sendMessage",
      Parameters: { QueueUrl: this.#world.queueUrl(done), "MessageBody.$": "$.token" },
      End: true,
    };
    const goOn = [{ ErrorEquals: ["States.ALL"], ResultPath: null, Next: "Tell" }];
    return {
      waits: {
        StartAt: "Wait",
        States: { Wait: { Type: "Wait", SecondsPath: "$.seconds", Next: "Tell" }, Tell: tell },
      },
      calls: {
        StartAt: "Call",
        States: {
          Call: {
            Type: "Task",
            Resource: "arn:aws:states:::lambda:invoke",
            Parameters: { FunctionName: "helper", "Payload.$": "$" },
            TimeoutSeconds: 60,
            ResultPath: null,
            Retry: [{ ErrorEquals: ["States.ALL"], IntervalSeconds: 5, MaxAttempts: 2, BackoffRate: 2 }],
            Catch: goOn,
            Next: "Tell",
          },
          Tell: tell,
        },
      },
      fans: {
        StartAt: "Both",
        States: {
          Both: {
            Type: "Parallel",
            ResultPath: null,
            Branches: [
              { StartAt: "Rest", States: { Rest: { Type: "Wait", Seconds: 20, End: true } } },
              {
                StartAt: "Each",
                States: {
                  Each: {
                    Type: "Map",
                    ItemsPath: "$.items",
                    MaxConcurrency: 2,
                    ItemProcessor: {
                      StartAt: "Nap",
                      States: {
                        Nap: { Type: "Wait", SecondsPath: "$", Next: "Out" },
                        Out: { Type: "Pass", End: true },
                      },
                    },
                    End: true,
                  },
                },
              },
            ],
            Next: "Tell",
          },
          Tell: tell,
        },
      },
      asks: {
        StartAt: "Ask",
        States: {
          Ask: {
            Type: "Task",
            Resource: "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            Parameters: { QueueUrl: this.#world.queueUrl(questions), "MessageBody.$": "$$.Task.Token" },
            TimeoutSeconds: 300,
            ResultPath: null,
            Catch: [{ ErrorEquals: ["States.Timeout"], ResultPath: null, Next: "Tell" }],
            Next: "Tell",
          },
          Tell: tell,
        },
      },
      works: {
        TimeoutSeconds: 600,
        StartAt: "Work",
        States: {
          Work: {
            Type: "Task",
            Resource: this.#world.arn("states", "activity:hands"),
            TimeoutSeconds: 300,
            HeartbeatSeconds: 120,
            ResultPath: null,
            Catch: [{ ErrorEquals: ["States.Timeout", "States.HeartbeatTimeout"], ResultPath: null, Next: "Tell" }],
            Next: "Tell",
          },
          Tell: tell,
        },
      },
    };
  }

  async #start(): Promise<void> {
    const { chance, sdk } = this.#world;
    const machine = chance.of(Object.keys(ends));
    const token = this.#world.token("z");
    const input = { token, seconds: 1 + chance.int(600), items: [1, 30, 5].slice(chance.int(3)) };
    this.#world.note(`start ${machine}: ${JSON.stringify(input)}`);
    this.#ledger.may(done, token);
    const output = await this.#world.sure(
      sdk.states.startExecution({
        stateMachineArn: this.#world.arn("states", `stateMachine:${machine}`),
        name: token,
        input: JSON.stringify(input),
      }),
    );
    if (output === undefined) return;
    this.#executions.push({ token, machine, dueMs: this.#world.now() + (ends[machine]?.withinSeconds ?? 0) * 1000 });
  }

  async #readQuestions(): Promise<void> {
    const QueueUrl = this.#world.queueUrl(questions);
    const output = await this.#world.sure(
      this.#world.sdk.sqs.receiveMessage({ QueueUrl, MaxNumberOfMessages: 3, VisibilityTimeout: 3600 }),
    );
    const tokens = (output?.Messages ?? []).map(({ Body }) => Body as string);
    this.#world.note(`read ${tokens.length} questions`);
    this.#taskTokens.push(...tokens);
  }

  /** A task's token is answered, well or badly, or forgotten. */
  async #answer(): Promise<void> {
    const { chance, sdk } = this.#world;
    const taskToken = this.#taskTokens.shift();
    if (taskToken === undefined) return;
    const how = chance.of(["well", "well", "badly", "not"]);
    this.#world.note(`answer ${how}`);
    if (how === "not") return;
    const answer = await this.#world.ask(
      how === "well"
        ? sdk.states.sendTaskSuccess({ taskToken, output: "{}" })
        : sdk.states.sendTaskFailure({ taskToken, error: "No" }),
    );
    // It may have timed out, or been answered by a call of a process that ended.
    if (answer.kind === "refused" && !/TaskTimedOut|TaskDoesNotExist|InvalidToken/.test(answer.error.name)) {
      throw new Violation("a good answer is refused", answer.error.stack);
    }
  }

  async #takeWork(): Promise<void> {
    if (this.#world.bursting) return;
    const leave = new AbortController();
    const asking = this.#world.ask(
      this.#world.sdk.states.getActivityTask(
        { activityArn: this.#world.arn("states", "activity:hands"), workerName: "worker" },
        { abortSignal: leave.signal },
      ),
    );
    await this.#world.settle();
    // When there is nothing to do nobody waits for it.
    leave.abort();
    const answer = await asking.catch(() => undefined);
    const taskToken = answer?.kind === "done" ? answer.output.taskToken : undefined;
    this.#world.note(`take work: ${taskToken === undefined ? "none" : "some"}`);
    if (taskToken !== undefined) this.#taskTokens.push(taskToken);
  }

  async #describe(): Promise<void> {
    if (this.#executions.length > 0) await this.#look(this.#world.chance.of(this.#executions));
  }

  async #look({ token, machine, dueMs }: Execution): Promise<void> {
    const output = await this.#world.sure(
      this.#world.sdk.states.describeExecution({
        executionArn: this.#world.arn("states", `execution:${machine}:${token}`),
      }),
    );
    if (output === undefined) return;
    const { status = "", error, cause } = output;
    this.#world.note(`  ${token} is ${status}`);
    if (status === "RUNNING") {
      if (dueMs <= this.#world.now()) throw new Violation("an execution does not end", { token, machine });
    } else if (!ends[machine]?.statuses.includes(status)) {
      throw new Violation("an execution ends otherwise", { token, machine, status, error, cause });
    } else if (status === "SUCCEEDED" && !this.#world.bursting) {
      this.#sinks.look();
      if (this.#ledger.times(done, token) === 0) throw new Violation("a task's message is lost", { token, machine });
    }
  }

  async recover(): Promise<void> {}

  async check(): Promise<void> {
    const now = this.#world.now();
    this.#sinks.look();
    this.#checkNobodyIsStuck();
    for (const execution of this.#executions.filter(({ dueMs }) => dueMs <= now)) {
      await this.#look(execution);
      this.#executions = this.#executions.filter((other) => other !== execution);
    }
  }

  /** What could go on has gone on: only what waits for time or for others is left. */
  #checkNobodyIsStuck(): void {
    const { store } = this.#world.emulator;
    const ready = store.table(headTable).by.ready.first("");
    if (ready !== undefined) throw new Violation("an execution could go on and nothing makes it", ready.execution);
    const task = store.table(taskTable).by.toCall.first("");
    if (task !== undefined && !this.#outside.isWaitedFor) {
      throw new Violation("a task is to be called and nobody calls it", { execution: task.execution, id: task.taskId });
    }
  }
}
