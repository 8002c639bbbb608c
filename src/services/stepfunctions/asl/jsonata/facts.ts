import type { Node, Pair } from "./syntax.ts";

/** What validation and the description of a machine need to know about an expression. */
export type ExpressionFacts = {
  /** A name that is read from the context item at the top level, where Step Functions has none. */
  topLevel: string | null;
  /** Free variables and functions, without `$`. */
  variables: string[];
  /** Members of `$states` that are read; `*` for all. */
  states: string[];
};

/** Finds the facts of an expression in one walk over its tree. */
export function factsOf(tree: Node): ExpressionFacts {
  const walk = new Walk();
  walk.node(tree, false, new Set());
  return { topLevel: walk.topLevel, variables: [...walk.free], states: [...walk.states] };
}

/** Every name an expression binds: by `:=`, as a parameter, or to a step with `@` and `#`. */
export function boundNames(tree: Node): Set<string> {
  const names = new Set<string>();
  const pending: (Node | undefined)[] = [tree];
  for (let node = pending.pop(); node || pending.length > 0; node = pending.pop()) {
    if (!node) continue;
    if (node.type === "bind") names.add(node.name);
    if (node.type === "lambda") for (const name of node.parameters) names.add(name);
    if (node.focus !== undefined) names.add(node.focus);
    if (node.index !== undefined) names.add(node.index);
    for (const stage of node.stages ?? []) if (stage.type === "index") names.add(stage.name);
    pending.push(...childrenOf(node));
  }
  return names;
}

function childrenOf(node: Node): (Node | undefined)[] {
  const around = [
    ...(node.predicates ?? []).map((filter) => filter.expression),
    ...(node.stages ?? []).map((stage) => (stage.type === "filter" ? stage.expression : undefined)),
    ...(node.group ?? []).flat(),
  ];
  return [...around, ...partsOf(node)];
}

function partsOf(node: Node): (Node | undefined)[] {
  switch (node.type) {
    case "path":
      return node.steps;
    case "binary":
    case "apply":
      return [node.left, node.right];
    case "negation":
      return [node.operand];
    case "array":
      return node.items;
    case "object":
      return node.pairs.flat();
    case "block":
      return node.parts;
    case "bind":
      return [node.value];
    case "condition":
      return [node.condition, node.yes, node.no];
    case "default":
      return [node.value, node.otherwise];
    case "call":
    case "partial":
      return [node.procedure, ...node.args];
    case "lambda":
      return [node.body];
    case "sort":
      return node.terms.map((term) => term.expression);
    case "transform":
      return [node.pattern, node.update, node.removal];
    default:
      return [];
  }
}

type Names = Set<string>;

class Walk {
  topLevel: string | null = null;
  readonly free: Names = new Set();
  readonly states: Names = new Set();

  /** `within`: there is a context item here. `bound`: names bound so far; returns those bound after the node. */
  node(node: Node, within: boolean, bound: Names): Names {
    const after = this.#core(node, within, bound);
    this.#around(node, bound);
    return after;
  }

  #refuse(name: string, within: boolean): void {
    if (!within) this.topLevel ??= name;
  }

  #core(node: Node, within: boolean, bound: Names): Names {
    switch (node.type) {
      case "path":
        this.#path(node.steps, within, bound);
        return bound;
      case "name":
        this.#refuse(node.value, within);
        return bound;
      case "wildcard":
        this.#refuse("*", within);
        return bound;
      case "descendant":
        this.#refuse("**", within);
        return bound;
      case "parent":
        this.#refuse("%", within);
        return bound;
      case "variable":
        this.#variable(node.name, within, bound);
        return bound;
      case "lambda":
        this.node(node.body, within, new Set([...bound, ...node.parameters]));
        return bound;
      case "bind": {
        const inside = new Set([...bound, node.name]);
        this.node(node.value, within, node.value.type === "lambda" ? inside : bound);
        return inside;
      }
      case "block": {
        let names = bound;
        for (const part of node.parts) names = this.node(part, within, names);
        return bound;
      }
      case "sort":
      case "transform":
        for (const part of partsOf(node)) if (part) this.node(part, true, bound);
        return bound;
      default:
        for (const part of partsOf(node)) if (part) this.node(part, within, bound);
        return bound;
    }
  }

  #path(steps: Node[], within: boolean, bound: Names): void {
    const [first, second] = steps;
    const isStates = first?.type === "variable" && first.name === "states" && !bound.has("states");
    if (isStates) this.states.add(second?.type === "name" && !first.stages && !first.predicates ? second.value : "*");
    for (const [index, step] of steps.entries()) {
      if (index === 0 && isStates) this.#around(step, bound);
      else this.node(step, within || index > 0, bound);
    }
  }

  #variable(name: string, within: boolean, bound: Names): void {
    if (name === "") this.#refuse("$", within);
    else if (name === "$") this.topLevel ??= "$$";
    else if (name === "states" && !bound.has("states")) this.states.add("*");
    else if (!bound.has(name)) this.free.add(name);
  }

  /** Filters and groups, which have a context item, and the names that a step binds. */
  #around(node: Node, bound: Names): void {
    if (node.focus !== undefined) bound.add(node.focus);
    if (node.index !== undefined) bound.add(node.index);
    for (const { expression } of node.predicates ?? []) this.node(expression, true, bound);
    for (const stage of node.stages ?? []) {
      if (stage.type === "index") bound.add(stage.name);
      else this.node(stage.expression, true, bound);
    }
    for (const part of (node.group ?? ([] as Pair[])).flat()) this.node(part, true, bound);
  }
}
