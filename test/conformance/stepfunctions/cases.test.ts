/** The recorded cases of the Amazon States Language, end to end: a real client, real queues, topics and buses. */
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateTopicCommand, SNSClient } from "@aws-sdk/client-sns";
import { CreateQueueCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type States, startStates } from "../../support/states.ts";

interface Case {
  readonly name: string;
  readonly definition: object;
  readonly input: unknown;
  readonly expect: { status: string; output?: unknown; error?: string; causeContains?: string };
  readonly historyTypes?: string[];
}

const cases = readFileSync(new URL("../../cases/asl-cases.jsonl", import.meta.url), "utf8")
  .split("\n")
  .filter((line) => line !== "")
  .map((line) => JSON.parse(line) as Case);

describe.each(["memory", "disk"])("the recorded cases, in %s", (backing) => {
  let states: States;
  let directory: string | undefined;
  const places: Record<string, string> = {};

  beforeAll(async () => {
    directory = backing === "disk" ? await mkdtemp(join(tmpdir(), "busbar-cases-")) : undefined;
    states = await startStates({
      clock: "virtual",
      startTime: "2030-01-01T00:00:00Z",
      seed: "cases",
      ...(directory === undefined ? {} : { dataDir: directory }),
    });
    const sqs = new SQSClient(states.bus.clientConfig());
    const sns = new SNSClient(states.bus.clientConfig());
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: "q" }));
    const topic = await sns.send(new CreateTopicCommand({ Name: "t" }));
    const fifo = await sns.send(new CreateTopicCommand({ Name: "t.fifo", Attributes: { FifoTopic: "true" } }));
    places["{{QUEUE_URL}}"] = QueueUrl as string;
    places["{{TOPIC_ARN}}"] = topic.TopicArn as string;
    places["{{FIFO_TOPIC_ARN}}"] = fifo.TopicArn as string;
    sqs.destroy();
    sns.destroy();
  });
  afterAll(async () => {
    await states.close();
    if (directory !== undefined) await rm(directory, { recursive: true });
  });

  it("are all there", () => expect(cases).toHaveLength(237));

  it.each(cases.map((item) => [item.name, item] as const))("%s", async (_name, item) => {
    let input = JSON.stringify(item.input);
    for (const [place, value] of Object.entries(places)) input = input.replaceAll(place, value);
    const execution = await states.start(await states.create(item.definition), JSON.parse(input));
    await states.bus.clock.advance("1h");
    const { status, output, error, cause } = await states.describe(execution);
    expect({ status, error }).toEqual({ status: item.expect.status, error: item.expect.error });
    if ("output" in item.expect) expect(JSON.parse(output as string)).toEqual(item.expect.output);
    if (item.expect.causeContains !== undefined) expect(cause).toContain(item.expect.causeContains);
    if (item.historyTypes) {
      expect((await states.history(execution)).map(({ type }) => type)).toEqual(item.historyTypes);
    }
  });
});
