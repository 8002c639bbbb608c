import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Clock } from "../../../src/engine/clock.ts";
import type { JsonObject } from "../../../src/services/stepfunctions/asl/json.ts";
import { ItemReaderError } from "../../../src/services/stepfunctions/map-runs/item-parser.ts";
import { type ReadItem, readItems } from "../../../src/services/stepfunctions/map-runs/item-reader.ts";
import type { MapChild } from "../../../src/services/stepfunctions/map-runs/map-children.ts";
import type { MapChildStatus, MapRunRow } from "../../../src/services/stepfunctions/map-runs/map-run-tables.ts";
import { ObjectError, ObjectFiles } from "../../../src/services/stepfunctions/map-runs/object-files.ts";
import { type ChildrenOf, writeResults } from "../../../src/services/stepfunctions/map-runs/result-writer.ts";

let root: string;
let files: ObjectFiles;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "busbar-objects-"));
  mkdirSync(join(root, "bucket", "folder"), { recursive: true });
  writeFileSync(join(root, "secret"), "secret");
  files = new ObjectFiles(root);
});
afterAll(() => rmSync(root, { recursive: true }));

async function all(...of: Parameters<typeof readItems>): Promise<ReadItem[]> {
  const items: ReadItem[] = [];
  for await (const piece of readItems(...of)) items.push(...piece);
  return items;
}

async function read(text: string | Buffer, readerConfig: JsonObject, key = "object"): Promise<unknown[]> {
  writeFileSync(join(root, "bucket", key), text);
  const resource = "arn:aws:states:::s3:getObject";
  const items = await all(files, { resource, parameters: { Bucket: "bucket", Key: key }, readerConfig });
  return items.map(({ value }) => value);
}

async function textOf(bucket: string, key: string): Promise<string> {
  let text = "";
  for await (const piece of files.texts(bucket, key)) text += piece;
  return text;
}

describe("CSV", () => {
  const csv = (text: string, more: JsonObject = {}) => read(text, { InputType: "CSV", ...more });

  it("makes every value a string, fills up short rows and cuts long ones", async () => {
    expect(await csv("a,b\n1\n1,2,3\n")).toEqual([
      { a: "1", b: "" },
      { a: "1", b: "2" },
    ]);
  });

  it("keeps white space, and a blank header as an empty key", async () => {
    expect(await csv("a,\n x ,y\n  \n")).toEqual([
      { a: " x ", "": "y" },
      { a: "  ", "": "" },
    ]);
  });

  it("reads quotes, line breaks inside them, and both kinds of line ends", async () => {
    expect(await csv('a,b\r\n"x, ""y""","1\n2"\r\n')).toEqual([{ a: 'x, "y"', b: "1\n2" }]);
  });

  it("accepts given headers and other delimiters", async () => {
    const more = { CSVHeaderLocation: "GIVEN", CSVHeaders: ["a", "b"], CSVDelimiter: "PIPE" };
    expect(await csv("1|2\n3|4", more)).toEqual([
      { a: "1", b: "2" },
      { a: "3", b: "4" },
    ]);
  });
});

describe("other formats", () => {
  it("iterates objects by key, also in gzipped files", async () => {
    expect(await read(gzipSync('{"x":1,"y":2}'), { InputType: "JSON" }, "folder/packed.json.gz")).toEqual([1, 2]);
    const resource = "arn:aws:states:::s3:getObject";
    const parameters = { Bucket: "bucket", Key: "folder/packed.json.gz" };
    expect((await all(files, { resource, parameters, readerConfig: { InputType: "JSON" } }))[1]).toEqual({
      value: 2,
      key: "y",
      source: "s3://bucket/folder/packed.json.gz",
    });
  });

  it("refuses what cannot be iterated, pointers without a value and negative limits", async () => {
    const fails = async (text: string, config: JsonObject) => {
      try {
        await read(text, { InputType: "JSON", ...config });
      } catch (error) {
        return error instanceof ItemReaderError ? error.message : String(error);
      }
      return undefined;
    };
    expect(await fails("1", {})).toBe("Attempting to map over non-iterable node.");
    expect(await fails("{}", { ItemsPointer: "/a" })).toBe(
      "The provided ReaderConfig.ItemsPointer does not match any valid path in the JSON structure.",
    );
    expect(await fails("[1]", { MaxItems: -1 })).toBe("field MaxItems must be positive");
    expect(await fails("nonsense", {})).toContain("Unexpected token");
  });

  it("treats zero as no limit, and accepts limits beyond a run's maximum", async () => {
    for (const MaxItems of [0, 200_000_000])
      expect(await read("[1,2]", { InputType: "JSON", MaxItems })).toEqual([1, 2]);
    expect(await read("[1,2]", { InputType: "JSON", MaxItems: 1 })).toEqual([1]);
  });

  it("reads a manifest that only ManifestType declares, and Athena's data files by their InputType", async () => {
    await read(gzipSync('{"n":0.5}\n'), { InputType: "JSONL" }, "folder/athena-1.gz");
    await read("a\n1\n", { InputType: "CSV" }, "folder/athena-2.csv");
    const athena = (name: string, more: JsonObject) =>
      read(`s3://bucket/folder/${name}\n`, { ManifestType: "ATHENA_DATA", ...more }, "athena-manifest.csv");
    expect(await athena("athena-1.gz", { InputType: "JSONL" })).toEqual([{ n: 0.5 }]);
    for (const InputType of ["CSV", "MANIFEST"]) {
      expect(await athena("athena-2.csv", { InputType, CSVHeaderLocation: "FIRST_ROW" })).toEqual([{ a: "1" }]);
    }
    expect(await athena("athena-2.csv", { CSVHeaderLocation: "GIVEN", CSVHeaders: ["b"] })).toEqual([
      { b: "a" },
      { b: "1" },
    ]);
    await read('"bucket","k","3"\n', { InputType: "CSV" }, "inventory.csv");
    const manifest = { destinationBucket: "arn:aws:s3:::bucket", fileSchema: "Bucket, Key, Size" };
    const inventory = JSON.stringify({ ...manifest, files: [{ key: "inventory.csv" }] });
    expect(await read(inventory, { ManifestType: "S3_INVENTORY" })).toEqual([
      { Bucket: "bucket", Key: "k", Size: "3" },
    ]);
    rmSync(join(root, "bucket", "folder", "athena-1.gz"));
    rmSync(join(root, "bucket", "folder", "athena-2.csv"));
  });

  it("loads every object of a listing", async () => {
    writeFileSync(join(root, "bucket", "folder", "1.jsonl"), "1\n2\n");
    writeFileSync(join(root, "bucket", "folder", "2.jsonl"), "3\n");
    const items = await all(files, {
      resource: "arn:aws:states:::s3:listObjectsV2",
      parameters: { Bucket: "bucket", Prefix: "folder/" },
      readerConfig: { InputType: "JSONL", Transformation: "LOAD_AND_FLATTEN", MaxItems: 3 },
    });
    expect(items.map(({ value }) => value)).toEqual([1, 2, 3]);
  });
});

describe("the directory", () => {
  it("serves nothing from outside a bucket", async () => {
    for (const [bucket, key] of [
      ["bucket", "../secret"],
      ["..", "secret"],
      [".", "secret"],
      ["bucket", "/etc/passwd"],
      ["", "secret"],
    ] as const) {
      await expect(textOf(bucket, key), `${bucket} ${key}`).rejects.toThrow(ObjectError);
      await expect(files.write(bucket, key, ["x"]), `${bucket} ${key}`).rejects.toThrow(ObjectError);
    }
    expect(readFileSync(join(root, "secret"), "utf8")).toBe("secret");
    await expect(new ObjectFiles(undefined).texts("bucket", "object").next()).rejects.toThrow(/--s3-root/);
  });

  it("requires the bucket to exist", async () => {
    await expect(files.write("other", "key", ["x"])).rejects.toThrow(ObjectError);
    expect(() => [...files.list("other", "")]).toThrow("The specified bucket does not exist.");
  });

  it("does not follow a loop of links", async () => {
    symlinkSync(join(root, "bucket"), join(root, "bucket", "loop"));
    expect([...files.list("bucket", "folder/")].length).toBeGreaterThan(0);
    rmSync(join(root, "bucket", "loop"));
  });
});

describe("results", () => {
  const run = {
    arn: "arn:aws:states:r:1:mapRun:m/L:uuid",
    machine: "arn:aws:states:r:1:stateMachine:m/L",
  } as MapRunRow;
  const child = (index: number, status: MapChildStatus, output?: string): MapChild => ({
    index,
    status,
    itemCount: 1,
    input: String(index),
    name: `n${index}`,
    execution: `e${index}`,
    startedMs: 0,
    stoppedMs: 0,
    output,
    error: status === "FAILED" ? "E" : undefined,
    cause: undefined,
  });
  const children = [child(0, "SUCCEEDED", "[1]"), child(1, "FAILED"), child(2, "SUCCEEDED", "[2,3]")];

  const never = () => ({ count: 0 });
  const childrenOf: ChildrenOf = (statuses) => children.filter(({ status }) => statuses.includes(status));
  const written = (writer: Parameters<typeof writeResults>[3]) =>
    writeResults(files, new Clock().turns, run, writer, childrenOf, never);

  it("are the outputs, transformed by WriterConfig", async () => {
    expect(await written(undefined)).toEqual([[1], [2, 3]]);
    expect(await written({ writerConfig: { Transformation: "FLATTEN" } })).toEqual([1, 2, 3]);
    expect(await written({ writerConfig: { Transformation: "NONE" } })).toMatchObject([
      { ExecutionArn: "e0", Output: "[1]", Status: "SUCCEEDED" },
      { ExecutionArn: "e2" },
    ]);
  });

  it("are files by status, as JSON Lines if requested", async () => {
    const writer = {
      resource: "arn:aws:states:::s3:putObject",
      parameters: { Bucket: "bucket", Prefix: "out/" },
      writerConfig: { Transformation: "FLATTEN", OutputType: "JSONL" },
    };
    expect(await written(writer)).toEqual({
      MapRunArn: run.arn,
      ResultWriterDetails: { Bucket: "bucket", Key: "out/uuid/manifest.json" },
    });
    const folder = join(root, "bucket", "out", "uuid");
    expect(readFileSync(join(folder, "SUCCEEDED_0.jsonl"), "utf8")).toBe("1\n2\n3\n");
    expect(JSON.parse(readFileSync(join(folder, "FAILED_0.jsonl"), "utf8"))).toMatchObject({ Error: "E", Input: "1" });
    expect(JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")).ResultFiles).toEqual({
      FAILED: [{ Key: "out/uuid/FAILED_0.jsonl", Size: expect.any(Number) }],
      PENDING: [],
      SUCCEEDED: [{ Key: "out/uuid/SUCCEEDED_0.jsonl", Size: 6 }],
    });
  });
});
