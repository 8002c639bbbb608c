/**
 * Machines with their histories, from a text file: a block for each, begun by `# name`, of
 * - `definition` and its JSON, and `input` with the caller's text (`{}` when absent);
 * - lines that begin with `>` and tell what happens outside: `advance 5s`, `stop {…}`, `answer {…}` and `fail {…}` for the
 *   message that waits in the queue, `take`, `work {…}` and `give up {…}` for the activity's task, `redrive`;
 * - an event a line: `3<2 PassStateExited {…}`, with the members of its details but for those that always come along
 *   (`inputDetails`, `outputDetails`, `assignedVariablesDetails`). Without `{…}` the event has no details.
 * In texts, `<any>` stands for what is different each time.
 */
import { readFileSync } from "node:fs";
import {
  GetActivityTaskCommand,
  type HistoryEvent,
  RedriveExecutionCommand,
  SendTaskFailureCommand,
  SendTaskSuccessCommand,
  StartExecutionCommand,
  StopExecutionCommand,
} from "@aws-sdk/client-sfn";
import { ReceiveMessageCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { expect } from "vitest";
import type { States } from "./states.ts";

export interface HistoryCase {
  readonly name: string;
  readonly definition: string;
  readonly input: string;
  readonly steps: string[];
  readonly events: string[];
}

export function readHistoryCases(file: URL): HistoryCase[] {
  const blocks = readFileSync(file, "utf8").split(/^# /m).slice(1);
  return blocks.map((block) => {
    const [name = "", ...lines] = block.trimEnd().split("\n");
    const field = (word: string) => lines.find((line) => line.startsWith(`${word} `))?.slice(word.length + 1);
    return {
      name,
      definition: field("definition") ?? "",
      input: field("input") ?? "{}",
      steps: lines.filter((line) => line.startsWith("> ")).map((line) => line.slice(2)),
      events: lines.filter((line) => /^\d/.test(line)),
    };
  });
}

/** Where the outside of the machines is: their queue and their activity. */
export interface Outside {
  readonly states: States;
  readonly sqs: SQSClient;
  readonly queueUrl: string;
  readonly activityArn: string;
}

/** Runs a machine, does what is to be done from outside, and gives the events. */
export async function historyOf(
  one: HistoryCase,
  outside: Outside,
): Promise<{ executionArn: string; events: HistoryEvent[] }> {
  const { states } = outside;
  const stateMachineArn = await states.create({}, { definition: one.definition });
  const started = await states.client.send(new StartExecutionCommand({ stateMachineArn, input: one.input }));
  const executionArn = started.executionArn as string;
  await states.bus.clock.advance(0);
  for (const step of one.steps) {
    await happen(step, executionArn, outside);
    await states.bus.clock.advance(0);
  }
  return { executionArn, events: await states.history(executionArn) };
}

async function happen(step: string, executionArn: string, outside: Outside): Promise<void> {
  const { states, sqs, queueUrl, activityArn } = outside;
  const { client } = states;
  const [, what = "", more = ""] = /^([a-z ]+?)(?: (\{.*|\d.*|".*))?$/.exec(step) ?? [];
  /** The token of the message sent last. */
  const token = async () => {
    let last: string | undefined;
    for (;;) {
      const receive = { QueueUrl: queueUrl, VisibilityTimeout: 43_200, MaxNumberOfMessages: 10 };
      const { Messages = [] } = await sqs.send(new ReceiveMessageCommand(receive));
      if (Messages.length === 0) return last;
      for (const { Body = "" } of Messages) last = /"token":"([^"]+)"/.exec(Body)?.[1] ?? last;
    }
  };
  const task = async (workerName?: string) =>
    (await client.send(new GetActivityTaskCommand({ activityArn, workerName }))).taskToken;
  const failure = () => JSON.parse(more === "" ? "{}" : more) as { error?: string; cause?: string };
  switch (what) {
    case "advance":
      await states.bus.clock.advance(more);
      return;
    case "stop":
      await client.send(new StopExecutionCommand({ executionArn, ...failure() }));
      return;
    case "answer":
      await client.send(new SendTaskSuccessCommand({ taskToken: await token(), output: more }));
      return;
    case "fail":
      await client.send(new SendTaskFailureCommand({ taskToken: await token(), ...failure() }));
      return;
    case "take":
      await task("worker");
      return;
    case "work":
      await client.send(new SendTaskSuccessCommand({ taskToken: await task("worker"), output: more }));
      return;
    case "work without a name":
      await client.send(new SendTaskSuccessCommand({ taskToken: await task(), output: more }));
      return;
    case "give up":
      await client.send(new SendTaskFailureCommand({ taskToken: await task("worker"), ...failure() }));
      return;
    case "redrive":
      await client.send(new RedriveExecutionCommand({ executionArn }));
      return;
    default:
      throw new Error(`Nobody knows how to ${step}`);
  }
}

/** The member of an event that its details are in. */
function detailsKey(type: string): string {
  const kind = /State(Entered|Exited)$/.exec(type)?.[0] ?? type;
  return `${kind.charAt(0).toLowerCase()}${kind.slice(1)}EventDetails`;
}

/** A line as the event that is expected, but for its time. */
export function expectedEvent(line: string): object {
  const [, id, previous, type = "", details] = /^(\d+)<(\d+) (\w+)(?: (\{.*\}))?$/.exec(line) ?? [];
  const event = { id: Number(id), previousEventId: Number(previous), type };
  if (details === undefined) return event;
  const members = JSON.parse(details) as Record<string, unknown>;
  for (const payload of ["input", "output", "assignedVariables"]) {
    if (members[payload] !== undefined) members[`${payload}Details`] = { truncated: false };
  }
  return { ...event, [detailsKey(type)]: loosened(members) };
}

function loosened(value: unknown): unknown {
  if (typeof value === "string" && value.includes("<any>")) {
    const pattern = value.split("<any>").map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
    return expect.stringMatching(new RegExp(`^${pattern.join("[^]+")}$`));
  }
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(loosened);
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, loosened(member)]));
}
