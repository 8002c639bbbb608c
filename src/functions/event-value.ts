/** Events that are made here for functions. */
import { setOwn } from "../../protocols/unknown-json.ts";

/**
 * An event that is JSON text for whoever sends it on, and a value for a handler in this process. To write the text and
 * read it again would be a seventh of what a call of such a handler costs, to copy a value a twentieth.
 */
export class EventValue {
  readonly #make: () => object;
  #text: string | undefined;

  /**
   * @param make makes the event of plain objects, lists, texts, numbers, booleans and null. No member is undefined, and
   * nothing in it is held by anybody else: handlers may do what they like with it.
   */
  constructor(make: () => object) {
    this.#make = make;
  }

  get text(): string {
    return (this.#text ??= JSON.stringify(this.#make()));
  }

  /** What reading the text would give: a new one each time. */
  make(): object {
    return this.#make();
  }
}

/** A copy in plain objects of what others hold as well. Members that are undefined are left out. */
export function copyOf(value: object): object;
export function copyOf(value: unknown): unknown;
export function copyOf(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(copyOf);
  const copy: Record<string, unknown> = {};
  for (const name of Object.keys(value)) {
    const member = (value as Record<string, unknown>)[name];
    if (member !== undefined) setOwn(copy, name, copyOf(member));
  }
  return copy;
}
