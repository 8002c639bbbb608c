/**
 * A distributed Map over a file several times as large as the heap: the server has only the items in flight in memory.
 */
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { SFN } from "@aws-sdk/client-sfn";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { type RunningCli, startCli, stopAll } from "../support/cli.ts";

const mebibyte = 1024 * 1024;
const heapMebibytes = 64;
const isFull = process.env["BUSBAR_TEST_FULL"] === "1";
const fileBytes = (isFull ? 247 : 3 * heapMebibytes) * mebibyte;
const linesPerPiece = 64;
/** A busy machine is slow, and nothing is timed here. */
const limitMs = 600_000;

let root: string;
let server: RunningCli;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "busbar-large-map-"));
  for (const bucket of ["data", "results"]) mkdirSync(join(root, bucket));
});
afterEach(async () => {
  server.kill("SIGKILL");
  await server.ended;
});
afterAll(async () => {
  await stopAll();
  rmSync(root, { recursive: true });
});

interface Kind {
  readonly key: string;
  readonly config: object;
  readonly head: string;
  readonly separator: string;
  readonly end: string;
  readonly itemBytes: number;
  readonly line: (n: number, text: string) => string;
  readonly packed: boolean;
  readonly perBatch: number | undefined;
}

const json = (n: number, text: string) => JSON.stringify({ n, text });
const plain = { head: "", separator: "\n", end: "\n", packed: false, perBatch: undefined };

/** Writes the file piece by piece and returns its number of items. Gzipped pieces in sequence are one gzipped file. */
function writeFile({ key, head, separator, end, itemBytes, line, packed }: Kind): number {
  const path = join(root, "data", key);
  const text = "x".repeat(itemBytes);
  const count = Math.floor(fileBytes / (itemBytes + 20));
  writeFileSync(path, "");
  for (let n = 0; n < count; ) {
    let piece = n === 0 ? head : separator;
    const last = Math.min(n + linesPerPiece, count);
    for (; n < last; n++) piece += line(n, text) + (n < last - 1 ? separator : "");
    if (n === count) piece += end;
    appendFileSync(path, packed ? gzipSync(piece, { level: 1 }) : piece);
  }
  return count;
}

const kinds: Kind[] = [
  { ...plain, key: "lines.jsonl", config: { InputType: "JSONL" }, itemBytes: 60_000, line: json },
  {
    key: "list.json.gz",
    config: { InputType: "JSON", ItemsPointer: "/a/list" },
    head: '{"first":[1,2],"a":{"list":[',
    separator: ",",
    end: "]}}",
    itemBytes: 1000,
    line: json,
    packed: true,
    perBatch: 200,
  },
  {
    ...plain,
    key: "rows.csv",
    config: { InputType: "CSV", CSVHeaderLocation: "FIRST_ROW" },
    head: "n,text\n",
    itemBytes: 1000,
    line: (n, text) => `${n},"${text}"`,
    perBatch: 200,
  },
];

it.each(isFull ? kinds : kinds.slice(0, 1))(
  "$key",
  async (kind) => {
    const count = writeFile(kind);
    server = await startCli(["--s3-root", root], { NODE_OPTIONS: `--max-old-space-size=${heapMebibytes}` });
    const sfn = new SFN({
      endpoint: server.endpoint,
      region: "us-east-1",
      credentials: { accessKeyId: "000000000000", secretAccessKey: "x" },
    });
    const { stateMachineArn } = await sfn.createStateMachine({
      name: "m",
      roleArn: "arn:aws:iam::000000000000:role/any",
      definition: JSON.stringify({
        StartAt: "M",
        States: {
          M: {
            Type: "Map",
            ItemReader: {
              Resource: "arn:aws:states:::s3:getObject",
              Parameters: { Bucket: "data", Key: kind.key },
              ReaderConfig: kind.config,
            },
            ...(kind.perBatch === undefined ? {} : { ItemBatcher: { MaxItemsPerBatch: kind.perBatch } }),
            ItemProcessor: {
              ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "EXPRESS" },
              StartAt: "P",
              States: { P: { Type: "Pass", End: true, OutputPath: kind.perBatch === undefined ? "$" : "$.Items" } },
            },
            ResultWriter: {
              Resource: "arn:aws:states:::s3:putObject",
              Parameters: { Bucket: "results", Prefix: "r" },
              WriterConfig: { Transformation: "FLATTEN", OutputType: "JSONL" },
            },
            End: true,
          },
        },
      }),
    });
    const { executionArn } = await sfn.startExecution({ stateMachineArn });
    for (;;) {
      const { status, output, cause } = await sfn.describeExecution({ executionArn });
      if (status === "RUNNING") {
        await new Promise((resolve) => setTimeout(resolve, 200));
        continue;
      }
      expect({ status, cause }).toEqual({ status: "SUCCEEDED", cause: undefined });
      const { mapRuns = [] } = await sfn.listMapRuns({ executionArn });
      const { itemCounts } = await sfn.describeMapRun({ mapRunArn: mapRuns[0]?.mapRunArn });
      expect(itemCounts).toMatchObject({ succeeded: count, total: count, resultsWritten: count });
      const { Key } = JSON.parse(output as string).ResultWriterDetails;
      const manifest = JSON.parse(readFileSync(join(root, "results", Key), "utf8"));
      const [written] = manifest.ResultFiles.SUCCEEDED;
      const lines = readFileSync(join(root, "results", written.Key), "utf8").split("\n");
      expect(lines.length).toBe(count + 1);
      for (const [index, line] of lines.slice(0, -1).entries()) {
        if (Number(/"n":"?(\d+)/.exec(line)?.[1]) !== index)
          throw new Error(`Item ${index} is not there: ${line.slice(0, 50)}`);
      }
      break;
    }
    sfn.destroy();
    rmSync(join(root, "data", kind.key));
  },
  limitMs,
);
