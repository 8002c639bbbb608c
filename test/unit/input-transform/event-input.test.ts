import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  applyInputPath,
  applyInputTransformer,
  InvalidTransform,
  parseInputPath,
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
    ["$.detail.none", "{}"],
    ["$.resources[1]", '"arn:b"'],
    ["$.resources[*]", '["arn:a","arn:b"]'],
    ["$.detail-type", '"Order Placed"'],
    ["$['detail-type']", '"Order Placed"'],
    ['$["detail"]["n"]', "5"],
    ["$.detail.missing", "{}"],
    ["$.resources[2]", "{}"],
    ["$.source.length", "{}"],
    ["$.detail.toString", "{}"],
  ])("%s", (path, expected) => {
    expect(applyInputPath(parseJsonPath(path), event)).toBe(expected);
  });

  it.each(["", "detail", "$detail", "$.", "$..a", "$.a[", "$.a[x]", "$.a]", "$.a b", "$[-1]"])(
    "%s is refused",
    (path) => {
      expect(refusal(() => parseJsonPath(path))).toBe(`Invalid JSONPath ${path}.`);
    },
  );

  it.each([
    "",
    "detail",
    "$.",
    "$..a",
    "$['x']",
    '$.x["y"]',
    "$.*",
    "$[-1]",
    "$.a[0:1]",
    "$.a[?(@.b)]",
    "$.a b",
    "$.a[ 1 ]",
  ])("%s is refused as a target's path and in its map", (path) => {
    expect(refusal(() => parseInputPath(path, "t1"))).toBe("InputPath for target t1 is invalid.");
    expect(refusal(() => parseInputTransformer({ a: path }, '"<a>"', "t1"))).toBe(
      "InputPath for target t1 is invalid.",
    );
  });

  it.each(["$", "$.detail-type", "$.a_b/c", "$.a[0].b[*]", "$[0]"])("%s is a target's path", (path) => {
    expect(refusal(() => parseInputPath(path, "t1"))).toBe("accepted");
  });

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
    ['{"a": [1, <missing>]}', '{"a":[1,""]}'],
    ['{\n  "a b": "c  d",\n  "e": [ 1, 2 ]\n}', '{"a b":"c  d","e":[1,2]}'],
    ['{"a": "1 < 2 > 0"}', '{"a":"1 < 2 > 0"}'],
    ['{"q": "\\"<command>\\""}', '{"q":"\\"go\\""}'],
  ])("%s", (template, expected) => {
    expect(transform(paths, template)).toBe(expected);
  });

  it("deliver nothing when a pasted list or object breaks the string around it", () => {
    expect(transform({ list: "$.resources" }, '{"a": "<list>"}')).toBe("invalid-json");
    expect(transform({ text: "$.detail.text" }, '{"a": "<text>"}')).toBe('{"a":"say \\"hi\\""}');
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
    expect(envelope).toEqual({ ...rest, detailType, time: Date.parse(event.time) });
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

  it("lose the quotes of what is pasted into them", () => {
    expect(transform({ o: "$.detail.nested" }, '"<o> is on"')).toBe('"{command:inner} is on"');
    expect(transform({ o: "$.resources" }, '"<o>"')).toBe('"[arn:a,arn:b]"');
    expect(transform({ n: "$.detail.none", m: "$.detail.missing" }, '"<n>|<m>"')).toBe('"null|"');
  });

  it("are spoilt by a quote or the end of a line in a text", () => {
    expect(transform({ text: "$.detail.text" }, '"<text>"')).toBe("invalid-json");
    expect(transform({ a: "$.a" }, '"<a>"', { a: "one\ntwo" })).toBe("invalid-json");
  });
});

describe("templates that begin with neither a brace nor a quote", () => {
  const values = { text: "pear", number: 42, object: { k: "v", n: 7 } };
  const paths = { text: "$.text", number: "$.number", object: "$.object", missing: "$.missing" };

  it.each([
    ["[<text>]", "invalid-json"],
    ["<object>", "invalid-json"],
    ["[1,<missing>]", "invalid-json"],
    ["[null,<number>]", "[null,42]"],
    ["<number>", "42"],
    ["<missing>", "nothing"],
    ['["<text>"]', '["pear"]'],
  ])("%s is filled in as text", (template, expected) => {
    expect(transform(paths, template, values)).toBe(expected);
  });

  it("are left with what no map names", () => {
    expect(transform({}, '"x <y> z <aws.events.nosuch>"')).toBe('"x <y> z <aws.events.nosuch>"');
    expect(transform({}, '{"a":<y>}')).toBe("invalid-json");
  });
});

describe("what PutTargets refuses", () => {
  it.each<[Record<string, string>, string, string]>([
    [{ a: "$.a" }, '"<unknown>"', "InputTemplate for target t1 contains invalid placeholder unknown."],
    [
      { a: "$.a" },
      '{"a": <aws.events.nonsense>}',
      "InputTemplate for target t1 contains invalid placeholder aws.events.nonsense.",
    ],
    [{ a: "$.a" }, '{"<a>":1}', "InputTemplate placeholder present as a JSON object key for target t1."],
    [{ a: "$.a" }, '{"x":[{"y<a>z":1}]}', "InputTemplate placeholder present as a JSON object key for target t1."],
    [
      {},
      "<aws.events.event.json>",
      "InputTemplate for target t1 contains placeholder aws.events.event.json valid only for JSON template.",
    ],
    [{ AWSx: "$.detail" }, '"<AWSx>"', "InputPathsMap for target t1 contains reserved name AWSx."],
    [
      { a: "$.a" },
      "{<a>: 1}",
      'Invalid InputTemplate for target t1 : [Source: (String)"{null: 1}"; line: 1, column: 1].',
    ],
    [
      { a: "$.a" },
      "plain <a>",
      'Invalid InputTemplate for target t1 : [Source: (String)"plain null"; line: 1, column: 1].',
    ],
    [{}, '{"a": ', 'Invalid InputTemplate for target t1 : [Source: (String)"{"a": "; line: 1, column: 1].'],
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
        if (text === "invalid-json" || text === "nothing") return;
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
