import { effectiveInput, evaluateField, outgoing, valueOfPath, workInput } from "./data-flow.ts";
import { runtimeError, StateError } from "./errors.ts";
import type { FanFrame, ThreadFrame } from "./execution.ts";
import { isObject, type Json, type JsonObject, setOwn, textOf } from "./json.ts";
import { evaluateTyped } from "./jsonata.ts";
import { isDistributed, type StateNode } from "./machine.ts";
import { startMapRun, tolerance } from "./map-run.ts";
import type { Run } from "./run.ts";
import { type MapItem, mapItem, type Place, queryScope } from "./scope.ts";
import { exitState, fanIsDone, fanOutputs, fillFan, itemsOf, nextOf, startFan } from "./transitions.ts";

export function runParallel(run: Run, thread: ThreadFrame, node: StateNode): void {
  const place = { run, thread };
  const input = workInput(node, place, effectiveInput(node, place));
  if (run.env.probe?.mocked) {
    thread.phase = "mock";
    return;
  }
  startFan(run, thread, { total: node.starts.length, concurrency: 0, items: [input] });
}

export function runMap(run: Run, thread: ThreadFrame, node: StateNode): void {
  const place = { run, thread };
  const probe = run.env.probe;
  const { items, keys } =
    node.fields["ItemReader"] === undefined ? mapItems(node, place) : { items: [], keys: undefined };
  if (probe?.mocked) {
    if (node.language === "JSONPath" && node.fields["ItemReader"] === undefined) probe.record("afterItemsPath", items);
    const first: MapItem = { Index: 0, Value: items[0] ?? null };
    const selected = items.length > 0 ? selectedItem(node, place, first) : undefined;
    const hasSelector = node.fields["ItemSelector"] !== undefined || node.fields["Parameters"] !== undefined;
    if (hasSelector && selected !== undefined) probe.record("afterItemSelector", selected);
    probe.record("maxConcurrency", maxConcurrency(node, place));
    if (probe.failedIterations > items.length && node.fields["ItemReader"] === undefined) throw new TooManyFailures();
    if (probe.failedIterations > 0) holdTolerance(node, place, items.length, probe.failedIterations);
    thread.phase = "mock";
    return;
  }
  if (isDistributed(node.fields)) {
    startMapRun(run, thread, node, { items, keys, maxConcurrency: () => maxConcurrency(node, place) });
    return;
  }
  startFan(run, thread, { total: items.length, concurrency: maxConcurrency(node, place), items, keys });
}

/** TestState was asked to count more iterations as failed than there are. */
export class TooManyFailures extends Error {}

function holdTolerance(node: StateNode, place: Place, total: number, failed: number): void {
  const { toleratedFailureCount: count, toleratedFailurePercentage: percentage } = tolerance(node, place);
  const tolerated = failed <= count || (percentage > 0 && (failed / Math.max(total, 1)) * 100 <= percentage);
  if (tolerated) return;
  throw new StateError(
    "States.ExceedToleratedFailureThreshold",
    "The specified tolerated failure threshold was exceeded",
  );
}

/** The items of a Map state. A distributed one also takes an object, whose members become {Key, Value} items. */
function mapItems(node: StateNode, place: Place): { items: Json[]; keys: string[] | undefined } {
  const { fields } = node;
  let value: Json;
  if (node.language === "JSONata") {
    const items = fields["Items"] ?? "{% $states.input %}";
    value = evaluateTyped(items, "Items", "array", queryScope(place), isDistributed(fields) ? "object" : undefined);
  } else {
    const path = fields["ItemsPath"];
    value = valueOfPath(path, place, effectiveInput(node, place));
    if (!Array.isArray(value) && !(isDistributed(fields) && isObject(value))) {
      const shown = textOf(path ?? "$").replace(/^\$\$/, "$");
      throw runtimeError(`Reference path "${shown}" must point to array.`);
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

function maxConcurrency(node: StateNode, place: Place): number {
  const { fields } = node;
  let value: Json | undefined = fields["MaxConcurrency"];
  let source = "MaxConcurrency";
  if (node.language === "JSONata") {
    if (value !== undefined) value = evaluateTyped(value, source, "number", queryScope(place));
  } else if (fields["MaxConcurrencyPath"] !== undefined) {
    source = "MaxConcurrencyPath";
    value = valueOfPath(fields[source], place, effectiveInput(node, place));
  }
  if (value === undefined) return 0;
  if (typeof value === "number" && Number.isInteger(value) && value >= 0) return value;
  throw runtimeError(`The ${source} field refers to value "${textOf(value)}" which is not a valid integer`);
}

/** What one iteration gets: the item itself, or what ItemSelector makes of it. */
export function selectedItem(node: StateNode, place: Place, item: MapItem): Json {
  const { fields } = node;
  const field = fields["ItemSelector"] !== undefined ? "ItemSelector" : "Parameters";
  const selector = fields[field];
  if (selector === undefined) return item.Value;
  const inItem = { ...place, item };
  return evaluateField(node, inItem, field, selector, effectiveInput(node, place));
}

/** Goes on with a Parallel or inline Map at work: starts what may start, and leaves the state when all is done. */
export function continueFan(run: Run, thread: ThreadFrame, node: StateNode): void {
  const fan = run.fan(thread.inner!);
  fillFan(run, thread, fan, (index) => childStart(run, thread, node, fan, index));
  if (!fanIsDone(fan)) return;
  thread.previous = fan.last;
  const succeeded = run.emit(`${node.type}StateSucceeded`, fan.last);
  thread.previous = succeeded;
  const result = fanOutputs(run, fan);
  const exit = outgoing(node, { run, thread }, result, "result");
  thread.previous = fan.last;
  exitState(run, thread, { ...exit, next: nextOf(node.fields) });
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

/** Leaves a mocked Parallel or Map state with its result. */
export function leaveMocked(run: Run, thread: ThreadFrame, node: StateNode, result: Json): void {
  exitState(run, thread, { ...outgoing(node, { run, thread }, result, "result"), next: nextOf(node.fields) });
}
