/** Random templates: each ends in a text or one of the two errors, quickly and without harm. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TemplateError } from "../../src/apis/vtl/syntax.ts";
import { BodyNotJson, MappingTemplate, Overrides } from "../../src/apis/vtl/template.ts";

const templates = readFileSync(new URL("../cases/vtl-cases.jsonl", import.meta.url), "utf8")
  .trim()
  .split("\n")
  .map((line) => (JSON.parse(line) as { template: string }).template);

const body = JSON.stringify({ a: { b: [1, 2.5, null, "x/y"] }, pets: [{ id: 1, price: 2 }], "__proto__ ": 1, "": {} });

function outcome(template: string): string {
  try {
    return new MappingTemplate(template).render({
      body,
      params: { path: { id: "7" }, querystring: { a: "1" }, header: { "X-A": "b" } },
      context: { stage: "dev", identity: { sourceIp: "127.0.0.1" } },
      stageVariables: { a: "1" },
      overrides: new Overrides(),
    });
  } catch (error) {
    if (error instanceof TemplateError || error instanceof BodyNotJson) return "refused";
    throw error;
  }
}

const pieces = [
  "$",
  "${",
  "}",
  "(",
  ")",
  "[",
  "]",
  "{",
  "#",
  "#set(",
  "#if(",
  "#else",
  "#end",
  "#foreach($x in ",
  "#macro(m $a)",
  "#m(",
  "$a",
  "$x.",
  '"',
  "'",
  "\\",
  "$input.path(",
  "$input.json('$",
  "..",
  "*",
  "[?(@.",
  ">",
  "==",
  "1",
  "-",
  "+",
  "0..",
  "constructor",
  "__proto__",
  ".class",
  ".getClass()",
  ".prototype",
  ".toString",
  ".put('a',",
  ".replaceAll('(a*)*b',",
  "##",
  "#*",
  "*#",
  "#[[",
  "]]#",
  "\n",
  " ",
  "$util.escapeJavaScript(",
  "$foreach.",
  "$context.responseOverride.status",
  "%999999d",
  ".format(",
  "[1..99999]",
];

describe("mapping templates", () => {
  it("of damaged text end in a text or one of their errors", () => {
    const damaged = fc
      .tuple(fc.constantFrom(...templates), fc.array(fc.tuple(fc.nat(400), fc.nat(6), fc.constantFrom(...pieces))))
      .map(([template, cuts]) =>
        cuts.reduce((text, [at, length, piece]) => text.slice(0, at) + piece + text.slice(at + length), template),
      );
    fc.assert(
      fc.property(damaged, (template) => typeof outcome(template) === "string"),
      { numRuns: 5_000 },
    );
  });

  it("of random pieces end in a text or one of their errors", () => {
    const random = fc.array(fc.constantFrom(...pieces), { maxLength: 40 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(random, (template) => typeof outcome(template) === "string"),
      { numRuns: 5_000 },
    );
  });

  it.each([
    ["nested loops", "#foreach($a in [1..1000])#foreach($b in [1..1000])#foreach($c in [1..1000])x#end#end#end"],
    ["a string that doubles", `#set($s = "x")#foreach($i in [1..1000])#set($s = "$s$s")#end$s`],
    ["a number that squares itself", "#set($n = 9)#foreach($i in [1..1000])#set($n = $n * $n)#end$n"],
    ["a macro that calls itself", "#macro(m)#m()#end#m()"],
    ["a block that refers to itself", "#define($d)$d$d#end$d"],
    ["an endless range", "#set($r = [1..999999999999])$r.size()"],
    ["a list that contains itself", "#set($l = [])#set($ok = $l.add($l))$l"],
    ["nested parentheses", `#if(${"(".repeat(100_000)}1${")".repeat(100_000)})x#end`],
    ["nested brackets", `#set($a = ${"[".repeat(100_000)})`],
    ["nested directives", "#if(true)".repeat(100_000)],
    ["nested strings", `#set($a = ${'"$x#if('.repeat(5_000)})`],
    ["a path with many descents", `$input.path("${"$..*".repeat(1)}${"..*".repeat(60)}")`],
    ["a costly pattern", `#set($s = "${"a".repeat(20_000)}")$s.replaceAll("(a*)*b", "c")`],
    ["a wide format", `#set($s = "")$s.format("%999999999d", 1)`],
  ])("%s: cost is within the budget", (_, template) => {
    expect(typeof outcome(template)).toBe("string");
  });

  it.each([
    "$input.class",
    "$input.getClass()",
    "$s.class.forName('x')",
    "$util.constructor",
    "$context.__proto__",
    "$m.__proto__.x",
    "$s.constructor",
    "$l.constructor.constructor('x')",
    "$input.path('$.__proto__')",
    "$input.path('$.constructor')",
    "$foreach.constructor",
    "$util.toString.call()",
    "$m.get('__proto__')",
    "$context.responseOverride.constructor",
    "$context.responseOverride.header.__proto__",
  ])("%s is nothing", (reference) => {
    expect(outcome(`#set($s = "a")#set($m = {})#set($l = [])[${reference}]`)).toBe("[]");
  });
});
