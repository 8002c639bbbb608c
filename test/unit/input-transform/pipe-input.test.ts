import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  applyPipeTemplate,
  applySchedulerContext,
  decodePipeRecord,
  InvalidTransform,
  parsePipeTemplate,
} from "../../../src/events/input-transform/index.ts";
import type { EventValue } from "../../../src/events/pattern/index.ts";

const context = {
  pipeArn: "arn:aws:pipes:eu-west-1:111122223333:pipe/p",
  pipeName: "p",
  sourceArn: "arn:s",
  targetArn: "arn:t",
  ingestionTime: "2024-03-09T16:05:42Z",
};

function render(template: string, record: EventValue) {
  const result = applyPipeTemplate(parsePipeTemplate(template), record, context);
  return "text" in result ? result.text : result.problem;
}

function sqs(body: string): EventValue {
  return { messageId: "m", body, attributes: { SenderId: "me" }, eventSource: "aws:sqs" };
}

function kinesis(data: string): EventValue {
  return { partitionKey: "k", data: Buffer.from(data).toString("base64"), eventSource: "aws:kinesis" };
}

describe("pipe templates", () => {
  it.each<[string, EventValue, string, boolean]>([
    ['{"id": "<$.messageId>"}', sqs("{}"), '{"id": "m"}', true],
    ['{"name": "<$.body.name>", "n": <$.body.n>}', sqs('{"name":"x","n":5}'), '{"name": "x", "n": 5}', true],
    ['{"third": <$.body.Records[3]>}', sqs('{"Records":[0,1,2,{"a":3}]}'), '{"third": {"a":3}}', true],
    ["<$.body>", sqs('{"a":1}'), '{"a":1}', true],
    ["<$.body>", sqs("plain"), "plain", false],
    ["Hello, <$.attributes.SenderId>", sqs("x"), "Hello, me", false],
    ['"Hello, <$.attributes.SenderId>"', sqs("x"), '"Hello, me"', true],
    ['{"bare": <$.messageId>}', sqs("x"), '{"bare": m}', false],
    ['{"gone": "<$.body.x>", "bare": <$.body.x>}', sqs("{}"), '{"gone": "", "bare": ""}', true],
    ["a<$.nothing>b", sqs("{}"), "ab", false],
    ['{"a": <$.data.a>, "k": "<$.partitionKey>"}', kinesis('{"a":[1]}'), '{"a": [1], "k": "k"}', true],
    ["<$.data>", kinesis("no json"), Buffer.from("no json").toString("base64"), false],
    ['"<aws.pipes.pipe-name> <aws.pipes.source-arn> <aws.pipes.enrichment-arn>"', sqs("x"), '"p arn:s "', true],
    ['{"t": "<aws.pipes.event.ingestion-time>"}', sqs("x"), '{"t": "2024-03-09T16:05:42Z"}', true],
    ["<b>", sqs("x"), "<b>", false],
    ['{"v": <$.list[*].a>}', { list: [{ a: 1 }, { b: 2 }, { a: 3 }] }, '{"v": [1,3]}', true],
  ])("%s of %j", (template, record, text, isJson) => {
    expect(applyPipeTemplate(parsePipeTemplate(template), record, context)).toEqual({ text, isJson });
  });

  it("give the whole record as text and as JSON", () => {
    const record = sqs('{"a":1}') as { [name: string]: EventValue };
    expect(JSON.parse(render("<aws.pipes.event>", record))).toEqual(record);
    expect(JSON.parse(render("<aws.pipes.event.json>", record))).toEqual({ ...record, body: { a: 1 } });
    expect(render("<aws.pipes.event.json>", sqs("plain"))).toBe("");
    expect(render("<aws.pipes.event.json>", { enriched: true })).toBe('{"enriched":true}');
  });

  it("refuse what is no path and no reserved name", () => {
    expect(() => parsePipeTemplate("<aws.pipes.nonsense>")).toThrow(InvalidTransform);
    expect(() => parsePipeTemplate("<$..a>")).toThrow("Invalid JSONPath $..a.");
  });

  it("take any record and template", () => {
    const piece = fc.constantFrom(
      '"',
      "<$.body>",
      "<$.body.a>",
      "<$.x[0]>",
      "<aws.pipes.event>",
      "<",
      "{",
      "}",
      "x",
      "\\",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), fc.oneof(fc.string(), fc.json()), (pieces, body) => {
        const result = applyPipeTemplate(parsePipeTemplate(pieces.join("")), sqs(body), context);
        expect("text" in result).toBe(true);
      }),
      { numRuns: 1000 },
    );
    expect(render("<$.body>", sqs("[".repeat(100_000)))).toBe("[".repeat(100_000));
    expect(render("<$.body>", sqs("[".repeat(50_000) + "]".repeat(50_000)))).toHaveLength(100_000);
    expect(render("<$.body>".repeat(100), sqs("x".repeat(250_000)))).toBe("too-large");
  });
});

describe("pipe records", () => {
  it("come back untouched when there is nothing to decode", () => {
    const plain = sqs("plain");
    expect(decodePipeRecord(plain)).toBe(plain);
    const other = { body: "{}" };
    expect(decodePipeRecord(other)).toBe(other);
    expect(decodePipeRecord(sqs("[1]"))).toMatchObject({ body: [1] });
  });
});

describe("Scheduler's context attributes", () => {
  const scheduled = {
    scheduleArn: "arn:aws:scheduler:eu-west-1:111122223333:schedule/default/s",
    scheduledTimeMs: Date.parse("2022-03-22T18:59:43.250Z"),
    executionId: "d32c5kddcf5bb8c3",
    attemptNumber: 2,
  };

  it("are replaced wherever they stand", () => {
    expect(
      applySchedulerContext(
        '{"at":"<aws.scheduler.scheduled-time>","by":"<aws.scheduler.schedule-arn>","n":<aws.scheduler.attempt-number>}<aws.scheduler.execution-id><aws.scheduler.execution-id>',
        scheduled,
      ),
    ).toBe(`{"at":"2022-03-22T18:59:43Z","by":"${scheduled.scheduleArn}","n":2}d32c5kddcf5bb8c3d32c5kddcf5bb8c3`);
  });

  it("leave everything else alone", () => {
    expect(applySchedulerContext("<aws.scheduler.other> $& <b>", scheduled)).toBe("<aws.scheduler.other> $& <b>");
  });
});
