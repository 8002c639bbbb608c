import fc from "fast-check";
import { isObject, type Json, type JsonObject } from "../../src/services/stepfunctions/asl/json.ts";

export const memberName = fc.constantFrom("a", "b", "c", "d", "a-b", "é", "__proto__", "length");

/** Small JSON values with member names that collide often. */
export const json: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom<Json>(null, true, false, 0, 1, -2, 1.5, "", "x", "1", "2024-01-01T00:00:00Z"),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.array(fc.tuple(memberName, tie("value")), { maxLength: 4 }).map((entries) => {
      const text = entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(",");
      return JSON.parse(`{${text}}`) as Json;
    }),
  ),
})).value;

export const jsonObject: fc.Arbitrary<JsonObject> = json.map((value) => (isObject(value) ? value : { v: value }));
