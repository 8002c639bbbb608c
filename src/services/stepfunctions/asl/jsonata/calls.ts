import { type Code, type Compiler, compile, nested, type StreamingCode } from "./compile.ts";
import { fail, JsonataError } from "./failure.ts";
import { Frame, unbound } from "./run.ts";
import { applySignature } from "./signature.ts";
import type { Call, Lambda, Node } from "./syntax.ts";
import { call, collapse, Fn, TailCall, type Value } from "./values.ts";

/** Makes a call; its result is not collapsed yet. `first`: arguments before those of the call itself. */
type Invocation = (input: Value, frame: Frame, first: Value[]) => Value;

/** Compiles a call. `tail`: it is in the tail position of a lambda. */
export function compileCall(node: Call, compiler: Compiler, tail: boolean): StreamingCode {
  const invoke = compileInvocation(node, compiler, tail);
  if (tail) return (input, frame) => invoke(input, frame, []);
  const keep = node.keepArray ?? false;
  return (input, frame) => collapse(invoke(input, frame, []), keep);
}

function compileInvocation(node: Call, compiler: Compiler, tail: boolean): Invocation {
  const deeper = nested(compiler);
  const procedure = compile(node.procedure, deeper);
  const args = node.args.map((arg) => compile(arg, deeper));
  const token = nameOf(node.procedure);
  const { depth } = compiler;
  return (input, frame, first) => {
    const fn = procedure(input, frame);
    if (fn === undefined && namesFunction(node.procedure, frame, compiler)) fail("T1005", { token });
    const given = first;
    for (const arg of args) given.push(arg(input, frame));
    if (!(fn instanceof Fn)) return fail("T1006");
    const { run } = frame;
    // A tail call is left to the caller of the lambda, so that it needs no stack.
    if (tail && fn.lambda) return new TailCall(fn, given, input) as unknown as Value;
    run.budget.enter(depth);
    try {
      const result = call(fn, given, input, run);
      run.budget.leave(depth);
      return result;
    } catch (error) {
      if (error instanceof JsonataError) error.at(token);
      throw error;
    }
  };
}

function nameOf(procedure: Node): string | undefined {
  if (procedure.type === "variable") return procedure.name;
  const step = procedure.type === "path" ? procedure.steps[0] : undefined;
  return step?.type === "name" ? step.value : undefined;
}

/** Whether the callee is the name of a function without its `$`. */
function namesFunction(procedure: Node, frame: Frame, { library }: Compiler): boolean {
  const name = procedure.type === "path" ? nameOf(procedure) : undefined;
  if (name === undefined) return false;
  const bound = frame.find(name);
  return Boolean(bound === unbound ? (frame.run.variable(name) ?? library.get(name)) : bound);
}

/** `left ~> right`: a call with the left side as its first argument, or the composition of two functions. */
export function compileApply(node: Extract<Node, { type: "apply" }>, compiler: Compiler): Code {
  const deeper = nested(compiler);
  const left = compile(node.left, deeper);
  const keep = node.keepArray ?? false;
  if (node.right.type === "call") {
    const invoke = compileInvocation(node.right, deeper, false);
    return (input, frame) => collapse(invoke(input, frame, [left(input, frame)]), keep);
  }
  const right = compile(node.right, deeper);
  const { depth } = compiler;
  return (input, frame) => {
    const value = left(input, frame);
    const fn = right(input, frame);
    const { run } = frame;
    if (!(fn instanceof Fn)) return fail("T2006", { value: fn });
    if (!(value instanceof Fn)) {
      run.budget.enter(depth);
      const result = call(fn, [value], undefined, run);
      run.budget.leave(depth);
      return collapse(result, keep);
    }
    run.budget.closure();
    return new Fn(1, ([arg], _input, inner) => {
      inner.budget.enter(2);
      const result = call(fn, [collapse(call(value, [arg], undefined, inner), false)], undefined, inner);
      inner.budget.leave(2);
      return collapse(result, false);
    });
  };
}

/** `function($a){…}` */
export function compileLambda(node: Lambda, compiler: Compiler): Code {
  const { parameters, signature } = node;
  const body = compile(node.body, { ...compiler, depth: 1 }, true);
  return (input, frame) => {
    frame.run.budget.closure();
    return new Fn(
      parameters.length,
      (args, context, run) => {
        const given = signature ? applySignature(signature, args, context, run) : args;
        const own = new Frame(run, frame);
        for (const [index, name] of parameters.entries()) own.bind(name, given[index]);
        return body(input, own);
      },
      true,
    );
  };
}

/** `$f(a, ?)`: a function of the missing arguments. */
export function compilePartial(node: Extract<Node, { type: "partial" }>, compiler: Compiler): Code {
  const deeper = nested(compiler);
  const procedure = compile(node.procedure, deeper);
  const args = node.args.map((arg) => (arg.type === "placeholder" ? undefined : compile(arg, deeper)));
  const open = args.filter((arg) => arg === undefined).length;
  const token = nameOf(node.procedure);
  return (input, frame) => {
    const given = args.map((arg) => arg?.(input, frame));
    const fn = procedure(input, frame);
    if (!(fn instanceof Fn))
      return fail(fn === undefined && namesFunction(node.procedure, frame, compiler) ? "T1007" : "T1008", { token });
    frame.run.budget.closure();
    return new Fn(open, (rest, context, run) => {
      let next = 0;
      run.budget.enter(1);
      const result = call(
        fn,
        given.map((value, index) => (args[index] ? value : rest[next++])),
        context,
        run,
      );
      run.budget.leave(1);
      return result;
    });
  };
}
