import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  applyInputPath,
  applyInputTransformer,
  InvalidTransform,
  parseInputTransformer,
  parseJsonPath,
} from "../../../src/events/input-transform/index.ts";
import { type EventValue, parseEvent } from "../../../src/events/pattern/index.ts";

const context = {
  ruleArn: "arn:aws:events:eu-west-1:111122223333:rule/r",
  ruleName: "r",
  ingestionTime: "2024-03-09T16:05:42Z",
};
const event = {
  version: "0",
  id: "1",
  "detail-type": "Order Placed",
  source: "acme.orders",
  account: "111122223333",
  time: "2024-03-09T16:05:42Z",
  region: "eu-west-1",
  resources: ["arn:a", "arn:b"],
  detail: { command: "go", n: 5, flag: true, none: null, list: [1, 2], nested: { command: "inner" }, text: 'say "hi"' },
};

function transform(paths: Record<string, string>, template: string, of: EventValue = event) {
  const result = applyInputTransformer(parseInputTransformer(paths, template, "t1"), of, context);
  return "text" in result ? result.text : result.problem;
}

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidTransform);
    return (error as Error).message;
  }
  return "accepted";
}

describe("input paths", () => {
  it.each([
    ["$", JSON.stringify(event)],
    ["$.detail.nested", '{"command":"inner"}'],
    ["$.detail.command", '"go"'],
    ["$.detail.nested.command", '"inner"'],
    ["$.detail.n", "5"],
    ["$.detail.none", "null"],
    ["$.resources[1]", '"arn:b"'],
    ["$.resources[*]", '["arn:a","arn:b"]'],
    ["$.detail-type", '"Order Placed"'],
    ["$['detail-type']", '"Order Placed"'],
    ['$["detail"]["n"]', "5"],
    ["$.detail.missing", undefined],
    ["$.resources[2]", undefined],
    ["$.source.length", undefined],
    ["$.detail.toString", undefined],
  ])("%s", (path, expected) => {
    expect(applyInputPath(parseJsonPath(path), event)).toBe(expected);
  });

  it.each(["", "detail", "$detail", "$.", "$..a", "$.a[", "$.a[x]", "$.a]", "$.a b", "$[-1]"])(
    "%s is refused",
    (path) => {
      expect(refusal(() => parseJsonPath(path))).toBe(`Invalid JSONPath ${path}.`);
    },
  );

  it("keeps numbers beyond a double", () => {
    const big = parseEvent('{"detail":{"n":9007199254740993}}');
    expect(applyInputPath(parseJsonPath("$.detail"), big)).toBe('{"n":9007199254740993}');
  });
});

describe("JSON templates", () => {
  const paths = {
    command: "$.detail.command",
    n: "$.detail.n",
    list: "$.detail.list",
    object: "$.detail.nested",
    none: "$.detail.none",
    missing: "$.detail.missing",
  };

  it.each([
    ['{"a": <command>}', '{"a":"go"}'],
    ['{"a": "<command>"}', '{"a":"go"}'],
    ['{"a": "run <command> now", "b" : <n>}', '{"a":"run go now","b":5}'],
    ['{"a": <list>, "b": <object>}', '{"a":[1,2],"b":{"command":"inner"}}'],
    ['{"a": <missing>}', '{"a":""}'],
    ['{"a": "x<missing>y"}', '{"a":"xy"}'],
    ['{"a": <none>}', '{"a":null}'],
    ['{"a": "<list>"}', '{"a":"[1,2]"}'],
    ['{"a": "<object>"}', "invalid-json"],
    ["[<n>, <command>]", '[5,"go"]'],
    ["<object>", '{"command":"inner"}'],
    ['{\n  "a b": "c  d",\n  "e": [ 1, 2 ]\n}', '{"a b":"c  d","e":[1,2]}'],
    ['{"a": "1 < 2 > 0"}', '{"a":"1 < 2 > 0"}'],
    ['{"q": "\\"<command>\\""}', '{"q":"\\"go\\""}'],
  ])("%s", (template, expected) => {
    expect(transform(paths, template)).toBe(expected);
  });

  it("deliver nothing when a pasted list or object breaks the string around it", () => {
    expect(transform({ list: "$.resources" }, '{"a": "<list>"}')).toBe("invalid-json");
    expect(transform({ text: "$.detail.text" }, '{"a": "<text>"}')).toBe("invalid-json");
    expect(transform({ text: "$.detail.text" }, '{"a": <text>}')).toBe('{"a":"say \\"hi\\""}');
  });

  it("know the reserved names", () => {
    expect(transform({}, '{"rule": <aws.events.rule-arn>, "name": "<aws.events.rule-name>"}')).toBe(
      `{"rule":"${context.ruleArn}","name":"r"}`,
    );
    expect(transform({}, '{"t": <aws.events.event.ingestion-time>}')).toBe(`{"t":"${context.ingestionTime}"}`);
    expect(transform({}, '{"e": <aws.events.event.json>}')).toBe(`{"e":${JSON.stringify(event)}}`);
    const envelope = JSON.parse(transform({}, '{"e": <aws.events.event>}')).e;
    const { detail: _, "detail-type": detailType, ...rest } = event;
    expect(envelope).toEqual({ ...rest, detailType });
    expect(transform({}, '{"e": "<aws.events.event>"}')).toBe("invalid-json");
  });

  it("do not read placeholders out of values", () => {
    expect(transform({ a: "$.a", b: "$.b" }, '{"x": "<a>"}', { a: "<b>", b: "no" })).toBe('{"x":"<b>"}');
  });
});

describe("string templates", () => {
  it("keep their quotes", () => {
    expect(transform({ c: "$.detail.command" }, '"Message <c> "')).toBe('"Message go "');
    expect(transform({ n: "$.detail.n", m: "$.detail.missing" }, '"<n>-<m>-<aws.events.rule-name>"')).toBe('"5--r"');
  });

  it("may have several lines", () => {
    expect(transform({ c: "$.detail.command" }, '"first <c>"\n"second"\n')).toBe('"first go"\n"second"');
  });

  it("break on an object", () => {
    expect(transform({ o: "$.detail.nested" }, '"<o>"')).toBe("invalid-json");
    expect(transform({ o: "$.resources" }, '"<o>"')).toBe("invalid-json");
  });
});

describe("what PutTargets refuses", () => {
  it.each<[Record<string, string>, string, string]>([
    [{}, '"<unknown>"', "InputTemplate for target t1 contains invalid placeholder unknown."],
    [
      {},
      '{"a": <aws.events.nonsense>}',
      "InputTemplate for target t1 contains invalid placeholder aws.events.nonsense.",
    ],
    [{ a: "detail" }, '"<a>"', "Invalid JSONPath detail."],
    [{ AWSx: "$.detail" }, '"<AWSx>"', "InputPathsMap for target t1 contains reserved name AWSx."],
    [{ a: "$.a" }, "{<a>: 1}", "Invalid InputTemplate for target t1."],
    [{ a: "$.a" }, "plain <a>", "Invalid InputTemplate for target t1."],
    [{}, '{"a": ', "Invalid InputTemplate for target t1."],
  ])("%j %s", (paths, template, expected) => {
    expect(refusal(() => parseInputTransformer(paths, template, "t1"))).toBe(expected);
  });
});

describe("hostile input", () => {
  it("makes JSON, a problem or a refusal, nothing else", () => {
    const piece = fc.constantFrom(
      '"',
      "<a>",
      "<b>",
      "<c>",
      "<",
      ">",
      "{",
      "}",
      "[",
      "]",
      ":",
      ",",
      "x",
      "\\",
      "\n",
      " ",
      '"k":',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), fc.jsonValue(), (pieces, value) => {
        const template = pieces.join("");
        const paths = { a: "$.a", b: "$.b[0]", c: "$" };
        if (refusal(() => parseInputTransformer(paths, template, "t")) !== "accepted") return;
        const text = transform(paths, template, { a: value, b: [value] } as EventValue);
        if (text === "invalid-json") return;
        for (const line of template.trimStart().startsWith('"') ? text.split("\n") : [text]) JSON.parse(line || '""');
      }),
      { numRuns: 3000 },
    );
  });

  it("does not grow beyond any payload", () => {
    const paths = { a: "$.detail" };
    const big = { detail: "x".repeat(250_000) };
    expect(transform(paths, `{"a":[${Array.from({ length: 2000 }, () => "<a>").join()}]}`, big)).toBe("too-large");
  });
});
