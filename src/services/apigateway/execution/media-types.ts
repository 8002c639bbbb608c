/** How API Gateway compares media types. */
import { mediaType } from "../../../apis/request-headers.ts";

/** The type of a Content-Type header without parameters; `application/json` if there is none. */
export function typeOf(contentType: string | undefined): string {
  return contentType === undefined ? "application/json" : mediaType(contentType) || "application/json";
}

/** The first type in an Accept header, without parameters; `application/json` if it is missing or accepts anything. */
export function acceptedType(accept: string | undefined): string {
  if (accept === undefined) return "application/json";
  const first = typeOf(accept.split(",", 1)[0]);
  return first === "*/*" ? "application/json" : first;
}

/** An API's list of binary media types: exact ones and wildcards such as `image/*`. */
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

  /** Whether the client wants bytes: only the first type it accepts counts, without parameters. */
  wants(accept: string | undefined): boolean {
    if (this.none) return false;
    return this.has(accept === undefined ? "*/*" : typeOf(accept.split(",", 1)[0]));
  }
}
