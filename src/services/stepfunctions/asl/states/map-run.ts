import { effectiveInput, evaluateField, outgoing } from "../data-flow.ts";
import { runtimeError, StateError } from "../errors.ts";
import type { MapRunRequest, ThreadFrame } from "../execution.ts";
import { failState } from "../failures.ts";
import { errorDetails } from "../history.ts";
import { isObject, type Json, type JsonObject, textOf } from "../json.ts";
import { evaluateQuery } from "../jsonata/query.ts";
import { labelOf, processorOf, type StateNode } from "../machine.ts";
import type { Run } from "../run.ts";
import { type Place, queryScope } from "../scope.ts";
import { exitState, nextOf } from "../transitions.ts";
import { numeric } from "./numbers.ts";

/** Starts a distributed Map. Its children are executions of their own, which the runner takes care of. */
export function startMapRun(
  run: Run,
  thread: ThreadFrame,
  node: StateNode,
  given: { items: Json[]; keys: string[] | undefined; maxConcurrency: () => number },
): void {
  const place = { run, thread };
  const reads = node.fields["ItemReader"] !== undefined;
  run.emitFor(thread, "MapStateStarted", { length: reads ? 0 : given.items.length });
  const { meta } = run.execution;
  const label = labelOf(node);
  const arn = `${meta.stateMachineArn.replace(":stateMachine:", ":mapRun:")}/${label}:${run.env.chance.uuid()}`;
  const config = processorOf(node.fields)?.["ProcessorConfig"];
  const request: MapRunRequest = {
    mapRunId: `${thread.id}:${run.nextId()}`,
    mapRunArn: arn,
    stateName: node.name,
    label,
    executionType: isObject(config) && config["ExecutionType"] === "EXPRESS" ? "EXPRESS" : "STANDARD",
    maxConcurrency: given.maxConcurrency(),
    ...tolerance(node, place),
  };
  if (reads) request.itemReader = itemReader(node, place);
  else {
    request.items = given.items;
    if (given.keys) request.keys = given.keys;
  }
  const batcher = node.fields["ItemBatcher"];
  if (isObject(batcher)) request.itemBatcher = itemBatcher(node, place, batcher);
  const writer = node.fields["ResultWriter"];
  if (isObject(writer)) request.resultWriter = resultWriter(node, place, writer);
  const started = run.emitFor(thread, "MapRunStarted", { mapRunArn: arn });
  thread.mapRun = { id: request.mapRunId, arn, started };
  thread.phase = "mapRun";
  run.effects.push({ type: "startMapRun", mapRun: request });
}

type Tolerance = Pick<MapRunRequest, "toleratedFailureCount" | "toleratedFailurePercentage">;

/** How many children of a Map may fail, as a count and as a percentage; exceeding either fails the Map. */
export function tolerance(node: StateNode, place: Place): Tolerance {
  const count = numeric(node, place, node.fields, "ToleratedFailureCount", "", "integer") ?? 0;
  if (count < 0) throw runtimeError("ToleratedFailureCount cannot be negative.");
  const percentage = numeric(node, place, node.fields, "ToleratedFailurePercentage", "", "float") ?? 0;
  if (percentage < 0 || percentage > 100) throw runtimeError("ToleratedFailurePercentage must be between 0 and 100.");
  return { toleratedFailureCount: count, toleratedFailurePercentage: percentage };
}

/** Whether more items failed than are tolerated. If only one limit is 0, only the other one counts. */
export function exceedsTolerance(
  failed: number,
  total: number,
  { toleratedFailureCount: count, toleratedFailurePercentage: percentage }: Tolerance,
): boolean {
  if (failed === 0) return false;
  if (count === 0 && percentage === 0) return true;
  if (count > 0 && failed > count) return true;
  return percentage > 0 && (failed / total) * 100 > percentage;
}

/** A Map's ItemReader, evaluated. */
export function itemReader(node: StateNode, place: Place): NonNullable<MapRunRequest["itemReader"]> {
  const reader = node.fields["ItemReader"] as JsonObject;
  const input = effectiveInput(node, place);
  const parametersField = node.language === "JSONata" ? "Arguments" : "Parameters";
  const parameters = evaluateField(node, place, `ItemReader/${parametersField}`, reader[parametersField] ?? {}, input);
  const written = isObject(reader["ReaderConfig"]) ? reader["ReaderConfig"] : {};
  const maxItems = numeric(node, place, written, "MaxItems", "ItemReader/ReaderConfig/", "integer");
  const { MaxItems: _literal, MaxItemsPath: _path, ...rest } = written;
  const evaluated =
    node.language === "JSONata" ? evaluateQuery(rest, "ItemReader/ReaderConfig", queryScope(place)) : rest;
  const readerConfig = { ...(evaluated as JsonObject), ...(maxItems === undefined ? {} : { MaxItems: maxItems }) };
  return { resource: textOf(reader["Resource"]), parameters, readerConfig };
}

/** A Map's ItemBatcher, evaluated. */
export function itemBatcher(
  node: StateNode,
  place: Place,
  batcher: JsonObject,
): NonNullable<MapRunRequest["itemBatcher"]> {
  const input = effectiveInput(node, place);
  const items = numeric(node, place, batcher, "MaxItemsPerBatch", "ItemBatcher/", "integer");
  const bytes = numeric(node, place, batcher, "MaxInputBytesPerBatch", "ItemBatcher/", "integer");
  for (const [field, value] of [
    ["MaxItemsPerBatch", items],
    ["MaxInputBytesPerBatch", bytes],
  ] as const) {
    if (value !== undefined && value < 1) throw runtimeError(`${field} must be positive.`);
  }
  const batchInput = batcher["BatchInput"];
  return {
    ...(items === undefined ? {} : { maxItemsPerBatch: items }),
    ...(bytes === undefined ? {} : { maxInputBytesPerBatch: bytes }),
    ...(batchInput === undefined
      ? {}
      : { batchInput: evaluateField(node, place, "ItemBatcher/BatchInput", batchInput, input) }),
  };
}

function resultWriter(node: StateNode, place: Place, writer: JsonObject): NonNullable<MapRunRequest["resultWriter"]> {
  const field = node.language === "JSONata" ? "Arguments" : "Parameters";
  const parameters = writer[field];
  return {
    ...(writer["Resource"] === undefined ? {} : { resource: textOf(writer["Resource"]) }),
    ...(parameters === undefined
      ? {}
      : {
          parameters: evaluateField(node, place, `ResultWriter/${field}`, parameters, effectiveInput(node, place)),
        }),
    ...(writer["WriterConfig"] === undefined ? {} : { writerConfig: writer["WriterConfig"] }),
  };
}

/** All children have ended and the run has succeeded: leaves the state with the run's output as its result. */
export function mapRunSucceeded(run: Run, thread: ThreadFrame, output: Json): void {
  const node = run.node(thread);
  const { started } = thread.mapRun!;
  run.emitFor(thread, "MapRunSucceeded");
  run.emitFor(thread, "MapStateSucceeded");
  const exit = outgoing(node, { run, thread }, output, "result");
  thread.previous = started;
  exitState(run, thread, exit, nextOf(node.fields));
}

/** The map run has failed, and with it the state. */
export function mapRunFailed(run: Run, thread: ThreadFrame, error: string, cause: string | undefined): void {
  run.emitFor(thread, "MapRunFailed", errorDetails(error, cause));
  failState(run, thread, new StateError(error, cause));
}
