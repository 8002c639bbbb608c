/** Hostile input to SNS: the response is always one of AWS's, never a bug of ours. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AwsError } from "../../protocols/error.ts";
import type { WireResponse } from "../../protocols/protocol.ts";
import { kindOf, type OperationModel, type Shape } from "../../protocols/schema.ts";
import { Emulator } from "../../src/emulator.ts";
import {
  checkSubscriptionDeliveryPolicy,
  checkTopicDeliveryPolicy,
  effectivePolicy,
  httpRetry,
} from "../../src/services/sns/delivery-policy.ts";
import { AttributeFault } from "../../src/services/sns/errors.ts";
import { sns } from "../../src/services/sns/index.ts";

const topic = "arn:aws:sns:us-east-1:000000000000:t";
const fifo = `${topic}.fifo`;
const queue = "arn:aws:sqs:us-east-1:000000000000:q";

/** Parameters over Query that reach each member of an operation's input. */
function parametersOf(operation: OperationModel): string[] {
  const paths: string[] = [];
  const walk = (shape: Shape, path: string, depth: number): void => {
    const kind = kindOf(shape);
    if (depth > 4 || kind === "unit") return;
    if (kind === "struct") {
      for (const [name, member] of shape.structIterator())
        walk(member, path === "" ? name : `${path}.${name}`, depth + 1);
    } else if (kind === "list") {
      for (const i of [1, 2]) walk(shape.getValueSchema(), `${path}.member.${i}`, depth + 1);
    } else if (kind === "map") {
      const message = path.endsWith("MessageAttributes");
      for (const i of [1, 2]) {
        paths.push(`${path}.entry.${i}.${message ? "Name" : "key"}`);
        walk(shape.getValueSchema(), `${path}.entry.${i}.${message ? "Value" : "value"}`, depth + 1);
      }
    } else paths.push(path);
  };
  walk(operation.input, "", 0);
  return paths;
}

const operations = [...sns.model.operations.values()];

const values = [
  topic,
  fifo,
  queue,
  `${queue}.fifo`,
  "arn:aws:lambda:us-east-1:000000000000:function:f",
  "http://127.0.0.1:1/",
  "a@example.com",
  "+15551234567",
  "",
  "true",
  "json",
  "sqs",
  "http",
  "email",
  "sms",
  "lambda",
  "Policy",
  "DeliveryPolicy",
  "FilterPolicy",
  "FilterPolicyScope",
  "MessageBody",
  "RedrivePolicy",
  "RawMessageDelivery",
  "ReplayPolicy",
  "ArchivePolicy",
  "FifoTopic",
  "__proto__",
  "constructor",
  "toString",
  "String",
  "Number",
  "Binary",
  "GCM",
  '{"default":"x","sqs":null,"__proto__":{}}',
  '{"a":["b"]}',
  '{"a":[{"numeric":["<",1]}],"$or":[{"b":[1]},{"c":[null]}]}',
  '{"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":1,"maxDelayTarget":2,"numRetries":3}}}',
  '{"healthyRetryPolicy":{"minDelayTarget":1,"maxDelayTarget":2,"numRetries":3}}',
  `{"deadLetterTargetArn":"${queue}"}`,
  '{"MessageRetentionPeriod":"1"}',
  '{"PointType":"Timestamp","StartingPoint":"2020-01-01T00:00:00Z"}',
];

const value = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...values) },
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.json({ maxDepth: 3 }),
);
/** A call of any operation with any of its members, right or wrong. */
const call = fc.constantFrom(...operations).chain((operation) => {
  const paths = parametersOf(operation);
  const parameters =
    paths.length === 0 ? fc.constant({}) : fc.dictionary(fc.constantFrom(...paths), value, { maxKeys: 9, size: "max" });
  return fc.record({ action: fc.constant(operation.name), parameters });
});

async function started(bugs: unknown[]): Promise<(parameters: Record<string, string>) => Promise<WireResponse>> {
  const emulator = await Emulator.start({ clock: "virtual", seed: "fuzz", onBug: (error) => bugs.push(error) });
  const send = async (parameters: Record<string, string>): Promise<WireResponse> => {
    const answer = emulator.handle(
      {
        method: "POST",
        path: "/",
        query: "",
        headers: {
          host: "localhost",
          "content-type": "application/x-www-form-urlencoded",
          authorization:
            "AWS4-HMAC-SHA256 Credential=000000000000/20260101/us-east-1/sns/aws4_request, SignedHeaders=host, Signature=0",
        },
        body: Buffer.from(new URLSearchParams(parameters).toString()),
      },
      "http://localhost",
    );
    return "status" in answer ? answer : answer.response;
  };
  await send({ Action: "CreateTopic", Name: "t" });
  await send({
    Action: "CreateTopic",
    Name: "t.fifo",
    "Attributes.entry.1.key": "FifoTopic",
    "Attributes.entry.1.value": "true",
  });
  await send({ Action: "Subscribe", TopicArn: topic, Protocol: "sqs", Endpoint: queue });
  return send;
}

describe("any sequence of calls", () => {
  it("is answered, by success or by one of AWS's errors", async () => {
    let succeeded = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(call, { maxLength: 12 }), async (calls) => {
        const bugs: unknown[] = [];
        const send = await started(bugs);
        for (const { action, parameters } of calls) {
          const { status, body } = await send({ Action: action, Version: "2010-03-31", ...parameters });
          expect(bugs).toEqual([]);
          expect(status).toBeLessThan(500);
          if (status === 200) succeeded += 1;
          const root = status === 200 ? `<${action}Response xmlns=` : "<ErrorResponse xmlns=";
          expect(String(body).startsWith(root)).toBe(true);
        }
      }),
      { numRuns: 600 },
    );
    expect(succeeded).toBeGreaterThan(100);
  });
});

describe("delivery policies", () => {
  const numbers = fc.oneof(
    fc.integer({ min: -2, max: 120 }),
    fc.double(),
    fc.constantFrom(null, "1", true, [], {}, 1e300),
  );
  const healthy = fc.record(
    {
      minDelayTarget: numbers,
      maxDelayTarget: numbers,
      numRetries: numbers,
      numNoDelayRetries: numbers,
      numMinDelayRetries: numbers,
      numMaxDelayRetries: numbers,
      backoffFunction: fc.constantFrom("linear", "geometric", "exponential", "arithmetic", "none", null, 1),
    },
    { requiredKeys: [] },
  );
  const likely = fc.record(
    {
      minDelayTarget: fc.integer({ min: 1, max: 30 }),
      maxDelayTarget: fc.integer({ min: 1, max: 60 }),
      numRetries: fc.integer({ min: 0, max: 100 }),
      numNoDelayRetries: fc.integer({ min: 0, max: 20 }),
      backoffFunction: fc.constantFrom("linear", "geometric", "exponential", "arithmetic"),
    },
    { requiredKeys: ["minDelayTarget", "maxDelayTarget", "numRetries"] },
  );
  const retry = fc.oneof(healthy, likely, fc.jsonValue());
  const throttle = fc.oneof(fc.record({ maxReceivesPerSecond: numbers }), fc.jsonValue());
  const request = fc.oneof(fc.record({ headerContentType: fc.constantFrom("text/xml", "x", "") }), fc.jsonValue());

  /** Undefined when the policy is refused. */
  function accepted(check: (text: string) => string, policy: unknown): string | undefined {
    try {
      return check(JSON.stringify(policy));
    } catch (error) {
      expect(error).toBeInstanceOf(AttributeFault);
      return undefined;
    }
  }

  it("are refused as by AWS, or define a schedule that ends", () => {
    let taken = 0;
    const check = (topicText: string | undefined, ownText: string | undefined) => {
      taken += 1;
      const { phases, maxAgeMs } = httpRetry(effectivePolicy(topicText, ownText));
      expect(maxAgeMs).toBe(3_600_000);
      const count = phases.reduce((sum, phase) => sum + phase.count, 0);
      expect(count).toBeLessThanOrEqual(100);
      for (const phase of phases) {
        expect(phase.minMs >= 0 && phase.maxMs >= phase.minMs && phase.maxMs <= 3_600_000).toBe(true);
      }
    };
    fc.assert(
      fc.property(retry, throttle, request, fc.boolean(), (healthyRetryPolicy, throttlePolicy, requestPolicy, bare) => {
        const own = bare ? { healthyRetryPolicy } : { healthyRetryPolicy, throttlePolicy, requestPolicy };
        const ownText = accepted(checkSubscriptionDeliveryPolicy, own);
        if (ownText !== undefined) check(undefined, ownText);
        const http = bare
          ? { defaultHealthyRetryPolicy: healthyRetryPolicy }
          : {
              defaultHealthyRetryPolicy: healthyRetryPolicy,
              defaultThrottlePolicy: throttlePolicy,
              defaultRequestPolicy: requestPolicy,
            };
        const topicText = accepted(checkTopicDeliveryPolicy, { http });
        if (topicText !== undefined) check(topicText, undefined);
      }),
      { numRuns: 3000 },
    );
    expect(taken).toBeGreaterThan(100);
  });

  it("may be any text", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        for (const check of [checkSubscriptionDeliveryPolicy, checkTopicDeliveryPolicy]) {
          try {
            check(text);
          } catch (error) {
            expect(error instanceof AttributeFault || error instanceof AwsError).toBe(true);
          }
        }
      }),
      { numRuns: 2000 },
    );
  });
});
