/** Damaged definitions and inputs: a refusal in AWS's words or a run that ends, and never a bug. */
import { readFileSync } from "node:fs";
import {
  CreateStateMachineCommand,
  DeleteStateMachineCommand,
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  SFNClient,
  StartExecutionCommand,
  StartSyncExecutionCommand,
  StopExecutionCommand,
  TestStateCommand,
  ValidateStateMachineDefinitionCommand,
} from "@aws-sdk/client-sfn";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type Busbar, createBusbar } from "../../src/index.ts";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const cases = readFileSync(new URL("../cases/asl-cases.jsonl", import.meta.url), "utf8")
  .split("\n")
  .filter((line) => line !== "")
  .map((line) => JSON.parse(line) as { definition: Json; input: Json });

const strings = [
  "",
  "$",
  "$$",
  "$.a.b[0]",
  "$..*",
  "$[?(@.a > 1)]",
  "States.Format('{}', $.a)",
  "States.ArrayRange(0, 1000000, 1)",
  "States.MathRandom(0, 1)",
  "{% $states.input %}",
  "{% $map([1..1000000], function($v) { $v * $v }) %}",
  "{% $match($states.input, /(a+)+$/) %}",
  "{% ( $f := function($n) { $f($n + 1) }; $f(0) ) %}",
  "__proto__",
  "toString",
  "constructor",
  "Pass",
  "Task",
  "Map",
  "Wait",
  "Choice",
  "A",
  "2030-01-01T00:00:00Z",
  "arn:aws:states:::sqs:sendMessage",
  "arn:aws:states:::states:startExecution.sync:2",
  "arn:aws:lambda:us-east-1:000000000000:function:echo",
];
const fields = [
  ...["Type", "Next", "End", "InputPath", "OutputPath", "ResultPath", "Parameters", "ResultSelector", "Result"],
  ...[
    "Resource",
    "Retry",
    "Catch",
    "Seconds",
    "SecondsPath",
    "Timestamp",
    "Choices",
    "Default",
    "Variable",
    "Branches",
  ],
  ...["ItemProcessor", "ItemsPath", "ItemSelector", "MaxConcurrency", "QueryLanguage", "Assign", "Output", "Arguments"],
  ...[
    "Items",
    "Condition",
    "Error",
    "Cause",
    "TimeoutSeconds",
    "HeartbeatSeconds",
    "Credentials",
    "Comment",
    "StartAt",
  ],
];
const value: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom(...strings),
  fc.constantFrom<Json>(
    null,
    true,
    false,
    0,
    1,
    -1,
    1.5,
    1e300,
    99_999_999,
    [],
    {},
    [1, [2]],
    { a: { b: [1] } },
    { toString: 1 },
  ),
  fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>,
);

/** One change somewhere in a JSON value: `at` chooses the place. */
interface Change {
  readonly at: number;
  /** `expression` only replaces expressions and numbers, after which definitions are more often still valid. */
  readonly kind: "replace" | "remove" | "add" | "expression";
  readonly field: string;
  readonly value: Json;
}
const change: fc.Arbitrary<Change> = fc.record({
  at: fc.nat(10_000),
  kind: fc.constantFrom("replace", "remove", "add", "expression", "expression", "expression"),
  field: fc.oneof(fc.constantFrom(...fields), fc.constantFrom(...strings)),
  value,
});

function changed(whole: Json, { at, kind, field, value: given }: Change): Json {
  const copy = structuredClone(whole);
  const places: { holder: { [key: string]: Json }; key: string }[] = [];
  const walk = (holder: Json): void => {
    if (typeof holder !== "object" || holder === null) return;
    for (const key of Object.keys(holder)) {
      places.push({ holder: holder as { [key: string]: Json }, key });
      walk((holder as { [key: string]: Json })[key] as Json);
    }
  };
  walk(copy);
  const isExpression = ({ holder, key }: (typeof places)[number]) =>
    typeof holder[key] === "number" || /^(\$|States\.|\{%)/.test(JSON.stringify(holder[key]).replace(/^"/, ""));
  const candidates = kind === "expression" ? places.filter(isExpression) : places;
  const place = candidates[at % Math.max(1, candidates.length)];
  if (place === undefined) return kind === "expression" ? copy : given;
  const { holder, key } = place;
  if (kind === "replace" || kind === "expression") holder[key] = given;
  else if (kind === "remove") delete holder[key];
  else {
    const target = holder[key];
    const into = typeof target === "object" && target !== null && !Array.isArray(target) ? target : holder;
    Object.defineProperty(into, field, { value: given, enumerable: true, configurable: true, writable: true });
  }
  return copy;
}

let bus: Busbar;
let client: SFNClient;
let machines = 0;
const bugs = vi.spyOn(console, "error");

beforeAll(async () => {
  bus = await createBusbar({ port: false, clock: "virtual", startTime: "2030-01-01T00:00:00Z", seed: "fuzz" });
  client = new SFNClient({ ...bus.clientConfig(), maxAttempts: 1 });
  bus.registerFunction("echo", (event) => event);
});
afterAll(async () => {
  client.destroy();
  await bus.close();
  bugs.mockRestore();
});

/** One of AWS's client errors. */
function expectRefusal(error: unknown): void {
  const { name, $metadata } = error as { name: string; $metadata?: { httpStatusCode?: number } };
  expect({ name, status: $metadata?.httpStatusCode }).toEqual({
    name: expect.not.stringMatching(/^(InternalFailure|InternalError|Error|TypeError|RangeError)$/),
    status: 400,
  });
}

/** The machine of a damaged definition that is still valid, or undefined if it is refused. */
async function create(definition: string, type: "STANDARD" | "EXPRESS"): Promise<string | undefined> {
  machines += 1;
  const command = new CreateStateMachineCommand({
    name: `fuzz-${machines}`,
    definition,
    type,
    roleArn: "arn:aws:iam::000000000000:role/r",
  });
  try {
    return (await client.send(command)).stateMachineArn;
  } catch (error) {
    expectRefusal(error);
    return undefined;
  }
}

/** Numbers that JavaScript would write differently, and some that no double can represent. */
const endings = ["", "", ".0", "E0", "e400", "00000000000000000000", ".10000000000000000001"];

const damaged = fc
  .record({
    base: fc.constantFrom(...cases),
    changes: fc.array(change, { minLength: 1, maxLength: 2 }),
    inputChange: fc.option(change),
    ending: fc.constantFrom(...endings),
  })
  .map(({ base, changes, inputChange, ending }) => {
    const written = (value: Json) => JSON.stringify(value).replace(/(?<=[:,[])-?[1-9]\d*(?=[,\]}])/g, `$&${ending}`);
    return {
      definition: written(changes.reduce(changed, base.definition)),
      input: written(inputChange === null ? base.input : changed(base.input, inputChange)),
    };
  });

describe("damaged definitions", () => {
  it("are refused or run to their ends", { timeout: 60_000 }, async () => {
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(damaged, async ({ definition, input }) => {
        const machine = await create(definition, "STANDARD");
        if (machine === undefined) return;
        accepted += 1;
        const { executionArn } = await client.send(new StartExecutionCommand({ stateMachineArn: machine, input }));
        await bus.clock.advance("2d");
        let described = await client.send(new DescribeExecutionCommand({ executionArn }));
        if (described.status === "RUNNING") {
          await client.send(new StopExecutionCommand({ executionArn }));
          described = await client.send(new DescribeExecutionCommand({ executionArn }));
        }
        expect(described.status).not.toBe("RUNNING");
        const { events } = await client.send(new GetExecutionHistoryCommand({ executionArn, reverseOrder: true }));
        expect(events?.[0]?.type).toMatch(/^Execution(Succeeded|Failed|Aborted|TimedOut)$/);
        await client.send(new DeleteStateMachineCommand({ stateMachineArn: machine }));
      }),
      { numRuns: 700, seed: 6 },
    );
    expect(accepted).toBeGreaterThan(100);
    expect(bugs.mock.calls).toEqual([]);
  });

  it("are refused or answered as express executions", { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(damaged, async ({ definition, input }) => {
        const machine = await create(definition, "EXPRESS");
        if (machine === undefined) return;
        const answer = client.send(new StartSyncExecutionCommand({ stateMachineArn: machine, input }));
        await bus.clock.advance("6m");
        expect((await answer).status).toMatch(/^(SUCCEEDED|FAILED|TIMED_OUT)$/);
        await client.send(new DeleteStateMachineCommand({ stateMachineArn: machine }));
      }),
      { numRuns: 300, seed: 7 },
    );
    expect(bugs.mock.calls).toEqual([]);
  });

  it("are validated and tested without a bug", { timeout: 60_000 }, async () => {
    const text = fc.oneof(
      damaged.map(({ definition }) => definition),
      fc.string(),
      fc.json(),
    );
    await fc.assert(
      fc.asyncProperty(text, fc.json(), async (definition, input) => {
        if (definition === "") return;
        const { result } = await client.send(new ValidateStateMachineDefinitionCommand({ definition }));
        expect(result).toMatch(/^(OK|FAIL)$/);
        const states = Object.values(stateOf(definition));
        const state = JSON.stringify(states[0] ?? {});
        try {
          const { status } = await client.send(new TestStateCommand({ definition: state, input }));
          expect(status).toMatch(/^(SUCCEEDED|FAILED|RETRIABLE|CAUGHT_ERROR)$/);
        } catch (error) {
          expectRefusal(error);
        }
      }),
      { numRuns: 300, seed: 8 },
    );
    expect(bugs.mock.calls).toEqual([]);
  });

  it("are nested as deep as allowed", async () => {
    let nested: object = { StartAt: "W", States: { W: { Type: "Wait", Seconds: 1, End: true } } };
    for (let depth = 0; depth < 320; depth++) {
      const selector = { "l.$": "$.l" };
      const map = { Type: "Map", ItemsPath: "$.l", ItemSelector: selector, ItemProcessor: nested, End: true };
      nested = { StartAt: `M${depth}`, States: { [`M${depth}`]: map } };
    }
    const stateMachineArn = await create(JSON.stringify(nested), "STANDARD");
    const { executionArn } = await client.send(new StartExecutionCommand({ stateMachineArn, input: '{"l":[1]}' }));
    await bus.clock.advance("1m");
    const { status } = await client.send(new DescribeExecutionCommand({ executionArn }));
    expect(status).toBe("SUCCEEDED");
    expect(bugs.mock.calls).toEqual([]);
  });

  it("cannot loop forever, not even if time stands still", async () => {
    const loop = {
      StartAt: "A",
      States: {
        A: { Type: "Pass", Next: "B" },
        B: { Type: "Choice", Choices: [{ Variable: "$.x", IsPresent: true, Next: "C" }], Default: "A" },
        C: { Type: "Succeed" },
      },
    };
    const machine = await create(JSON.stringify(loop), "EXPRESS");
    const answer = await client.send(new StartSyncExecutionCommand({ stateMachineArn: machine }));
    expect(answer.status).toBe("TIMED_OUT");
  });
});

function stateOf(definition: string): object {
  try {
    const { States: states } = JSON.parse(definition) as { States?: unknown };
    return typeof states === "object" && states !== null ? states : {};
  } catch {
    return {};
  }
}
