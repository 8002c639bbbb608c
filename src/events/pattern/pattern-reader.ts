import type { Dialect } from "./dialect.ts";
import { ExactNumber, type LeafValue } from "./exact-number.ts";
import { JsonReader, type Token } from "./json-reader.ts";
import { JsonReadError } from "./json-scanner.ts";

/**
 * A pattern that AWS rejects. `message` is the reason with the position in the text, without any service's preamble.
 */
export class PatternError extends Error {}

/** The tokens of a pattern's text, its values, and AWS's errors, which name the current position. */
export class PatternReader {
  readonly dialect: Dialect;
  readonly #reader: JsonReader;

  constructor(text: string, dialect: Dialect) {
    this.#reader = new JsonReader(text);
    this.dialect = dialect;
  }

  next(): Token {
    return this.#reader.next();
  }

  text(): string {
    return this.#reader.text();
  }

  number(): number | ExactNumber {
    return this.#reader.number();
  }

  /** How many characters have been read. */
  get offset(): number {
    return this.#reader.offset;
  }

  /** The text read since `start`. */
  since(start: number): string {
    return this.#reader.source.slice(start, this.#reader.offset);
  }

  /** @param back how many characters before the current position. */
  refuse(reason: string, back = 0): never {
    throw new PatternError(`${reason}\n at ${this.#reader.location(back)}`);
  }

  /** In a list of operands AWS reports an error about an error: the position appears twice. */
  inList<Result>(read: () => Result): Result {
    try {
      return read();
    } catch (error) {
      if (error instanceof PatternError || error instanceof JsonReadError) return this.refuse(error.message);
      throw error;
    }
  }

  /** The value of the current token. */
  literal(token: Token): LeafValue {
    switch (token) {
      case "string":
        return this.text();
      case "number": {
        const value = this.number();
        this.inRange(value);
        return value;
      }
      case "true":
        return true;
      case "false":
        return false;
      case "null":
        return null;
      default:
        return this.refuse("Match value must be String, number, true, false, or null");
    }
  }

  /** Rejects a number that is out of the dialect's range. */
  inRange(value: number | ExactNumber): void {
    const limit = this.dialect.maxNumber;
    if (limit === Number.POSITIVE_INFINITY) return;
    if (Math.abs(Number(value instanceof ExactNumber ? value.text : value)) > limit) {
      this.refuse("Value must be between -1.0E9 and 1.0E9, inclusive");
    }
  }

  /** The next token, an operator's operand, which must be a text. */
  string(operator: string): string {
    if (this.next() !== "string") this.refuse(`${operator} match pattern must be a string`);
    return this.text();
  }
}
