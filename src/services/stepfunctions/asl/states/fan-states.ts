import { setOwn } from "../../../../../protocols/unknown-json.ts";
import { effectiveInput, evaluateField, outgoing, valueOfPath, workInput } from "../data-flow.ts";
import { runtimeError, StateError } from "../errors.ts";
import type { FanFrame, Probe, ThreadFrame } from "../execution.ts";
import { isObject, type Json, type JsonObject, quotedJson, textOf } from "../json.ts";
import { evaluateTyped } from "../jsonata/query.ts";
import { isDistributed, type StateNode } from "../machine.ts";
import type { Run } from "../run.ts";
import { type MapItem, mapItem, type Place, queryScope } from "../scope.ts";
import { exitState, fanIsDone, fillFan, itemsOf, nextOf, startFan, takeOutputs } from "../transitions.ts";
import { batchItems } from "./batches.ts";
import { exceedsTolerance, itemBatcher, itemReader, startMapRun, tolerance } from "./map-run.ts";
import { notNumeric, numeric } from "./numbers.ts";

/** Starts the branches of a Parallel state. */
export function runParallel(run: Run, thread: ThreadFrame, node: StateNode): void {
  const place = { run, thread };
  const input = workInput(node, place, effectiveInput(node, place));
  if (run.env.probe?.mocked) {
    thread.phase = "mock";
    return;
  }
  startFan(run, thread, { total: node.starts.length, concurrency: 0, items: [input] });
}

/** Starts the iterations of an inline Map, or the map run of a distributed one. */
export function runMap(run: Run, thread: ThreadFrame, node: StateNode): void {
  const place = { run, thread };
  const { items, keys } =
    node.fields["ItemReader"] === undefined ? mapItems(node, place) : { items: [], keys: undefined };
  if (run.env.probe?.mocked) {
    inspectMap(run.env.probe, node, place, items);
    thread.phase = "mock";
    return;
  }
  if (isDistributed(node.fields)) {
    startMapRun(run, thread, node, { items, keys, maxConcurrency: () => maxConcurrency(node, place) });
    return;
  }
  startFan(run, thread, { total: items.length, concurrency: maxConcurrency(node, place), items, keys });
}

/**
 * Records the data-flow stages of a mocked Map, and checks its given number of failures against its tolerance. Throws a
 * StateError, or a {@link MockMismatch}.
 */
function inspectMap(probe: Probe, node: StateNode, place: Place, given: Json[]): void {
  const { fields } = node;
  const reads = fields["ItemReader"] !== undefined;
  if (node.language === "JSONPath" && !reads) probe.record("afterItemsPath", given);
  const read = reads ? probe.readItems?.(itemReader(node, place)) : undefined;
  if (read?.pointed !== undefined) probe.record("afterItemsPointer", read.pointed);
  const items: MapItem[] = read
    ? read.items.map(({ value, key, source }, index) => ({
        ...{ Index: index, Value: value, Source: source },
        ...(key === undefined ? {} : { Key: key }),
      }))
    : given.map((value, index) => ({ Index: index, Value: value }));
  const selected = items.map((item) => selectedItem(node, place, item));
  const hasSelector = fields["ItemSelector"] !== undefined || fields["Parameters"] !== undefined;
  if (hasSelector && selected.length > 0) probe.record("afterItemSelector", selected);
  const batcher = fields["ItemBatcher"];
  if (isObject(batcher) && selected.length > 0) {
    const batches = batchItems(selected, itemBatcher(node, place, batcher));
    probe.record("afterItemBatcher", batches);
    const { mockedResults } = probe;
    if (mockedResults !== undefined && mockedResults !== batches.length) throw new MockMismatch(batchCountMismatch);
  }
  probe.record("maxConcurrency", maxConcurrency(node, place));
  const limits = tolerance(node, place);
  for (const field of ["ToleratedFailureCount", "ToleratedFailurePercentage"] as const) {
    const given = fields[field] !== undefined || fields[`${field}Path`] !== undefined;
    const name = `t${field.slice(1)}` as keyof typeof limits;
    if (given) probe.record(name, limits[name]);
  }
  const known = !reads || read !== undefined;
  if (known && probe.failedIterations > items.length) throw new MockMismatch(tooManyFailures);
  // A mocked error is the state's own, however many iterations failed.
  if (probe.mocked === "result" && exceedsTolerance(probe.failedIterations, items.length, limits)) {
    throw new StateError(
      "States.ExceedToleratedFailureThreshold",
      "The specified tolerated failure threshold was exceeded",
    );
  }
}

/** A mock that does not match the items of its Map; the message is that of TestState's ValidationException. */
export class MockMismatch extends Error {}

const tooManyFailures = "Map iteration failure count must be less than or equal to the number of Map iterations";
const batchCountMismatch = "Input array does not equal the mocked result array's size";

/** The items of a Map state. A distributed Map also accepts an object, whose members become {Key, Value} items. */
function mapItems(node: StateNode, place: Place): { items: Json[]; keys: string[] | undefined } {
  const { fields } = node;
  let value: Json;
  if (node.language === "JSONata") {
    const items = fields["Items"];
    if (items === undefined) return { items: inputItems(place.thread.input), keys: undefined };
    value = evaluateTyped(items, "Items", "array", queryScope(place), isDistributed(fields) ? "object" : undefined);
  } else {
    const path = fields["ItemsPath"];
    value = valueOfPath(path, place, effectiveInput(node, place));
    if (!Array.isArray(value) && !(isDistributed(fields) && isObject(value))) {
      const shown = textOf(path ?? "$").replace(/^\$\$/, "$");
      throw new StateError("States.Runtime", `Reference path "${shown}" must point to array.`);
    }
  }
  if (Array.isArray(value)) return { items: value, keys: undefined };
  const object = value as JsonObject;
  const keys = Object.keys(object);
  const items = keys.map((key) => {
    const pair: JsonObject = { Key: key };
    setOwn(pair, "Value", object[key]!);
    return pair;
  });
  return { items, keys };
}

/** The items of a JSONata Map without Items. @throws StateError unless the input is an array */
function inputItems(input: Json): Json[] {
  if (Array.isArray(input)) return input;
  throw new StateError(
    "States.QueryEvaluationError",
    `Map state input must be an array but was: ${quotedJson(input)}`,
    { inState: true, evaluation: true },
  );
}

function maxConcurrency(node: StateNode, place: Place): number {
  const { fields } = node;
  const given = numeric(node, place, fields, "MaxConcurrency", "", "integer") ?? 0;
  if (Number.isInteger(given) && given >= 0) return given;
  const path = fields["MaxConcurrencyPath"];
  throw path === undefined
    ? runtimeError(`The MaxConcurrency field refers to value "${given}" which is not a valid integer`)
    : notNumeric("MaxConcurrencyPath", given, "integer", path);
}

/** An iteration's input: the item, or the result of ItemSelector. */
export function selectedItem(node: StateNode, place: Place, item: MapItem): Json {
  const { fields } = node;
  const field = fields["ItemSelector"] !== undefined ? "ItemSelector" : "Parameters";
  const selector = fields[field];
  if (selector === undefined) return item.Value;
  const inItem = { ...place, item };
  return evaluateField(node, inItem, field, selector, effectiveInput(node, place));
}

/** Continues a running Parallel or inline Map: starts what may start, and leaves the state when everything is done. */
export function continueFan(run: Run, thread: ThreadFrame, node: StateNode): void {
  const fan = run.fan(thread.inner!);
  fillFan(run, thread, fan, (index) => childStart(run, thread, node, fan, index));
  if (!fanIsDone(fan)) return;
  thread.previous = fan.last;
  const succeeded = run.emit(`${node.type}StateSucceeded`, fan.last);
  thread.previous = succeeded;
  const result = takeOutputs(run, fan, node.type === "Map");
  const exit = outgoing(node, { run, thread }, result, "result");
  thread.previous = fan.last;
  exitState(run, thread, exit, nextOf(node.fields));
}

function childStart(
  run: Run,
  thread: ThreadFrame,
  node: StateNode,
  fan: FanFrame,
  index: number,
): { input: Json; state: string } {
  const items = itemsOf(run, fan);
  if (node.type === "Parallel") return { input: items.items[0]!, state: node.starts[index]! };
  return { input: selectedItem(node, { run, thread }, mapItem(items, index)), state: node.starts[0]! };
}

/** Leaves a mocked Parallel or Map state with the mocked result. */
export function exitMocked(run: Run, thread: ThreadFrame, node: StateNode, result: Json): void {
  exitState(run, thread, outgoing(node, { run, thread }, result, "result"), nextOf(node.fields));
}
