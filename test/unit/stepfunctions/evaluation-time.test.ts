/** The expressions of a state share their time, and a step ends after a slow one, so that others need not wait. */
import { describe, expect, it, vi } from "vitest";
import { performance } from "../../../src/engine/real-time.ts";
import type { Env } from "../../../src/services/stepfunctions/asl/execution.ts";
import { startExecution, step } from "../../../src/services/stepfunctions/asl/interpreter.ts";
import type { Json } from "../../../src/services/stepfunctions/asl/json.ts";
import { type EvaluationTime, evaluateQuery } from "../../../src/services/stepfunctions/asl/jsonata/query.ts";
import { buildMachine } from "../../../src/services/stepfunctions/asl/machine.ts";
import { Evaluation } from "../../../src/services/stepfunctions/asl/run.ts";

const costly = "{% $sum([1..500].($ * 2)) %}";
const endless = "{% ($f := function($n){ $f($n) }; $f(1)) %}";

const evaluated = (template: Json, time: EvaluationTime) =>
  evaluateQuery(template, "Output", {
    states: { input: null, context: () => ({}) },
    variable: () => undefined,
    nowMs: 0,
    chance: { random: () => 0, uuid: () => "" },
    time,
  });

describe("an expression that takes some time", () => {
  it("fails when the time of its state is used up", () => {
    const none = { remainingMs: () => 0, spent: () => {} };
    expect(() => evaluated(costly, none)).toThrow("exceeded the evaluation time limit");
    expect(evaluated("{% 1 + 1 %}", none)).toBe(2);
  });

  it("gets the remaining time, and reports what it took", () => {
    const taken: number[] = [];
    const spent = (ms: number) => void taken.push(ms);
    expect(evaluated(costly, { remainingMs: () => 400, spent })).toBe(250_500);
    expect(() => evaluated(endless, { remainingMs: () => 20, spent })).toThrow("exceeded the evaluation time limit");
    expect(taken).toHaveLength(2);
    for (const ms of taken) expect(ms).toBeGreaterThan(0);
  });
});

describe("a step ends after a slow expression", () => {
  const env: Env = {
    nowMs: 0,
    chance: { random: () => 0.5, uuid: () => "u" },
    region: "us-east-1",
    taskToken: () => "t",
  };
  const stepsOf = (state: object, input: Json) => {
    const machine = buildMachine({ StartAt: "S", States: { S: { ...state, End: true } } } as Record<string, Json>);
    const execution = startExecution(
      {
        ...{ arn: "a", name: "n", type: "STANDARD", roleArn: null, startedAtMs: 0, inputText: JSON.stringify(input) },
        ...{ stateMachineArn: "m", stateMachineName: "m" },
      },
      input,
    );
    let steps = 1;
    let effects = step(machine, execution, { type: "start" }, env).effects;
    while (effects.some(({ type }) => type === "continue")) {
      effects = step(machine, execution, { type: "continue" }, env).effects;
      steps++;
    }
    const [output] = effects.flatMap((effect) => (effect.type === "finish" ? [effect.output] : []));
    return { steps, status: execution.head.status, output };
  };
  const caught = {
    Type: "Task",
    QueryLanguage: "JSONata",
    Resource: "arn:aws:states:::lambda:invoke",
    Arguments: { FunctionName: endless },
    Catch: [{ ErrorEquals: ["States.QueryEvaluationError"], Next: "C" }],
    End: true,
  };
  const processor = { StartAt: "T", States: { T: caught, C: { Type: "Pass", End: true } } };

  it("in an iteration", () => {
    const { steps, status } = stepsOf({ Type: "Map", ItemProcessor: processor }, [1, 2, 3]);
    expect(status).toBe("SUCCEEDED");
    expect(steps).toBeGreaterThanOrEqual(4);
  });

  it("anywhere, with the same result", () => {
    const inner = { Type: "Map", ItemsPath: "$.l", ItemSelector: { "v.$": "$$.Map.Item.Value" }, End: true };
    const pass = { StartAt: "P", States: { P: { Type: "Pass", OutputPath: "$.v", End: true } } };
    const outer = { StartAt: "M", States: { M: { ...inner, ItemProcessor: pass } } };
    const state = { Type: "Map", ItemSelector: { "l.$": "$$.Map.Item.Value" }, ItemProcessor: outer };
    const input = [[1, 2, 3], [], [4], [5, 6]];
    // On a slow machine too, since nothing here takes long.
    const never = vi.spyOn(Evaluation.prototype, "isLong").mockReturnValue(false);
    const still = vi.spyOn(performance, "now").mockReturnValue(0);
    const whole = stepsOf(state, input);
    never.mockRestore();
    still.mockRestore();
    expect(whole).toMatchObject({ steps: 1, status: "SUCCEEDED", output: JSON.stringify(input) });
    for (let seed = 1; seed < 20; seed++) {
      let drawn = seed;
      const isLong = vi.spyOn(Evaluation.prototype, "isLong").mockImplementation(() => {
        drawn = (drawn * 48_271) % 2_147_483_647;
        return drawn % 3 === 0;
      });
      const parted = stepsOf(state, input);
      isLong.mockRestore();
      expect(parted.steps).toBeGreaterThan(1);
      expect({ ...parted, steps: 1 }).toEqual(whole);
    }
  });
});
