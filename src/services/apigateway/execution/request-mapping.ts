/** Parameter mapping of an integration's request: `integration.request.{header|querystring|path}.name`. */

import { headerSafe } from "../../../apis/lambda-answer.ts";
import { javaText, type Value, VtlList } from "../../../apis/vtl/values.ts";
import type { Texts } from "../definitions.ts";
import type { RestCall } from "./call.ts";
import { configurationError } from "./gateway-error.ts";
import { type Source, sourceOf } from "./sources.ts";

/** Parameters of one request to a backend, by name. */
export interface Mapped {
  readonly header: Map<string, readonly string[]>;
  readonly querystring: Map<string, readonly string[]>;
  readonly path: Map<string, string>;
}

interface Mapping {
  readonly place: keyof Mapped;
  readonly name: string;
  readonly source: Source;
}

export class RequestMapping {
  readonly #mappings: readonly Mapping[];
  /** A mapped header that makes every call fail. */
  readonly #forbidden: string | undefined;

  /** @param forbidden headers that must not be mapped, in lower case. */
  constructor(parameters: Texts | undefined, forbidden: ReadonlySet<string>) {
    const mappings: Mapping[] = [];
    for (const [key, expression] of Object.entries(parameters ?? {})) {
      const [, place, name] = /^integration\.request\.(header|querystring|path)\.(.+)$/s.exec(key) ?? [];
      if (place === undefined || name === undefined) continue;
      mappings.push({ place: place as keyof Mapped, name, source: sourceOf(expression) });
    }
    this.#mappings = mappings;
    this.#forbidden = mappings.find(({ place, name }) => place === "header" && forbidden.has(name.toLowerCase()))?.name;
  }

  /** @throws GatewayError if a header is mapped that must not be. */
  check(): void {
    if (this.#forbidden !== undefined) {
      throw configurationError(`Header '${this.#forbidden}' cannot be mapped to the integration request`);
    }
  }

  /** @throws GatewayError as `check` */
  of(call: RestCall): Mapped {
    this.check();
    const mapped: Mapped = { header: new Map(), querystring: new Map(), path: new Map() };
    for (const { place, name, source } of this.#mappings) {
      const value = source(call, undefined);
      if (value !== undefined) put(mapped, place, name, value);
    }
    return mapped;
  }
}

/** Applies the overrides set by templates on top of the mapping. */
export function override(mapped: Mapped, call: RestCall): void {
  const { overridesIfAny } = call;
  if (overridesIfAny === undefined) return;
  for (const place of ["header", "querystring", "path"] as const) {
    for (const [name, value] of overridesIfAny[place]) put(mapped, place, name, textsOf(value));
  }
}

/** An override's values; a list has several. */
export function textsOf(value: Value): readonly string[] {
  if (value instanceof VtlList) return value.items.map((item) => (item === null ? "" : javaText(item)));
  return [value === null ? "" : javaText(value)];
}

function put(mapped: Mapped, place: keyof Mapped, name: string, value: string | readonly string[]): void {
  const values = typeof value === "string" ? [value] : value;
  if (place === "path") mapped.path.set(name, values.at(-1) ?? "");
  else if (place === "querystring") mapped.querystring.set(name, values);
  else {
    // Names that differ only in case are one header, and the last one wins.
    for (const key of mapped.header.keys()) if (key.toLowerCase() === name.toLowerCase()) mapped.header.delete(key);
    mapped.header.set(name, values.map(headerSafe));
  }
}
