/** Events that are made here for functions. */

/**
 * An event as what made it has it: JSON text for whoever sends it on, a value for a handler in this process. To write the
 * text and read it again would be a seventh of what a call of such a handler costs.
 */
export class EventValue {
  readonly #value: object;
  #text: string | undefined;

  /** @param value objects, lists, texts, numbers, booleans and null; members that are undefined are not there. */
  constructor(value: object) {
    this.#value = value;
  }

  get text(): string {
    return (this.#text ??= JSON.stringify(this.#value));
  }

  /** What reading the text would give: a new one each time, with which handlers may do what they like. */
  copy(): unknown {
    return copyOf(this.#value);
  }
}

function copyOf(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(copyOf);
  const copy: Record<string, unknown> = {};
  for (const name of Object.keys(value)) {
    const member = (value as Record<string, unknown>)[name];
    if (member === undefined) continue;
    // Names of headers come from clients.
    if (name === "__proto__") Object.defineProperty(copy, name, { ...ownMember, value: copyOf(member) });
    else copy[name] = copyOf(member);
  }
  return copy;
}

const ownMember = { writable: true, enumerable: true, configurable: true };
