/** A Busbar with a Step Functions client, for conformance tests. */
import {
  CreateStateMachineCommand,
  type CreateStateMachineCommandInput,
  DescribeExecutionCommand,
  type DescribeExecutionCommandOutput,
  GetExecutionHistoryCommand,
  type HistoryEvent,
  SFNClient,
  StartExecutionCommand,
} from "@aws-sdk/client-sfn";
import { type Busbar, type BusbarOptions, createBusbar } from "../../src/index.ts";

export const roleArn = "arn:aws:iam::000000000000:role/r";

export interface States {
  readonly bus: Busbar;
  readonly client: SFNClient;
  create(definition: object, more?: Partial<CreateStateMachineCommandInput>): Promise<string>;
  /** Starts an execution and answers its ARN. */
  start(machine: string, input?: unknown, name?: string): Promise<string>;
  describe(execution: string): Promise<DescribeExecutionCommandOutput>;
  /** Waits, in turns of the event loop, until the execution has ended. */
  ended(execution: string): Promise<DescribeExecutionCommandOutput>;
  /** Creates, starts and waits. */
  run(definition: object, input?: unknown): Promise<DescribeExecutionCommandOutput>;
  history(execution: string): Promise<HistoryEvent[]>;
  close(): Promise<void>;
}

let made = 0;

export async function startStates(options: BusbarOptions = {}): Promise<States> {
  const bus = await createBusbar(options);
  const client = new SFNClient({ ...bus.clientConfig(), maxAttempts: 1 });
  const states: States = {
    bus,
    client,
    async create(definition, more = {}) {
      made += 1;
      const input = { name: `m${made}`, definition: JSON.stringify(definition), roleArn, ...more };
      return (await client.send(new CreateStateMachineCommand(input))).stateMachineArn as string;
    },
    async start(machine, input = {}, name) {
      const command = new StartExecutionCommand({ stateMachineArn: machine, input: JSON.stringify(input), name });
      return (await client.send(command)).executionArn as string;
    },
    describe: (execution) => client.send(new DescribeExecutionCommand({ executionArn: execution })),
    async ended(execution) {
      for (let attempt = 0; attempt < 2000; attempt++) {
        const described = await states.describe(execution);
        if (described.status !== "RUNNING") return described;
        // Some wait for what takes real time, such as the retries of an SDK client.
        if (attempt >= 500) await new Promise((resolve) => setTimeout(resolve, 10));
      }
      throw new Error(`${execution} does not end`);
    },
    async run(definition, input) {
      return states.ended(await states.start(await states.create(definition), input));
    },
    async history(execution) {
      const events: HistoryEvent[] = [];
      let nextToken: string | undefined;
      do {
        const page = await client.send(
          new GetExecutionHistoryCommand({ executionArn: execution, nextToken, maxResults: 1000 }),
        );
        events.push(...(page.events ?? []));
        nextToken = page.nextToken;
      } while (nextToken !== undefined);
      return events;
    },
    async close() {
      client.destroy();
      await bus.close();
    },
  };
  return states;
}

/** Events in short: `3<2 PassStateExited`. */
export function inShort(events: readonly HistoryEvent[]): string[] {
  return events.map(({ id, previousEventId, type }) => `${id}<${previousEventId} ${type}`);
}

export const pass = { StartAt: "A", States: { A: { Type: "Pass", End: true } } };
