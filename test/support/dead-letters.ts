/** Queues with dead-letter queues, and messages that died. */
import { expect } from "vitest";
import type { SqsEnvironment } from "./sqs.ts";

/** A queue and its dead-letter queue. */
export async function pair(
  env: SqsEnvironment,
  maxReceiveCount: number,
  attributes: Record<string, string> = {},
): Promise<{ source: string; target: string }> {
  const make = (more: Record<string, string>) =>
    "FifoQueue" in attributes ? env.fifo({ ...attributes, ...more }) : env.queue({ ...attributes, ...more });
  const target = await make({});
  const source = await make({
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: env.arn(target), maxReceiveCount }),
  });
  return { source, target };
}

/** A dead-letter queue with messages that came from its source. */
export async function dead(env: SqsEnvironment, ...bodies: string[]): Promise<{ source: string; target: string }> {
  const queues = await pair(env, 1);
  for (const body of bodies) await env.send(queues.source, body);
  for (let taken = 0; taken < bodies.length; taken += 10) await env.receive(queues.source, { VisibilityTimeout: 0 });
  while ((await env.counts(queues.source))[0] > 0) await env.receive(queues.source);
  expect(await env.counts(queues.target)).toEqual([bodies.length, 0, 0]);
  return queues;
}
