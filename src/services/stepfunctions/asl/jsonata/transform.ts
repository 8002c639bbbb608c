import { setOwn } from "../../../../../protocols/unknown-json.ts";
import { type Code, type Compiler, compile, nested } from "./compile.ts";
import { fail } from "./failure.ts";
import { type Frame, type Run, unbound } from "./run.ts";
import { applySignature, parseSignature } from "./signature.ts";
import type { Node } from "./syntax.ts";
import { call, Fn, isObject, type Value, type ValueObject } from "./values.ts";

const signature = parseSignature("<(oa):o>");

/**
 * A deep copy. Functions in it become empty strings, as in JSON text. The copy's objects are added to `created`.
 */
export function clone(value: Value, run: Run, created?: Set<Value>, depth = 0): Value {
  run.budget.walk(depth);
  if (value instanceof Fn) return "";
  if (Array.isArray(value)) {
    run.budget.array(value.length);
    return value.map((item) => clone(item ?? null, run, created, depth + 1));
  }
  if (!isObject(value)) return value;
  const copy: ValueObject = {};
  created?.add(copy);
  for (const key of Object.keys(value)) {
    if (value[key] === undefined) continue;
    run.budget.member();
    setOwn(copy, key, clone(value[key], run, created, depth + 1));
  }
  return copy;
}

/** `|pattern|update, removal|`: a function that copies an object and changes what the pattern selects in the copy. */
export function compileTransform(node: Extract<Node, { type: "transform" }>, compiler: Compiler): Code {
  const deeper = { ...nested(compiler), depth: 1 };
  const pattern = compile(node.pattern, deeper);
  const update = compile(node.update, deeper);
  const removal = node.removal && compile(node.removal, deeper);
  return (_input, frame) => {
    frame.run.budget.closure();
    return new Fn(1, (args, context, run) => {
      const [object] = applySignature(signature, args, context, run);
      if (object === undefined) return undefined;
      // Only these may be changed: a pattern can also select objects outside the copy.
      const created = new Set<Value>();
      const result = clone(toCopy(object, frame, compiler), run, created);
      const found = pattern(result, frame);
      for (const match of found === undefined ? [] : Array.isArray(found) ? found : [found]) {
        run.budget.spend(1);
        const target = created.has(match) ? (match as ValueObject) : undefined;
        change(target, update(match, frame), run);
        if (removal) remove(target, removal(match, frame), run);
      }
      return result;
    });
  };
}

/** What is copied: the object, or the result of the expression's own `$clone`. */
function toCopy(object: Value, frame: Frame, { library }: Compiler): Value {
  const bound = frame.find("clone");
  const fn = bound === unbound ? (frame.run.variable("clone") ?? library.get("clone")) : bound;
  if (!(fn instanceof Fn)) return fail("T2013");
  return fn === library.get("clone") ? object : call(fn, [object], undefined, frame.run);
}

function change(match: ValueObject | undefined, update: Value, run: Run): void {
  if (update === undefined) return;
  if (!isObject(update)) fail("T2011", { value: update });
  if (!match) return;
  for (const key of Object.keys(update)) {
    run.budget.member();
    setOwn(match, key, update[key]);
  }
}

function remove(match: ValueObject | undefined, keys: Value, run: Run): void {
  if (keys === undefined) return;
  for (const key of Array.isArray(keys) ? keys : [keys]) {
    run.budget.spend(1);
    if (typeof key !== "string") fail("T2012", { value: keys });
    if (match) delete match[key];
  }
}
