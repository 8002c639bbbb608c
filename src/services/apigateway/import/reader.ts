/** Shared by all readers of a document: following references, and collecting warnings and errors. */

import { AwsError } from "../../../../protocols/error.ts";
import { percentDecoded } from "../../../../protocols/form.ts";
import { isObject } from "../../../../protocols/unknown-json.ts";
import { badRequest } from "../errors.ts";
import type { Members, OpenApiDocument } from "./document.ts";

/** How far references to references are followed; circular ones end here. */
const maxHops = 20;
const maxMessages = 1_000;
/**
 * Limits what may come of a document, in characters of text plus sixteen for each member: many references to the same
 * thing make much out of little.
 */
const maxResultCost = 32 * 1024 * 1024;
const memberCost = 16;

/** What AWS substitutes in a document. */
export interface PseudoVariables {
  readonly region: string;
  readonly partition: string;
  readonly account: string;
}

export class Reader {
  readonly document: OpenApiDocument;
  readonly warnings: string[] = [];
  readonly errors: string[] = [];
  readonly #variables: PseudoVariables;
  #result = 0;

  constructor(document: OpenApiDocument, variables: PseudoVariables) {
    this.document = document;
    this.#variables = variables;
  }

  get root(): Members {
    return this.document.root;
  }

  warn(message: string): void {
    if (this.warnings.length < maxMessages) this.warnings.push(message);
  }

  fail(message: string): void {
    if (this.errors.length < maxMessages) this.errors.push(message);
  }

  /** Runs something and collects AWS's error, if any, with `what` in front. */
  attempt(what: string, run: () => void): void {
    try {
      run();
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      this.fail(`${what}: ${error.message}`);
    }
  }

  /** @throws AwsError BadRequestException if there are errors, or warnings count as errors. */
  finish(failOnWarnings: boolean): void {
    if (this.errors.length > 0) {
      throw badRequest(`Errors found during import:\n${this.errors.map((line) => `\t${line}`).join("\n")}`);
    }
    if (failOnWarnings && this.warnings.length > 0) {
      throw badRequest(`Warnings found during import:\n${this.warnings.map((line) => `\t${line}`).join("\n")}`);
    }
  }

  /** A JSON object, or what its `$ref` leads to; undefined for anything else and for references that lead nowhere. */
  object(value: unknown): Members | undefined {
    let at = value;
    for (let hop = 0; hop < maxHops; hop++) {
      if (!isObject(at)) return undefined;
      const reference = at["$ref"];
      if (typeof reference !== "string") return at;
      at = this.#at(reference);
    }
    return undefined;
  }

  #at(reference: string): unknown {
    if (!reference.startsWith("#/")) return undefined;
    let at: unknown = this.root;
    for (const segment of reference.slice(2).split("/")) {
      const name = percentDecoded(segment).replace(/~1/g, "/").replace(/~0/g, "~");
      if (typeof at !== "object" || at === null || !Object.hasOwn(at, name)) return undefined;
      at = (at as Members)[name];
    }
    return at;
  }

  /** A text with AWS's pseudo variables filled in; undefined for anything but a text, number or boolean. */
  text(value: unknown): string | undefined {
    if (typeof value === "number" || typeof value === "boolean") return String(value);
    if (typeof value !== "string") return undefined;
    if (!value.includes("${AWS::")) return value;
    return value
      .replaceAll("${AWS::Region}", this.#variables.region)
      .replaceAll("${AWS::Partition}", this.#variables.partition)
      .replaceAll("${AWS::AccountId}", this.#variables.account);
  }

  /**
   * The members of an object, or of what it refers to; none for anything else.
   * @throws AwsError if the document comes to too much.
   */
  entries(value: unknown): [string, unknown][] {
    const entries = Object.entries(this.object(value) ?? {});
    this.#spend(entries.length * memberCost);
    return entries;
  }

  #spend(cost: number): void {
    this.#result += cost;
    if (this.#result > maxResultCost) throw badRequest("Invalid OpenAPI input. The definition is too large.");
  }

  /** The texts of a map; others are left out. @param wrong called for each of those. */
  texts(value: unknown, wrong: (name: string, value: unknown) => void = () => {}): Record<string, string> {
    const entries = this.entries(value).flatMap(([name, item]) => {
      if (typeof item === "string") {
        this.#spend(name.length + item.length);
        return [[name, this.text(item) as string] as const];
      }
      wrong(name, item);
      return [];
    });
    return Object.fromEntries(entries);
  }
}

/** The items of a list that are texts. */
export function textsIn(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];
}
