/** What executions do, they do in turns, however large what they carry along. */
import { SFN } from "@aws-sdk/client-sfn";
import { expect, it } from "vitest";
import { createBusbar } from "../../../src/index.ts";
import { turnsDuring } from "../../support/turns.ts";

it("an endless loop with a payload at its limit leaves others their turns", async () => {
  const bus = await createBusbar({ port: false });
  const sfn = new SFN({ ...bus.clientConfig(), maxAttempts: 1 });
  const { stateMachineArn } = await sfn.createStateMachine({
    name: "loop",
    roleArn: "arn:aws:iam::000000000000:role/any",
    definition: JSON.stringify({
      StartAt: "A",
      States: {
        A: { Type: "Pass", Next: "B" },
        B: { Type: "Choice", Choices: [{ Variable: "$.text", StringEquals: "", Next: "C" }], Default: "A" },
        C: { Type: "Succeed" },
      },
    }),
  });
  const input = JSON.stringify({ text: "x".repeat(250_000) });
  const { executionArn } = await sfn.startExecution({ stateMachineArn, input });
  const { longestMs, count } = await turnsDuring(new Promise((resolve) => setTimeout(resolve, 1500)));
  // A turn was as long as 500 states took: seconds.
  expect(longestMs).toBeLessThan(200);
  expect(count).toBeGreaterThan(5);
  const { events = [] } = await sfn.getExecutionHistory({ executionArn, maxResults: 1, reverseOrder: true });
  expect(events[0]?.id).toBeGreaterThan(20);
  sfn.destroy();
  await bus.close();
});
