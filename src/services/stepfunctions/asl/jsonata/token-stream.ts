import { fail } from "./failure.ts";
import { type Token, Tokenizer } from "./tokens.ts";

/** The tokens of an expression, of which the parser sees one at a time. */
export class TokenStream {
  readonly #tokens: Tokenizer;
  #current: Token;

  constructor(text: string) {
    this.#tokens = new Tokenizer(text);
    this.#current = this.#tokens.next(true);
  }

  get current(): Token {
    return this.#current;
  }

  /** Whether the current token is this operator. */
  is(operator: string): boolean {
    return this.#current.type === "operator" && this.#current.value === operator;
  }

  /** Moves on and returns the token before. `operand`: an operand may follow. */
  advance(operand = true): Token {
    const token = this.#current;
    this.#current = this.#tokens.next(operand);
    return token;
  }

  /** Skips an operator if it is the current token. */
  skip(operator: string): boolean {
    if (!this.is(operator)) return false;
    this.advance();
    return true;
  }

  /** Skips an operator that must come here. Throws S0202 and S0203. */
  expect(operator: string, operand = true): void {
    if (!this.is(operator)) {
      if (this.#current.type === "end") fail("S0203", { value: operator, token: "(end)" });
      fail("S0202", { value: operator, token: this.shown() });
    }
    this.advance(operand);
  }

  /** The current token's value, as messages show it. */
  shown(): unknown {
    return this.#current.type === "regex" ? {} : this.#current.value;
  }
}
