/** What pipes do, they do in turns, however much waits for them. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PipesEnvironment, pipeRole } from "../../support/pipes.ts";
import { turnsDuring } from "../../support/turns.ts";

const messages = process.env["BUSBAR_TEST_FULL"] === "1" ? 200_000 : 5_000;
/** Others are answered between two turns. */
const longestTurnMs = 100;

let env: PipesEnvironment;

describe("on a real clock", () => {
  beforeEach(async () => {
    env = await PipesEnvironment.start("memory", { clock: "real" });
  });
  afterEach(() => env.stop());

  it("a pipe made on many waiting messages leaves others their turns", async () => {
    const [from, to] = [await env.queue(), await env.queue()];
    const Entries = Array.from({ length: 10 }, (_, i) => ({ Id: `${i}`, MessageBody: "waits" }));
    for (let left = messages / 10; left > 0; left--) await env.sqs.sendMessageBatch({ QueueUrl: from.url, Entries });
    await env.pipes.createPipe({ Name: "drain", Source: from.arn, Target: to.arn, RoleArn: pipeRole });
    const moved = async (): Promise<void> => {
      const AttributeNames = ["ApproximateNumberOfMessages" as const];
      let there = 0;
      while (there < messages) {
        const { Attributes } = await env.sqs.getQueueAttributes({ QueueUrl: to.url, AttributeNames });
        there = Number(Attributes?.["ApproximateNumberOfMessages"]);
      }
    };
    const { longestMs, count } = await turnsDuring(moved());
    expect(longestMs).toBeLessThan(longestTurnMs);
    expect(count).toBeGreaterThan(10);
  });
});
