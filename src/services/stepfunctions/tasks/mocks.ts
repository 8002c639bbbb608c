/**
 * Mocked task outcomes in the format of Step Functions Local's mock configuration file: a test case has, for each
 * mocked state, the name of a list of responses by invocation.
 */

import { getOwn } from "../../../../protocols/unknown-json.ts";
import { isObject, type Json, type JsonObject, textOf } from "../asl/json.ts";
import type { ExecutionRow } from "../tables.ts";

export type MockOutcome = { readonly output: Json } | { readonly error?: string; readonly cause?: string };

export class Mocks {
  readonly #machines: JsonObject;
  readonly #responses: JsonObject;

  /** @throws RangeError that says what is wrong with an invalid configuration */
  constructor(configuration: unknown) {
    const given = configuration ?? {};
    if (!isObject(given)) throw new RangeError("The mock configuration must be a JSON object.");
    const { StateMachines: machines = {}, MockedResponses: responses = {} } = given;
    if (!isObject(machines)) throw new RangeError("StateMachines in the mock configuration must be an object.");
    if (!isObject(responses)) throw new RangeError("MockedResponses in the mock configuration must be an object.");
    this.#machines = machines;
    this.#responses = responses;
    for (const [name, response] of Object.entries(responses)) checkResponse(name, response);
  }

  /** Whether the execution's test case mocks the state. */
  isMocked(row: Pick<ExecutionRow, "machine" | "testCase">, stateName: string): boolean {
    return this.#responseName(row, stateName) !== undefined;
  }

  /** The outcome of a mocked state's invocation, counted from 0; undefined if the state is not mocked. */
  outcome(row: Pick<ExecutionRow, "machine" | "testCase">, stateName: string, call: number): MockOutcome | undefined {
    const name = this.#responseName(row, stateName);
    if (name === undefined) return undefined;
    const response = this.#responses[name];
    for (const [range, entry] of isObject(response) ? Object.entries(response) : []) {
      const [from = 0, to = from] = range.split("-").map(Number);
      if (call < from || call > to || !isObject(entry)) continue;
      if (entry["Return"] !== undefined) return { output: entry["Return"] };
      const thrown = entry["Throw"] as JsonObject;
      return {
        ...(thrown["Error"] === undefined ? {} : { error: textOf(thrown["Error"]) }),
        ...(thrown["Cause"] === undefined ? {} : { cause: textOf(thrown["Cause"]) }),
      };
    }
    const cause = `The mocked response '${name}' of the state '${stateName}' has no invocation ${call}.`;
    return { error: "States.Runtime", cause };
  }

  /** Whether the machine has the test case. */
  hasCase(machineName: string, testCase: string): boolean {
    return this.#case(machineName, testCase) !== undefined;
  }

  #case(machineName: string, testCase: string): JsonObject | undefined {
    const machine = getOwn(this.#machines, machineName);
    const cases = isObject(machine) ? machine["TestCases"] : undefined;
    const found = isObject(cases) ? getOwn(cases, testCase) : undefined;
    return isObject(found) ? found : undefined;
  }

  #responseName({ machine, testCase }: Pick<ExecutionRow, "machine" | "testCase">, stateName: string) {
    if (testCase === undefined) return undefined;
    const name = (machine.split(":stateMachine:")[1] ?? "").split("/")[0] as string;
    const states = this.#case(name, testCase);
    const response = states !== undefined ? getOwn(states, stateName) : undefined;
    return typeof response === "string" ? response : undefined;
  }
}

function checkResponse(name: string, response: Json): void {
  if (!isObject(response)) throw new RangeError(`The mocked response ${name} must be an object.`);
  for (const [range, entry] of Object.entries(response)) {
    if (!/^\d+(-\d+)?$/.test(range)) throw new RangeError(`${name} has ${range}: write "0" or "1-2".`);
    const one = isObject(entry) && (entry["Return"] !== undefined) !== isObject(entry["Throw"]);
    if (!one) throw new RangeError(`${name}, invocation ${range}, must have either Return or Throw.`);
  }
}
