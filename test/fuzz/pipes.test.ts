/** Pipes with all kinds of templates, filters, parameters and messages: refused, moved or kept, never broken. */
import { Pipes } from "@aws-sdk/client-pipes";
import { SQS } from "@aws-sdk/client-sqs";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { type Busbar, createBusbar } from "../../src/index.ts";

const word = fc.oneof(
  fc.constantFrom("<$.body>", "<$.body.a>", "<$.body.a[0]>", "<$.body[*].b>", "<$.attributes.SenderId>", "<$.", "<$>"),
  fc.constantFrom("<aws.pipes.pipe-name>", "<aws.pipes.event>", "<aws.pipes.event.json>", "<aws.pipes.x>", "<", ">"),
  fc.constantFrom("{", "}", '"', "\\", ":", ",", '{"a":', "null", "é\u{1F600}", "\ud800", "$&", "x"),
);
const template = fc.array(word, { maxLength: 8 }).map((words) => words.join(""));
const path = fc.constantFrom("$.body.a", "$.messageId", "$.", "$[", "$.body[99999999999]", "plain", "$.__proto__.x");
const filter = fc.oneof(
  fc.json(),
  fc.constantFrom(
    "{}",
    '{"body":["x"]}',
    '{"body":{"a":[1]}}',
    '{"body":{"a":[{"prefix":"x"}]}}',
    '{"$or":[{"body":{"a":[{"exists":true}]}},{"messageId":[{"anything-but":"x"}]}]}',
    '{"body":{"__proto__":[null]}}',
  ),
);
// A queue accepts no control characters, and the client sends no lone surrogates.
const body = fc
  .oneof(fc.json(), fc.constantFrom('{"a":[1]}', '{"a":{"b":"x"}}', "[1,2]", '"text"', "plain", "1e999", '{"a":'))
  .map((text) => text.replace(/[^\t\n\r -\ud7ff]/g, "?") || "empty");

let bus: Busbar;
let pipes: Pipes;
let sqs: SQS;
// Bugs are logged with their stacks.
const logged = vi.spyOn(console, "error").mockImplementation(() => {});

beforeAll(async () => {
  bus = await createBusbar({ clock: "virtual", port: false });
  pipes = new Pipes({ ...bus.clientConfig(), maxAttempts: 1 });
  sqs = new SQS({ ...bus.clientConfig(), maxAttempts: 1 });
  bus.registerFunction("echo", (event) => event);
});
afterAll(async () => {
  logged.mockRestore();
  await bus.close();
});

it("a message is delivered, dropped or still in the source, whatever the pipe", async () => {
  const { QueueUrl: from } = await sqs.createQueue({ QueueName: "from" });
  const { QueueUrl: to } = await sqs.createQueue({ QueueName: "to.fifo", Attributes: { FifoQueue: "true" } });
  const outcomes = { refused: 0, moved: 0, dropped: 0, kept: 0 };
  const count = async (QueueUrl: string | undefined) => {
    const { Attributes } = await sqs.getQueueAttributes({ QueueUrl, AttributeNames: ["All"] });
    const numbers = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"] as const;
    return numbers.reduce((sum, name) => sum + Number(Attributes?.[name]), 0);
  };
  await fc.assert(
    fc.asyncProperty(
      template,
      fc.option(template, { nil: undefined }),
      path,
      fc.option(filter, { nil: undefined }),
      body,
      async (InputTemplate, enrichmentTemplate, MessageDeduplicationId, Pattern, MessageBody) => {
        try {
          await pipes.createPipe({
            Name: "fuzz",
            RoleArn: "arn:aws:iam::000000000000:role/pipe",
            Source: "arn:aws:sqs:us-east-1:000000000000:from",
            ...(Pattern === undefined ? {} : { SourceParameters: { FilterCriteria: { Filters: [{ Pattern }] } } }),
            ...(enrichmentTemplate === undefined
              ? {}
              : {
                  Enrichment: "arn:aws:lambda:us-east-1:000000000000:function:echo",
                  EnrichmentParameters: { InputTemplate: enrichmentTemplate },
                }),
            Target: "arn:aws:sqs:us-east-1:000000000000:to.fifo",
            TargetParameters: { InputTemplate, SqsQueueParameters: { MessageGroupId: "g", MessageDeduplicationId } },
          });
        } catch (error) {
          expect((error as Error).name).toBe("ValidationException");
          outcomes.refused += 1;
          return;
        }
        await bus.clock.advance(1);
        await sqs.sendMessage({ QueueUrl: from, MessageBody });
        await bus.clock.advance(1);
        const [left, arrived] = [await count(from), await count(to)];
        expect(left + arrived).toBeLessThanOrEqual(1);
        outcomes[left === 1 ? "kept" : arrived === 1 ? "moved" : "dropped"] += 1;
        await pipes.deletePipe({ Name: "fuzz" });
        await bus.clock.advance(1);
        for (const QueueUrl of [from, to]) await sqs.purgeQueue({ QueueUrl });
        // Deduplication ids of earlier messages are forgotten.
        await bus.clock.advance("6m");
      },
    ),
    { numRuns: 600 },
  );
  for (const times of Object.values(outcomes)) expect(times).toBeGreaterThan(0);
  expect(logged.mock.calls).toEqual([]);
  expect(bus.requests().filter(({ status }) => status >= 500)).toEqual([]);
});
