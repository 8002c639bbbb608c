/** Reads YAML in turns of the event loop, since a document of a few megabytes takes seconds. */

import type { CST } from "yaml";
import type { Turns } from "../engine/turns.ts";

/** Lexemes of a document, line breaks and indentation included; composing them is done in one go. */
const maxLexemes = 600_000;
const lexemesATurn = 256;
/** How deeply lists and maps may be nested. */
const maxDepth = 100;
/** How many nodes the aliases of a document may multiply to. */
const maxAliases = 100;

export interface YamlDocument {
  readonly root: unknown;
  /** A scalar's text as it is written; undefined if there is no scalar. */
  source(path: readonly string[]): string | undefined;
}

/** The text is not YAML, or there is too much of it. */
export class UnreadableYaml extends Error {
  readonly isTooLarge: boolean;

  constructor(isTooLarge: boolean) {
    super("unreadable YAML");
    this.isTooLarge = isTooLarge;
  }
}

/** @throws UnreadableYaml */
export async function readYaml(text: string, turns: Turns): Promise<YamlDocument> {
  // Loaded when first used: most documents are JSON, and most runs read none.
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
    if (++lexemes > maxLexemes || depth.brackets + depth.line > maxDepth) throw new UnreadableYaml(true);
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
 * Runs the library, which throws errors of all kinds: too many aliases, a merge of something that is not a map, stack
 * overflow.
 */
function ofDocument<Result>(read: () => Result): Result {
  try {
    return read();
  } catch {
    throw new UnreadableYaml(false);
  }
}

/** Brackets stay open across lines; the marks of items and keys count for their line only. */
function nest(depth: { brackets: number; line: number }, lexeme: string): void {
  if (lexeme === "[" || lexeme === "{") depth.brackets += 1;
  else if (lexeme === "]" || lexeme === "}") depth.brackets -= 1;
  else if (lexeme === "-" || lexeme === "?") depth.line += 1;
  else if (lexeme.startsWith("\n") || lexeme.startsWith("\r")) depth.line = 0;
}
