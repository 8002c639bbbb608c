/** Small machines for tests of the language, and a run that stores everything between steps. */

import type { Json, JsonObject } from "../../src/services/stepfunctions/asl/json.ts";
import { parseDefinition } from "../../src/services/stepfunctions/asl/validation/definition.ts";
import { AslRunner, type RunnerOptions, type RunOutcome } from "./asl-runner.ts";

const lambda = "arn:aws:lambda:us-east-1:111122223333:function:f";
/** The start of the runs. */
export const start = Date.UTC(2024, 0, 1);
export const jsonata = { QueryLanguage: "JSONata" };
export const fails: RunnerOptions = { task: () => ({ error: "E", cause: "c" }) };

export const pass = (more: JsonObject = {}): JsonObject => ({ Type: "Pass", ...more, End: true });
export const task = (more: JsonObject = {}): JsonObject => ({ Type: "Task", Resource: lambda, ...more, End: true });
export const one = (state: JsonObject, more: JsonObject = {}, top: JsonObject = {}): JsonObject => ({
  ...top,
  StartAt: "A",
  States: { A: state, ...more },
});
export const only = (name: string, state: JsonObject): JsonObject => ({ StartAt: name, States: { [name]: state } });
/** A state and its successor. */
export const twoStates = (state: JsonObject, next: JsonObject): JsonObject => {
  const { End: _end, ...leaving } = state;
  return one({ ...leaving, Next: "B" }, { B: next });
};
export const map = (more: JsonObject): JsonObject => ({
  Type: "Map",
  ItemProcessor: only("I", pass()),
  ...more,
  End: true,
});
export const distributed = (more: JsonObject): JsonObject =>
  map({
    ItemProcessor: { ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" }, ...only("I", pass()) },
    ...more,
  });

export function run(definition: JsonObject, input: Json, options: RunnerOptions = {}): RunOutcome {
  return runText(definition, JSON.stringify(input), { serialise: true, ...options });
}

/** {@link run} with the input's own formatting. */
export function runText(definition: JsonObject, input: string, options: RunnerOptions = {}): RunOutcome {
  const { machine, diagnostics } = parseDefinition(JSON.stringify(definition));
  if (!machine) throw new Error(JSON.stringify(diagnostics));
  return new AslRunner(machine, input, options).run();
}
