/**
 * What others wrote is JSON of any kind: an object in it may have a member `toString` that is null, on which `String(x)`,
 * templates, sums and comparisons throw. TypeScript lets all of them have `unknown`, `any` and objects, so its types are
 * asked here: texts and numbers are made of primitives alone, of all else by protocols/unknown-json.ts.
 */
import { join, resolve } from "node:path";
import { type Node, SyntaxKind } from "typescript/unstable/ast";
import {
  isBinaryExpression,
  isCallExpression,
  isExpressionStatement,
  isIdentifier,
  isStringLiteral,
  isTemplateExpression,
} from "typescript/unstable/ast/is";
import { API, type Checker, type Type, TypeFlags } from "typescript/unstable/sync";
import { afterAll, beforeAll, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../..");
/**
 * The engine has rows and errors of our own, templates of VTL values that are classes of ours; the others are the reader
 * itself and encoders of answers.
 */
const exempt = /^src\/(engine|apis\/vtl)\/|^protocols\/(unknown-json|cbor-shape|json-shape|rest-json|schema)\.ts$/;
/** Texts that Busbar itself wrote, or of which a reader of its own has seen that they are a string. */
const ownTexts =
  /^src\/(engine\/lock|events\/pattern\/parse-event|apis\/vtl\/json-reader|services\/(eventbridge\/router|sns\/(notification|tables)|sqs\/(contents|permissions)|stepfunctions\/(asl\/json|executions\/histories)))\.ts$/;

const primitive =
  TypeFlags.StringLike |
  TypeFlags.NumberLike |
  TypeFlags.BigIntLike |
  TypeFlags.BooleanLike |
  TypeFlags.Undefined |
  TypeFlags.Null |
  TypeFlags.Void |
  TypeFlags.Never;
const sums = new Set([
  SyntaxKind.PlusToken,
  SyntaxKind.PlusEqualsToken,
  SyntaxKind.LessThanToken,
  SyntaxKind.LessThanEqualsToken,
  SyntaxKind.GreaterThanToken,
  SyntaxKind.GreaterThanEqualsToken,
]);

let api: API;
let checker: Checker;
/** Expressions that are made a text or a number, and calls of JSON.parse, by file. */
const converted: { file: string; node: Node }[] = [];
const parsed: { file: string; node: Node }[] = [];
const compared: string[] = [];

beforeAll(() => {
  api = new API({ cwd: root });
  const config = join(root, "tsconfig.build.json");
  const project = api.updateSnapshot({ openProject: config }).getProject(config);
  if (project === undefined) throw new Error("there is no project");
  checker = project.checker;
  for (const path of project.program.getSourceFileNames()) {
    const file = path.slice(root.length + 1);
    if (!/^(src|protocols)\//.test(file)) continue;
    const source = project.program.getSourceFile(path);
    if (source !== undefined) collect(file, source);
  }
  // The compiler reads the whole project.
}, 120_000);
afterAll(() => api.close());

function collect(file: string, node: Node): void {
  const add = (...nodes: (Node | undefined)[]) => {
    for (const each of nodes) if (each !== undefined && !exempt.test(file)) converted.push({ file, node: each });
  };
  if (isTemplateExpression(node)) add(...node.templateSpans.map(({ expression }) => expression));
  if (isCallExpression(node)) {
    const called = node.expression.getText();
    if (isIdentifier(node.expression) && /^(String|Number|BigInt)$/.test(called)) add(node.arguments[0]);
    // Where nothing is done with the value it is only asked whether the text is JSON.
    if (called === "JSON.parse" && !isExpressionStatement(node.parent)) parsed.push({ file, node });
  }
  if (isBinaryExpression(node)) {
    const operator = node.operatorToken.kind;
    if (sums.has(operator)) add(node.left, node.right);
    // A name of the user's would be found on prototypes: Object.hasOwn.
    if (operator === SyntaxKind.InKeyword && !isStringLiteral(node.left) && !exempt.test(file)) {
      compared.push(shown(file, node));
    }
  }
  node.forEachChild((child) => collect(file, child));
}

function shown(file: string, node: Node): string {
  return `${file}: ${node.getText()}`;
}

/** Whether a text or a number of it is what it seems: a primitive, a date, or a list of primitives such as a header. */
function isPlain(type: Type | undefined): boolean {
  if (type === undefined) return false;
  if (type.isUnionType()) return type.getTypes().every(isPlain);
  if (type.isIntersectionType()) return type.getTypes().some(isPlain);
  if ((type.flags & primitive) !== 0) return true;
  const name = checker.typeToString(type);
  if (/^(Date|(readonly )?(string|number)\[\])$/.test(name)) return true;
  const constraint = checker.getBaseConstraintOfType(type);
  return constraint !== undefined && constraint.id !== type.id && isPlain(constraint);
}

it("become texts and numbers through one reader", () => {
  expect(converted.length).toBeGreaterThan(1000);
  const types = checker.getTypeAtLocation(converted.map(({ node }) => node));
  const plain = new Map<number, boolean>();
  const wrong = converted.filter((_, at) => {
    const type = types[at];
    if (type === undefined) return true;
    if (!plain.has(type.id)) plain.set(type.id, isPlain(type));
    return !plain.get(type.id);
  });
  expect(wrong.map(({ file, node }) => shown(file, node))).toEqual([]);
});

it("are unknown when they come from JSON.parse, not whatever a cast says", () => {
  const cast = parsed.filter(({ file, node }) => {
    if (ownTexts.test(file)) return false;
    const type = checker.getContextualType(node as Parameters<Checker["getContextualType"]>[0]);
    return type === undefined || (type.flags & TypeFlags.Unknown) === 0;
  });
  expect(cast.map(({ file, node }) => shown(file, node))).toEqual([]);
});

it("are not looked for on prototypes", () => {
  expect(compared).toEqual([]);
});
