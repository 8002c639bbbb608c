/** YAML in turns of the event loop: a document of some megabytes takes seconds. */

import type { CST } from "yaml";
import type { Turns } from "../engine/turns.ts";

/** What the lexer makes of a document, line breaks and indentations included; composing them is done in one go. */
const maxLexemes = 600_000;
const lexemesATurn = 256;
/** How many lists and maps may open in one another on a line. */
const deepest = 100;
/** How much aliases may make of a document. */
const maxAliases = 100;

export interface YamlDocument {
  readonly root: unknown;
  /** The text of a scalar as it is written; undefined where there is none. */
  source(path: readonly string[]): string | undefined;
}

/** The text is no YAML, or there is too much in it. */
export class UnreadableYaml extends Error {
  readonly hasTooMuch: boolean;

  constructor(hasTooMuch: boolean) {
    super("unreadable YAML");
    this.hasTooMuch = hasTooMuch;
  }
}

/** @throws UnreadableYaml */
export async function readYaml(text: string, turns: Turns): Promise<YamlDocument> {
  // A start need not read the library: most documents are JSON, and most runs see none.
  const { Composer, isScalar, Lexer, Parser } = await import("./yaml-library.ts");
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  const lexer = new Lexer().lex(text);
  let lexemes = 0;
  const depth = { brackets: 0, line: 0 };
  for (;;) {
    const { done, value: lexeme } = ofDocument(() => lexer.next());
    if (done === true) break;
    ofDocument(() => tokens.push(...parser.next(lexeme)));
    nest(depth, lexeme);
    if (++lexemes > maxLexemes || depth.brackets + depth.line > deepest) throw new UnreadableYaml(true);
    if (lexemes % lexemesATurn === 0) await turns.rest();
  }
  return ofDocument(() => {
    tokens.push(...parser.end());
    const composer = new Composer({ merge: true, uniqueKeys: false, logLevel: "silent" });
    const [document] = composer.compose(tokens, true, text.length);
    if (document === undefined || document.errors.length > 0) throw new UnreadableYaml(false);
    const root = document.toJS({ maxAliasCount: maxAliases }) as unknown;
    const source = (path: readonly string[]) => {
      const node = document.hasIn(path) ? document.getIn(path, true) : undefined;
      return isScalar(node) ? node.source : undefined;
    };
    return { root, source };
  });
}

/**
 * What the library makes of the document. It throws errors of all kinds: for aliases that multiply, merges of what is no
 * map, a stack that ended.
 */
function ofDocument<Result>(read: () => Result): Result {
  try {
    return read();
  } catch {
    throw new UnreadableYaml(false);
  }
}

/** Brackets stay open over lines; what begins items and keys counts on its line alone. */
function nest(depth: { brackets: number; line: number }, lexeme: string): void {
  if (lexeme === "[" || lexeme === "{") depth.brackets += 1;
  else if (lexeme === "]" || lexeme === "}") depth.brackets -= 1;
  else if (lexeme === "-" || lexeme === "?") depth.line += 1;
  else if (lexeme.startsWith("\n") || lexeme.startsWith("\r")) depth.line = 0;
}
