/** The tree of a template. A template is parsed once, when its API is deployed, and rendered for each call. */

export type Node =
  | { readonly kind: "text"; readonly text: string }
  | Reference
  | { readonly kind: "set"; readonly target: Reference; readonly value: Expression }
  | { readonly kind: "if"; readonly branches: readonly Branch[]; readonly otherwise: Block | undefined }
  | { readonly kind: "foreach"; readonly variable: string; readonly items: Expression; readonly body: Block }
  | { readonly kind: "break" }
  | { readonly kind: "stop" }
  | { readonly kind: "define"; readonly name: string; readonly body: Block }
  | { readonly kind: "evaluate"; readonly text: Expression }
  | {
      readonly kind: "call";
      readonly macro: Macro;
      readonly args: readonly Expression[];
      readonly body: Block | undefined;
    };

export type Block = readonly Node[];

export interface Branch {
  readonly condition: Expression;
  readonly body: Block;
}

export interface Macro {
  readonly name: string;
  /** Filled in when the definition is read: a macro may be called before that, and by itself. */
  parameters: readonly string[];
  body: Block;
}

export interface Reference {
  readonly kind: "reference";
  readonly name: string;
  readonly steps: readonly Step[];
  /** As written in the template, for printing its source. */
  readonly source: string;
  /** Backslashes before it: they stay as they are, or halve, depending on whether the reference has a value. */
  readonly backslashes: number;
}

export type Step =
  | { readonly kind: "property"; readonly name: string }
  | { readonly kind: "method"; readonly name: string; readonly args: readonly Expression[] }
  | { readonly kind: "index"; readonly index: Expression };

export type BinaryOperator = "||" | "&&" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "+" | "-" | "*" | "/" | "%";

export type Expression =
  | Reference
  | { readonly kind: "literal"; readonly value: string | number | bigint | boolean }
  /** A double-quoted string that holds references or directives. */
  | { readonly kind: "interpolated"; readonly body: Block }
  | { readonly kind: "list"; readonly items: readonly Expression[] }
  | { readonly kind: "range"; readonly first: Expression; readonly last: Expression }
  | { readonly kind: "map"; readonly entries: readonly (readonly [Expression, Expression])[] }
  | { readonly kind: "not"; readonly operand: Expression }
  | {
      readonly kind: "binary";
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    };

/** A template that cannot be parsed, or that fails while it is rendered. API Gateway answers such a call with its 500. */
export class TemplateError extends Error {}
