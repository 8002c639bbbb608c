import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { StateError } from "../../../src/services/stepfunctions/asl/errors.ts";
import type { Json, JsonObject } from "../../../src/services/stepfunctions/asl/json.ts";
import { isReferencePath } from "../../../src/services/stepfunctions/asl/jsonpath/path.ts";
import {
  PathMiss,
  type Roots,
  readPath,
  Visits,
  writePath,
} from "../../../src/services/stepfunctions/asl/jsonpath/path-read.ts";
import { parsePath } from "../../../src/services/stepfunctions/asl/jsonpath/path-syntax.ts";
import { evaluateTemplate } from "../../../src/services/stepfunctions/asl/jsonpath/template.ts";
import { json, jsonObject, memberName } from "../../support/asl-arbitraries.ts";
import { runDefinition } from "../../support/asl-runner.ts";

const chance = { random: () => 0.5, uuid: () => "u" };

function roots(input: Json): Roots {
  return { input, context: () => ({ State: { Name: "S" } }), variable: () => undefined, visits: new Visits() };
}

function read(path: string, input: Json): Json | undefined {
  try {
    return readPath(parsePath(path), roots(input));
  } catch (error) {
    if (error instanceof PathMiss) return undefined;
    throw error;
  }
}

type Step = string | number;
const steps = fc.array(fc.oneof(memberName, fc.nat({ max: 3 })), { minLength: 1, maxLength: 4 });

function textOf(path: readonly Step[]): string {
  return `$${path.map((step) => (typeof step === "number" ? `[${step}]` : `['${step}']`)).join("")}`;
}

/** A model of definite paths: one step after the other. */
function follow(value: Json | undefined, path: readonly Step[]): Json | undefined {
  let current = value;
  for (const step of path) {
    if (current === null || typeof current !== "object") return undefined;
    if (Array.isArray(current) !== (typeof step === "number")) return undefined;
    current = Object.hasOwn(current, step) ? (current as JsonObject)[step as string] : undefined;
  }
  return current;
}

/** A model of recursive descent: every value, parents before children. */
function everything(value: Json): Json[] {
  const children = value !== null && typeof value === "object" ? Object.values(value) : [];
  return [value, ...children.flatMap(everything)];
}

describe("paths against small models", () => {
  it("definite paths follow their steps", () => {
    fc.assert(
      fc.property(json, steps, (input, path) => {
        expect(read(textOf(path), input)).toEqual(follow(input, path));
      }),
    );
  });

  it("wildcards, slices, unions and descents collect", () => {
    fc.assert(
      fc.property(
        json,
        memberName,
        fc.integer({ min: -3, max: 3 }),
        fc.integer({ min: -3, max: 4 }),
        (input, name, from, to) => {
          const children = input !== null && typeof input === "object" ? Object.values(input) : [];
          expect(read("$.*", input)).toEqual(children);
          expect(read(`$[${from}:${to}]`, input)).toEqual(Array.isArray(input) ? input.slice(from, to) : []);
          const member = (value: Json): Json[] => {
            const found = follow(value, [name]);
            return found === undefined ? [] : [found];
          };
          expect(read(`$..['${name}']`, input)).toEqual(everything(input).flatMap(member));
          expect(read(`$.*['${name}']`, input)).toEqual(children.flatMap(member));
          const pick = (index: number): Json[] => {
            const found = Array.isArray(input) ? input.at(index) : undefined;
            return found === undefined ? [] : [found];
          };
          expect(read(`$[${from},${to}]`, input)).toEqual([...pick(from), ...pick(to)]);
        },
      ),
    );
  });

  it("filters keep what a predicate keeps", () => {
    fc.assert(
      fc.property(
        fc.array(json, { maxLength: 6 }),
        memberName,
        fc.integer({ min: -2, max: 2 }),
        (input, name, limit) => {
          const values = (test: (value: Json | undefined) => boolean): Json[] =>
            input.filter((item) => test(follow(item, [name])));
          const isNumber = (value: Json | undefined): value is number => typeof value === "number";
          expect(read(`$[?(@['${name}'] > ${limit})]`, input)).toEqual(
            values((value) => isNumber(value) && value > limit),
          );
          expect(read(`$[?(@['${name}'] == ${limit} || !@['${name}'])]`, input)).toEqual(
            values((value) => value === limit || value === undefined),
          );
          expect(read(`$[?(@['${name}'] =~ /x?/ && @['${name}'] != '')]`, input)).toEqual(
            values((value) => value === "x"),
          );
        },
      ),
    );
  });

  it("a written value is read back and everything else stays", () => {
    const names = fc.array(memberName, { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(jsonObject, names, json, (input, path, value) => {
        const before = JSON.stringify(input);
        const written = writePath(parsePath(textOf(path)), input, value) as JsonObject;
        expect(JSON.stringify(input)).toBe(before);
        expect(follow(written, path)).toEqual(value);
        for (const key of Object.keys(input)) {
          if (key !== path[0]) expect(Object.hasOwn(written, key) && written[key]).toEqual(input[key]);
        }
        expect(Object.keys(written)).toEqual([...new Set([...Object.keys(input), path[0]!])]);
      }),
    );
  });

  it("writing below something that has no members is refused", () => {
    fc.assert(
      fc.property(json, (input) => {
        fc.pre(typeof input !== "object" || input === null || Array.isArray(input));
        expect(() => writePath(parsePath("$.a"), input, 1)).toThrow(StateError);
      }),
    );
  });

  it("any text either parses or is refused, and reads without harm", () => {
    const fragment = fc.constantFrom(
      ...[
        "$",
        "$$",
        ".",
        "..",
        "a",
        "[",
        "]",
        "0",
        "-1",
        ":",
        ",",
        "*",
        "?(",
        ")",
        "@",
        "'",
        '"',
        "==",
        "=~",
        "/a*/",
        "&&",
        "||",
        "!",
        " ",
        "length()",
      ],
    );
    fc.assert(
      fc.property(fc.array(fragment, { maxLength: 12 }), json, (parts, input) => {
        const text = parts.join("");
        let path: ReturnType<typeof parsePath>;
        try {
          path = parsePath(text);
        } catch (error) {
          expect(error).toBeInstanceOf(SyntaxError);
          return;
        }
        if (isReferencePath(path)) expect(path.definite).toBe(true);
        const value = read(text, input);
        if (!path.definite && path.root.kind === "input") expect(Array.isArray(value)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("templates", () => {
  it("without dynamic members give themselves", () => {
    fc.assert(
      fc.property(json, (template) => {
        expect(evaluateTemplate(template, roots({}), chance)).toEqual(template);
      }),
    );
  });

  it("put the value of its path in each dynamic member", () => {
    fc.assert(
      fc.property(json, fc.uniqueArray(memberName, { maxLength: 5 }), (input, names) => {
        const template = JSON.parse(`{${names.map((name) => `${JSON.stringify(`${name}.$`)}:"$"`).join(",")}}`) as Json;
        const result = evaluateTemplate({ list: [template] }, roots(input), chance) as { list: JsonObject[] };
        expect(Object.keys(result.list[0]!).sort()).toEqual([...names].sort());
        for (const name of names) expect(result.list[0]![name]).toEqual(input);
      }),
    );
  });
});

describe("the data flow of a state", () => {
  it("is InputPath, Parameters, ResultPath and OutputPath in turn", () => {
    const maybe = fc.option(fc.constantFrom("a", "b", "c"), { nil: undefined });
    fc.assert(
      fc.property(jsonObject, maybe, fc.boolean(), maybe, maybe, (input, inputPath, wraps, resultPath, outputPath) => {
        const state: JsonObject = { Type: "Pass", End: true };
        if (inputPath !== undefined) state["InputPath"] = `$.${inputPath}`;
        if (wraps) state["Parameters"] = { "w.$": "$" };
        if (resultPath !== undefined) state["ResultPath"] = `$.${resultPath}`;
        if (outputPath !== undefined) state["OutputPath"] = `$.${outputPath}`;
        const effective = inputPath === undefined ? input : follow(input, [inputPath]);
        let expected: Json | undefined;
        if (effective !== undefined) {
          const result = wraps ? { w: effective } : effective;
          const placed = resultPath === undefined ? result : { ...input, [resultPath]: result };
          expected = outputPath === undefined ? placed : follow(placed, [outputPath]);
        }
        const outcome = runDefinition({ StartAt: "A", States: { A: state } }, input);
        if (expected === undefined) expect(outcome).toMatchObject({ status: "FAILED", error: "States.Runtime" });
        else expect(outcome).toMatchObject({ status: "SUCCEEDED", output: expected });
      }),
    );
  });
});
