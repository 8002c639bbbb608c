/** The router of HTTP APIs against the plain reading of the documentation. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pathValues, Router, variablesIn } from "../../../src/services/apigatewayv2/execution/router.ts";

const route = (key: string) => ({ key, path: key.split(" ")[1] ?? "" });

/** Full matches, then greedy ones, the more literal before others place by place, then `$default`. */
function plainly(keys: readonly string[], method: string, segments: readonly string[]): string | undefined {
  const found = keys
    .filter((key) => key !== "$default")
    .map((key) => ({ key, verb: key.split(" ")[0] ?? "", parts: (key.split(" ")[1] ?? "").slice(1).split("/") }))
    .filter(({ verb, parts }) => (verb === method || verb === "ANY") && matches(parts, segments))
    .sort((a, b) => compare(rankOf(a.parts, a.verb), rankOf(b.parts, b.verb)));
  return found[0]?.key ?? (keys.includes("$default") ? "$default" : undefined);
}

function matches(parts: readonly string[], segments: readonly string[]): boolean {
  const greedy = parts.at(-1)?.endsWith("+}") === true;
  if (greedy ? segments.length < parts.length : segments.length !== parts.length) return false;
  if (greedy && segments.length === parts.length && segments.at(-1) === "") return false;
  return parts.every((part, at) => {
    if (!part.startsWith("{")) return part === segments[at];
    return part.endsWith("+}") || segments[at] !== "";
  });
}

function rankOf(parts: readonly string[], verb: string): number[] {
  const greedy = parts.at(-1)?.endsWith("+}") === true;
  const places = parts.map((part) => (!part.startsWith("{") ? 0 : part.endsWith("+}") ? 2 : 1));
  return [greedy ? 1 : 0, ...places, 3, verb === "ANY" ? 1 : 0];
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let at = 0; at < Math.max(a.length, b.length); at += 1) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

const word = fc.constantFrom("a", "b", "c");
const part = fc.oneof(word, fc.constantFrom("{x}"));
const path = fc
  .tuple(fc.array(part, { maxLength: 3 }), fc.option(fc.constant("{rest+}"), { nil: undefined }))
  .map(([parts, rest]) => `/${[...parts, ...(rest === undefined ? [] : [rest])].join("/")}`);
const key = fc.oneof(
  {
    arbitrary: fc.tuple(fc.constantFrom("GET", "POST", "ANY"), path).map(([verb, text]) => `${verb} ${text}`),
    weight: 9,
  },
  { arbitrary: fc.constant("$default"), weight: 1 },
);
const keys = fc.uniqueArray(key, { maxLength: 12 });
const segments = fc.array(fc.oneof({ arbitrary: word, weight: 8 }, { arbitrary: fc.constant(""), weight: 1 }), {
  minLength: 1,
  maxLength: 5,
});

describe("the router", () => {
  it("finds the route that the documentation names", () => {
    fc.assert(
      fc.property(keys, fc.constantFrom("GET", "PUT"), segments, (all, method, asked) => {
        expect(new Router(all.map(route)).find(method, asked)?.key).toBe(plainly(all, method, asked));
      }),
      { numRuns: 3000 },
    );
  });

  it("looks at a long path once, whatever routes there are", () => {
    const deep = Array.from({ length: 60 }, (_, at) => (at % 2 ? "{x}" : "a"));
    const all = deep.flatMap((_, at) => [
      `GET /${deep.slice(0, at + 1).join("/")}`,
      `GET /${deep.slice(0, at).join("/")}${at ? "/" : ""}{r+}`,
    ]);
    const router = new Router(all.map(route));
    const asked = Array.from({ length: 4000 }, () => "a");
    expect(router.find("GET", asked)?.key).toMatch(/\{r\+\}$/);
    expect(router.find("POST", asked)).toBeUndefined();
  });

  it("names variables", () => {
    expect(pathValues(variablesIn("/a/{x}/{rest+}"), ["a", "1", "2", "3"])).toEqual({ x: "1", rest: "2/3" });
    expect(pathValues(variablesIn("/a"), ["a"])).toBeUndefined();
  });
});
