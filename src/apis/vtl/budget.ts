import { TemplateError } from "./syntax.ts";

/** AWS's limit for a payload, and so for any text a template makes. */
export const maxText = 10 * 1024 * 1024;

/**
 * What one rendering may cost. Every step, every character copied and every item made is paid for, so that a template
 * ends within about a second whatever it loops over.
 */
export class Budget {
  #steps = 2_000_000;
  #characters = 100_000_000;

  /** @throws TemplateError when it is used up */
  step(count = 1): void {
    if ((this.#steps -= count) < 0) throw new TemplateError("The template took too many steps");
  }

  /** Pays for a text before it is made. @throws TemplateError when it is too large */
  text(length: number): void {
    if (length > maxText || (this.#characters -= length) < 0)
      throw new TemplateError("The template made too much text");
  }
}
