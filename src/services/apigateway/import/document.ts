/** Parses OpenAPI documents: JSON or YAML, version 2 or 3. */
import { isObject, textOf } from "../../../../protocols/unknown-json.ts";
import { readYaml, UnreadableYaml } from "../../../apis/yaml.ts";
import type { Turns } from "../../../engine/turns.ts";
import { badRequest } from "../errors.ts";

/** AWS's limit for a definition. */
const maxDocumentBytes = 6 * 1024 * 1024;
/** Members and items of a whole document, with aliases expanded, and how deeply they may be nested. */
const maxNodes = 500_000;
const maxDepth = 100;

export type Members = Readonly<Record<string, unknown>>;

export interface OpenApiDocument {
  readonly version: 2 | 3;
  readonly root: Members;
  /** `info.version` as written: YAML would turn `1.0` into a number. */
  readonly infoVersion: string | undefined;
}

/** @throws AwsError BadRequestException if it is not a document, or too large. */
export async function readDocument(text: string, turns: Turns): Promise<OpenApiDocument> {
  const { root, infoVersion } = await parsed(text, turns);
  if (!isObject(root)) throw badRequest("Invalid OpenAPI input.");
  const version = textOf(root["openapi"] ?? root["swagger"] ?? "");
  const known = root["openapi"] === undefined ? 2 : 3;
  if (version !== `${known}` && !version.startsWith(`${known}.`))
    throw badRequest("Invalid specification version number");
  // AWS reads 2.0 and 3.0, and says no more than this of later versions.
  if (known === 3 && !/^3(\.0(\.|$)|$)/.test(version)) throw badRequest("Invalid OpenAPI input.");
  return { version: known, root, infoVersion };
}

interface Parsed {
  readonly root: unknown;
  readonly infoVersion: string | undefined;
}

/** JSON or YAML, whatever it says. @throws AwsError BadRequestException */
export async function parsed(text: string, turns: Turns): Promise<Parsed> {
  if (Buffer.byteLength(text) > maxDocumentBytes) {
    throw badRequest(`Invalid OpenAPI input. Documents may have at most ${maxDocumentBytes} bytes.`);
  }
  const trimmed = text.trim();
  if (trimmed === "") throw badRequest("Invalid OpenAPI input.");
  const document = parsedJson(trimmed) ?? (await parsedYaml(trimmed, turns));
  checkSize(document.root);
  return document;
}

function parsedJson(text: string): Parsed | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    const root: unknown = JSON.parse(text);
    const version = isObject(root) && isObject(root["info"]) ? root["info"]["version"] : undefined;
    return { root, infoVersion: version === undefined || version === null ? undefined : textOf(version) };
  } catch {
    // YAML maps may begin like this as well.
    return undefined;
  }
}

async function parsedYaml(text: string, turns: Turns): Promise<Parsed> {
  try {
    const { root, source } = await readYaml(text, turns);
    return { root, infoVersion: source(["info", "version"]) };
  } catch (error) {
    if (!(error instanceof UnreadableYaml)) throw error;
    const more = error.isTooLarge ? " The YAML document is too large; as JSON it may be larger." : "";
    throw badRequest(`Invalid OpenAPI input.${more}`);
  }
}

function checkSize(root: unknown): void {
  let nodes = 0;
  const open: (readonly [unknown, number])[] = [[root, 0]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [value, depth] = next;
    if (typeof value !== "object" || value === null) continue;
    if (depth > maxDepth) throw badRequest("Invalid OpenAPI input. The document is nested too deeply.");
    for (const item of Object.values(value) as unknown[]) {
      if (++nodes > maxNodes) throw badRequest("Invalid OpenAPI input. The document has too many members.");
      open.push([item, depth + 1]);
    }
  }
}
