/** The results of a map run: as the state's output, or as files (Step Functions, ResultWriter). */
import type { Turns } from "../../../engine/turns.ts";
import { StateError } from "../asl/errors.ts";
import type { MapRunRequest } from "../asl/execution.ts";
import { isObject, type Json, type JsonObject, maxPayloadBytes, parseJson, textOf, writeJson } from "../asl/json.ts";
import { isoTime } from "../asl/timestamps.ts";
import type { RedriveState } from "../executions/redrive-state.ts";
import type { MapChild } from "./map-children.ts";
import type { MapChildStatus, MapRunRow } from "./map-run-tables.ts";
import type { ObjectFiles } from "./object-files.ts";

export type Writer = NonNullable<MapRunRequest["resultWriter"]>;

/** How many times a child was redriven, and whether it can be redriven; unknown for express children. */
export type RedriveOf = (child: Pick<MapChild, "execution">) => {
  readonly count: number;
  readonly state?: RedriveState;
};

/** The children of a run with these statuses, in order. */
export type ChildrenOf = (statuses: readonly MapChildStatus[]) => Iterable<MapChild>;

/** Most characters of results without a ResultWriter: more than any ResultSelector should have to read. */
const maxResultLength = 64 * maxPayloadBytes;
/** Characters written at once. */
const pieceLength = 64 * 1024;

const groups = {
  FAILED: ["FAILED", "TIMED_OUT", "ABORTED"],
  PENDING: ["PENDING", "PENDING_REDRIVE"],
  SUCCEEDED: ["SUCCEEDED"],
} as const;

/**
 * Writes results if there is a ResultWriter, in turns of the event loop, and returns the state's output. Pending children,
 * which a failed or stopped run may have, are in a file of their own.
 * @throws ObjectError, StateError when the results are too large for a state
 */
export async function writeResults(
  files: ObjectFiles,
  turns: Turns,
  run: MapRunRow,
  writer: Writer | undefined,
  childrenOf: ChildrenOf,
  redriveOf: RedriveOf,
): Promise<Json> {
  const config = isObject(writer?.writerConfig ?? null) ? (writer?.writerConfig as JsonObject) : undefined;
  if (writer?.resource === undefined) {
    const results = resultsOf(
      run,
      childrenOf(groups.SUCCEEDED),
      textOf(config?.["Transformation"] ?? "COMPACT"),
      redriveOf,
    );
    return collect(results, turns);
  }
  const parameters = isObject(writer.parameters ?? null) ? (writer.parameters as JsonObject) : {};
  const bucket = textOf(parameters["Bucket"] ?? "");
  const uuid = run.arn.slice(run.arn.lastIndexOf(":") + 1);
  const prefix = textOf(parameters["Prefix"] ?? "").replace(/\/$/, "");
  const folder = prefix === "" ? uuid : `${prefix}/${uuid}`;
  const transformation = textOf(config?.["Transformation"] ?? "NONE");
  const lines = config?.["OutputType"] === "JSONL";
  const resultFiles: JsonObject = {};
  for (const [name, statuses] of Object.entries(groups)) {
    resultFiles[name] = [];
    const children = childrenOf(statuses)[Symbol.iterator]();
    const first = children.next();
    if (first.done) continue;
    const rest = { [Symbol.iterator]: () => children };
    const results = resultsOf(
      run,
      withFirst(first.value, rest),
      name === "SUCCEEDED" ? transformation : "NONE",
      redriveOf,
    );
    const key = `${folder}/${name}_0.${lines ? "jsonl" : "json"}`;
    const size = await files.write(bucket, key, lines ? asLines(results, turns) : asArray(results, turns));
    resultFiles[name] = [{ Key: key, Size: size }];
  }
  const manifest = { DestinationBucket: bucket, MapRunArn: run.arn, ResultFiles: resultFiles };
  await files.write(bucket, `${folder}/manifest.json`, [writeJson(manifest)]);
  return { MapRunArn: run.arn, ResultWriterDetails: { Bucket: bucket, Key: `${folder}/manifest.json` } };
}

function* withFirst(first: MapChild, rest: Iterable<MapChild>): Generator<MapChild> {
  yield first;
  yield* rest;
}

/** Results as JSON texts. NONE: descriptions of the children. COMPACT: outputs. FLATTEN: the items of outputs. */
function* resultsOf(
  run: MapRunRow,
  children: Iterable<MapChild>,
  transformation: string,
  redriveOf: RedriveOf,
): Generator<string> {
  for (const child of children) {
    if (transformation === "NONE") yield writeJson(description(run, child, redriveOf));
    else if (transformation !== "FLATTEN") yield writeJson(parseJson(child.output ?? "null"));
    else for (const item of [parseJson(child.output ?? "null")].flat()) yield writeJson(item);
  }
}

async function collect(results: Iterable<string>, turns: Turns): Promise<Json> {
  const values: Json[] = [];
  let length = 0;
  for (const text of results) {
    length += text.length;
    if (length > maxResultLength) {
      throw new StateError("States.DataLimitExceeded", "The results of the map run exceed what a state can be given.");
    }
    values.push(parseJson(text));
    await turns.rest();
  }
  return values;
}

async function* asLines(results: Iterable<string>, turns: Turns): AsyncGenerator<string> {
  let piece = "";
  for (const text of results) {
    piece += `${text}\n`;
    if (piece.length >= pieceLength) {
      yield piece;
      piece = "";
    }
    await turns.rest();
  }
  yield piece;
}

async function* asArray(results: Iterable<string>, turns: Turns): AsyncGenerator<string> {
  let piece = "[";
  let separator = "";
  for (const text of results) {
    piece += separator + text;
    separator = ",";
    if (piece.length >= pieceLength) {
      yield piece;
      piece = "";
    }
    await turns.rest();
  }
  yield `${piece}]`;
}

/** A child in the form of DescribeExecution, as far as it is known. */
function description(run: MapRunRow, child: MapChild, redriveOf: RedriveOf): JsonObject {
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
    ...(child.startedMs === undefined ? {} : { StartDate: isoTime(child.startedMs) }),
    StateMachineArn: run.machine,
    Status: child.status,
    ...(child.stoppedMs === undefined ? {} : { StopDate: isoTime(child.stoppedMs) }),
  };
}
