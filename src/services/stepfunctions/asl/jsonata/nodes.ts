import { findParent, resolveParents, seek } from "./ancestry.ts";
import { stackError } from "./budget.ts";
import { fail } from "./failure.ts";
import type { Node, Path, SortTerm } from "./syntax.ts";

/** Levels of nodes: a chain of operators is a tree as deep as the chain is long. */
const deepestTree = 5_000;

/** Steps of one path: finding the step a `%` stands for goes back over them. */
const longestPath = 1_000;

/** Told of what is no error of syntax but has no meaning. */
export type Misplaced = (code: string, details?: { value: unknown }) => void;

/** Nodes that stand in the same step as their parts. */
const seeks = new Set<Node["type"]>([
  ...(["binary", "negation", "array", "object", "call", "partial", "condition", "default", "block", "bind"] as const),
  "sort",
]);

/** A node and how deep the tree is from it. Throws the stack limit's error. */
export function node<T extends Node["type"]>(
  type: T,
  position: number,
  children: (Node | undefined)[],
  rest: Omit<Extract<Node, { type: T }>, "type" | "position" | "depth">,
): Extract<Node, { type: T }> {
  let depth = 1;
  for (const child of children) if (child && child.depth >= depth) depth = child.depth + 1;
  if (depth > deepestTree) throw stackError();
  const made = { type, position, depth, ...rest } as unknown as Extract<Node, { type: T }>;
  if (seeks.has(type)) for (const child of children) if (child) seek(made, child);
  return made;
}

/** A node as a path, to which steps can be added. */
function pathOf(left: Node): Path {
  return left.type === "path" ? left : node("path", left.position, [left], { steps: [left] });
}

/** The node that filters and names after `left` belong to. */
const lastStep = (left: Node): Node => (left.type === "path" ? left.steps.at(-1)! : left);

/** The filters of a node that has become a step. */
function predicatesToStages(step: Node): void {
  if (!step.predicates) return;
  step.stages = step.predicates;
  delete step.predicates;
}

/** `left.right` */
export function stepped(left: Node, right: Node, misplaced: Misplaced): Path {
  const path = pathOf(left);
  if (left.type === "parent") path.seeking = [left.slot];
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
  if (path.steps.length > longestPath) throw stackError();
  if ([first, ...added].some((step) => step.keepArray)) path.keepSingleton = true;
  if (path.steps[0]!.type === "array") path.steps[0]!.constructs = true;
  const last = path.steps.at(-1)!;
  if (last.type === "array") last.constructs = true;
  resolveParents(path);
  return path;
}

/** `left[]`: what stands before it gives an array, whatever is in it. */
export function arrayKept(left: Node): Node {
  left.keepArray = true;
  if (left.type === "path" && left.steps.length === 1 && !left.group) {
    const step = left.steps[0]!;
    step.keepArray = true;
    if (step.type === "name" && step.focus === undefined) left.keepSingleton = true;
  }
  return left;
}

/** `left[expression]` */
export function filtered(left: Node, expression: Node, misplaced: Misplaced): Node {
  const step = lastStep(left);
  if (step.group) misplaced("S0209");
  for (const slot of expression.seeking ?? []) {
    if (slot.level === 1) findParent(step, slot);
    else slot.level--;
  }
  seek(step, expression);
  const filter = { type: "filter" as const, expression };
  if (left.type === "path") (step.stages ??= []).push(filter);
  else (step.predicates ??= []).push(filter);
  left.depth = Math.max(left.depth, expression.depth + 1);
  return left;
}

/** `left^(terms)` */
export function sorted(left: Node, terms: SortTerm[], position: number): Path {
  const path = pathOf(left);
  const expressions = terms.map((term) => term.expression);
  path.steps.push(node("sort", position, expressions, { terms }));
  for (const expression of expressions) path.depth = Math.max(path.depth, expression.depth + 2);
  if (path.steps.length > longestPath) throw stackError();
  resolveParents(path);
  return path;
}

/** `left@$right` */
export function focused(left: Node, right: Node, misplaced: Misplaced): Node {
  if (right.type !== "variable") return fail("S0214", { token: "@" });
  const step = lastStep(left);
  if (step.stages || step.predicates) misplaced("S0215");
  if (step.type === "sort") misplaced("S0216");
  step.focus = right.name;
  step.tuple = true;
  return left;
}

/** `left#$right` */
export function indexed(left: Node, right: Node): Node {
  if (right.type !== "variable") return fail("S0214", { token: "#" });
  const path = pathOf(left);
  const step = lastStep(path);
  if (left.type !== "path") predicatesToStages(step);
  if (step.stages) step.stages.push({ type: "index", name: right.name });
  else step.index = right.name;
  step.tuple = true;
  return path;
}
