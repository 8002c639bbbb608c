import { fail } from "./failure.ts";
import type { Node, Path, Slot } from "./syntax.ts";

/** Passes the unresolved slots of `part` on to the node that contains it. */
export function adoptSlots(container: Node, part: Node): void {
  if (part.type === "parent") (part.unresolved ??= []).push(part.slot);
  if (!part.unresolved) return;
  if (container.unresolved) container.unresolved.push(...part.unresolved);
  else container.unresolved = part.unresolved;
}

/** Moves a slot back over one step of a path: over a name it goes up one level, over a `%` down one. */
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

/** Resolves the slots of a path's last step to earlier steps; the rest stay unresolved in the path itself. */
export function resolveParents(path: Path): void {
  const last = path.steps.at(-1)!;
  const slots = last.unresolved ?? [];
  if (last.type === "parent") slots.push(last.slot);
  for (const slot of slots) {
    let index = path.steps.length - 2;
    while (slot.level > 0) {
      if (index < 0) {
        (path.unresolved ??= []).push(slot);
        break;
      }
      let step = path.steps[index--]!;
      // Steps bound with @ keep their input as the context, so several in a row are one level.
      while (index >= 0 && step.focus !== undefined && path.steps[index]!.focus !== undefined)
        step = path.steps[index--]!;
      findParent(step, slot);
    }
  }
}
