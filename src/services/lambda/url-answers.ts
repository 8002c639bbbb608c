/** The answer to a client of a function URL, built from what the function returned. */
import { isObject, numberOf } from "../../../protocols/unknown-json.ts";
import { isHeaderName } from "../../apis/request-headers.ts";
import { headedStreamType, StreamedHead } from "../../apis/streamed-head.ts";
import type { DoorAnswer } from "../../calls/door.ts";
import type { FunctionAnswer, ResponseSink } from "../../functions/types.ts";

export interface UrlAnswer {
  readonly status: number;
  /** Names and values in turn. */
  readonly fields: readonly string[];
  readonly body: string | Uint8Array;
}

/** Headers from CORS settings, some of which are merged with the function's. */
export type CorsFields = ReadonlyMap<string, string>;

const json = "application/json";

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

/** A streamed result for a URL that does not stream. */
function collectedAnswer({ payload, bytes, contentType = json }: FunctionAnswer, cors: CorsFields): UrlAnswer {
  const all = bytes === undefined ? Buffer.from(payload) : Buffer.from(bytes);
  if (contentType !== headedStreamType) {
    return { status: 200, fields: withCors(["Content-Type", contentType], cors), body: all };
  }
  const found = new StreamedHead().add(all);
  const head = found === undefined || found === "malformed" ? undefined : headOf(found.head);
  if (found === undefined || found === "malformed" || head === undefined) return badAnswer;
  return { ...head, fields: withCors(head.fields, cors), body: found.rest };
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
    if (isHeaderName(name)) fields.push(name, headerText(field));
  }
  if (!fields.some((name, at) => at % 2 === 0 && /^content-type$/i.test(name))) fields.push("Content-Type", json);
  for (const cookie of Array.isArray(cookies) ? cookies : []) fields.push("Set-Cookie", headerText(cookie));
  return { status, fields };
}

/** A value as a header; objects in Java's notation. */
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

/** Origin and credentials are added to the function's headers, exposed headers are merged. */
function withCors(fields: readonly string[], cors: CorsFields): string[] {
  const all = [...fields];
  for (const [name, value] of cors) {
    const at = all.findIndex((field, place) => place % 2 === 0 && field.toLowerCase() === name.toLowerCase());
    if (at !== -1 && name === "Access-Control-Expose-Headers") all[at + 1] = `${all[at + 1]},${value}`;
    else all.push(name, value);
  }
  return all;
}

/** Forwards a stream: first its head, if it has one, then the rest as it arrives. */
export class StreamedAnswer implements ResponseSink {
  readonly #answer: DoorAnswer;
  readonly #more: readonly string[];
  readonly #cors: CorsFields;
  #out: ReturnType<DoorAnswer["stream"]> | undefined;
  /** Undefined once it is complete, and for a stream without one. */
  #head: StreamedHead | undefined;

  constructor(answer: DoorAnswer, more: readonly string[], cors: CorsFields) {
    this.#answer = answer;
    this.#more = more;
    this.#cors = cors;
  }

  get hasBegun(): boolean {
    return this.#out !== undefined || this.#head !== undefined;
  }

  begin(contentType = "application/octet-stream"): void {
    if (contentType === headedStreamType) this.#head = new StreamedHead();
    else this.#open({ status: 200, fields: ["Content-Type", contentType] });
  }

  write(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#head === undefined) return this.#pass(bytes);
    const found = this.#head.add(bytes);
    if (found === undefined) return undefined;
    const head = found === "malformed" ? undefined : headOf(found.head);
    if (found === "malformed" || head === undefined) {
      this.#refuse();
      return undefined;
    }
    this.#head = undefined;
    this.#open(head);
    return this.#pass(found.rest);
  }

  end(): void {
    if (this.#head !== undefined) this.#refuse();
    this.#out?.end();
  }

  #open({ status, fields }: Pick<UrlAnswer, "status" | "fields">): void {
    this.#out = this.#answer.stream(status, [...withCors(fields, this.#cors), ...this.#more]);
    this.#out.on("error", () => {});
  }

  #refuse(): void {
    this.#head = undefined;
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
