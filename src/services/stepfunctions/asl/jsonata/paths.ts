import { getOwn } from "../../../../../protocols/unknown-json.ts";
import {
  type Code,
  type Compiler,
  compileFilter,
  compileStreaming,
  type FilterCode,
  nested,
  type StreamingCode,
} from "./compile.ts";
import { compileGroup } from "./groups.ts";
import { isNumber, truth } from "./operators.ts";
import type { Frame, Run } from "./run.ts";
import { compileSort, type Sorting } from "./sorting.ts";
import type { Node, Path } from "./syntax.ts";
import { type Tuple, TupleStream, tupleFrame, valueKey } from "./tuples.ts";
import { collapse, isConstructed, isObject, isSequence, sequence, type Value } from "./values.ts";

type Step = {
  node: Node;
  /** Without the filters after it. */
  code: StreamingCode;
  sort: Sorting | undefined;
  stages: (FilterCode | { index: string })[];
  /** The name, if the step is nothing but the name of a member. */
  plainName: string | undefined;
};

function compileStep(node: Node, compiler: Compiler): Step {
  const sort = node.type === "sort" ? compileSort(node.terms, compiler) : undefined;
  const stages = (node.stages ?? []).map((stage) =>
    stage.type === "index" ? { index: stage.name } : compileFilter(stage, compiler),
  );
  const code = sort ? () => undefined : compileStreaming(node, compiler);
  const plain = node.type === "name" && stages.length === 0 && !node.keepArray && !node.predicates && !node.group;
  return { node, code, sort, stages, plainName: plain ? node.value : undefined };
}

/** A path: each step is evaluated for every value in the sequence that the previous step returns. */
export function compilePath(node: Path, compiler: Compiler): StreamingCode {
  const deeper = nested(compiler);
  const states = statesPath(node, compiler);
  const steps = (states ? states.rest : node.steps).map((step) => compileStep(step, deeper));
  const group = node.group && compileGroup(node.group, deeper);
  const fromVariable = node.steps[0]!.type === "variable";
  const tuples = steps.some((step) => step.node.tuple);
  const keep = (node.keepSingleton ?? false) || (node.keepArray ?? false);
  const finish = (items: Value[], frame: Frame): Value => {
    let result = items;
    if (node.keepSingleton && isConstructed(result) && !isSequence(result)) result = sequence([result]);
    if (group) return group(result, frame);
    return collapse(result, keep);
  };
  /** Leading steps that are plain names: a single value passes them without a sequence. */
  const plainSteps = steps.findIndex((step) => step.plainName === undefined || step.node.tuple);
  const plainUntil = plainSteps === -1 ? steps.length : plainSteps;

  return (input, frame) => {
    let value: Value = input;
    let at = 0;
    if (states) value = frame.run.states(states.member);
    else if (fromVariable && !steps[0]!.node.tuple && steps[0]!.stages.length === 0) {
      value = (steps[0]!.code as Code)(input, frame);
      at = 1;
    }
    let items: Value[];
    if (states || at === 1) {
      while (at < steps.length && isObject(value) && steps[at]!.plainName !== undefined && !steps[at]!.node.tuple) {
        value = getOwn(value, steps[at]!.plainName!);
        at++;
      }
      if (at === steps.length && !group) {
        if (!Array.isArray(value)) return value === undefined || !keep ? value : collapse(sequence([value]), true);
        return finish(isSequence(value) && value.length > 0 ? sequence(value.slice()) : value, frame);
      }
      items = value === undefined ? [] : itemsOf(value);
      if (value === undefined && !tuples) return group ? finish(sequence([]), frame) : undefined;
    } else {
      items = Array.isArray(input) && !fromVariable ? input : [input];
      while (at < plainUntil && items.length === 1 && isObject(items[0])) {
        const found = getOwn(items[0], steps[at]!.plainName!);
        at++;
        if (found === undefined) {
          items = sequence([]);
          break;
        }
        items = at === steps.length && Array.isArray(found) && !isConstructed(found) ? found : itemsOf(found);
      }
      if (at > 0 && at === steps.length) return finish(items, frame);
      if (items.length === 0 && at > 0) return finish(sequence([]), frame);
    }
    if (tuples) return evaluateTuples(items, at, frame);
    for (; at < steps.length; at++) {
      items = evaluateStep(steps[at]!, items, frame, at === 0, at === steps.length - 1);
      if (items.length === 0) break;
    }
    return finish(items, frame);
  };

  function evaluateTuples(given: Value[], from: number, frame: Frame): Value | TupleStream {
    let items = given;
    let stream: TupleStream | undefined;
    for (let at = from; at < steps.length; at++) {
      const step = steps[at]!;
      if (stream || step.node.tuple) stream = tupleStep(step, items, stream, frame);
      else {
        items = evaluateStep(step, items, frame, at === 0, at === steps.length - 1);
        if (items.length === 0) break;
      }
    }
    if (!stream) return finish(items, frame);
    if (group) return group(stream, frame);
    if (node.tuple) return stream;
    return finish(sequence(stream.tuples.map((tuple) => tuple.get(valueKey))), frame);
  }
}

/** A path that starts with a member of `$states`, so that the other members need not be created. */
function statesPath(node: Path, { bound }: Compiler): { member: string; rest: Node[] } | undefined {
  const [first, second] = node.steps;
  if (first?.type !== "variable" || first.name !== "states" || bound.has("states")) return undefined;
  if (second?.type !== "name" || [first, second].some(decorated)) return undefined;
  return { member: second.value, rest: node.steps.slice(2) };
}

/** The items for the next step. */
function itemsOf(value: Value): Value[] {
  return Array.isArray(value) && value.length > 0 && !isConstructed(value)
    ? value
    : sequence(Array.isArray(value) && !isConstructed(value) ? [] : [value]);
}

function decorated(node: Node): boolean {
  return Boolean(node.stages || node.predicates || node.group || node.tuple || node.keepArray);
}

function evaluateStep(step: Step, items: Value[], frame: Frame, first: boolean, last: boolean): Value[] {
  const { budget } = frame.run;
  if (first && step.node.constructs && step.node.type === "array") {
    const made = step.code(items, frame);
    return Array.isArray(made) && made.length > 0 ? made : sequence([]);
  }
  if (step.sort) {
    const inOrder = step.sort(items, frame);
    let sorted: Value = inOrder.length > 1 || isConstructed(items) ? inOrder : sequence(items.slice());
    for (const stage of step.stages) if (typeof stage === "function") sorted = stage(sorted, frame) as Value;
    return Array.isArray(sorted) ? sorted : [sorted];
  }
  const results: Value[] = [];
  for (const item of items) {
    budget.spend(1);
    let value = step.code(item, frame);
    for (const stage of step.stages) if (typeof stage === "function") value = stage(value, frame);
    if (value !== undefined) results.push(value as Value);
  }
  const only = results[0];
  if (results.length === 1 && Array.isArray(only)) {
    // An array returned by the last step is the result; from any other step, its items are the sequence.
    if (last ? !isSequence(only) : only.length > 0 && !isConstructed(only)) return only;
  }
  const flat: Value[] = [];
  for (const value of results) {
    if (!Array.isArray(value) || isConstructed(value)) flat.push(value);
    else {
      budget.array(value.length);
      for (const item of value) flat.push(item);
    }
  }
  budget.array(flat.length);
  return sequence(flat);
}

function tupleStep(step: Step, items: Value[], stream: TupleStream | undefined, frame: Frame): TupleStream {
  const result = step.sort
    ? sortedTuples(step, step.sort, items, stream, frame)
    : boundTuples(step, items, stream, frame);
  let current: Value | TupleStream = result;
  for (const stage of step.stages) {
    if (typeof stage === "function") current = stage(current, frame);
    else if (current instanceof TupleStream) {
      for (const [position, tuple] of current.tuples.entries()) tuple.set(stage.index, position);
    }
  }
  return current as TupleStream;
}

function sortedTuples(
  step: Step,
  sort: Sorting,
  items: Value[],
  stream: TupleStream | undefined,
  frame: Frame,
): TupleStream {
  if (stream) return new TupleStream(sort.tuples(stream.tuples, frame));
  const sorted = sort(items, frame);
  frame.run.budget.grow(sorted.length * 100);
  return new TupleStream(
    sorted.map((value, position) => {
      const tuple: Tuple = new Map([[valueKey, value]]);
      if (step.node.index !== undefined) tuple.set(step.node.index, position);
      return tuple;
    }),
  );
}

function boundTuples(step: Step, items: Value[], stream: TupleStream | undefined, frame: Frame): TupleStream {
  const { focus, index, ancestor } = step.node;
  const { run } = frame;
  const result: Tuple[] = [];
  for (const tuple of stream?.tuples ?? items.map((item): Tuple => new Map([[valueKey, item]]))) {
    run.budget.spend(1);
    const context = tuple.get(valueKey);
    const found = step.code(context, tupleFrame(frame, tuple));
    if (found === undefined) continue;
    if (found instanceof TupleStream) {
      for (const inner of found.tuples) result.push(mergeTuples(tuple, inner, run));
      continue;
    }
    for (const [position, value] of (Array.isArray(found) ? found : [found]).entries()) {
      const own = mergeTuples(tuple, undefined, run);
      if (focus === undefined) own.set(valueKey, value);
      else own.set(focus, value);
      if (index !== undefined) own.set(index, position);
      if (ancestor) own.set(ancestor.label, context);
      result.push(own);
    }
  }
  return new TupleStream(result);
}

function mergeTuples(outer: Tuple, inner: Tuple | undefined, run: Run): Tuple {
  run.budget.grow(50 * (outer.size + 1));
  run.budget.spend(outer.size);
  const tuple = new Map(outer);
  if (inner) for (const [name, value] of inner) tuple.set(name, value);
  return tuple;
}

/** A filter by a constant index, or by a condition or indexes that are evaluated for each item. */
export function filterBy(predicate: number | Code): FilterCode {
  const at = (length: number): number =>
    (predicate as number) < 0 ? length + (predicate as number) : (predicate as number);
  return (value, frame) => {
    if (value instanceof TupleStream) {
      const { tuples } = value;
      if (typeof predicate === "number") return new TupleStream(tuples.slice(at(tuples.length)).slice(0, 1));
      const kept: Tuple[] = [];
      for (const [position, tuple] of tuples.entries()) {
        const result = predicate(tuple.get(valueKey), tupleFrame(frame, tuple));
        for (let count = timesPicked(result, position, tuples.length, frame.run); count > 0; count--) kept.push(tuple);
      }
      return new TupleStream(kept);
    }
    const items = Array.isArray(value) ? value : [value];
    if (typeof predicate === "number") {
      const item = items[at(items.length)];
      return Array.isArray(item) ? item : sequence(item === undefined ? [] : [item]);
    }
    const kept: Value[] = [];
    for (const [position, item] of items.entries()) {
      const result = predicate(item, frame);
      for (let count = timesPicked(result, position, items.length, frame.run); count > 0; count--) kept.push(item);
    }
    frame.run.budget.array(kept.length);
    return sequence(kept);
  };
}

/** How many times an item is taken: once if its condition holds, or as often as its position is among the indexes. */
function timesPicked(result: Value, position: number, length: number, run: Run): number {
  run.budget.spend(1);
  if (isNumber(result)) return resolveIndex(result, length) === position ? 1 : 0;
  if (Array.isArray(result) && result.every((item) => isNumber(item))) {
    run.budget.array(result.length);
    let count = 0;
    for (const item of result) if (resolveIndex(item as number, length) === position) count++;
    return count;
  }
  return truth(result, run) ? 1 : 0;
}

function resolveIndex(number: number, length: number): number {
  const index = Math.floor(number);
  return index < 0 ? length + index : index;
}
