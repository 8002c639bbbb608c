/** All cases of JSONata's own test suite, except those of the function that AWS disables. */
import { expect, it } from "vitest";
import type { Json } from "../../../src/services/stepfunctions/asl/json.ts";
import { defaultLimits } from "../../../src/services/stepfunctions/asl/jsonata/budget.ts";
import { evaluate, expressionOf } from "../../../src/services/stepfunctions/asl/jsonata/expression.ts";
import { type SuiteCase, suiteCases, suiteData, suiteFolder } from "../../support/jsonata-suite.ts";

/** `$eval` does not exist in Step Functions, so it is not a function. */
const withoutEval = new Set(
  [
    ...["case000", "case001", "case002", "case003", "case004", "case005", "case006", "case007"],
    ...["case008#0", "case008#1", "case008#2", "case008#3"],
  ].map((name) => `function-eval/${name}`),
);

/** The suite's code for expressions that take too long or nest too deep, for which AWS has messages without a code. */
const exceeded = "U1001";

function outcomeOf(suiteCase: SuiteCase, data: Record<string, Json>) {
  const { bindings = {}, dataset } = suiteCase;
  const expression = expressionOf(suiteCase.expr);
  if ("problem" in expression) return expression;
  const input = typeof dataset === "string" ? data[dataset] : suiteCase.data;
  return evaluate(expression, {
    variable: (name) => (Object.hasOwn(bindings, name) ? bindings[name] : undefined),
    states: {},
    nowMs: Date.UTC(2018, 6, 11),
    chance: { random: () => 0.5, uuid: () => "u" },
    ...(input === undefined ? {} : { input }),
    limits: {
      ...{ ...defaultLimits, depth: suiteCase.depth ?? defaultLimits.depth },
      // The machine may be busy, so endless expressions are stopped by their number of steps.
      ...{ ms: 600_000, steps: 3_500_000, sequence: 10_000_000, range: 10_000_000, bytes: 1e9, result: 10_000_000 },
    },
  });
}

/** The expected result of the case. */
function expected({ code, error, undefinedResult, result, id }: SuiteCase): unknown {
  if (withoutEval.has(id)) return { code: "T1006" };
  const wanted = code ?? error?.code;
  if (wanted !== undefined) return { code: wanted };
  return undefinedResult === true ? { value: undefined } : { value: result };
}

function actual(suiteCase: SuiteCase, data: Record<string, Json>): unknown {
  const outcome = outcomeOf(suiteCase, data);
  if ("problem" in outcome) {
    const { code, message } = outcome.problem;
    return { code: code ?? (/exceeded/.test(message) ? exceeded : message) };
  }
  return { value: outcome.value };
}

const inAnyOrder = (value: unknown): unknown =>
  Array.isArray(value) ? value.map((item) => JSON.stringify(item)).sort() : value;

const folder = suiteFolder();

it("JSONata's own test suite", () => {
  if (folder === undefined) {
    console.warn("JSONata's test data is not here: its cases were not run. JSONATA_SUITE names the folder.");
    return;
  }
  const data = suiteData(folder);
  const cases = suiteCases(folder);
  expect(cases.length).toBeGreaterThan(1_600);
  const wrong: unknown[] = [];
  for (const suiteCase of cases) {
    const [wanted, given] = [expected(suiteCase), actual(suiteCase, data)].map((outcome) =>
      suiteCase.unordered === true ? { value: inAnyOrder((outcome as { value: unknown }).value) } : outcome,
    );
    try {
      expect(given).toEqual(wanted);
    } catch {
      wrong.push({ id: suiteCase.id, expr: suiteCase.expr, wanted, given });
    }
  }
  expect(wrong).toEqual([]);
}, 600_000);
