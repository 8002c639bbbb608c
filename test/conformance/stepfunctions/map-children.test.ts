/** The children of a distributed Map are executions of their own, of a machine with the Map's label. */

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  DescribeStateMachineForExecutionCommand,
  ListExecutionsCommand,
  ListMapRunsCommand,
} from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { roleArn, type States, startStates } from "../../support/states.ts";

let states: States;
let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "busbar-children-"));
  await mkdir(join(root, "data"));
  await writeFile(join(root, "data", "object.json"), '{"x":1,"y":[2]}');
  states = await startStates({ clock: "virtual", startTime: "2030-01-01T00:00:00Z", s3Root: root });
  states.bus.registerFunction("large", () => "x".repeat(200_000));
});
afterAll(async () => {
  await states.close();
  await rm(root, { recursive: true });
});

const uuid = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}";
const processor = (inner: object, type = "STANDARD", more: object = {}) => ({
  ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: type },
  StartAt: "I",
  States: { I: { End: true, ...inner } },
  ...more,
});
const map = (fields: object) => ({ Type: "Map", Label: "L", End: true, ...fields });
const context = { Type: "Pass", Parameters: { "e.$": "$$.Execution", "m.$": "$$.StateMachine", "i.$": "$" } };

async function settled(definition: object, input: unknown = {}, name = "") {
  const machine = await states.create(definition, name === "" ? {} : { name });
  const execution = await states.start(machine, input);
  await states.bus.clock.advance("1m");
  return states.describe(execution);
}

describe("a child", () => {
  it.each(["STANDARD", "EXPRESS"])("has its own context, as a %s execution", async (type) => {
    const ItemProcessor = processor(context, type);
    const { output, cause } = await settled(
      { StartAt: "M", States: { M: map({ ItemProcessor }) } },
      ["a"],
      `of${type}`,
    );
    expect(cause).toBeUndefined();
    const [{ e, m, i }] = JSON.parse(output as string) as [{ e: Record<string, unknown>; m: unknown; i: unknown }];
    const kind = type === "EXPRESS" ? "express" : "execution";
    const tail = type === "EXPRESS" ? `:${uuid}` : "";
    expect(e["Id"]).toMatch(new RegExp(`^arn:aws:states:us-east-1:000000000000:${kind}:of${type}/L:${uuid}${tail}$`));
    expect((e["Id"] as string).split(":")[7]).toBe(e["Name"]);
    expect(e).toMatchObject({ Input: "a", RoleArn: roleArn, RedriveCount: 0 });
    expect(m).toEqual({ Id: `arn:aws:states:us-east-1:000000000000:stateMachine:of${type}/L`, Name: `of${type}/L` });
    expect(i).toBe("a");
  });

  it("is described with its run and its processor", async () => {
    const ItemProcessor = processor({ Type: "Pass", Result: 1.5 });
    const { executionArn } = await settled({ StartAt: "M", States: { M: map({ ItemProcessor }) } }, ["a"]);
    const { mapRuns } = await states.client.send(new ListMapRunsCommand({ executionArn }));
    const mapRunArn = mapRuns?.[0]?.mapRunArn;
    const { executions } = await states.client.send(new ListExecutionsCommand({ mapRunArn }));
    const child = executions?.[0]?.executionArn as string;
    expect(await states.describe(child)).toMatchObject({ mapRunArn, status: "SUCCEEDED", input: '"a"', output: "1.5" });
    const machine = await states.client.send(new DescribeStateMachineForExecutionCommand({ executionArn: child }));
    expect(machine).toMatchObject({ mapRunArn, label: "L", roleArn, stateMachineArn: expect.stringMatching(/\/L$/) });
    expect(JSON.parse(machine.definition as string)).toEqual(ItemProcessor);
  });

  it("sees no variable of its parent", async () => {
    const ItemProcessor = processor({ Type: "Pass", QueryLanguage: "JSONata", Output: "{% $exists($x) %}" });
    const states = { A: { Type: "Pass", Assign: { x: 1 }, Next: "M" }, M: map({ ItemProcessor }) };
    expect((await settled({ StartAt: "A", States: states }, [1])).output).toBe("[false]");
  });

  it("ends by the timeout of its processor", async () => {
    const ItemProcessor = processor({ Type: "Wait", Seconds: 600 }, "STANDARD", { TimeoutSeconds: 10 });
    const M = map({ ItemProcessor, ToleratedFailurePercentage: 100 });
    const { executionArn, status } = await settled({ StartAt: "M", States: { M } }, [1]);
    expect(status).toBe("SUCCEEDED");
    const { mapRuns } = await states.client.send(new ListMapRunsCommand({ executionArn }));
    const { executions } = await states.client.send(
      new ListExecutionsCommand({ mapRunArn: mapRuns?.[0]?.mapRunArn, statusFilter: "TIMED_OUT" }),
    );
    expect(executions).toHaveLength(1);
  });
});

describe("an item", () => {
  const ItemProcessor = processor({ Type: "Pass" });
  const item = { "item.$": "$$.Map.Item" };

  it("shows that it is from the input", async () => {
    const M = map({ ItemProcessor, ItemSelector: item });
    const { output } = await settled({ StartAt: "M", States: { M } }, ["a"]);
    expect(JSON.parse(output as string)).toEqual([{ item: { Index: 0, Value: "a", Source: "STATE_DATA" } }]);
  });

  it("shows its key and its object", async () => {
    const ItemReader = {
      Resource: "arn:aws:states:::s3:getObject",
      Parameters: { Bucket: "data", Key: "object.json" },
      ReaderConfig: { InputType: "JSON" },
    };
    const { output } = await settled({
      StartAt: "M",
      States: { M: map({ ItemProcessor, ItemSelector: item, ItemReader }) },
    });
    const Source = "s3://data/object.json";
    const items = [
      { item: { Index: 0, Value: 1, Key: "x", Source } },
      { item: { Index: 1, Value: [2], Key: "y", Source } },
    ];
    expect(output).toBe(JSON.stringify(items));
  });

  it("is a pair with a key if JSONata returns an object", async () => {
    const M = map({ ItemProcessor, Items: "{% {'a': 1} %}", ItemSelector: "{% $states.context.Map.Item %}" });
    const { output, cause } = await settled({ QueryLanguage: "JSONata", StartAt: "M", States: { M } });
    expect([cause, JSON.parse(output ?? "null")]).toEqual([
      undefined,
      [{ Index: 0, Value: { Key: "a", Value: 1 }, Source: "STATE_DATA", Key: "a" }],
    ]);
  });
});

it("the outputs of all children together are no larger than a payload", async () => {
  const large = { Type: "Task", Resource: "arn:aws:lambda:us-east-1:000000000000:function:large" };
  const M = map({ ItemProcessor: processor(large) });
  const { status, error } = await settled({ StartAt: "M", States: { M } }, [1, 2]);
  expect([status, error]).toEqual(["FAILED", "States.DataLimitExceeded"]);
});
