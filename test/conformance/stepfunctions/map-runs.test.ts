import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  DescribeMapRunCommand,
  ListExecutionsCommand,
  ListMapRunsCommand,
  RedriveExecutionCommand,
  StopExecutionCommand,
  UpdateMapRunCommand,
} from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inShort, type States, startStates } from "../../support/states.ts";

let states: States;
let root: string;
let broken = true;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "busbar-s3-"));
  mkdirSync(join(root, "data"));
  mkdirSync(join(root, "results"));
  writeFileSync(join(root, "data", "rows.csv"), 'id,name\n1,"a, b"\n2,c\n');
  writeFileSync(join(root, "data", "items.json"), '{"list":[{"n":1},{"n":2},{"n":3}]}');
  writeFileSync(join(root, "data", "lines.jsonl"), '{"n":1}\n{"n":2}\n');
  writeFileSync(
    join(root, "data", "manifest.json"),
    '{"destinationBucket":"arn:aws:s3:::data","fileSchema":"Bucket, Key","files":[{"key":"inventory.csv"}]}',
  );
  writeFileSync(join(root, "data", "inventory.csv"), '"b","one"\n"b","two"\n');
  states = await startStates({ clock: "virtual", startTime: "2030-01-01T00:00:00Z", seed: "map", s3Root: root });
  states.bus.registerFunction("picky", (event) => {
    if ((event as { n: number }).n % 2 === 0 && broken) throw Object.assign(new Error("even"), { name: "Even" });
    return event;
  });
});
afterAll(async () => {
  await states.close();
  rmSync(root, { recursive: true });
});

const processor = (inner: object, type = "STANDARD") => ({
  ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: type },
  StartAt: "I",
  States: { I: { End: true, ...inner } },
});
const passItem = { Type: "Pass" };
const pickyItem = { Type: "Task", Resource: "arn:aws:lambda:us-east-1:000000000000:function:picky" };
const map = (fields: object) => ({ StartAt: "M", States: { M: { Type: "Map", Label: "L", End: true, ...fields } } });
const reader = (key: string, config: object) => ({
  Resource: "arn:aws:states:::s3:getObject",
  Parameters: { Bucket: "data", Key: key },
  ReaderConfig: config,
});

async function settled(definition: object, input: unknown = {}) {
  const execution = await states.start(await states.create(definition), input);
  await states.bus.clock.advance(0);
  return states.describe(execution);
}

async function mapRunOf(execution: string | undefined) {
  const { mapRuns } = await states.client.send(new ListMapRunsCommand({ executionArn: execution }));
  return states.client.send(new DescribeMapRunCommand({ mapRunArn: mapRuns?.[0]?.mapRunArn }));
}

describe("a distributed Map", () => {
  it.each(["STANDARD", "EXPRESS"])("runs its items as %s executions", async (type) => {
    const described = await settled(map({ ItemProcessor: processor(passItem, type), MaxConcurrency: 2 }), [1, 2, 3]);
    expect([described.status, described.output]).toEqual(["SUCCEEDED", "[1,2,3]"]);
    expect(inShort(await states.history(described.executionArn as string))).toEqual([
      "1<0 ExecutionStarted",
      "2<0 MapStateEntered",
      "3<2 MapStateStarted",
      "4<3 MapRunStarted",
      "5<4 MapRunSucceeded",
      "6<5 MapStateSucceeded",
      "7<4 MapStateExited",
      "8<7 ExecutionSucceeded",
    ]);
    const run = await mapRunOf(described.executionArn);
    expect(run).toMatchObject({
      executionArn: described.executionArn,
      status: "SUCCEEDED",
      maxConcurrency: 2,
      toleratedFailureCount: 0,
      toleratedFailurePercentage: 0,
      itemCounts: { pending: 0, running: 0, succeeded: 3, failed: 0, total: 3 },
      executionCounts: { succeeded: 3, total: 3 },
    });
    expect(run.mapRunArn).toMatch(/:mapRun:m\d+\/L:[0-9a-f-]{36}$/);
    const children = await states.client.send(new ListExecutionsCommand({ mapRunArn: run.mapRunArn }));
    expect(children.executions?.map(({ itemCount, status }) => [itemCount, status])).toEqual(
      type === "STANDARD" ? [1, 2, 3].map(() => [1, "SUCCEEDED"]) : [],
    );
    await expect(
      states.client.send(new UpdateMapRunCommand({ mapRunArn: run.mapRunArn, maxConcurrency: 1 })),
    ).rejects.toMatchObject({ name: "ValidationException", reason: "CANNOT_UPDATE_COMPLETED_MAP_RUN" });
  });

  it.each([
    [
      "rows.csv",
      { InputType: "CSV", CSVHeaderLocation: "FIRST_ROW" },
      [
        { id: "1", name: "a, b" },
        { id: "2", name: "c" },
      ],
    ],
    ["items.json", { InputType: "JSON", ItemsPointer: "/list" }, [{ n: 1 }, { n: 2 }, { n: 3 }]],
    ["items.json", { InputType: "JSON", ItemsPointer: "/list", MaxItems: 2 }, [{ n: 1 }, { n: 2 }]],
    ["lines.jsonl", { InputType: "JSONL" }, [{ n: 1 }, { n: 2 }]],
    [
      "manifest.json",
      { InputType: "MANIFEST" },
      [
        { Bucket: "b", Key: "one" },
        { Bucket: "b", Key: "two" },
      ],
    ],
  ])("reads its items from %s with %j", async (key, config, items) => {
    const described = await settled(map({ ItemReader: reader(key, config), ItemProcessor: processor(passItem) }));
    expect([described.status, described.error, described.cause]).toEqual(["SUCCEEDED", undefined, undefined]);
    expect(JSON.parse(described.output as string)).toEqual(items);
  });

  it("reads the listing of a bucket", async () => {
    const described = await settled(
      map({
        ItemReader: { Resource: "arn:aws:states:::s3:listObjectsV2", Parameters: { Bucket: "data", Prefix: "i" } },
        ItemProcessor: processor(passItem),
      }),
    );
    expect(JSON.parse(described.output as string)).toMatchObject([
      { Key: "inventory.csv", StorageClass: "STANDARD" },
      { Key: "items.json", Size: 34 },
    ]);
  });

  it("fails if there is nothing to read", async () => {
    const described = await settled(
      map({ ItemReader: reader("../secret", { InputType: "JSON" }), ItemProcessor: processor(passItem) }),
    );
    expect([described.status, described.error]).toEqual(["FAILED", "States.ItemReaderFailed"]);
  });

  it("selects and batches", async () => {
    const described = await settled(
      map({
        ItemSelector: { "i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value" },
        ItemBatcher: { MaxItemsPerBatch: 2, BatchInput: { b: 1 } },
        ItemProcessor: processor(passItem),
      }),
      ["x", "y", "z"],
    );
    expect(JSON.parse(described.output as string)).toEqual([
      {
        BatchInput: { b: 1 },
        Items: [
          { i: 0, v: "x" },
          { i: 1, v: "y" },
        ],
      },
      { BatchInput: { b: 1 }, Items: [{ i: 2, v: "z" }] },
    ]);
    expect(await mapRunOf(described.executionArn)).toMatchObject({
      itemCounts: { succeeded: 3, total: 3 },
      executionCounts: { succeeded: 2, total: 2 },
    });
  });

  it("writes its results", async () => {
    const described = await settled(
      map({
        ItemProcessor: processor(passItem),
        ResultWriter: {
          Resource: "arn:aws:states:::s3:putObject",
          Parameters: { Bucket: "results", Prefix: "out" },
        },
      }),
      [1, 2],
    );
    const { MapRunArn, ResultWriterDetails } = JSON.parse(described.output as string);
    const uuid = MapRunArn.split(":").at(-1);
    expect(ResultWriterDetails).toEqual({ Bucket: "results", Key: `out/${uuid}/manifest.json` });
    const read = (key: string) => JSON.parse(readFileSync(join(root, "results", key), "utf8"));
    const manifest = read(ResultWriterDetails.Key);
    expect(manifest).toMatchObject({
      DestinationBucket: "results",
      MapRunArn,
      ResultFiles: { FAILED: [], PENDING: [] },
    });
    expect(read(manifest.ResultFiles.SUCCEEDED[0].Key)).toMatchObject([
      { Input: "1", Output: "1", Status: "SUCCEEDED" },
      { Input: "2", Output: "2", Status: "SUCCEEDED" },
    ]);
  });

  describe("that fails or is stopped", () => {
    const writes = {
      MaxConcurrency: 1,
      ResultWriter: {
        Resource: "arn:aws:states:::s3:putObject",
        Parameters: { Bucket: "results", Prefix: "rest" },
        WriterConfig: { Transformation: "COMPACT", OutputType: "JSON" },
      },
    };
    const read = (key: string) => JSON.parse(readFileSync(join(root, "results", key), "utf8"));
    const written = (mapRunArn = "") => {
      const { ResultFiles: files } = read(`rest/${mapRunArn.split(":").at(-1)}/manifest.json`);
      const of = (group: string) => (files[group].length === 0 ? [] : read(files[group][0].Key));
      return { SUCCEEDED: of("SUCCEEDED"), FAILED: of("FAILED"), PENDING: of("PENDING") };
    };

    it("writes which children succeeded, failed and never started", async () => {
      const items = [1, 2, 3, 5].map((n) => ({ n }));
      const { executionArn } = await settled(map({ ...writes, ItemProcessor: processor(pickyItem) }), items);
      const failed = await mapRunOf(executionArn);
      expect(failed).toMatchObject({ status: "FAILED", itemCounts: { resultsWritten: 2, pending: 2 } });
      expect(failed.executionCounts?.resultsWritten).toBe(2);
      const details = { InputDetails: { Included: true }, RedriveCount: 0 };
      expect(written(failed.mapRunArn)).toMatchObject({
        SUCCEEDED: [{ n: 1 }],
        FAILED: [
          {
            ...details,
            Error: "Even",
            Input: '{"n":2}',
            OutputDetails: { Included: true },
            RedriveStatus: "REDRIVABLE_BY_MAP_RUN",
            Status: "FAILED",
          },
        ],
        PENDING: [
          { ...details, Input: '{"n":3}', Status: "PENDING" },
          { ...details, Input: '{"n":5}', Status: "PENDING" },
        ],
      });
      broken = false;
      await states.client.send(new RedriveExecutionCommand({ executionArn }));
      await states.bus.clock.advance(0);
      broken = true;
      expect(await mapRunOf(executionArn)).toMatchObject({ status: "SUCCEEDED", itemCounts: { resultsWritten: 4 } });
      expect(written(failed.mapRunArn)).toEqual({ SUCCEEDED: items, FAILED: [], PENDING: [] });
    });

    it.each(["STANDARD", "EXPRESS"])("writes the %s children that were stopped with it", async (type) => {
      const wait = { Type: "Wait", Seconds: 60 };
      const definition = map({ ...writes, ItemProcessor: processor(wait, type) });
      const execution = await states.start(await states.create(definition), [1, 2]);
      await states.bus.clock.advance("1s");
      await states.client.send(new StopExecutionCommand({ executionArn: execution }));
      const stopped = await mapRunOf(execution);
      expect(stopped).toMatchObject({ status: "ABORTED", itemCounts: { running: 0, aborted: 1, pending: 1 } });
      expect(written(stopped.mapRunArn)).toMatchObject({
        SUCCEEDED: [],
        FAILED: [{ Input: "1", Status: "ABORTED" }],
        PENDING: [{ Input: "2", Status: "PENDING" }],
      });
    });

    it("writes how many times children were redriven", async () => {
      const none = { ...writes.ResultWriter, WriterConfig: { Transformation: "NONE", OutputType: "JSON" } };
      const definition = map({ ...writes, ResultWriter: none, ItemProcessor: processor(pickyItem) });
      const { executionArn } = await settled(definition, [{ n: 2 }]);
      broken = false;
      await states.client.send(new RedriveExecutionCommand({ executionArn }));
      await states.bus.clock.advance(0);
      broken = true;
      expect(written((await mapRunOf(executionArn)).mapRunArn).SUCCEEDED).toMatchObject([
        {
          RedriveCount: 1,
          RedriveStatus: "NOT_REDRIVABLE",
          RedriveStatusReason: "Execution is SUCCEEDED and cannot be redriven",
        },
      ]);
    });
  });

  it("fails when its results cannot be written", async () => {
    const described = await settled(
      map({
        ItemProcessor: processor(passItem),
        ResultWriter: { Resource: "arn:aws:states:::s3:putObject", Parameters: { Bucket: "no-such", Prefix: "p" } },
      }),
      [1],
    );
    expect([described.status, described.error]).toEqual(["FAILED", "States.ResultWriterFailed"]);
  });

  it("can be updated while it runs, and is stopped with its execution", async () => {
    const wait = { Type: "Wait", Seconds: 60 };
    const definition = map({ ItemProcessor: processor(wait), MaxConcurrency: 1 });
    const execution = await states.start(await states.create(definition), [1, 2, 3]);
    await states.bus.clock.advance("1s");
    const { mapRunArn, ...before } = await mapRunOf(execution);
    expect(before).toMatchObject({ status: "RUNNING", itemCounts: { running: 1, pending: 2 } });
    await states.client.send(new UpdateMapRunCommand({ mapRunArn, maxConcurrency: 2, toleratedFailureCount: 1 }));
    await states.bus.clock.advance("1s");
    expect(await mapRunOf(execution)).toMatchObject({
      maxConcurrency: 2,
      toleratedFailureCount: 1,
      itemCounts: { running: 2, pending: 1 },
    });
    await states.client.send(new StopExecutionCommand({ executionArn: execution }));
    await states.bus.clock.advance(0);
    expect(await mapRunOf(execution)).toMatchObject({
      status: "ABORTED",
      itemCounts: { running: 0, pending: 1, aborted: 2 },
    });
    const aborted = new ListExecutionsCommand({ mapRunArn, statusFilter: "ABORTED" });
    expect((await states.client.send(aborted)).executions).toHaveLength(2);
  });

  it("is redriven completely when it was stopped right after its start, however many items it has", async () => {
    const select = { ItemSelector: { "n.$": "$$.Map.Item.Value" }, ItemsPath: "$" };
    const definition = map({ ...select, ItemProcessor: processor(passItem, "EXPRESS") });
    const items = Array.from({ length: 3000 }, (_, n) => n);
    const executionArn = await states.start(await states.create(definition), items);
    await states.client.send(new StopExecutionCommand({ executionArn }));
    expect(await mapRunOf(executionArn)).toMatchObject({ status: "ABORTED", itemCounts: { running: 0, succeeded: 0 } });
    await states.client.send(new RedriveExecutionCommand({ executionArn }));
    await states.bus.clock.advance(0);
    expect(await states.describe(executionArn)).toMatchObject({
      status: "SUCCEEDED",
      output: JSON.stringify(items.map((n) => ({ n }))),
    });
    expect(await mapRunOf(executionArn)).toMatchObject({ itemCounts: { succeeded: 3000, total: 3000 } });
  });

  it("tolerates failures up to a limit, and is redriven", async () => {
    const items = [1, 2, 3, 4].map((n) => ({ n }));
    const tolerant = await settled(map({ ItemProcessor: processor(pickyItem), ToleratedFailurePercentage: 50 }), items);
    expect([tolerant.status, tolerant.output]).toEqual(["SUCCEEDED", '[{"n":1},{"n":3}]']);
    const strict = await settled(map({ ItemProcessor: processor(pickyItem), ToleratedFailureCount: 1 }), items);
    expect(strict).toMatchObject({
      status: "FAILED",
      error: "States.ExceedToleratedFailureThreshold",
      cause: "The specified tolerated failure threshold was exceeded",
    });
    expect(await mapRunOf(strict.executionArn)).toMatchObject({ status: "FAILED", itemCounts: { failed: 2 } });
    broken = false;
    await states.client.send(new RedriveExecutionCommand({ executionArn: strict.executionArn }));
    await states.bus.clock.advance(0);
    broken = true;
    const again = await states.describe(strict.executionArn as string);
    expect(again).toMatchObject({ status: "SUCCEEDED", redriveCount: 1, output: JSON.stringify(items) });
    const { mapRunArn } = await mapRunOf(strict.executionArn);
    const filtered = async (redriveFilter: "REDRIVEN" | "NOT_REDRIVEN") =>
      (await states.client.send(new ListExecutionsCommand({ mapRunArn, redriveFilter }))).executions;
    expect((await filtered("REDRIVEN"))?.map(({ redriveCount }) => redriveCount)).toEqual([1, 1]);
    expect((await filtered("NOT_REDRIVEN"))?.map(({ redriveCount }) => redriveCount)).toEqual([0, 0]);
    expect(inShort(await states.history(strict.executionArn as string)).slice(7)).toEqual([
      "8<7 ExecutionRedriven",
      "9<8 MapRunRedriven",
      "10<9 MapRunSucceeded",
      "11<10 MapStateSucceeded",
      "12<9 MapStateExited",
      "13<12 ExecutionSucceeded",
    ]);
  });

  it("keeps children pending for a redrive until its concurrency allows them", async () => {
    const wait = { Type: "Wait", Seconds: 60 };
    const definition = map({ ItemProcessor: processor(wait), MaxConcurrency: 2 });
    const execution = await states.start(await states.create(definition), [1, 2, 3]);
    await states.bus.clock.advance("1s");
    const { mapRunArn } = await mapRunOf(execution);
    await states.client.send(new UpdateMapRunCommand({ mapRunArn, maxConcurrency: 1 }));
    await states.client.send(new StopExecutionCommand({ executionArn: execution }));
    await states.bus.clock.advance(0);
    expect(await mapRunOf(execution)).toMatchObject({
      executionCounts: { aborted: 2, pending: 1, pendingRedrive: 0, failuresNotRedrivable: 0 },
    });
    await states.client.send(new RedriveExecutionCommand({ executionArn: execution }));
    await states.bus.clock.advance(0);
    const counts = { running: 1, aborted: 0, pending: 1, pendingRedrive: 1, failuresNotRedrivable: 0, total: 3 };
    expect(await mapRunOf(execution)).toMatchObject({ redriveCount: 1, itemCounts: counts, executionCounts: counts });
    const waiting = new ListExecutionsCommand({ mapRunArn, statusFilter: "PENDING_REDRIVE" });
    const listed = (await states.client.send(waiting)).executions ?? [];
    expect(listed).toMatchObject([{ status: "PENDING_REDRIVE", redriveCount: 0, itemCount: 1 }]);
    expect(await states.describe(listed[0]?.executionArn as string)).toMatchObject({
      status: "PENDING_REDRIVE",
      redriveStatus: "NOT_REDRIVABLE",
      redriveStatusReason: "Execution is PENDING_REDRIVE and cannot be redriven",
    });
    const aborted = new ListExecutionsCommand({ mapRunArn, statusFilter: "ABORTED" });
    expect((await states.client.send(aborted)).executions).toEqual([]);
    await states.bus.clock.advance("3m");
    expect(await states.describe(execution)).toMatchObject({ status: "SUCCEEDED", output: "[1,2,3]" });
    expect(await mapRunOf(execution)).toMatchObject({ executionCounts: { succeeded: 3, pendingRedrive: 0 } });
    expect((await states.client.send(waiting)).executions).toEqual([]);
  });

  it("counts the failures that can no longer be redriven, and does not run them again", async () => {
    const inner = {
      ...processor({}),
      StartAt: "W",
      States: { W: { Type: "Wait", SecondsPath: "$.s", Next: "I" }, I: { ...pickyItem, End: true } },
    };
    const items = [
      { n: 2, s: 0 },
      { n: 4, s: 20 * 86_400 },
    ];
    const definition = map({ ItemProcessor: inner, ToleratedFailureCount: 1 });
    const execution = await states.start(await states.create(definition), items);
    await states.bus.clock.advance("1d");
    expect(await mapRunOf(execution)).toMatchObject({ executionCounts: { failed: 1, failuresNotRedrivable: 0 } });
    await states.bus.clock.advance("19d");
    const counts = { failed: 2, failuresNotRedrivable: 1 };
    const failed = await mapRunOf(execution);
    expect(failed).toMatchObject({ status: "FAILED", itemCounts: counts, executionCounts: counts });
    const children = await states.client.send(new ListExecutionsCommand({ mapRunArn: failed.mapRunArn }));
    const described = await Promise.all(
      (children.executions ?? []).map(({ executionArn }) => states.describe(executionArn as string)),
    );
    expect(described.map((one) => [one.redriveStatus, one.redriveStatusReason])).toEqual([
      ["REDRIVABLE_BY_MAP_RUN", undefined],
      ["NOT_REDRIVABLE", "Execution redrivable period exceeded"],
    ]);
    broken = false;
    await states.client.send(new RedriveExecutionCommand({ executionArn: execution }));
    await states.bus.clock.advance(0);
    broken = true;
    expect(await states.describe(execution)).toMatchObject({ status: "SUCCEEDED", output: JSON.stringify([items[1]]) });
    expect(await mapRunOf(execution)).toMatchObject({
      executionCounts: { succeeded: 1, failed: 1, failuresNotRedrivable: 1 },
    });
  });
});
