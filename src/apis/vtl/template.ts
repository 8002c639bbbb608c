/** Mapping templates of API Gateway: `$input`, `$util`, `$context` and `$stageVariables` around the engine. */
import { Budget } from "./budget.ts";
import { render } from "./evaluator.ts";
import { readPath } from "./json-path.ts";
import { JsonSyntaxError, readJson } from "./json-reader.ts";
import { parseTemplate } from "./parser.ts";
import { type Block, TemplateError } from "./syntax.ts";
import { HostObject, javaText, jsonText, type Key, type Value, VtlList, VtlMap } from "./values.ts";

/** The last value of each name. */
export interface TemplateParameters {
  readonly path: Readonly<Record<string, string>>;
  readonly querystring: Readonly<Record<string, string>>;
  readonly header: Readonly<Record<string, string>>;
}

export interface TemplateInput {
  /** The payload as text, in base64 if it is binary; empty if there is none. */
  readonly body: string;
  readonly params: TemplateParameters;
  /** `$context`: plain JSON values. */
  readonly context: object;
  readonly stageVariables: Readonly<Record<string, string>>;
  /** What earlier templates of the call have overridden; this one adds to it. */
  readonly overrides: Overrides;
}

/** What templates have set in `$context.requestOverride` and `$context.responseOverride`. */
export class Overrides {
  readonly header = new Map<string, Value>();
  readonly querystring = new Map<string, Value>();
  readonly path = new Map<string, Value>();
  readonly responseHeader = new Map<string, Value>();
  status: Value = null;
}

/** The payload is not JSON and the template asked for a part of it. Answered with 400. */
export class BodyNotJson extends Error {}

/** A template that is parsed once and rendered for each call. */
export class MappingTemplate {
  readonly #block: Block;
  /** The text it renders to if that is the same for every call, as for most templates of MOCK integrations. */
  readonly constant: string | undefined;

  /** @throws TemplateError for a text that is not a template */
  constructor(text: string) {
    this.#block = parseTemplate(text);
    const texts = this.#block.map((node) => (node.kind === "text" ? node.text : undefined));
    this.constant = texts.includes(undefined) ? undefined : texts.join("");
  }

  /** @throws TemplateError, BodyNotJson */
  render(input: TemplateInput): string {
    return this.constant ?? render(this.#block, new Variables(input));
  }
}

/** The variables of a rendering. Those that come with the call are made when a template first uses them. */
class Variables extends Map<string, Value> {
  readonly #input: TemplateInput;

  constructor(input: TemplateInput) {
    super();
    this.#input = input;
  }

  override get(name: string): Value | undefined {
    const value = super.get(name);
    if (value !== undefined) return value;
    const given = this.#given(name);
    if (given !== undefined) this.set(name, given);
    return given;
  }

  #given(name: string): Value | undefined {
    switch (name) {
      case "input":
        return inputObject(this.#input);
      case "util":
        return util;
      case "context":
        return contextObject(this.#input);
      case "stageVariables":
        return mapOf(this.#input.stageVariables);
      default:
        return undefined;
    }
  }
}

function inputObject(input: TemplateInput): HostObject {
  const { body } = input;
  // Paths have a budget of their own, since each may walk the whole document.
  const budget = new Budget();
  let document: Value | undefined;
  const at = (path: string): Value | undefined => {
    document ??= body === "" ? new VtlMap() : parsedBody(body);
    return readPath(document, path, budget);
  };
  let all: VtlMap | undefined;
  return new HostObject((name) => (name === "body" ? body : null), {
    getBody: () => body,
    path: ([path = null]) => at(pathText(path)) ?? null,
    json: ([path = null]) => {
      const value = at(pathText(path));
      const text = value === undefined ? '""' : jsonText(value);
      budget.text(text.length);
      return text;
    },
    params: ([name]) => {
      if (name === undefined) return (all ??= parametersMap(input.params));
      return parameter(input.params, name === null ? "" : javaText(name));
    },
  });
}

function parametersMap({ path, querystring, header }: TemplateParameters): VtlMap {
  return new VtlMap(
    new Map<Key, Value>([
      ["path", mapOf(path)],
      ["querystring", mapOf(querystring)],
      ["header", mapOf(header)],
    ]),
  );
}

/** The first found in path, query string and headers; the case of header names does not matter. */
function parameter(parameters: TemplateParameters, name: string): string {
  const { path, querystring } = parameters;
  if (Object.hasOwn(path, name)) return path[name] as string;
  if (Object.hasOwn(querystring, name)) return querystring[name] as string;
  const { header } = parameters;
  if (Object.hasOwn(header, name)) return header[name] as string;
  const lower = name.toLowerCase();
  for (const key of Object.keys(header)) if (key.toLowerCase() === lower) return header[key] as string;
  return "";
}

function pathText(path: Value): string {
  if (typeof path !== "string") throw new TemplateError("A JSONPath must be a string");
  return path;
}

function parsedBody(body: string): Value {
  try {
    return readJson(body);
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw new BodyNotJson(error.message);
    throw error;
  }
}

const util = new HostObject(() => null, {
  escapeJavaScript: ([text = null]) => (text === null ? null : escapeJavaScript(javaText(text))),
  parseJson: ([text = null]) => {
    if (text === null) return null;
    try {
      return readJson(javaText(text));
    } catch (error) {
      if (error instanceof JsonSyntaxError) throw new TemplateError(error.message);
      throw error;
    }
  },
  urlEncode: ([text = null]) => (text === null ? null : urlEncode(javaText(text))),
  urlDecode: ([text = null]) => (text === null ? null : urlDecode(javaText(text))),
  base64Encode: ([text = null]) => (text === null ? null : Buffer.from(javaText(text)).toString("base64")),
  base64Decode: ([text = null]) => (text === null ? null : Buffer.from(javaText(text), "base64").toString()),
});

const escapes: Readonly<Record<string, string>> = {
  "'": "\\'",
  '"': '\\"',
  "\\": "\\\\",
  "/": "\\/",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

function escapeJavaScript(text: string): string {
  return text.replace(
    /['"\\/\u0000-\u001f\u0080-\uffff]/g,
    (one) => escapes[one] ?? `\\u${one.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`,
  );
}

/** Java's form encoding: a blank is a plus sign, and `*-_.` stay. */
function urlEncode(text: string): string {
  // Java encodes half a surrogate pair as a question mark; few texts have any surrogates to look through.
  const paired = /[\ud800-\udfff]/.test(text) ? text.replace(/\p{Surrogate}/gu, "?") : text;
  return encodeURIComponent(paired)
    .replace(/[!'()~]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%20", "+");
}

function urlDecode(text: string): string {
  const bytes = Buffer.from(
    text.replaceAll("+", " ").replace(/%(?![0-9a-fA-F]{2})/g, () => {
      throw new TemplateError("A percent sign is not followed by two hex digits");
    }),
  );
  const decoded = Buffer.alloc(bytes.length);
  let length = 0;
  for (let at = 0; at < bytes.length; at++) {
    const escaped = bytes[at] === 0x25;
    decoded[length++] = escaped ? Number.parseInt(bytes.toString("latin1", at + 1, at + 3), 16) : bytes[at]!;
    if (escaped) at += 2;
  }
  return decoded.toString("utf8", 0, length);
}

function mapOf(record: Readonly<Record<string, string>>): VtlMap {
  return new VtlMap(new Map(Object.entries(record)));
}

/** A member becomes a template's value when it is first used. */
function contextObject(input: TemplateInput): HostObject {
  const { context } = input;
  const members = new Map<string, Value>();
  const member = (name: string): Value => {
    let value = members.get(name);
    if (value === undefined) members.set(name, (value = contextMember(name, context, input)));
    return value;
  };
  return new HostObject(member, {
    get: ([key = null]) => member(javaText(key)),
    put: ([key = null, value = null]) => {
      members.set(javaText(key), value);
      return null;
    },
  });
}

function contextMember(name: string, context: object, input: TemplateInput): Value {
  if (name === "requestOverride") {
    const { overrides } = input;
    const request = new Map<string, Value>([
      ["header", overrideMap(overrides.header)],
      ["querystring", overrideMap(overrides.querystring)],
      ["path", overrideMap(overrides.path)],
    ]);
    return new HostObject((part) => request.get(part) ?? null, {});
  }
  if (name === "responseOverride") {
    const { overrides } = input;
    const header = overrideMap(overrides.responseHeader);
    return new HostObject((part) => (part === "header" ? header : part === "status" ? overrides.status : null), {
      put: ([key = null, value = null]) => {
        if (key !== "status") return null;
        if (overrides.status !== null) throw new TemplateError("The status is overridden twice");
        overrides.status = value;
        return null;
      },
    });
  }
  const value: unknown = Object.hasOwn(context, name) ? (context as Record<string, unknown>)[name] : null;
  if (name === "authorizer" && typeof value === "object" && value !== null && "claims" in value) {
    // Claims can be read one by one; printed as a whole they are empty.
    const { claims, ...rest } = value;
    const object = valueOfJson(rest) as VtlMap;
    const each = valueOfJson(claims);
    const entries = each instanceof VtlMap ? each.entries : new Map<Key, Value>();
    object.entries.set(
      "claims",
      new HostObject((claim) => entries.get(claim) ?? null, {
        get: ([claim = null]) => entries.get(javaText(claim)) ?? null,
      }),
    );
    return object;
  }
  return valueOfJson(value);
}

/** A map of overrides, each of which may be set once. */
function overrideMap(map: Map<string, Value>): HostObject {
  return new HostObject((name) => map.get(name) ?? null, {
    get: ([key = null]) => map.get(javaText(key)) ?? null,
    put: ([key = null, value = null]) => {
      const name = javaText(key);
      if (map.has(name)) throw new TemplateError(`${name} is overridden twice`);
      map.set(name, value);
      return null;
    },
  });
}

function valueOfJson(json: unknown): Value {
  if (Array.isArray(json)) return new VtlList(json.map(valueOfJson), true);
  if (typeof json === "object" && json !== null) {
    return new VtlMap(new Map(Object.entries(json).map(([key, value]) => [key, valueOfJson(value)])));
  }
  if (typeof json === "number") return Number.isInteger(json) ? BigInt(json) : json;
  return typeof json === "string" || typeof json === "boolean" ? json : null;
}
