/** Reads templates of Velocity 1.7, whose rules for blanks, escapes and names it follows. */
import { ExpressionParser } from "./expression-parser.ts";
import { type Block, type Branch, type Macro, type Node, type Reference, TemplateError } from "./syntax.ts";

const maxDepth = 200;

/** Words that stand for directives; any other `#word` is text unless a macro has the name. */
const directives = new Set([
  "set",
  "if",
  "else",
  "elseif",
  "end",
  "foreach",
  "break",
  "stop",
  "macro",
  "define",
  "evaluate",
  "parse",
  "include",
]);

/** Parses a template. @throws TemplateError */
export function parseTemplate(text: string): Block {
  return new TemplateParser(text, new Map(), 0).whole();
}

class TemplateParser extends ExpressionParser {
  readonly #macros: Map<string, Macro>;
  #depth: number;

  constructor(text: string, macros: Map<string, Macro>, depth: number) {
    super(text);
    this.#macros = macros;
    this.#depth = depth;
    // A macro may be called before it is defined.
    if (depth === 0) {
      for (const [, name = ""] of text.matchAll(/#macro[ \t]*\(\s*([A-Za-z][A-Za-z0-9_-]*)/g)) {
        macros.set(name, { name, parameters: [], body: [] });
      }
    }
    if (depth > maxDepth) throw new TemplateError("The template is nested too deeply");
  }

  whole(): Block {
    const { body, end } = this.#block();
    if (end !== undefined) throw this.failure(`#${end} closes nothing`);
    return body;
  }

  protected override interpolated(text: string): Block {
    return new TemplateParser(text, this.#macros, this.#depth + 1).whole();
  }

  /** Reads up to the end of the text or to an `#end`, `#else` or `#elseif`, which it consumes and names. */
  #block(): { body: Block; end: "end" | "else" | "elseif" | undefined } {
    if (++this.#depth > maxDepth) throw this.failure("The template is nested too deeply");
    const body: Node[] = [];
    let text = "";
    const flush = () => {
      if (text !== "") body.push({ kind: "text", text });
      text = "";
    };
    while (this.at < this.text.length) {
      // A #set swallows the blanks before it, unless they follow other text.
      if (text === "") this.skip(/[ \t]+(?=#(?:set|\{set\})[ \t]*\()/y);
      const character = this.text[this.at]!;
      if (character === "$") {
        const reference = this.reference(0);
        if (reference === undefined) {
          text += "$";
          this.at++;
          continue;
        }
        flush();
        body.push(reference);
      } else if (character === "#") {
        const literal = this.#comment();
        if (literal !== undefined) {
          text += literal;
          continue;
        }
        const word = this.#word();
        if (word === undefined) {
          text += "#";
          this.at++;
          continue;
        }
        if (word.name === "end" || word.name === "else" || word.name === "elseif") {
          flush();
          this.at = word.after;
          if (word.name !== "elseif") this.#endOfDirective();
          this.#depth--;
          return { body, end: word.name };
        }
        const start = this.at;
        this.at = word.after;
        const node = word.body ? this.#bodyCall(word.name) : this.#directive(word.name);
        if (node === undefined) {
          this.at = start + 1;
          text += "#";
          continue;
        }
        flush();
        if (node !== "nothing") body.push(node);
      } else if (character === "\\") {
        const escaped = this.#escape();
        if (typeof escaped === "string") text += escaped;
        else {
          flush();
          body.push(escaped);
        }
      } else {
        const next = this.take(/[^$#\\]+/y)!;
        text += next;
      }
    }
    flush();
    this.#depth--;
    return { body, end: undefined };
  }

  /** A run of backslashes: text, or the start of a reference, which then counts them. */
  #escape(): string | Reference {
    const slashes = this.take(/\\+/y)!.length;
    const after = this.text[this.at];
    if (after === "$") return this.reference(slashes) ?? "\\".repeat(slashes);
    if (after !== "#") return "\\".repeat(slashes);
    const word = this.#word();
    if (word === undefined || !(directives.has(word.name) || this.#macros.has(word.name))) return "\\".repeat(slashes);
    if (slashes % 2 === 0) return "\\".repeat(slashes / 2);
    const source = this.text.slice(this.at, word.after);
    this.at = word.after;
    return "\\".repeat((slashes - 1) / 2) + source;
  }

  /** Skips a comment and returns "", or reads `#[[ … ]]#` and returns its content; undefined if there is neither. */
  #comment(): string | undefined {
    if (this.take(/##[^\r\n]*(?:\r\n|\n|\r)?/y) !== undefined) return "";
    if (this.text.startsWith("#*", this.at)) {
      const end = this.text.indexOf("*#", this.at + 2);
      if (end < 0) throw this.failure("A comment is not closed");
      this.at = end + 2;
      return "";
    }
    if (!this.text.startsWith("#[[", this.at)) return undefined;
    const end = this.text.indexOf("]]#", this.at + 3);
    if (end < 0) throw this.failure("#[[ is not closed");
    const literal = this.text.slice(this.at + 3, end);
    this.at = end + 3;
    return literal;
  }

  #word(): { name: string; after: number; body: boolean } | undefined {
    const match = this.match(/#(@?)(?:\{([A-Za-z][A-Za-z0-9_-]*)\}|([A-Za-z][A-Za-z0-9_]*))/y);
    if (match === null) return undefined;
    return { name: (match[2] ?? match[3])!, after: this.at + match[0].length, body: match[1] === "@" };
  }

  /** Parses a directive whose word has been read; undefined if the word is plain text. */
  #directive(name: string): Node | "nothing" | undefined {
    switch (name) {
      case "set": {
        this.#open(name);
        const target = this.reference(0);
        if (target === undefined || target.steps.at(-1)?.kind === "method") throw this.failure("#set has no variable");
        this.blanks();
        this.expect("=");
        const value = this.expression();
        this.#close();
        return { kind: "set", target, value };
      }
      case "if":
        return this.#if();
      case "foreach": {
        this.#open(name);
        const variable = this.reference(0);
        if (variable === undefined || variable.steps.length > 0) throw this.failure("#foreach has no variable");
        this.blanks();
        if (this.take(/in\b/y) === undefined) throw this.failure("#foreach has no 'in'");
        this.blanks();
        const items = this.primary();
        this.#close();
        return { kind: "foreach", variable: variable.name, items, body: this.#body("foreach") };
      }
      case "break":
        this.#endOfDirective();
        return { kind: "break" };
      case "stop":
        return { kind: "stop" };
      case "define": {
        this.#open(name);
        const variable = this.reference(0);
        if (variable === undefined || variable.steps.length > 0) throw this.failure("#define has no variable");
        this.#close();
        return { kind: "define", name: variable.name, body: this.#body("define") };
      }
      case "evaluate": {
        this.#open(name);
        const text = this.primary();
        this.#close();
        return { kind: "evaluate", text };
      }
      case "parse":
      case "include":
        throw this.failure(`#${name} has no files to read`);
      case "macro":
        return this.#macro();
      default: {
        const macro = this.#macros.get(name);
        if (macro === undefined) return undefined;
        const hasArguments = this.match(/[ \t]*\(/y) !== null;
        return { kind: "call", macro, args: hasArguments ? this.#arguments() : [], body: undefined };
      }
    }
  }

  #bodyCall(name: string): Node | undefined {
    const macro = this.#macros.get(name);
    if (macro === undefined || this.match(/[ \t]*\(/y) === null) return undefined;
    const args = this.#arguments();
    return { kind: "call", macro, args, body: this.#body(`@${name}`) };
  }

  #if(): Node {
    const branches: Branch[] = [];
    for (;;) {
      this.#open("if");
      const condition = this.expression();
      this.#close();
      const { body, end } = this.#block();
      branches.push({ condition, body });
      if (end === "elseif") continue;
      if (end === undefined) throw this.failure("#if has no #end");
      return { kind: "if", branches, otherwise: end === "else" ? this.#body("else") : undefined };
    }
  }

  #macro(): "nothing" {
    this.#open("macro");
    const name = this.take(/[A-Za-z][A-Za-z0-9_-]*/y);
    if (name === undefined || directives.has(name)) throw this.failure("#macro has no name of its own");
    const parameters: string[] = [];
    for (;;) {
      this.skip(/[\s,]+/y);
      if (this.text[this.at] === ")") break;
      const parameter = this.reference(0);
      if (parameter === undefined) throw this.failure(`The parameters of #${name} are not all variables`);
      parameters.push(parameter.name);
    }
    this.#close();
    const macro: Macro = this.#macros.get(name) ?? { name, parameters, body: [] };
    this.#macros.set(name, macro);
    macro.parameters = parameters;
    macro.body = this.#body("macro");
    return "nothing";
  }

  #arguments(): ReturnType<ExpressionParser["primary"]>[] {
    this.#open("macro call");
    const args = [];
    for (;;) {
      this.skip(/[\s,]+/y);
      if (this.text[this.at] === ")") break;
      args.push(this.primary());
    }
    this.#close();
    return args;
  }

  #body(of: string): Block {
    const { body, end } = this.#block();
    if (end !== "end") throw this.failure(`#${of} has no #end`);
    return body;
  }

  #open(directive: string): void {
    this.skip(/[ \t]+/y);
    if (this.text[this.at] !== "(") throw this.failure(`#${directive} has no parentheses`);
    this.at++;
    this.blanks();
  }

  #close(): void {
    this.blanks();
    this.expect(")");
    this.#endOfDirective();
  }

  /** The line break right after a directive belongs to it. */
  #endOfDirective(): void {
    this.skip(/[ \t]*(?:\r\n|\n|\r)/y);
  }
}
