import type { Json } from "../json.ts";
import { maxSeconds } from "../machine.ts";
import { numberOf } from "../number-literal.ts";
import { type Diagnostics, oneOf } from "./diagnostics.ts";
import type { StateCheck } from "./state-check.ts";
import { checkAssign, checkPath, checkQuery, eachObject, integerProblem, nonEmptyArray } from "./validate-values.ts";

const maxRetryDelaySeconds = 31_622_400;

function checkErrorNames(
  diagnostics: Diagnostics,
  handlers: Json[],
  location: string,
  fields: readonly string[],
): void {
  eachObject(diagnostics, handlers, location, (handler, at) => {
    for (const field of Object.keys(handler)) {
      if (!fields.includes(field)) diagnostics.schema(`Field '${field}' is not supported`, at);
    }
    if (handler["ErrorEquals"] === undefined) {
      diagnostics.schema("The field 'ErrorEquals' is required but was missing.", at);
      return;
    }
    const names = nonEmptyArray(diagnostics, handler["ErrorEquals"], `${at}/ErrorEquals`);
    if (!names) return;
    if (!names.every((name) => typeof name === "string"))
      diagnostics.schema("Expected value of type String", `${at}/ErrorEquals`);
    const last = handler === handlers.at(-1);
    if (names.includes("States.ALL") && (names.length > 1 || !last)) {
      diagnostics.schema("States.ALL must appear alone and at the end of the list", `${at}/ErrorEquals`);
    }
  });
}

/** Checks a state's Retry field. */
export function checkRetry({ diagnostics, fields, location }: StateCheck): void {
  const retriers = fields["Retry"];
  if (retriers === undefined) return;
  const at = `${location}/Retry`;
  if (!Array.isArray(retriers)) {
    diagnostics.schema("Expected value of type Array", at);
    return;
  }
  checkErrorNames(diagnostics, retriers, at, [
    ...["ErrorEquals", "IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds", "JitterStrategy", "Comment"],
  ]);
  const limits: [string, (value: Json) => string | undefined][] = [
    ["IntervalSeconds", integerProblem(1, maxSeconds)],
    ["MaxAttempts", integerProblem(0, maxSeconds)],
    ["MaxDelaySeconds", integerProblem(1, maxRetryDelaySeconds)],
    ["BackoffRate", (value) => ((numberOf(value) ?? 0) >= 1 ? undefined : "Minimum value is 1.0")],
    [
      "JitterStrategy",
      (value) => (value === "FULL" || value === "NONE" ? undefined : oneOf("JitterStrategy", ["FULL", "NONE"])),
    ],
  ];
  eachObject(diagnostics, retriers, at, (retrier, place) => {
    for (const [field, problemOf] of limits) {
      const problem = retrier[field] === undefined ? undefined : problemOf(retrier[field]);
      if (problem !== undefined) diagnostics.schema(problem, `${place}/${field}`);
    }
    const [interval, longest] = [numberOf(retrier["IntervalSeconds"] ?? 1), numberOf(retrier["MaxDelaySeconds"])];
    if (longest !== undefined && interval !== undefined && longest <= interval) {
      diagnostics.schema("MaxDelaySeconds must be greater than IntervalSeconds", `${place}/MaxDelaySeconds`);
    }
  });
}

/** Checks a state's Catch field. */
export function checkCatch({ diagnostics, fields, language, location }: StateCheck): void {
  const catchers = fields["Catch"];
  if (catchers === undefined) return;
  const at = `${location}/Catch`;
  if (!Array.isArray(catchers)) {
    diagnostics.schema("Expected value of type Array", at);
    return;
  }
  const own = language === "JSONPath" ? "ResultPath" : "Output";
  checkErrorNames(diagnostics, catchers, at, ["ErrorEquals", "Next", "Assign", "Comment", own]);
  eachObject(diagnostics, catchers, at, (catcher, place) => {
    if (catcher["Next"] === undefined) diagnostics.schema("The field 'Next' is required but was missing.", place);
    if (language === "JSONPath" && catcher["ResultPath"] !== undefined) {
      const kind = { nullable: true, reference: true, inputOnly: true };
      checkPath(diagnostics, catcher["ResultPath"], `${place}/ResultPath`, kind);
    }
    if (language === "JSONata" && catcher["Output"] !== undefined) {
      checkQuery(diagnostics, catcher["Output"], `${place}/Output`, ["errorOutput"]);
    }
    if (catcher["Assign"] !== undefined) {
      checkAssign(diagnostics, catcher["Assign"], `${place}/Assign`, language, ["errorOutput"]);
    }
  });
}
