import { stackError } from "./budget.ts";
import { fail, JsonataError } from "./failure.ts";
import { addFilter, addFocus, addIndex, addSort, addStep, type Misplaced, markKeepArray, node } from "./nodes.ts";
import { parseSignature, type Signature } from "./signature.ts";
import type { Node, Pair, Path, SortTerm } from "./syntax.ts";
import { TokenStream } from "./token-stream.ts";
import type { Token } from "./tokens.ts";

/** Binding powers of infix operators. */
const binding = new Map<string, number>(
  Object.entries({
    ...{ ".": 75, "[": 80, "{": 70, "(": 80, "@": 80, "#": 80, "?": 20, "+": 50, "-": 50, "*": 60, "/": 60, "%": 60 },
    ...{ "=": 40, "<": 40, ">": 40, "^": 40, ":=": 10, "!=": 40, "<=": 40, ">=": 40, "~>": 40, "?:": 40 },
    ...{ "??": 40, and: 30, or: 25, in: 40, "&": 50 },
  }),
);
const negation = 70;

/** Most nested expressions, in parentheses or as operands: bounds the parser's recursion. */
const maxNesting = 300;

/**
 * Parses an expression to a tree with resolved paths, filters and parents, in linear time. Throws a JsonataError (S
 * codes, or the stack limit's).
 */
export function parse(text: string): Node {
  return new Parser(text).whole();
}

class Parser {
  readonly #tokens: TokenStream;
  /** Whether the text ended where an operand was expected. */
  #ended = false;
  #problem: JsonataError | undefined;
  #nesting = 0;
  #labels = 0;

  constructor(text: string) {
    this.#tokens = new TokenStream(text);
  }

  whole(): Node {
    const tree = this.#expression(0);
    if (this.#tokens.current.type !== "end") fail("S0201", { token: this.#tokens.shown() });
    if (this.#ended) fail("S0207");
    if (this.#problem) throw this.#problem;
    if (tree.type === "parent" || tree.unresolved) fail("S0217");
    return tree;
  }

  readonly #misplaced: Misplaced = (code, details) => {
    this.#problem ??= new JsonataError(code, details);
  };

  #expression(power: number): Node {
    if (++this.#nesting > maxNesting) throw stackError();
    // As in other implementations, a slash after a prefix operator is a division: `(/a/)` is not an expression.
    let left = this.#operand(this.#tokens.advance(false));
    while (this.#tokens.current.type === "operator" && power < (binding.get(this.#tokens.current.value) ?? 0)) {
      left = this.#operation(left, this.#tokens.advance());
    }
    this.#nesting--;
    return left;
  }

  #operand(token: Token): Node {
    const { position } = token;
    switch (token.type) {
      case "end":
        this.#ended = true;
        return node("end", position, [], {});
      case "name":
        return this.#name(token.value, position);
      case "variable":
        return node("variable", position, [], { name: token.value });
      case "string":
      case "number":
      case "value":
        return node("literal", position, [], { value: token.value });
      case "regex":
        return node("regex", position, [], { regex: token.value });
      case "operator":
        return this.#prefix(token.value, position);
    }
  }

  #name(value: string, position: number): Path {
    const step = node("name", position, [], { value });
    return node("path", position, [step], { steps: [step] });
  }

  #prefix(operator: string, position: number): Node {
    switch (operator) {
      case "and":
      case "or":
      case "in":
        return this.#name(operator, position);
      case "*":
        return node("wildcard", position, [], {});
      case "**":
        return node("descendant", position, [], {});
      case "%":
        return node("parent", position, [], { slot: { label: `%${this.#labels++}`, level: 1 } });
      case "-": {
        const operand = this.#expression(negation);
        if (operand.type !== "literal" || typeof operand.value !== "number") {
          return node("negation", position, [operand], { operand });
        }
        operand.value = -operand.value;
        return operand;
      }
      case "(":
        return this.#block(position);
      case "[":
        return this.#array(position);
      case "{":
        return this.#object(position);
      case "|":
        return this.#transform(position);
    }
    return fail("S0211", { token: operator });
  }

  #block(position: number): Node {
    const parts: Node[] = [];
    while (!this.#tokens.is(")")) {
      parts.push(this.#expression(0));
      if (!this.#tokens.skip(";")) break;
    }
    this.#tokens.expect(")", false);
    const block = node("block", position, parts, { parts });
    if (parts.some((part) => part.constructs || (part.type === "path" && part.steps[0]!.constructs)))
      block.constructs = true;
    return block;
  }

  #array(position: number): Node {
    const items: Node[] = [];
    if (!this.#tokens.is("]")) {
      do {
        const left = this.#expression(0);
        const at = this.#tokens.current.position;
        if (this.#tokens.skip("..")) {
          const right = this.#expression(0);
          items.push(node("binary", at, [left, right], { operator: "..", left, right }));
        } else items.push(left);
      } while (this.#tokens.skip(","));
    }
    this.#tokens.expect("]", false);
    return node("array", position, items, { items });
  }

  #pairs(): Pair[] {
    const pairs: Pair[] = [];
    if (!this.#tokens.is("}")) {
      do {
        const key = this.#expression(0);
        this.#tokens.expect(":");
        pairs.push([key, this.#expression(0)]);
      } while (this.#tokens.skip(","));
    }
    this.#tokens.expect("}", false);
    return pairs;
  }

  #object(position: number): Node {
    const pairs = this.#pairs();
    return node("object", position, pairs.flat(), { pairs });
  }

  #transform(position: number): Node {
    const pattern = this.#expression(0);
    this.#tokens.expect("|");
    const update = this.#expression(0);
    const removal = this.#tokens.skip(",") ? this.#expression(0) : undefined;
    this.#tokens.expect("|", false);
    return node("transform", position, [pattern, update, removal], { pattern, update, removal });
  }

  #operation(left: Node, token: Token): Node {
    const operator = token.value as string;
    const { position } = token;
    switch (operator) {
      case ".":
        return addStep(left, this.#expression(75), this.#misplaced);
      case "[":
        return this.#predicate(left);
      case "{": {
        if (left.group) this.#misplaced("S0210");
        const pairs = this.#pairs();
        left.group = pairs;
        for (const part of pairs.flat()) left.depth = Math.max(left.depth, part.depth + 1);
        return left;
      }
      case "(":
        return this.#call(left, position);
      case "^":
        return addSort(left, this.#sortTerms(), position);
      case ":=": {
        if (left.type !== "variable" || left.predicates || left.group) fail("S0212");
        const value = this.#expression(9);
        return node("bind", position, [value], { name: left.name, value });
      }
      case "@":
      case "#":
        return operator === "@"
          ? addFocus(left, this.#expression(80), this.#misplaced)
          : addIndex(left, this.#expression(80));
      case "?": {
        const yes = this.#expression(0);
        const no = this.#tokens.skip(":") ? this.#expression(0) : undefined;
        return node("condition", position, [left, yes, no], { condition: left, yes, no });
      }
      case "?:":
      case "??": {
        const otherwise = this.#expression(0);
        const truthy = operator === "?:";
        return node("default", position, [left, otherwise], { truthy, value: left, otherwise });
      }
      case "~>": {
        const right = this.#expression(40);
        const made = node("apply", position, [left, right], { left, right });
        if (left.keepArray || right.keepArray) made.keepArray = true;
        return made;
      }
    }
    const right = this.#expression(binding.get(operator)!);
    return node("binary", position, [left, right], { operator, left, right });
  }

  #predicate(left: Node): Node {
    if (this.#tokens.is("]")) {
      this.#tokens.advance(false);
      return markKeepArray(left);
    }
    const expression = this.#expression(0);
    this.#tokens.expect("]", false);
    return addFilter(left, expression, this.#misplaced);
  }

  #sortTerms(): SortTerm[] {
    this.#tokens.expect("(");
    const terms: SortTerm[] = [];
    do {
      const descending = this.#tokens.skip(">");
      if (!descending) this.#tokens.skip("<");
      terms.push({ descending, expression: this.#expression(0) });
    } while (this.#tokens.skip(","));
    this.#tokens.expect(")", false);
    return terms;
  }

  #call(procedure: Node, position: number): Node {
    const args: Node[] = [];
    let partial = false;
    if (!this.#tokens.is(")")) {
      do {
        const at = this.#tokens.current.position;
        if (this.#tokens.skip("?")) {
          partial = true;
          args.push(node("placeholder", at, [], {}));
        } else args.push(this.#expression(0));
      } while (this.#tokens.skip(","));
    }
    this.#tokens.expect(")", false);
    if (isFunctionKeyword(procedure)) return this.#lambda(args, position);
    const made = node(partial ? "partial" : "call", position, args, { procedure, args });
    made.depth = Math.max(made.depth, procedure.depth + 1);
    return made;
  }

  #lambda(args: Node[], position: number): Node {
    const parameters = args.map((arg, index) => {
      if (arg.type !== "variable") return fail("S0208", { value: index + 1 });
      return arg.name;
    });
    const signature = this.#tokens.is("<") ? this.#signature() : undefined;
    this.#tokens.expect("{");
    const body = this.#expression(0);
    this.#tokens.expect("}", false);
    return node("lambda", position, [body], { parameters, body, signature });
  }

  #signature(): Signature {
    let text = "<";
    for (let depth = 1; depth > 0; ) {
      this.#tokens.advance();
      if (this.#tokens.is("{") || this.#tokens.current.type === "end") break;
      if (this.#tokens.is(">")) depth--;
      else if (this.#tokens.is("<")) depth++;
      text += String(this.#tokens.current.type === "regex" ? "/" : this.#tokens.current.value);
    }
    this.#tokens.expect(">");
    return parseSignature(text);
  }
}

/** Whether a callee is `function` or `λ`, which are names anywhere else. */
function isFunctionKeyword(procedure: Node): boolean {
  if (procedure.type !== "path" || procedure.steps.length !== 1) return false;
  const step = procedure.steps[0]!;
  return step.type === "name" && !step.stages && (step.value === "function" || step.value === "λ");
}
