import { fail } from "./failure.ts";
import type { Node, Path, Slot } from "./syntax.ts";

/** Hands the slots that look for a parent inside `part` on to the node around it. */
export function seek(around: Node, part: Node): void {
  if (part.type === "parent") (part.seeking ??= []).push(part.slot);
  if (!part.seeking) return;
  if (around.seeking) around.seeking.push(...part.seeking);
  else around.seeking = part.seeking;
}

/** Takes a slot back over one step of a path: a name takes it up a level, a `%` further down. */
export function findParent(step: Node, slot: Slot): void {
  switch (step.type) {
    case "name":
    case "wildcard":
      if (--slot.level > 0) return;
      if (step.ancestor) slot.label = step.ancestor.label;
      step.ancestor = slot;
      step.tuple = true;
      return;
    case "parent":
      slot.level++;
      return;
    case "block":
      if (step.parts.length === 0) return;
      step.tuple = true;
      findParent(step.parts.at(-1)!, slot);
      return;
    case "path": {
      step.tuple = true;
      let index = step.steps.length - 1;
      findParent(step.steps[index--]!, slot);
      while (slot.level > 0 && index >= 0) findParent(step.steps[index--]!, slot);
      return;
    }
    default:
      fail("S0217");
  }
}

/** Finds the steps for the slots that the last step of a path looks for; those left look further out. */
export function resolveParents(path: Path): void {
  const last = path.steps.at(-1)!;
  const slots = last.seeking ?? [];
  if (last.type === "parent") slots.push(last.slot);
  for (const slot of slots) {
    let index = path.steps.length - 2;
    while (slot.level > 0) {
      if (index < 0) {
        (path.seeking ??= []).push(slot);
        break;
      }
      let step = path.steps[index--]!;
      // Steps bound with @ stay on their input, so that a run of them is one level.
      while (index >= 0 && step.focus !== undefined && path.steps[index]!.focus !== undefined)
        step = path.steps[index--]!;
      findParent(step, slot);
    }
  }
}
