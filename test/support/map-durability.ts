/** The distributed Maps of the durability test: what they run, and what must be true of each when it has ended. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ExecutionListItem, HistoryEvent, MapRunListItem, SFN } from "@aws-sdk/client-sfn";
import { expect } from "vitest";

/** Of the file; every batch that holds one of `failing` fails, a tenth of all. */
const items = 40;
const perBatch = 4;
const failing = 17;
const batches = items / perBatch;
/** Given in the execution's input. */
export const inlineItems = Array.from({ length: 8 }, (_, index) => index);

const effect = (body: object) => ({
  Type: "Task",
  Resource: "arn:aws:states:::sqs:sendMessage",
  Parameters: { QueueUrl: "http://localhost/000000000000/effects", MessageBody: body },
});

/** First a Map over a file, in batches, some of which fail, with its results written; then one over items of the input. */
export const mapper = {
  StartAt: "File",
  States: {
    File: {
      Type: "Map",
      Label: "File",
      MaxConcurrency: 4,
      ToleratedFailurePercentage: 20,
      ItemReader: {
        Resource: "arn:aws:states:::s3:getObject",
        Parameters: { Bucket: "data", Key: "items.json" },
        ReaderConfig: { InputType: "JSON" },
      },
      ItemBatcher: { MaxItemsPerBatch: perBatch, BatchInput: { "name.$": "$$.Execution.Name" } },
      ItemProcessor: {
        ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" },
        StartAt: "Effect",
        States: {
          Effect: {
            ...effect({ "name.$": "$.BatchInput.name", "items.$": "$.Items[*].n" }),
            ResultPath: null,
            Next: "Wait",
          },
          Wait: { Type: "Wait", Seconds: 1, Next: "Good" },
          Good: {
            Type: "Choice",
            Choices: [{ Variable: `$.Items[${failing % perBatch}].n`, NumericEquals: failing, Next: "Bad" }],
            Default: "Done",
          },
          Bad: { Type: "Fail", Error: "Bad", Cause: "a failing item" },
          Done: { Type: "Pass", OutputPath: "$.Items", End: true },
        },
      },
      ResultWriter: {
        Resource: "arn:aws:states:::s3:putObject",
        Parameters: { Bucket: "results", "Prefix.$": "$$.Execution.Name" },
      },
      ResultPath: "$.written",
      Next: "Inline",
    },
    Inline: {
      Type: "Map",
      Label: "Inline",
      MaxConcurrency: 3,
      ItemsPath: "$.items",
      ItemSelector: { "name.$": "$$.Execution.Name", "n.$": "$$.Map.Item.Value" },
      ItemProcessor: {
        ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "EXPRESS" },
        StartAt: "Item",
        States: {
          Item: {
            ...effect({ "name.$": "$.name", "inline.$": "$.n" }),
            ResultPath: null,
            OutputPath: "$.n",
            End: true,
          },
        },
      },
      ResultPath: "$.inline",
      End: true,
    },
  },
};

/** Makes the buckets. */
export async function fillBuckets(root: string): Promise<void> {
  await mkdir(join(root, "data"), { recursive: true });
  await mkdir(join(root, "results"));
  const all = Array.from({ length: items }, (_, n) => ({ n }));
  await writeFile(join(root, "data", "items.json"), JSON.stringify(all));
}

/** No event is lost and none is out of order. */
export function checkHistory(events: readonly HistoryEvent[], last: string): void {
  expect(events.map(({ id }) => id)).toEqual(events.map((_, index) => index + 1));
  expect(events.every(({ id, previousEventId }) => (previousEventId as number) < (id as number))).toBe(true);
  const times = events.map(({ timestamp }) => (timestamp as Date).getTime());
  expect(times).toEqual([...times].sort((a, b) => a - b));
  expect(events.at(-1)?.type).toBe(last);
}

export async function historyOf(sfn: SFN, executionArn: string): Promise<HistoryEvent[]> {
  const { events = [] } = await sfn.getExecutionHistory({ executionArn, maxResults: 1000 });
  return events;
}

/** What all effects must hold for one execution of the machine. */
export function effectsOf(name: string): string[] {
  return [
    ...Array.from({ length: items }, (_, n) => `${name} file item ${n}`),
    ...inlineItems.map((n) => `${name} inline item ${n}`),
  ];
}

/** The effects that one message of a mapper tells of. */
export function effectsIn(body: { name: string; items?: number[]; inline?: number }): string[] {
  if (body.inline !== undefined) return [`${body.name} inline item ${body.inline}`];
  return (body.items ?? []).map((n) => `${body.name} file item ${n}`);
}

/** Checks an execution of the machine that has ended; answers how many children it ran and how many events they have. */
export async function checkMapper(
  sfn: SFN,
  executionArn: string,
  root: string,
): Promise<{ children: number; events: number }> {
  const { status, error, cause, output } = await sfn.describeExecution({ executionArn });
  expect({ status, error, cause }).toEqual({ status: "SUCCEEDED", error: undefined, cause: undefined });
  const own = await historyOf(sfn, executionArn);
  checkHistory(own, "ExecutionSucceeded");
  const types = own.map(({ type }) => type);
  expect(types.filter((type) => type?.startsWith("MapRun"))).toEqual([
    ...["MapRunStarted", "MapRunSucceeded", "MapRunStarted", "MapRunSucceeded"],
  ]);
  const { mapRuns = [] } = await sfn.listMapRuns({ executionArn });
  const byLabel = (label: string) =>
    mapRuns.find(({ mapRunArn }) => mapRunArn?.includes(`/${label}:`)) as MapRunListItem;
  expect(mapRuns).toHaveLength(2);
  const file = await sfn.describeMapRun({ mapRunArn: byLabel("File").mapRunArn });
  const idle = { pending: 0, running: 0, timedOut: 0, aborted: 0, pendingRedrive: 0 };
  expect(file).toMatchObject({
    status: "SUCCEEDED",
    itemCounts: { ...idle, succeeded: items - perBatch, failed: perBatch, total: items, resultsWritten: items },
    executionCounts: { ...idle, succeeded: batches - 1, failed: 1, total: batches },
  });
  const inline = await sfn.describeMapRun({ mapRunArn: byLabel("Inline").mapRunArn });
  const succeeded = { ...idle, succeeded: inlineItems.length, failed: 0, total: inlineItems.length };
  expect(inline).toMatchObject({ status: "SUCCEEDED", itemCounts: succeeded, executionCounts: succeeded });
  const { written, inline: results } = JSON.parse(output as string);
  expect(results).toEqual(inlineItems);
  const read = async (key: string) => JSON.parse(await readFile(join(root, "results", key), "utf8"));
  const { ResultFiles: files, MapRunArn } = await read(written.ResultWriterDetails.Key);
  expect(MapRunArn).toBe(file.mapRunArn);
  const good = await read(files.SUCCEEDED[0].Key);
  const outputs = good.flatMap((one: { Output: string }) => JSON.parse(one.Output)).map(({ n }: { n: number }) => n);
  const failed = Math.floor(failing / perBatch);
  expect(outputs).toEqual(
    Array.from({ length: items }, (_, n) => n).filter((n) => Math.floor(n / perBatch) !== failed),
  );
  expect(await read(files.FAILED[0].Key)).toMatchObject([{ Status: "FAILED", Error: "Bad" }]);
  const { executions = [] } = await sfn.listExecutions({ mapRunArn: file.mapRunArn });
  expect(executions).toHaveLength(batches);
  let events = own.length;
  for (const child of executions) events += await checkChild(sfn, child);
  return { children: batches + inlineItems.length, events };
}

async function checkChild(sfn: SFN, { executionArn, status, itemCount }: ExecutionListItem): Promise<number> {
  expect(itemCount).toBe(perBatch);
  const events = await historyOf(sfn, executionArn as string);
  checkHistory(events, status === "FAILED" ? "ExecutionFailed" : "ExecutionSucceeded");
  expect(events.filter(({ type }) => type === "TaskSucceeded")).toHaveLength(1);
  return events.length;
}
