import type { Json } from "../json.ts";
import { numberOf } from "../number-literal.ts";
import { type Diagnostics, oneOf } from "./diagnostics.ts";
import { maxSeconds, type StateCheck } from "./state-check.ts";
import { checkAssign, checkPath, checkQuery, eachObject, filledArray, integerProblem } from "./validate-values.ts";

const maxRetryDelaySeconds = 31_622_400;

function checkErrorNames(found: Diagnostics, handlers: Json[], location: string, fields: readonly string[]): void {
  eachObject(found, handlers, location, (handler, at) => {
    for (const field of Object.keys(handler)) {
      if (!fields.includes(field)) found.schema(`Field '${field}' is not supported`, at);
    }
    if (handler["ErrorEquals"] === undefined) {
      found.schema("The field 'ErrorEquals' is required but was missing.", at);
      return;
    }
    const names = filledArray(found, handler["ErrorEquals"], `${at}/ErrorEquals`);
    if (!names) return;
    if (!names.every((name) => typeof name === "string"))
      found.schema("Expected value of type String", `${at}/ErrorEquals`);
    const last = handler === handlers.at(-1);
    if (names.includes("States.ALL") && (names.length > 1 || !last)) {
      found.schema("States.ALL must appear alone and at the end of the list", `${at}/ErrorEquals`);
    }
  });
}

/** Checks a state's Retry field. */
export function checkRetry({ found, fields, location }: StateCheck): void {
  const retriers = fields["Retry"];
  if (retriers === undefined) return;
  const at = `${location}/Retry`;
  if (!Array.isArray(retriers)) {
    found.schema("Expected value of type Array", at);
    return;
  }
  checkErrorNames(found, retriers, at, [
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
  eachObject(found, retriers, at, (retrier, place) => {
    for (const [field, problemOf] of limits) {
      const problem = retrier[field] === undefined ? undefined : problemOf(retrier[field]);
      if (problem !== undefined) found.schema(problem, `${place}/${field}`);
    }
    const [interval, longest] = [numberOf(retrier["IntervalSeconds"] ?? 1), numberOf(retrier["MaxDelaySeconds"])];
    if (longest !== undefined && interval !== undefined && longest <= interval) {
      found.schema("MaxDelaySeconds must be greater than IntervalSeconds", `${place}/MaxDelaySeconds`);
    }
  });
}

/** Checks a state's Catch field. */
export function checkCatch({ found, fields, language, location }: StateCheck): void {
  const catchers = fields["Catch"];
  if (catchers === undefined) return;
  const at = `${location}/Catch`;
  if (!Array.isArray(catchers)) {
    found.schema("Expected value of type Array", at);
    return;
  }
  const own = language === "JSONPath" ? "ResultPath" : "Output";
  checkErrorNames(found, catchers, at, ["ErrorEquals", "Next", "Assign", "Comment", own]);
  eachObject(found, catchers, at, (catcher, place) => {
    if (catcher["Next"] === undefined) found.schema("The field 'Next' is required but was missing.", place);
    if (language === "JSONPath" && catcher["ResultPath"] !== undefined) {
      const kind = { nullable: true, reference: true, inputOnly: true };
      checkPath(found, catcher["ResultPath"], `${place}/ResultPath`, kind);
    }
    if (language === "JSONata" && catcher["Output"] !== undefined) {
      checkQuery(found, catcher["Output"], `${place}/Output`, ["errorOutput"]);
    }
    if (catcher["Assign"] !== undefined) {
      checkAssign(found, catcher["Assign"], `${place}/Assign`, language, ["errorOutput"]);
    }
  });
}
