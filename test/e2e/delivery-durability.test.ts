/** What SNS has acknowledged is delivered, even if the process is killed in the middle of its retries. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateTopicCommand, PublishCommand, SNSClient, SubscribeCommand } from "@aws-sdk/client-sns";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type RunningCli, startCli, stopAll } from "../support/cli.ts";
import { startReceiver, visit } from "../support/http-receiver.ts";

const kills = 5;
const perRound = 20;

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "busbar-deliveries-"));
});
afterAll(async () => {
  await stopAll();
  await rm(directory, { recursive: true, force: true });
});

function clientOf({ endpoint }: RunningCli): SNSClient {
  const credentials = { accessKeyId: "000000000000", secretAccessKey: "x" };
  return new SNSClient({ endpoint, region: "us-east-1", credentials, maxAttempts: 1 });
}

it("delivers every acknowledged message, although it is killed in the middle of retries", async () => {
  const receiver = await startReceiver(() => 0);
  const refused: string[] = [];
  const taken: string[] = [];
  let refusing = false;
  receiver.answer = ({ body }) => {
    const { Type, Message } = JSON.parse(body);
    if (Type === "Notification") (refusing ? refused : taken).push(Message);
    return { status: refusing ? 503 : 200 };
  };
  let cli = await startCli(["--data-dir", directory]);
  let sns = clientOf(cli);
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: "t" }));
  const healthyRetryPolicy = { minDelayTarget: 600, maxDelayTarget: 600, numRetries: 5, numNoDelayRetries: 1 };
  const Attributes = { DeliveryPolicy: JSON.stringify({ healthyRetryPolicy }) };
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: "http", Endpoint: receiver.url, Attributes }));
  while (receiver.received.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await visit(JSON.parse(receiver.received[0]?.body ?? "").SubscribeURL);

  refusing = true;
  const acknowledged: string[] = [];
  for (let round = 0; round < kills; round++) {
    const publishing = Array.from({ length: perRound }, async (_, i) => {
      const Message = `${round}-${i}`;
      await sns.send(new PublishCommand({ TopicArn, Message }));
      acknowledged.push(Message);
      if (acknowledged.length >= (round + 0.5) * perRound) cli.kill("SIGKILL");
    });
    await Promise.allSettled(publishing);
    await cli.ended;
    sns.destroy();
    cli = await startCli(["--data-dir", directory]);
    sns = clientOf(cli);
  }
  expect(refused.length).toBeGreaterThan(0);
  refusing = false;
  const body = JSON.stringify({ advance: "11m" });
  await fetch(`${cli.endpoint}/_busbar/clock`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  expect(acknowledged.length).toBeGreaterThanOrEqual(kills * (perRound / 2));
  expect(acknowledged.filter((message) => !taken.includes(message))).toEqual([]);
  // Nothing that the endpoint has accepted is delivered twice.
  expect(taken.length).toBe(new Set(taken).size);
  sns.destroy();
  cli.kill("SIGTERM");
  await cli.ended;
});
