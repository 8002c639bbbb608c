import { getOwn } from "../../../../../protocols/unknown-json.ts";
import { compileApply, compileCall, compileLambda, compilePartial } from "./calls.ts";
import { fail } from "./failure.ts";
import { compileGroup, type Grouping } from "./groups.ts";
import { matcherOf } from "./matcher.ts";
import { isNumber, operators, truth } from "./operators.ts";
import { compilePath, filterBy } from "./paths.ts";
import { Frame, unbound } from "./run.ts";
import type { Filter, Node } from "./syntax.ts";
import { compileTransform } from "./transform.ts";
import { TupleStream } from "./tuples.ts";
import { collapse, constructed, Fn, isObject, isWrapper, sequence, type Value } from "./values.ts";

/** A compiled node: its value for an input, with names bound in a frame. */
export type Code = (input: Value, frame: Frame) => Value;

/** {@link Code} of a node in a path, which may produce tuples. */
export type StreamingCode = (input: Value, frame: Frame) => Value | TupleStream;

/** What compiling a node needs to know about the whole tree. */
export type Compiler = {
  /** Names bound anywhere in the expression; all others are from outside. */
  bound: ReadonlySet<string>;
  /** Levels between the current node and the root or the lambda it is in. */
  depth: number;
  library: ReadonlyMap<string, Fn>;
};

/** The compiler for a node's children. */
export const nested = (compiler: Compiler): Compiler => ({ ...compiler, depth: compiler.depth + 1 });

/** Compiles a node with its filters and grouping to code that returns values, never tuples. */
export function compile(node: Node, compiler: Compiler, tail = false): Code {
  const code = compileStreaming(node, compiler, tail);
  if (!node.tuple) return code as Code;
  return (input, frame) => {
    const value = code(input, frame);
    return value instanceof TupleStream ? value.values() : value;
  };
}

/** {@link compile} for a step of a path, which may return a {@link TupleStream}. */
export function compileStreaming(node: Node, compiler: Compiler, tail = false): StreamingCode {
  const keep = node.keepArray ?? false;
  const group = node.group && node.type !== "path" ? compileGroup(node.group, nested(compiler)) : undefined;
  const filters = node.predicates?.map((filter) => compileFilter(filter, compiler));
  const code = compileNode(node, compiler, tail && !filters && !group);
  if (!filters && !group) return code;
  return withStages(code, filters ?? [], group, keep);
}

function withStages(
  code: StreamingCode,
  filters: FilterCode[],
  group: Grouping | undefined,
  keep: boolean,
): StreamingCode {
  return (input, frame) => {
    let value = code(input, frame);
    for (const filter of filters) value = filter(value, frame);
    if (group) return group(value, frame);
    return value instanceof TupleStream ? value : collapse(value, keep);
  };
}

export type FilterCode = (value: Value | TupleStream, frame: Frame) => Value | TupleStream;

/** A filter: a number is an index, anything else a condition on each item (JSONata, Predicates). */
export function compileFilter({ expression }: Filter, compiler: Compiler): FilterCode {
  if (expression.type === "literal" && typeof expression.value === "number" && !expression.predicates) {
    return filterBy(Math.floor(expression.value));
  }
  return filterBy(compile(expression, nested(compiler)));
}

function compileNode(node: Node, compiler: Compiler, tail: boolean): StreamingCode {
  const deeper = nested(compiler);
  const keep = node.keepArray ?? false;
  switch (node.type) {
    case "literal": {
      const { value } = node;
      return () => value;
    }
    case "path":
      return compilePath(node, compiler);
    case "name": {
      const { value } = node;
      return (input, frame) => collapse(member(input, value, frame), keep);
    }
    case "variable":
      return compileVariable(node.name, compiler);
    case "wildcard":
      return (input, frame) => collapse(wildcard(input, frame), keep);
    case "descendant":
      return (input, frame) => collapse(descendants(input, frame), keep);
    case "parent": {
      const { slot } = node;
      return (_input, frame) => {
        const value = frame.find(slot.label);
        return value === unbound ? undefined : value;
      };
    }
    case "regex": {
      const matcher = matcherOf(node.regex);
      return () => matcher;
    }
    case "binary":
      return compileBinary(node.operator, compile(node.left, deeper), compile(node.right, deeper), keep);
    case "negation": {
      const operand = compile(node.operand, deeper);
      return (input, frame) => {
        const value = operand(input, frame);
        if (value === undefined) return undefined;
        return isNumber(value) ? -value : fail("D1002", { token: "-", value });
      };
    }
    case "array":
      return compileArray(node.items, node.constructs ?? false, deeper);
    case "object": {
      const group = compileGroup(node.pairs, deeper);
      return (input, frame) => group(input, frame);
    }
    case "block":
      return compileBlock(node.parts, deeper, node.tuple ?? false, tail);
    case "bind": {
      const { name } = node;
      const value = compile(node.value, deeper);
      return (input, frame) => {
        const bound = value(input, frame);
        frame.bind(name, bound);
        return bound;
      };
    }
    case "condition": {
      const condition = compile(node.condition, deeper);
      const yes = compile(node.yes, deeper, tail);
      const no = node.no && compile(node.no, deeper, tail);
      return (input, frame) =>
        truth(condition(input, frame), frame.run) ? yes(input, frame) : no ? no(input, frame) : undefined;
    }
    case "default": {
      const value = compile(node.value, deeper);
      const otherwise = compile(node.otherwise, deeper, tail);
      const { truthy } = node;
      return (input, frame) => {
        const found = value(input, frame);
        return (truthy ? truth(found, frame.run) : found !== undefined) ? found : otherwise(input, frame);
      };
    }
    case "call":
      return compileCall(node, compiler, tail);
    case "partial":
      return compilePartial(node, compiler);
    case "apply":
      return compileApply(node, compiler);
    case "lambda":
      return compileLambda(node, compiler);
    case "transform":
      return compileTransform(node, compiler);
    case "sort":
    case "placeholder":
    case "end":
      throw new Error(`a ${node.type} is not an expression by itself`);
  }
}

/** The member of an object, or of each object in an array. */
function member(input: Value, name: string, frame: Frame, depth = 0): Value {
  if (typeof input !== "object" || input === null || input instanceof Fn) return undefined;
  if (!Array.isArray(input)) return getOwn(input, name);
  const { budget } = frame.run;
  budget.walk(depth);
  budget.spend(input.length);
  const result: Value[] = [];
  for (const item of input) {
    const found = member(item, name, frame, depth + 1);
    if (found === undefined) continue;
    if (!Array.isArray(found)) result.push(found);
    else for (const value of found) result.push(value);
  }
  budget.array(result.length);
  return sequence(result);
}

function compileVariable(name: string, { bound, library }: Compiler): Code {
  if (name === "") return (input) => (isWrapper(input) ? input[0] : input);
  const outside = (frame: Frame): Value => {
    const value = frame.run.variable(name);
    return value === undefined ? library.get(name) : value;
  };
  if (!bound.has(name)) return (_input, frame) => outside(frame);
  return (_input, frame) => {
    const value = frame.find(name);
    return value === unbound ? outside(frame) : value;
  };
}

/** The values of all members, with arrays flattened; if there are any, the result is a plain array. */
function wildcard(given: Value, frame: Frame): Value {
  const input = isWrapper(given) && given.length > 0 ? given[0] : given;
  const result: Value[] = [];
  let plain = false;
  const add = (value: Value, depth: number): void => {
    frame.run.budget.walk(depth);
    if (Array.isArray(value)) for (const item of value) add(item, depth + 1);
    else result.push(value);
  };
  if (typeof input === "object" && input !== null && !(input instanceof Fn)) {
    for (const value of Array.isArray(input) ? input : Object.values(input)) {
      plain ||= Array.isArray(value);
      add(value, 0);
    }
  }
  frame.run.budget.array(result.length);
  return plain ? result : sequence(result);
}

function descendants(input: Value, frame: Frame): Value {
  if (input === undefined) return undefined;
  const { budget } = frame.run;
  const result: Value[] = [];
  const add = (value: Value, depth: number): void => {
    budget.walk(depth);
    if (!Array.isArray(value)) {
      budget.grow(8);
      result.push(value);
    }
    if (Array.isArray(value)) for (const item of value) add(item, depth + 1);
    else if (isObject(value)) for (const item of Object.values(value)) add(item, depth + 1);
  };
  add(input, 0);
  budget.array(result.length);
  return result.length === 1 ? result[0] : sequence(result);
}

function compileBinary(operator: string, left: Code, right: Code, keep: boolean): Code {
  if (operator === "and") {
    return (input, frame) => truth(left(input, frame), frame.run) && truth(right(input, frame), frame.run);
  }
  if (operator === "or") {
    return (input, frame) => truth(left(input, frame), frame.run) || truth(right(input, frame), frame.run);
  }
  const work = operators.get(operator)!;
  if (operator === "..")
    return (input, frame) => collapse(work(left(input, frame), right(input, frame), frame.run), keep);
  return (input, frame) => work(left(input, frame), right(input, frame), frame.run);
}

function compileArray(nodes: Node[], constructs: boolean, compiler: Compiler): Code {
  const items = nodes.map((node) => ({ code: compile(node, compiler), whole: node.type === "array" }));
  return (input, frame) => {
    const { budget } = frame.run;
    const result: Value[] = [];
    for (const { code, whole } of items) {
      const value = code(input, frame);
      if (value === undefined) continue;
      if (whole || !Array.isArray(value)) result.push(value);
      else {
        budget.array(value.length);
        for (const item of value) result.push(item);
      }
    }
    budget.array(result.length);
    return constructs ? constructed(result) : result;
  };
}

function compileBlock(nodes: Node[], compiler: Compiler, tuple: boolean, tail: boolean): StreamingCode {
  const last = nodes.length - 1;
  const parts = nodes.map((node, index) =>
    tuple && index === last ? compileStreaming(node, compiler, tail) : compile(node, compiler, tail && index === last),
  );
  // Only bindings need a frame of their own.
  if (parts.length === 1 && compiler.bound.size === 0) return parts[0]!;
  return (input, frame) => {
    const own = new Frame(frame.run, frame);
    let value: Value | TupleStream;
    for (const part of parts) value = part(input, own);
    return value;
  };
}
