import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { TaskRequest } from "../../../src/services/stepfunctions/asl/execution.ts";
import { isObject, type Json, type JsonObject } from "../../../src/services/stepfunctions/asl/json.ts";
import { runDefinition, type TaskOutcome } from "../../support/asl-runner.ts";

type Case = {
  name: string;
  definition: JsonObject;
  input: Json;
  expect: { status: string; output?: Json; error?: string; causeContains?: string };
  historyTypes?: string[];
  needs?: string[];
};

const cases = readFileSync(new URL("../../cases/asl-cases.jsonl", import.meta.url), "utf8")
  .split("\n")
  .filter((line) => line !== "")
  .map((line) => JSON.parse(line) as Case);

const placeholders: Record<string, string> = {
  "{{QUEUE_URL}}": "http://localhost:4566/000000000000/queue",
  "{{TOPIC_ARN}}": "arn:aws:sns:us-east-1:000000000000:topic",
  "{{FIFO_TOPIC_ARN}}": "arn:aws:sns:us-east-1:000000000000:topic.fifo",
};

function filled(input: Json): Json {
  let text = JSON.stringify(input);
  for (const [name, value] of Object.entries(placeholders)) text = text.replaceAll(name, value);
  return JSON.parse(text) as Json;
}

const metadata: JsonObject = { SdkHttpMetadata: { HttpStatusCode: 200 }, SdkResponseMetadata: { RequestId: "r" } };

/** Replaces the queues, topics and buses that the cases call, as far as the cases need them. */
function integration(task: TaskRequest): TaskOutcome {
  const parameters = task.parameters as JsonObject;
  const resource = task.resource.kind === "service" ? `${task.resource.resourceType}:${task.resource.api}` : "";
  if (resource === "sqs:sendMessage") {
    const body = parameters["MessageBody"] ?? null;
    if (body === null) {
      return {
        error: "SQS.AmazonSQSException",
        cause:
          "The request must contain the parameter MessageBody. (Service: AmazonSQS; Status Code: 400; Error Code: MissingParameter; Request ID: r; Proxy: null)",
      };
    }
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const output = { MD5OfMessageBody: createHash("md5").update(text).digest("hex"), MessageId: "m", ...metadata };
    if (task.pattern === "waitForTaskToken") return { output: null, submitted: output, afterSeconds: 3600 };
    return { output };
  }
  if (resource === "sns:publish") {
    if (String(parameters["TopicArn"]).endsWith(".fifo") && parameters["MessageGroupId"] === undefined) {
      return {
        error: "SNS.InvalidParameterException",
        cause:
          "Invalid parameter: The MessageGroupId parameter is required for FIFO topics (Service: AmazonSNS; Status Code: 400; Error Code: InvalidParameter; Request ID: r; Proxy: null)",
      };
    }
    return { output: { MessageId: "m", ...metadata } };
  }
  const entries = (parameters["Entries"] as JsonObject[]).map((entry): JsonObject => {
    if (entry["Source"] === undefined) {
      return {
        ErrorCode: "InvalidArgument",
        ErrorMessage: "Parameter Source is not valid. Reason: Source is a required argument.",
      };
    }
    if (!isObject(entry["Detail"])) return { ErrorCode: "MalformedDetail", ErrorMessage: "Detail is malformed." };
    return { EventId: "e" };
  });
  const failed = entries.filter((entry) => entry["ErrorCode"] !== undefined).length;
  const output: JsonObject = { Entries: entries, FailedEntryCount: failed };
  return failed > 0 ? { error: "EventBridge.FailedEntry", cause: JSON.stringify(output) } : { output };
}

describe("the recorded cases of the Amazon States Language", () => {
  it("are all there", () => expect(cases).toHaveLength(237));

  it.each(cases.map((item) => [item.name, item] as const))("%s", (_name, item) => {
    const result = runDefinition(item.definition, filled(item.input), { task: integration, serialise: true });
    expect({ status: result.status, error: result.error }).toEqual({
      status: item.expect.status,
      error: item.expect.error,
    });
    if ("output" in item.expect) expect(result.output).toEqual(item.expect.output);
    if (item.expect.causeContains !== undefined) expect(result.cause).toContain(item.expect.causeContains);
    if (item.historyTypes) expect(result.events.map((event) => event.type)).toEqual(item.historyTypes);
  });
});
