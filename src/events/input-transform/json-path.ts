import { getOwn } from "../../../protocols/unknown-json.ts";
import { type EventValue, isEventObject } from "../pattern/index.ts";

/** An input path, template or placeholder that AWS rejects; `message` is the text of its ValidationException. */
export class InvalidTransform extends Error {}

const step = /\.([^.[\]'"\s]+)|\[(\d{1,9})\]|\[(\*)\]|\[(?:'([^']*)'|"([^"]*)")\]/y;

type Step = { name: string } | { index: number } | { all: true };

/** A compiled path. */
export interface CompiledPath {
  readonly steps: readonly Step[];
}

/**
 * Compiles a path in the notation input paths use: `$`, then `.name`, `['name']`, `[n]` or `[*]`. Throws
 * {@link InvalidTransform}.
 */
export function parseJsonPath(text: string): CompiledPath {
  const steps: Step[] = [];
  let at = 1;
  while (text.startsWith("$") && at < text.length) {
    step.lastIndex = at;
    const match = step.exec(text);
    if (match === null) break;
    at = step.lastIndex;
    const [, dotted, index, all, single, double] = match;
    const name = dotted ?? single ?? double;
    if (all !== undefined || dotted === "*") steps.push({ all: true });
    else if (name !== undefined) steps.push({ name });
    else steps.push({ index: Number(index) });
  }
  if (!text.startsWith("$") || at < text.length) throw new InvalidTransform(`Invalid JSONPath ${text}.`);
  return { steps };
}

/** The value at a path, or undefined if there is none. `[*]` collects the values of all elements that have one. */
export function resolvePath(path: CompiledPath, value: EventValue): EventValue | undefined {
  return resolveFrom(path.steps, 0, value);
}

function resolveFrom(steps: readonly Step[], from: number, value: EventValue): EventValue | undefined {
  let current: EventValue | undefined = value;
  for (let i = from; i < steps.length; i++) {
    const next = steps[i] as Step;
    if ("name" in next) {
      current = isEventObject(current) ? getOwn(current, next.name) : undefined;
    } else if (!Array.isArray(current)) {
      return undefined;
    } else if ("index" in next) {
      current = current[next.index];
    } else {
      return current.map((item) => resolveFrom(steps, i + 1, item)).filter((item) => item !== undefined);
    }
    if (current === undefined) return undefined;
  }
  return current;
}
