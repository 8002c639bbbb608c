/** Media types as API Gateway compares them. */

/** The type of a Content-Type header without parameters; `application/json` where there is none. */
export function typeOf(contentType: string | undefined): string {
  if (contentType === undefined) return "application/json";
  const end = contentType.indexOf(";");
  return (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase() || "application/json";
}

/** The first type an Accept header names, without parameters; `application/json` for none and for whatever is fine. */
export function acceptedType(accept: string | undefined): string {
  if (accept === undefined) return "application/json";
  const first = typeOf(accept.split(",", 1)[0]);
  return first === "*/*" ? "application/json" : first;
}

/** The list of an API's binary media types: whole types, `image/*` and so on. */
export class BinaryTypes {
  readonly #exact: ReadonlySet<string>;
  readonly #families: readonly string[];
  readonly #all: boolean;

  constructor(types: readonly string[]) {
    const lower = types.map((type) => type.toLowerCase());
    this.#all = lower.includes("*/*");
    this.#families = lower.filter((type) => type.endsWith("/*")).map((type) => type.slice(0, -1));
    this.#exact = new Set(lower);
  }

  get none(): boolean {
    return this.#exact.size === 0;
  }

  /** @param type without parameters. */
  has(type: string): boolean {
    if (this.#all || this.#exact.has(type)) return true;
    return this.#families.some((family) => type.startsWith(family));
  }

  /** Whether the client wants bytes: the first type it accepts is in the list, parameters and all the others aside. */
  wants(accept: string | undefined): boolean {
    if (this.none) return false;
    return this.has(accept === undefined ? "*/*" : typeOf(accept.split(",", 1)[0]));
  }
}
