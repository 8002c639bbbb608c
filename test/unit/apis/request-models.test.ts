/** Request models: what they say of bodies, in AWS's words, and that none of them stalls the server. */
import { beforeAll, describe, expect, it } from "vitest";
import { loadValidator, Models, ModelUnusable } from "../../../src/apis/request-models/models.ts";

const url = (name: string) => `https://apigateway.amazonaws.com/restapis/abc/models/${name}`;

function models(schemas: Record<string, object>): Models {
  return new Models(Object.entries(schemas).map(([name, schema]) => ({ name, schema: JSON.stringify(schema) })));
}

/** What one schema says of a value. */
function said(schema: object, value: unknown): string | undefined {
  return models({ M: schema }).violation("M", JSON.stringify(value));
}

beforeAll(loadValidator);

describe("a violation", () => {
  it.each<[object, unknown, string]>([
    [{ required: ["b", "a"] }, {}, '[object has missing required properties (["a","b"])]'],
    [
      { type: "number" },
      "x",
      '[instance type (string) does not match any allowed primitive type (allowed: ["number"])]',
    ],
    [{ minimum: 1 }, 0, "[numeric instance is lower than the required minimum (minimum: 1, found: 0)]"],
    [{ maxLength: 2 }, "abc", '[string "abc" is too long (length: 3, maximum allowed: 2)]'],
    [{ pattern: "^a$" }, "b", '[ECMA 262 regex "^a$" does not match input string "b"]'],
    [{ enum: ["a"] }, "b", '[instance value ("b") not found in enum (possible values: ["a"])]'],
    [{ minItems: 1 }, [], "[array is too short: must have at least 1 elements but instance has 0 elements]"],
    [
      { uniqueItems: true },
      [
        { a: 1, b: 2 },
        { b: 2, a: 1 },
      ],
      "[array must not contain duplicate elements]",
    ],
    [
      { additionalProperties: false },
      { x: 1 },
      '[object instance has properties which are not allowed by the schema: ["x"]]',
    ],
  ])("of %j by %j is reported", (schema, value, text) => {
    expect(said(schema, value)).toBe(text);
  });

  it.each<[object, unknown]>([
    [{ format: "email" }, "no address"],
    [{ minimum: 1, exclusiveMinimum: true }, 1],
    [{ $schema: "http://json-schema.org/draft-04/schema#", id: "urn:x", type: "object" }, {}],
    [{ properties: { id: { type: "string" } } }, { id: "a" }],
    [{ oneOf: [{ type: "null" }, { type: "string" }] }, null],
  ])("of %j is none in %j", (schema, value) => {
    expect(said(schema, value)).toBeUndefined();
  });
});

describe("models", () => {
  it("refer to one another in circles", () => {
    const both = models({
      House: { type: "object", properties: { owner: { $ref: url("Person") } } },
      Person: { type: "object", properties: { house: { $ref: url("House") }, name: { type: "string" } } },
    });
    expect(both.violation("House", '{"owner":{"house":{"owner":{"name":"x"}}}}')).toBeUndefined();
    expect(both.violation("House", '{"owner":{"house":{"owner":{"name":1}}}}')).toContain("integer");
  });

  it("refer to parts of themselves", () => {
    const schema = { definitions: { n: { type: "integer" } }, items: { $ref: "#/definitions/n" } };
    expect(said(schema, [1, 2])).toBeUndefined();
    expect(said(schema, [1, "2"])).toContain("string");
  });

  it.each<[string, object]>([
    ["that is not there", { $ref: url("Nobody") }],
    ["of themselves that is not there", { $ref: "#/definitions/nothing" }],
    ["that is themselves", { anyOf: [{ $ref: "#" }] }],
  ])("that refer to something %s cannot be used", (_name, schema) => {
    expect(() => said(schema, {})).toThrow(ModelUnusable);
  });

  it("that branch at each level of a body end", () => {
    let value: unknown = { z: 1 };
    for (let depth = 0; depth < 60; depth++) value = { a: value };
    const schema = { properties: { a: { anyOf: [{ $ref: "#" }, { $ref: "#" }] }, z: { type: "string" } } };
    expect(() => said(schema, value)).toThrow(ModelUnusable);
  });

  it("compare long lists and match hostile patterns in time that is in proportion", () => {
    const items = Array.from({ length: 20_000 }, (_, i) => ({ i }));
    expect(said({ uniqueItems: true }, items)).toBeUndefined();
    expect(said({ pattern: "^(a+)+$" }, `${"a".repeat(20_000)}b`)).toContain("regex");
  });

  it("reject invalid JSON and an empty body", () => {
    const one = models({ M: { type: "object" } });
    expect(one.violation("M", "{oops")).toBeDefined();
    expect(one.violation("M", "")).toBeDefined();
    expect(one.violation("M", "[".repeat(5_000) + "]".repeat(5_000))).toBeDefined();
  });
});
