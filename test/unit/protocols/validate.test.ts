import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compilePattern } from "../../../protocols/pattern.ts";
import { kindOf, type Shape } from "../../../protocols/schema.ts";
import { compileValidator, type MemberFacts } from "../../../protocols/validate.ts";
import { serviceNamed, services } from "../../support/service-models.ts";
import { failureOf, operationNamed } from "../../support/wire.ts";

function violations(service: string, operation: string, input: Record<string, unknown>): string {
  const validate = compileValidator(operationNamed(service, operation));
  return failureOf(() => validate(input)).message;
}

describe("model validation", () => {
  it("joins violations as EventBridge does, pattern before length", () => {
    const name = `${"a".repeat(64)}#`;
    const AuthParameters = {};
    expect(
      violations("eventbridge", "CreateConnection", { Name: name, AuthorizationType: "INVALID", AuthParameters }),
    ).toBe(
      `3 validation errors detected: Value '${name}' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+; ` +
        `Value '${name}' at 'name' failed to satisfy constraint: Member must have length less than or equal to 64; ` +
        "Value 'INVALID' at 'authorizationType' failed to satisfy constraint: Member must satisfy enum value set: [BASIC, OAUTH_CLIENT_CREDENTIALS, API_KEY]",
    );
  });

  it("prints structures as Java does", () => {
    const entry = { Source: "s", DetailType: "t", Detail: "{}", EventBusName: "bus" };
    const printed =
      "PutEventsRequestEntry(time=null, source=s, resources=null, detailType=t, detail={}, eventBusName=bus, traceHeader=null, kmsKeyIdentifier=null, internalMetadata=null)";
    expect(violations("eventbridge", "PutEvents", { Entries: Array.from({ length: 11 }, () => entry) })).toBe(
      `1 validation error detected: Value '[${Array.from({ length: 11 }, () => printed).join(", ")}]' at 'entries' failed to satisfy constraint: Member must have length less than or equal to 10`,
    );
  });

  it("names list items by number", () => {
    const Records = [{ Data: new Uint8Array(), PartitionKey: "" }];
    expect(violations("kinesis", "PutRecords", { Records })).toBe(
      "1 validation error detected: Value '' at 'records.1.member.partitionKey' failed to satisfy constraint: Member must have length greater than or equal to 1",
    );
    const routingConfiguration = [{ stateMachineVersionArn: "arn", weight: 101 }];
    expect(violations("stepfunctions", "CreateStateMachineAlias", { name: "a", routingConfiguration })).toBe(
      "1 validation error detected: Value '101' at 'routingConfiguration.1.member.weight' failed to satisfy constraint: Member must have value less than or equal to 100",
    );
  });

  it("prints nothing around null", () => {
    expect(violations("kinesis", "PutRecord", { PartitionKey: "p" })).toBe(
      "1 validation error detected: Value null at 'data' failed to satisfy constraint: Member must not be null",
    );
  });

  it("follows the recorded limits and order of Step Functions", () => {
    expect(violations("stepfunctions", "ListStateMachines", { maxResults: 1001 })).toBe(
      "1 validation error detected: Value '1001' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 1000",
    );
    expect(violations("stepfunctions", "ListExecutions", { statusFilter: "running" })).toContain(
      "Member must satisfy enum value set: [SUCCEEDED, TIMED_OUT, PENDING_REDRIVE, ABORTED, FAILED, RUNNING]",
    );
    expect(violations("stepfunctions", "ListExecutions", { nextToken: "x".repeat(3097) })).toContain(
      "less than or equal to 3096",
    );
  });

  it("names map values by their key, and SNS's error as SNS does", () => {
    const validate = compileValidator(operationNamed("sns", "Publish"));
    const error = failureOf(() => validate({ Message: "m", MessageAttributes: { attr1: { StringValue: "x" } } }));
    expect(error).toMatchObject({
      name: "ValidationError",
      message:
        "1 validation error detected: Value null at 'messageAttributes.attr1.member.dataType' failed to satisfy constraint: Member must not be null",
    });
  });

  it("says what is wrong with scalars inside a list once, for the list", () => {
    expect(violations("kinesis", "RemoveTagsFromStream", { StreamName: "s", TagKeys: ["", "ok", ""] })).toBe(
      "1 validation error detected: Value '[, ok, ]' at 'tagKeys' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 128, Member must have length greater than or equal to 1]",
    );
  });

  it("uses a REST service's own error", () => {
    const validate = compileValidator(operationNamed("scheduler", "GetSchedule"));
    expect(failureOf(() => validate({ Name: "!" })).schema).toBe(
      serviceNamed("scheduler").errors.get("ValidationException"),
    );
  });

  it("counts and tells the first ten violations, and no more", () => {
    const Records = Array.from({ length: 500 }, () => ({ Data: new Uint8Array(), PartitionKey: "p".repeat(2000) }));
    const message = violations("kinesis", "PutRecords", { StreamName: "s", Records });
    expect(message).toMatch(/^10 validation errors detected/);
    expect(message.match(/failed to satisfy/g)).toHaveLength(10);
    expect(message.length).toBeLessThan(100_000);
  });

  it.each([
    [
      "kinesis",
      "CreateStream",
      { StreamName: "s", Tags: { k: "v".repeat(257) } },
      "failed to satisfy constraint: Map value must satisfy constraint: [Member must have length less than or equal to 256, Member must have length greater than or equal to 0]",
    ],
    [
      "kinesis",
      "CreateStream",
      { StreamName: "s", StreamModeDetails: { StreamMode: "BAD" } },
      "Member must satisfy enum value set: [ON_DEMAND, PROVISIONED]",
    ],
    [
      "kinesis",
      "EnableEnhancedMonitoring",
      { StreamName: "s", ShardLevelMetrics: ["BAD"] },
      "Value '[BAD]' at 'shardLevelMetrics' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [ALL, IteratorAgeMilliseconds, IncomingBytes, WriteProvisionedThroughputExceeded, OutgoingRecords, ReadProvisionedThroughputExceeded, IncomingRecords, OutgoingBytes]]",
    ],
    [
      "kinesis",
      "GetShardIterator",
      { StreamName: "s", ShardId: "0", ShardIteratorType: "BAD" },
      "Member must satisfy enum value set: [AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, AT_SEQUENCE_NUMBER, TRIM_HORIZON]",
    ],
    [
      "kinesis",
      "PutRecord",
      { StreamName: "s", Data: new Uint8Array(), PartitionKey: "k", ExplicitHashKey: "x" },
      "Member must satisfy regular expression pattern: ^(0|([1-9]\\d{0,38}))$",
    ],
    [
      "kinesis",
      "PutRecord",
      { StreamName: "s", Data: new Uint8Array(10_485_761), PartitionKey: "k" },
      "1 validation error detected: Value at 'data' failed to satisfy constraint: Member must have length less than or equal to 10485760",
    ],
    [
      "eventbridge",
      "CreateArchive",
      { ArchiveName: "!".repeat(49), EventSourceArn: "arn:aws:events:us-east-1:000000000000:event-bus/default" },
      "at 'archiveName' failed to satisfy constraint: Member must have length less than or equal to 48; Value",
    ],
    [
      "eventbridge",
      "CreateApiDestination",
      { Name: "d", ConnectionArn: "x", InvocationEndpoint: "https://a", HttpMethod: "BAD" },
      "Member must satisfy enum value set: [HEAD, POST, PATCH, DELETE, PUT, GET, OPTIONS]",
    ],
    [
      "stepfunctions",
      "SendTaskSuccess",
      { taskToken: "", output: "{}" },
      "1 validation error detected: Value '' at 'taskToken' failed to satisfy constraint: Member must have length greater than or equal to 1",
    ],
    [
      "stepfunctions",
      "SendTaskSuccess",
      { taskToken: "t" },
      "1 validation error detected: Value at 'output' failed to satisfy constraint: Member must not be null",
    ],
  ])("says of %s %s what was recorded", (service, operation, input, text) => {
    expect(violations(service, operation, input)).toContain(text);
  });

  it("lets SQS check its own input", () => {
    expect(() => compileValidator(operationNamed("sqs", "SendMessage"))({})).not.toThrow();
  });
});

describe("constraint tables", () => {
  // Some of AWS's own members are printed though no client can send them.
  const internal = ["PutEventsRequestEntry.KmsKeyIdentifier", "PutEventsRequestEntry.InternalMetadata"];

  it.each(services.map((service) => [service.name, service] as const))(
    "speaks of %s's own members",
    (_name, service) => {
      const known = new Set<string>(internal);
      const visit = (shape: Shape) => {
        const kind = kindOf(shape);
        if (kind === "list" || kind === "map") visit(shape.getValueSchema());
        if (kind !== "struct") return;
        for (const [name, member] of shape.structIterator()) {
          known.add(`${shape.getName()}.${name}`);
          visit(member);
        }
      };
      for (const { input } of service.operations.values()) visit(input);
      const told = Object.entries(service.constraints.shapes ?? {}).flatMap(([shape, members]) =>
        Object.keys(members).map((member) => `${shape}.${member}`),
      );
      expect(told.filter((member) => !known.has(member))).toEqual([]);
    },
  );

  it("has patterns that hostile text cannot slow down", () => {
    const patterns = new Set<string>();
    const collect = (facts: MemberFacts | undefined) => {
      if (facts === undefined) return;
      if (facts.pattern !== undefined) patterns.add(facts.pattern);
      collect(facts.item);
      collect(facts.key);
    };
    for (const { constraints } of services) {
      for (const members of Object.values(constraints.shapes ?? {})) Object.values(members).forEach(collect);
    }
    expect(patterns.size).toBeGreaterThan(40);
    // A run of one character that ends in one no class has makes an ambiguous pattern try every division of the run.
    for (const pattern of patterns) {
      const matches = compilePattern(pattern);
      for (const unit of [" ", "a", "1", "-", "/", ".", "$.a", "$.a[1]", "\t", "aws:", "arn:aws:"]) {
        const text = `${unit.repeat(Math.ceil(1600 / unit.length))}\u0000`;
        expect([true, false]).toContain(matches(text));
      }
    }
  });

  it("matches header values with blanks in them", () => {
    const matches = compilePattern(String.raw`^[ \t]*[\x20-\x7E]+([ \t]+[\x20-\x7E]+)*[ \t]*$`);
    expect(["a", " a\tb ", "\ta", "\t", "", "a\u0000"].map(matches)).toEqual([true, true, true, false, false, false]);
  });

  it("matches the ARNs of streams and consumers as the model's own pattern would", () => {
    const names = ["StreamARN", "ResourceARN", "ConsumerARN"];
    const shapes = Object.values(serviceNamed("kinesis").constraints.shapes ?? {});
    const patterns = shapes.flatMap((members) => names.flatMap((name) => members[name]?.pattern ?? []));
    const parts = fc.constantFrom(
      "arn:aws",
      ":",
      ":kinesis:",
      "eu",
      ":123456789012:",
      "stream/",
      "/consumer/",
      "s",
      ":1",
      " ",
    );
    const texts = fc.array(parts, { maxLength: 9 }).map((list) => `arn:aws${list.join("")}`);
    fc.assert(
      fc.property(fc.constantFrom(...new Set(patterns)), texts, (pattern, text) => {
        expect(compilePattern(pattern)(text)).toBe(new RegExp(`^(?:${pattern})$`).test(text));
      }),
      { numRuns: 2000 },
    );
  });
});
