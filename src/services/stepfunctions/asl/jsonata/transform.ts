import { setOwn } from "../../../../../protocols/unknown-json.ts";
import { type Code, type Compiler, compile, inside } from "./compile.ts";
import { fail } from "./failure.ts";
import { type Frame, type Run, unbound } from "./run.ts";
import { parseSignature, validated } from "./signature.ts";
import type { Node } from "./syntax.ts";
import { call, Fn, isObject, type Value, type ValueObject } from "./values.ts";

const signature = parseSignature("<(oa):o>");

/**
 * A copy that shares nothing with the value. Functions in it become empty texts, as in its JSON text. `made` is told the
 * objects of the copy.
 */
export function cloned(value: Value, run: Run, made?: Set<Value>, depth = 0): Value {
  run.budget.walk(depth);
  if (value instanceof Fn) return "";
  if (Array.isArray(value)) {
    run.budget.array(value.length);
    return value.map((item) => cloned(item ?? null, run, made, depth + 1));
  }
  if (!isObject(value)) return value;
  const copy: ValueObject = {};
  made?.add(copy);
  for (const key of Object.keys(value)) {
    if (value[key] === undefined) continue;
    run.budget.member();
    setOwn(copy, key, cloned(value[key], run, made, depth + 1));
  }
  return copy;
}

/** `|pattern|update, removal|`: a function that copies an object and changes what the pattern finds in the copy. */
export function compileTransform(node: Extract<Node, { type: "transform" }>, compiler: Compiler): Code {
  const deeper = { ...inside(compiler), depth: 1 };
  const pattern = compile(node.pattern, deeper);
  const update = compile(node.update, deeper);
  const removal = node.removal && compile(node.removal, deeper);
  return (_input, frame) => {
    frame.run.budget.closure();
    return new Fn(1, (args, context, run) => {
      const [object] = validated(signature, args, context, run);
      if (object === undefined) return undefined;
      /** What may be changed: a pattern can find objects outside the copy as well. */
      const made = new Set<Value>();
      const result = cloned(toCopy(object, frame, compiler), run, made);
      const found = pattern(result, frame);
      for (const match of found === undefined ? [] : Array.isArray(found) ? found : [found]) {
        run.budget.spend(1);
        const target = made.has(match) ? (match as ValueObject) : undefined;
        change(target, update(match, frame), run);
        if (removal) remove(target, removal(match, frame), run);
      }
      return result;
    });
  };
}

/** What is copied: the object, or what the expression's own `$clone` makes of it. */
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
