import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JsonObject } from "../../../src/services/stepfunctions/asl/json.ts";
import { ItemReaderError, readItems } from "../../../src/services/stepfunctions/map-runs/item-reader.ts";
import type { MapChildRow, MapRunRow } from "../../../src/services/stepfunctions/map-runs/map-run-tables.ts";
import { ObjectError, ObjectFiles } from "../../../src/services/stepfunctions/map-runs/object-files.ts";
import { writeResults } from "../../../src/services/stepfunctions/map-runs/result-writer.ts";

let root: string;
let files: ObjectFiles;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "busbar-objects-"));
  mkdirSync(join(root, "bucket", "folder"), { recursive: true });
  writeFileSync(join(root, "secret"), "secret");
  files = new ObjectFiles(root);
});
afterAll(() => rmSync(root, { recursive: true }));

function read(text: string | Buffer, readerConfig: JsonObject, key = "object"): unknown[] {
  writeFileSync(join(root, "bucket", key), text);
  const resource = "arn:aws:states:::s3:getObject";
  return readItems(files, { resource, parameters: { Bucket: "bucket", Key: key }, readerConfig }).map(
    ({ value }) => value,
  );
}

describe("CSV", () => {
  const csv = (text: string, more: JsonObject = {}) => read(text, { InputType: "CSV", ...more });

  it("makes every value a string, short rows full and long rows short", () => {
    expect(csv("a,b\n1\n1,2,3\n")).toEqual([
      { a: "1", b: "" },
      { a: "1", b: "2" },
    ]);
  });

  it("keeps white space, and a blank header as an empty key", () => {
    expect(csv("a,\n x ,y\n  \n")).toEqual([
      { a: " x ", "": "y" },
      { a: "  ", "": "" },
    ]);
  });

  it("reads quotes, line breaks inside them, and either line end", () => {
    expect(csv('a,b\r\n"x, ""y""","1\n2"\r\n')).toEqual([{ a: 'x, "y"', b: "1\n2" }]);
  });

  it("takes given headers and other delimiters", () => {
    const more = { CSVHeaderLocation: "GIVEN", CSVHeaders: ["a", "b"], CSVDelimiter: "PIPE" };
    expect(csv("1|2\n3|4", more)).toEqual([
      { a: "1", b: "2" },
      { a: "3", b: "4" },
    ]);
  });
});

describe("the other kinds", () => {
  it("iterates objects by key, and packed files as if they were not", () => {
    expect(read(gzipSync('{"x":1,"y":2}'), { InputType: "JSON" }, "folder/packed.json.gz")).toEqual([1, 2]);
    const resource = "arn:aws:states:::s3:getObject";
    const parameters = { Bucket: "bucket", Key: "folder/packed.json.gz" };
    expect(readItems(files, { resource, parameters, readerConfig: { InputType: "JSON" } })[1]).toEqual({
      value: 2,
      key: "y",
      source: "s3://bucket/folder/packed.json.gz",
    });
  });

  it("refuses what cannot be iterated, pointers that lead nowhere and limits below zero", () => {
    const fails = (text: string, config: JsonObject) => {
      try {
        read(text, { InputType: "JSON", ...config });
      } catch (error) {
        return error instanceof ItemReaderError ? error.message : String(error);
      }
      return undefined;
    };
    expect(fails("1", {})).toBe("Attempting to map over non-iterable node.");
    expect(fails("{}", { ItemsPointer: "/a" })).toBe(
      "The provided ReaderConfig.ItemsPointer does not match any valid path in the JSON structure.",
    );
    expect(fails("[1]", { MaxItems: -1 })).toBe("field MaxItems must be positive");
    expect(fails("nonsense", {})).toContain("Unexpected token");
  });

  it("takes no limit from zero, and a limit beyond what a run can have", () => {
    for (const MaxItems of [0, 200_000_000]) expect(read("[1,2]", { InputType: "JSON", MaxItems })).toEqual([1, 2]);
    expect(read("[1,2]", { InputType: "JSON", MaxItems: 1 })).toEqual([1]);
  });

  it("reads a manifest that ManifestType alone tells, and Athena's data files by their InputType", () => {
    read(gzipSync('{"n":0.5}\n'), { InputType: "JSONL" }, "folder/athena-1.gz");
    read("a\n1\n", { InputType: "CSV" }, "folder/athena-2.csv");
    const athena = (name: string, more: JsonObject) =>
      read(`s3://bucket/folder/${name}\n`, { ManifestType: "ATHENA_DATA", ...more }, "athena-manifest.csv");
    expect(athena("athena-1.gz", { InputType: "JSONL" })).toEqual([{ n: 0.5 }]);
    for (const InputType of ["CSV", "MANIFEST"]) {
      expect(athena("athena-2.csv", { InputType, CSVHeaderLocation: "FIRST_ROW" })).toEqual([{ a: "1" }]);
    }
    expect(athena("athena-2.csv", { CSVHeaderLocation: "GIVEN", CSVHeaders: ["b"] })).toEqual([{ b: "a" }, { b: "1" }]);
    read('"bucket","k","3"\n', { InputType: "CSV" }, "inventory.csv");
    const manifest = { destinationBucket: "arn:aws:s3:::bucket", fileSchema: "Bucket, Key, Size" };
    const inventory = JSON.stringify({ ...manifest, files: [{ key: "inventory.csv" }] });
    expect(read(inventory, { ManifestType: "S3_INVENTORY" })).toEqual([{ Bucket: "bucket", Key: "k", Size: "3" }]);
    rmSync(join(root, "bucket", "folder", "athena-1.gz"));
    rmSync(join(root, "bucket", "folder", "athena-2.csv"));
  });

  it("loads every object of a listing", () => {
    writeFileSync(join(root, "bucket", "folder", "1.jsonl"), "1\n2\n");
    writeFileSync(join(root, "bucket", "folder", "2.jsonl"), "3\n");
    const items = readItems(files, {
      resource: "arn:aws:states:::s3:listObjectsV2",
      parameters: { Bucket: "bucket", Prefix: "folder/" },
      readerConfig: { InputType: "JSONL", Transformation: "LOAD_AND_FLATTEN", MaxItems: 3 },
    });
    expect(items.map(({ value }) => value)).toEqual([1, 2, 3]);
  });
});

describe("the directory", () => {
  it("gives nothing from outside a bucket", () => {
    for (const [bucket, key] of [
      ["bucket", "../secret"],
      ["..", "secret"],
      [".", "secret"],
      ["bucket", "/etc/passwd"],
      ["", "secret"],
    ] as const) {
      expect(() => files.read(bucket, key), `${bucket} ${key}`).toThrow(ObjectError);
      expect(() => files.write(bucket, key, "x"), `${bucket} ${key}`).toThrow(ObjectError);
    }
    expect(readFileSync(join(root, "secret"), "utf8")).toBe("secret");
    expect(() => new ObjectFiles(undefined).read("bucket", "object")).toThrow(/--s3-root/);
  });

  it("needs the bucket to be there", () => {
    expect(() => files.write("other", "key", "x")).toThrow(ObjectError);
    expect(() => files.list("other", "")).toThrow("The specified bucket does not exist.");
  });

  it("does not follow a loop of links", () => {
    symlinkSync(join(root, "bucket"), join(root, "bucket", "loop"));
    expect(files.list("bucket", "folder/").length).toBeGreaterThan(0);
    rmSync(join(root, "bucket", "loop"));
  });
});

describe("results", () => {
  const run = {
    arn: "arn:aws:states:r:1:mapRun:m/L:uuid",
    machine: "arn:aws:states:r:1:stateMachine:m/L",
  } as MapRunRow;
  const child = (index: number, status: MapChildRow["status"], output?: string): MapChildRow => ({
    mapRun: run.arn,
    index,
    account: "1",
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

  it("are the outputs, or what WriterConfig makes of them", () => {
    expect(writeResults(files, run, undefined, children, never)).toEqual([[1], [2, 3]]);
    expect(writeResults(files, run, { writerConfig: { Transformation: "FLATTEN" } }, children, never)).toEqual([
      1, 2, 3,
    ]);
    expect(writeResults(files, run, { writerConfig: { Transformation: "NONE" } }, children, never)).toMatchObject([
      { ExecutionArn: "e0", Output: "[1]", Status: "SUCCEEDED" },
      { ExecutionArn: "e2" },
    ]);
  });

  it("are files by status, lines if asked for", () => {
    const writer = {
      resource: "arn:aws:states:::s3:putObject",
      parameters: { Bucket: "bucket", Prefix: "out/" },
      writerConfig: { Transformation: "FLATTEN", OutputType: "JSONL" },
    };
    expect(writeResults(files, run, writer, children, never)).toEqual({
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
