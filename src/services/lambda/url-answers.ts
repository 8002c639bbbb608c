/** What a client of a function URL gets for what the function gave. */
import { isObject, jsonObject, numberOf } from "../../../protocols/unknown-json.ts";
import type { DoorAnswer } from "../../calls/door.ts";
import type { FunctionAnswer, ResponseSink } from "../../functions/types.ts";

export interface UrlAnswer {
  readonly status: number;
  /** Names and values in turn. */
  readonly fields: readonly string[];
  readonly body: string | Uint8Array;
}

/** Headers that CORS settings add, some of which join what the function sends. */
export type CorsFields = ReadonlyMap<string, string>;

const json = "application/json";
const preludeType = "application/vnd.awslambda.http-integration-response";
/** Between the prelude of a stream and its bytes. */
const divider = Buffer.alloc(8);
const maxPreludeBytes = 64 * 1024;

const badAnswer: UrlAnswer = { status: 502, fields: ["Content-Type", json], body: "Internal Server Error" };

export function answerOf(given: FunctionAnswer, cors: CorsFields): UrlAnswer {
  if (given.functionError !== undefined) return badAnswer;
  if (given.contentType !== undefined) return collectedAnswer(given, cors);
  let value: unknown;
  try {
    value = JSON.parse(given.payload);
  } catch {
    return badAnswer;
  }
  if (!isObject(value) || value["statusCode"] === undefined) {
    const body = typeof value === "string" ? value : JSON.stringify(value);
    return { status: 200, fields: withCors(["Content-Type", json], cors), body };
  }
  return shapedAnswer(value, cors);
}

/** What a function that streams gave to a URL that does not. */
function collectedAnswer({ payload, bytes, contentType = json }: FunctionAnswer, cors: CorsFields): UrlAnswer {
  const all = bytes === undefined ? Buffer.from(payload) : Buffer.from(bytes);
  if (contentType !== preludeType) {
    return { status: 200, fields: withCors(["Content-Type", contentType], cors), body: all };
  }
  const at = all.indexOf(divider);
  const prelude = at === -1 ? undefined : preludeOf(all.subarray(0, at));
  if (prelude === undefined) return badAnswer;
  return { ...prelude, fields: withCors(prelude.fields, cors), body: all.subarray(at + divider.length) };
}

function shapedAnswer(value: Readonly<Record<string, unknown>>, cors: CorsFields): UrlAnswer {
  const head = headOf(value);
  if (head === undefined) return badAnswer;
  const { body = "", isBase64Encoded } = value;
  const text = typeof body === "string" ? body : body === null ? "" : JSON.stringify(body);
  const bytes = isBase64Encoded === true ? Buffer.from(text, "base64") : text;
  return { status: head.status, fields: withCors(head.fields, cors), body: bytes };
}

/** Status and headers of `{statusCode, headers, cookies}`; undefined for an invalid status. */
function headOf(value: Readonly<Record<string, unknown>>): Pick<UrlAnswer, "status" | "fields"> | undefined {
  const { statusCode = 200, headers, cookies } = value;
  const status = numberOf(statusCode);
  if (!Number.isInteger(status) || status < 100 || status > 599) return undefined;
  const fields: string[] = [];
  for (const [name, field] of Object.entries(isObject(headers) ? headers : {})) {
    if (/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) fields.push(name, headerText(field));
  }
  if (!fields.some((name, at) => at % 2 === 0 && /^content-type$/i.test(name))) fields.push("Content-Type", json);
  for (const cookie of Array.isArray(cookies) ? cookies : []) fields.push("Set-Cookie", headerText(cookie));
  return { status, fields };
}

/** A value as a header; objects as Java prints them. */
function headerText(value: unknown): string {
  const text = isObject(value)
    ? `{${Object.entries(value)
        .map(([key, item]) => `${key}=${headerText(item)}`)
        .join(", ")}}`
    : Array.isArray(value)
      ? `[${value.map(headerText).join(", ")}]`
      : typeof value === "string"
        ? value
        : (JSON.stringify(value) ?? "");
  return text.replace(/[^\t\u0020-\u007e\u0080-\u00ff]/g, " ");
}

function preludeOf(bytes: Buffer): Pick<UrlAnswer, "status" | "fields"> | undefined {
  const value = jsonObject(bytes.toString());
  return value === undefined ? undefined : headOf(value);
}

/** Origin and credentials come beside the function's own, exposed headers join its line. */
function withCors(fields: readonly string[], cors: CorsFields): string[] {
  const all = [...fields];
  for (const [name, value] of cors) {
    const at = all.findIndex((field, place) => place % 2 === 0 && field.toLowerCase() === name.toLowerCase());
    if (at !== -1 && name === "Access-Control-Expose-Headers") all[at + 1] = `${all[at + 1]},${value}`;
    else all.push(name, value);
  }
  return all;
}

/** Passes a stream on: its prelude is the head, where it has one, and the rest comes as it comes. */
export class StreamedAnswer implements ResponseSink {
  readonly #answer: DoorAnswer;
  readonly #more: readonly string[];
  readonly #cors: CorsFields;
  #out: ReturnType<DoorAnswer["stream"]> | undefined;
  /** What has come of a prelude. */
  #prelude: Buffer | undefined;

  constructor(answer: DoorAnswer, more: readonly string[], cors: CorsFields) {
    this.#answer = answer;
    this.#more = more;
    this.#cors = cors;
  }

  get hasBegun(): boolean {
    return this.#out !== undefined || this.#prelude !== undefined;
  }

  begin(contentType = "application/octet-stream"): void {
    if (contentType === preludeType) this.#prelude = Buffer.alloc(0);
    else this.#open({ status: 200, fields: ["Content-Type", contentType] });
  }

  write(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#prelude === undefined) return this.#pass(bytes);
    const all = Buffer.concat([this.#prelude, bytes]);
    this.#prelude = all;
    const at = all.indexOf(divider);
    if (at === -1) {
      if (all.length > maxPreludeBytes) this.#refuse();
      return undefined;
    }
    this.#prelude = undefined;
    const head = preludeOf(all.subarray(0, at));
    if (head === undefined) {
      this.#refuse();
      return undefined;
    }
    this.#open(head);
    return this.#pass(all.subarray(at + divider.length));
  }

  end(): void {
    if (this.#prelude !== undefined) this.#refuse();
    this.#out?.end();
  }

  #open({ status, fields }: Pick<UrlAnswer, "status" | "fields">): void {
    this.#out = this.#answer.stream(status, [...withCors(fields, this.#cors), ...this.#more]);
    this.#out.on("error", () => {});
  }

  #refuse(): void {
    this.#prelude = undefined;
    if (this.#out === undefined) this.#open(badAnswer);
    this.#out?.end("Internal Server Error");
  }

  #pass(bytes: Uint8Array): Promise<void> | undefined {
    const out = this.#out;
    if (out === undefined || out.destroyed || out.writableEnded || bytes.length === 0 || out.write(bytes)) {
      return undefined;
    }
    return new Promise((resolve) => {
      out.once("drain", resolve);
      out.once("close", resolve);
    });
  }
}
