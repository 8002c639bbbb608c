/** Renders a parsed template. */
import { Budget, maxText } from "./budget.ts";
import { callMethod, readProperty } from "./methods.ts";
import { combined, rangeOf } from "./operators.ts";
import { parseTemplate } from "./parser.ts";
import {
  type BinaryOperator,
  type Block,
  type Expression,
  type Macro,
  type Reference,
  TemplateError,
} from "./syntax.ts";
import { HostObject, isNumber, isTrue, javaText, keyOf, type Value, VtlList, VtlMap } from "./values.ts";

/** AWS's limit for the iterations of one loop. */
const maxIterations = 1_000;
const maxCalls = 20;

/** How a block was left. */
type Outcome = "end" | "break" | "stop";

/** Renders a template over variables, which it may set. @throws TemplateError */
export function render(template: Block, variables: Map<string, Value>): string {
  const evaluator = new Evaluator(variables);
  evaluator.block(template);
  return evaluator.output();
}

class Evaluator {
  readonly #variables: Map<string, Value>;
  readonly #blocks = new Map<string, Block>();
  readonly #budget = new Budget();
  #out: string[] = [];
  #size = 0;
  #calls = 0;
  #loop: HostObject | undefined;

  constructor(variables: Map<string, Value>) {
    this.#variables = variables;
  }

  output(): string {
    return this.#out.join("");
  }

  block(block: Block): Outcome {
    for (const node of block) {
      this.#budget.step();
      switch (node.kind) {
        case "text":
          this.#write(node.text);
          break;
        case "reference":
          this.#print(node);
          break;
        case "set":
          this.#assign(node.target, this.value(node.value));
          break;
        case "if": {
          const body =
            node.branches.find((branch) => isTrue(this.value(branch.condition)))?.body ?? node.otherwise ?? [];
          const outcome = this.block(body);
          if (outcome !== "end") return outcome;
          break;
        }
        case "foreach": {
          if (this.#forEach(node.variable, this.value(node.items), node.body) === "stop") return "stop";
          break;
        }
        case "break":
          return "break";
        case "stop":
          return "stop";
        case "define":
          this.#blocks.set(node.name, node.body);
          this.#variables.delete(node.name);
          break;
        case "evaluate": {
          const text = this.value(node.text);
          if (text !== null && this.#within(() => this.block(parseTemplate(javaText(text)))) === "stop") return "stop";
          break;
        }
        case "call":
          if (this.#macro(node.macro, node.args, node.body) === "stop") return "stop";
          break;
      }
    }
    return "end";
  }

  #write(text: string): void {
    this.#budget.text(text.length);
    this.#size += text.length;
    if (this.#size > maxText) throw new TemplateError("The template made too much text");
    this.#out.push(text);
  }

  #print(reference: Reference): void {
    const value = this.value(reference);
    const { backslashes, source } = reference;
    if (backslashes > 0) {
      // Two backslashes are one. An odd one escapes the reference, and stays if the reference has no value.
      this.#write("\\".repeat(backslashes >> 1));
      if (backslashes % 2 === 1) {
        this.#write(value === null ? `\\${source}` : source);
        return;
      }
    }
    if (value !== null) this.#write(javaText(value));
  }

  /** Renders part of a template separately. */
  #captured(body: Block): string {
    const [outer, size] = [this.#out, this.#size];
    this.#out = [];
    this.#size = 0;
    this.#within(() => this.block(body));
    const text = this.output();
    this.#out = outer;
    this.#size = size;
    return text;
  }

  #within<T>(run: () => T): T {
    if (++this.#calls > maxCalls) throw new TemplateError("Calls are nested too deeply");
    const result = run();
    this.#calls--;
    return result;
  }

  #forEach(variable: string, collection: Value, body: Block): Outcome {
    const items =
      collection instanceof VtlList
        ? [...collection.items.slice(0, maxIterations)]
        : collection instanceof VtlMap
          ? [...collection.entries.values()].slice(0, maxIterations)
          : collection instanceof HostObject
            ? this.#drained(collection)
            : [];
    const total = collection instanceof VtlList ? collection.items.length : items.length;
    const outer = [variable, "foreach", "velocityCount"].map((name) => [name, this.#variables.get(name)] as const);
    const parent = this.#loop;
    let outcome: Outcome = "end";
    for (const [index, item] of items.entries()) {
      this.#budget.step();
      this.#loop = loopOf(index, total, parent);
      this.#variables.set("foreach", this.#loop);
      this.#variables.set("velocityCount", BigInt(index + 1));
      this.#variables.set(variable, item);
      outcome = this.block(body);
      if (outcome !== "end") break;
    }
    this.#loop = parent;
    for (const [name, value] of outer) {
      if (value === undefined) this.#variables.delete(name);
      else this.#variables.set(name, value);
    }
    return outcome === "stop" ? "stop" : "end";
  }

  /** The remaining items of an iterator. */
  #drained(iterator: HostObject): Value[] {
    const items: Value[] = [];
    while (items.length < maxIterations && iterator.method("hasNext")?.([]) === true) {
      items.push(iterator.method("next")!([]));
    }
    return items;
  }

  /** A macro's arguments are evaluated at the call, before its body runs. */
  #macro(macro: Macro, args: readonly Expression[], body: Block | undefined): Outcome {
    const values = macro.parameters.map((_, index) => (args[index] === undefined ? null : this.value(args[index])));
    const content = body === undefined ? undefined : this.#captured(body);
    const names = [...macro.parameters, ...(content === undefined ? [] : ["bodyContent"])];
    const outer = names.map((name) => [name, this.#variables.get(name)] as const);
    for (const [index, name] of macro.parameters.entries()) this.#put(name, values[index]!);
    if (content !== undefined) this.#variables.set("bodyContent", content);
    const outcome = this.#within(() => this.block(macro.body));
    for (const [name, value] of outer) {
      if (value === undefined) this.#variables.delete(name);
      else this.#variables.set(name, value);
    }
    return outcome === "stop" ? "stop" : "end";
  }

  #put(name: string, value: Value): void {
    if (value === null) this.#variables.delete(name);
    else this.#variables.set(name, value);
  }

  value(expression: Expression): Value {
    this.#budget.step();
    switch (expression.kind) {
      case "literal":
        return expression.value;
      case "reference":
        return this.#read(expression);
      case "interpolated":
        return this.#captured(expression.body);
      case "list":
        return new VtlList(expression.items.map((item) => this.value(item)));
      case "range":
        return rangeOf(this.value(expression.first), this.value(expression.last), this.#budget);
      case "map": {
        const entries = expression.entries.map(([key, value]) => [keyOf(this.value(key)), this.value(value)] as const);
        return new VtlMap(new Map(entries));
      }
      case "not":
        return !isTrue(this.value(expression.operand));
      case "binary":
        return this.#binary(expression.operator, expression.left, expression.right);
    }
  }

  #binary(operator: BinaryOperator, leftSide: Expression, rightSide: Expression): Value {
    if (operator === "&&") return isTrue(this.value(leftSide)) && isTrue(this.value(rightSide));
    if (operator === "||") return isTrue(this.value(leftSide)) || isTrue(this.value(rightSide));
    const left = { value: this.value(leftSide), side: leftSide };
    return combined(operator, left, { value: this.value(rightSide), side: rightSide }, this.#budget);
  }

  #read(reference: Reference): Value {
    const root = this.#variables.get(reference.name);
    if (root === undefined) {
      const block = this.#blocks.get(reference.name);
      return block === undefined ? null : this.#captured(block);
    }
    let value: Value = root;
    for (const step of reference.steps) {
      if (value === null) return null;
      this.#budget.step();
      if (step.kind === "property") value = readProperty(value, step.name);
      else if (step.kind === "index") value = itemAt(value, this.value(step.index));
      else {
        const args: Value[] = step.args.map((arg) => this.value(arg));
        value = callMethod(value, step.name, args, this.#budget);
      }
    }
    return value;
  }

  #assign(target: Reference, value: Value): void {
    const last = target.steps.at(-1);
    if (last === undefined) {
      this.#put(target.name, value);
      return;
    }
    const owner = this.#read({ ...target, steps: target.steps.slice(0, -1) });
    if (last.kind === "method" || owner === null) return;
    const key = last.kind === "property" ? last.name : this.value(last.index);
    if (owner instanceof HostObject) {
      owner.method("put")?.([key, value]);
    } else if (owner instanceof VtlMap) owner.entries.set(keyOf(key), value);
    else if (owner instanceof VtlList && last.kind === "index") owner.items[indexIn(owner, key)] = value;
  }
}

/** `$list[0]`, `$map["key"]`. @throws TemplateError for an index out of range */
function itemAt(value: Value, index: Value): Value {
  if (value instanceof VtlMap) return value.entries.get(keyOf(index)) ?? null;
  if (value instanceof HostObject) return value.method("get")?.([index]) ?? null;
  return value instanceof VtlList ? value.items[indexIn(value, index)]! : null;
}

/** Negative indexes count from the end. */
function indexIn(list: VtlList, index: Value): number {
  const at = isNumber(index) ? Number(index) : Number.NaN;
  const place = at < 0 ? list.items.length + at : at;
  if (!(Number.isInteger(place) && place >= 0 && place < list.items.length)) {
    throw new TemplateError(`Index ${at} is out of bounds for length ${list.items.length}`);
  }
  return place;
}

function loopOf(index: number, total: number, parent: HostObject | undefined): HostObject {
  const last = index + 1 >= Math.min(total, maxIterations);
  const properties = new Map<string, Value>([
    ["index", BigInt(index)],
    ["count", BigInt(index + 1)],
    ["hasNext", !last],
    ["first", index === 0],
    ["last", last],
    ["parent", parent ?? null],
  ]);
  return new HostObject((name) => properties.get(name) ?? null, { hasNext: () => !last });
}
