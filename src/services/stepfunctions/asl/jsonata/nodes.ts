import { adoptSlots, findParent, resolveParents } from "./ancestry.ts";
import { stackError } from "./budget.ts";
import { fail } from "./failure.ts";
import type { Node, Path, SortTerm } from "./syntax.ts";

/** Most levels of a tree: a chain of operators is as deep as it is long. */
const maxTreeDepth = 5_000;

/** Most steps of a path: resolving a `%` goes back over them. */
const maxPathSteps = 1_000;

/** Records an error that is not one of syntax; the parser throws it if there is no syntax error. */
export type Misplaced = (code: string, details?: { value: unknown }) => void;

/** Types of nodes that are in the same step as their parts, whose unresolved slots they adopt. */
const adopters = new Set<Node["type"]>([
  ...(["binary", "negation", "array", "object", "call", "partial", "condition", "default", "block", "bind"] as const),
  "sort",
]);

/** Creates a node. Throws the stack limit's error if the tree gets too deep. */
export function node<T extends Node["type"]>(
  type: T,
  position: number,
  children: (Node | undefined)[],
  rest: Omit<Extract<Node, { type: T }>, "type" | "position" | "depth">,
): Extract<Node, { type: T }> {
  let depth = 1;
  for (const child of children) if (child && child.depth >= depth) depth = child.depth + 1;
  if (depth > maxTreeDepth) throw stackError();
  const made = { type, position, depth, ...rest } as unknown as Extract<Node, { type: T }>;
  if (adopters.has(type)) for (const child of children) if (child) adoptSlots(made, child);
  return made;
}

/** The node as a path, to which steps can be added. */
function pathOf(left: Node): Path {
  return left.type === "path" ? left : node("path", left.position, [left], { steps: [left] });
}

/** The node to which filters and bindings after `left` belong. */
const lastStep = (left: Node): Node => (left.type === "path" ? left.steps.at(-1)! : left);

/** Moves the filters of a node that becomes a step. */
function predicatesToStages(step: Node): void {
  if (!step.predicates) return;
  step.stages = step.predicates;
  delete step.predicates;
}

/** `left.right` */
export function addStep(left: Node, right: Node, misplaced: Misplaced): Path {
  const path = pathOf(left);
  if (left.type === "parent") path.unresolved = [left.slot];
  if (right.type !== "path") predicatesToStages(right);
  const added = right.type === "path" ? right.steps : [right];
  const first = path.steps[0]!;
  for (const step of [first, ...added]) {
    if (step.type !== "literal") continue;
    if (typeof step.value === "string") Object.assign(step, { type: "name" });
    else misplaced("S0213", { value: step.value });
  }
  path.steps.push(...added);
  path.depth = Math.max(path.depth, right.depth + 1);
  if (path.steps.length > maxPathSteps) throw stackError();
  if ([first, ...added].some((step) => step.keepArray)) path.keepSingleton = true;
  if (path.steps[0]!.type === "array") path.steps[0]!.constructs = true;
  const last = path.steps.at(-1)!;
  if (last.type === "array") last.constructs = true;
  resolveParents(path);
  return path;
}

/** `left[]`: the result of `left` is always an array. */
export function markKeepArray(left: Node): Node {
  left.keepArray = true;
  if (left.type === "path" && left.steps.length === 1 && !left.group) {
    const step = left.steps[0]!;
    step.keepArray = true;
    if (step.type === "name" && step.focus === undefined) left.keepSingleton = true;
  }
  return left;
}

/** `left[expression]` */
export function addFilter(left: Node, expression: Node, misplaced: Misplaced): Node {
  const step = lastStep(left);
  if (step.group) misplaced("S0209");
  for (const slot of expression.unresolved ?? []) {
    if (slot.level === 1) findParent(step, slot);
    else slot.level--;
  }
  adoptSlots(step, expression);
  const filter = { type: "filter" as const, expression };
  if (left.type === "path") (step.stages ??= []).push(filter);
  else (step.predicates ??= []).push(filter);
  left.depth = Math.max(left.depth, expression.depth + 1);
  return left;
}

/** `left^(terms)` */
export function addSort(left: Node, terms: SortTerm[], position: number): Path {
  const path = pathOf(left);
  const expressions = terms.map((term) => term.expression);
  path.steps.push(node("sort", position, expressions, { terms }));
  for (const expression of expressions) path.depth = Math.max(path.depth, expression.depth + 2);
  if (path.steps.length > maxPathSteps) throw stackError();
  resolveParents(path);
  return path;
}

/** `left@$right` */
export function addFocus(left: Node, right: Node, misplaced: Misplaced): Node {
  if (right.type !== "variable") return fail("S0214", { token: "@" });
  const step = lastStep(left);
  if (step.stages || step.predicates) misplaced("S0215");
  if (step.type === "sort") misplaced("S0216");
  step.focus = right.name;
  step.tuple = true;
  return left;
}

/** `left#$right` */
export function addIndex(left: Node, right: Node): Node {
  if (right.type !== "variable") return fail("S0214", { token: "#" });
  const path = pathOf(left);
  const step = lastStep(path);
  if (left.type !== "path") predicatesToStages(step);
  if (step.stages) step.stages.push({ type: "index", name: right.name });
  else step.index = right.name;
  step.tuple = true;
  return path;
}
