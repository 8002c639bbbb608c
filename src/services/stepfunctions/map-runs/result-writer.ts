/** The results of a map run: as the state's output, or as files (Step Functions, ResultWriter). */
import type { MapRunRequest } from "../asl/execution.ts";
import { isObject, type Json, type JsonObject, parseJson, textOf, writeJson } from "../asl/json.ts";
import type { RedriveState } from "../executions/redrive-state.ts";
import type { MapChildRow, MapRunRow } from "./map-run-tables.ts";
import type { ObjectFiles } from "./object-files.ts";

export type Writer = NonNullable<MapRunRequest["resultWriter"]>;

/** How often a child was redriven, and whether it could be again; express ones cannot be described, so nobody can say. */
export type RedriveOf = (child: MapChildRow) => { readonly count: number; readonly state?: RedriveState };

/**
 * The state's output when nothing is written, or the one that tells where it was. A run that failed or was stopped leaves
 * children pending, which have a file of their own.
 * @throws ObjectError
 */
export function writeResults(
  files: ObjectFiles,
  run: MapRunRow,
  writer: Writer | undefined,
  children: readonly MapChildRow[],
  redriveOf: RedriveOf,
): Json {
  const config = isObject(writer?.writerConfig ?? null) ? (writer?.writerConfig as JsonObject) : undefined;
  const succeeded = children.filter(({ status }) => status === "SUCCEEDED");
  if (writer?.resource === undefined) {
    return transformed(run, succeeded, textOf(config?.["Transformation"] ?? "COMPACT"), redriveOf);
  }
  const parameters = isObject(writer.parameters ?? null) ? (writer.parameters as JsonObject) : {};
  const bucket = textOf(parameters["Bucket"] ?? "");
  const uuid = run.arn.slice(run.arn.lastIndexOf(":") + 1);
  const prefix = textOf(parameters["Prefix"] ?? "").replace(/\/$/, "");
  const folder = prefix === "" ? uuid : `${prefix}/${uuid}`;
  const transformation = textOf(config?.["Transformation"] ?? "NONE");
  const lines = config?.["OutputType"] === "JSONL";
  const groups = {
    FAILED: children.filter(({ status }) => status === "FAILED" || status === "TIMED_OUT" || status === "ABORTED"),
    PENDING: children.filter(({ status }) => status === "PENDING" || status === "PENDING_REDRIVE"),
    SUCCEEDED: succeeded,
  };
  const resultFiles: JsonObject = {};
  for (const [name, group] of Object.entries(groups)) {
    resultFiles[name] = [];
    if (group.length === 0) continue;
    const results = transformed(run, group, name === "SUCCEEDED" ? transformation : "NONE", redriveOf);
    const text = lines ? results.map((result) => `${writeJson(result)}\n`).join("") : writeJson(results);
    const key = `${folder}/${name}_0.${lines ? "jsonl" : "json"}`;
    files.write(bucket, key, text);
    resultFiles[name] = [{ Key: key, Size: Buffer.byteLength(text) }];
  }
  const manifest = { DestinationBucket: bucket, MapRunArn: run.arn, ResultFiles: resultFiles };
  files.write(bucket, `${folder}/manifest.json`, writeJson(manifest));
  return { MapRunArn: run.arn, ResultWriterDetails: { Bucket: bucket, Key: `${folder}/manifest.json` } };
}

/** NONE: the children's descriptions. COMPACT: their outputs. FLATTEN: the items of their outputs. */
function transformed(
  run: MapRunRow,
  children: readonly MapChildRow[],
  transformation: string,
  redriveOf: RedriveOf,
): Json[] {
  if (transformation === "NONE") return children.map((child) => description(run, child, redriveOf));
  const outputs = children.map(({ output }) => parseJson(output ?? "null"));
  return transformation === "FLATTEN" ? outputs.flat() : outputs;
}

/** A child as DescribeExecution shows it; of express ones and those that never began, what is known. */
function description(run: MapRunRow, child: MapChildRow, redriveOf: RedriveOf): JsonObject {
  const iso = (ms: number) => new Date(ms).toISOString();
  const { count, state } = redriveOf(child);
  return {
    ...(child.cause === undefined ? {} : { Cause: child.cause }),
    ...(child.error === undefined ? {} : { Error: child.error }),
    ExecutionArn: child.execution,
    Input: child.input,
    InputDetails: { Included: true },
    Name: child.name,
    ...(child.output === undefined ? {} : { Output: child.output }),
    ...(child.stoppedMs === undefined ? {} : { OutputDetails: { Included: true } }),
    RedriveCount: count,
    ...(state === undefined ? {} : { RedriveStatus: state.status }),
    ...(state?.reason === undefined ? {} : { RedriveStatusReason: state.reason }),
    ...(child.startedMs === undefined ? {} : { StartDate: iso(child.startedMs) }),
    StateMachineArn: run.machine,
    Status: child.status,
    ...(child.stoppedMs === undefined ? {} : { StopDate: iso(child.stoppedMs) }),
  };
}
