/** REST-JSON: members in labels, query, headers or payload by their HTTP traits, the rest in one JSON object. */
import { errorBody, parseBody } from "./aws-json.ts";
import { Blob64 } from "./blob.ts";
import { blobNames } from "./blob-names.ts";
import type { AwsError, ErrorSchema } from "./error.ts";
import { extendedRequestId } from "./error-body.ts";
import { eventStreamBody } from "./event-stream.ts";
import { parseQuery } from "./form.ts";
import { textDecoder, textEncoder } from "./http-bindings.ts";
import { jsonDecoder, jsonEncoder } from "./json-shape.ts";
import type { OperationCodec, Protocol, WireRequest, WireResponse } from "./protocol.ts";
import { isErrorShape, kindOf, type Member, membersOf, type OperationModel, type Shape, shapeOf } from "./schema.ts";
import { bytesOf, emptyMap, serializationError } from "./serialization.ts";
import { matchTemplate, parseTemplate, splitPath } from "./uri-template.ts";
import type { Constraints } from "./validate.ts";

export const restJson1: Protocol = { name: "restJson1", compile, encodeError };

const moreHeaders = Symbol("headers beside the model's");

/** An output with headers that its model does not know. */
export function withHeaders<Output extends object>(output: Output, headers: Readonly<Record<string, string>>): Output {
  return { ...output, [moreHeaders]: headers };
}

interface HttpTraits {
  readonly httpLabel?: 1;
  readonly httpQuery?: string;
  readonly httpQueryParams?: 1;
  readonly httpHeader?: string;
  readonly httpPrefixHeaders?: string;
  readonly httpPayload?: 1;
  readonly httpResponseCode?: 1;
  readonly streaming?: 1;
  readonly eventPayload?: 1;
}

/** Where one member of the input is read from; sets it on the result when it is there. */
type Reader = (source: Source, result: Record<string, unknown>) => void;
/** Writes one member of the output to the headers. */
type HeaderWriter = (output: Readonly<Record<string, unknown>>, headers: Record<string, string>) => void;

interface Source {
  readonly request: WireRequest;
  readonly labels: Readonly<Record<string, string>>;
  readonly query: ReadonlyMap<string, readonly string[]>;
}

function traitsOf(shape: Shape): HttpTraits {
  return shape.getMergedTraits() as HttpTraits;
}

function isBound(shape: Shape): boolean {
  const traits = traitsOf(shape);
  return Boolean(
    traits.httpLabel ||
      traits.httpQuery ||
      traits.httpQueryParams ||
      traits.httpHeader ||
      traits.httpPrefixHeaders !== undefined ||
      traits.httpPayload ||
      traits.httpResponseCode,
  );
}

function isInHeaders(shape: Shape): boolean {
  const { httpHeader, httpPrefixHeaders } = traitsOf(shape);
  return httpHeader !== undefined || httpPrefixHeaders !== undefined;
}

/** In an answer the traits of requests mean nothing: `position` is a query parameter there and a member of the body here. */
function isBoundInAnswer(shape: Shape): boolean {
  const traits = traitsOf(shape);
  return Boolean(
    traits.httpHeader || traits.httpPrefixHeaders !== undefined || traits.httpPayload || traits.httpResponseCode,
  );
}

function compile({ input, output, http, service }: OperationModel): OperationCodec {
  const { constraints } = service;
  const template = parseTemplate(http?.uri ?? "/");
  const readers = readersOf(input, constraints);
  const readsHeaders = !input.isUnitSchema() && membersOf(input, constraints).some(({ shape }) => isInHeaders(shape));
  const write = outputWriter(output, constraints, http?.status ?? 200);
  return {
    readsHeaders,
    decode(request) {
      const source: Source = {
        request,
        labels: matchTemplate(template, splitPath(request.path)) ?? {},
        query: queryOf(request.query),
      };
      const result: Record<string, unknown> = {};
      for (const read of readers) read(source, result);
      return result;
    },
    encode(value, requestId) {
      const headers: Record<string, string> = { "x-amzn-RequestId": requestId };
      if (service.extendedRequestId) headers["x-amz-id-2"] = extendedRequestId(requestId);
      return write((value ?? {}) as Record<string, unknown>, headers);
    },
  };
}

function queryOf(text: string): ReadonlyMap<string, readonly string[]> {
  const query = new Map<string, string[]>();
  parseQuery(text, (name, value) => {
    const values = query.get(name);
    if (values === undefined) query.set(name, [value]);
    else values.push(value);
  });
  return query;
}

function readersOf(input: Shape, constraints: Constraints): Reader[] {
  if (input.isUnitSchema()) return [];
  const members = membersOf(input, constraints);
  const bound = members.filter(({ shape }) => isBound(shape));
  const readers = bound.map((member) => readerOf(member, constraints));
  if (bound.length < members.length) {
    const without = new Set(bound.map(({ name }) => name));
    const decode = jsonDecoder(input, { constraints, jsonName: true, without });
    const blobs = blobNames(input);
    readers.push(({ request }, result) => Object.assign(result, decode(parseBody(request, blobs))));
  }
  return readers;
}

function readerOf({ name, shape, facts }: Member, constraints: Constraints): Reader {
  const traits = traitsOf(shape);
  if (traits.httpLabel) {
    const decode = textDecoder(shape, facts, "date-time");
    return ({ labels }, result) => {
      const text = labels[name];
      if (text !== undefined) result[name] = decode(percentDecoded(text));
    };
  }
  if (traits.httpQuery !== undefined) return queryReader(name, shape, traits.httpQuery, facts);
  if (traits.httpQueryParams) return ({ query }, result) => void (result[name] = queryParameters(shape, query));
  if (traits.httpHeader !== undefined) {
    const wire = traits.httpHeader.toLowerCase();
    const list = shape.isListSchema();
    const decode = textDecoder(list ? shape.getValueSchema() : shape, list ? facts?.item : facts, "http-date");
    return ({ request }, result) => {
      const text = headerText(request, wire);
      if (text === undefined) return;
      result[name] = list ? text.split(",").map((item) => decode(item.trim())) : decode(text);
    };
  }
  if (traits.httpPrefixHeaders !== undefined) return prefixReader(name, traits.httpPrefixHeaders.toLowerCase());
  return payloadReader(name, shape, constraints);
}

function queryReader(name: string, shape: Shape, wire: string, facts: Member["facts"]): Reader {
  if (!shape.isListSchema()) {
    const decode = textDecoder(shape, facts, "date-time");
    return ({ query }, result) => {
      const text = query.get(wire)?.[0];
      if (text !== undefined) result[name] = decode(text);
    };
  }
  const decode = textDecoder(shape.getValueSchema(), facts?.item, "date-time");
  return ({ query }, result) => {
    const texts = query.get(wire);
    if (texts !== undefined) result[name] = texts.map(decode);
  };
}

function queryParameters(shape: Shape, query: Source["query"]): Record<string, unknown> {
  const lists = shape.getValueSchema().isListSchema();
  const result = emptyMap<unknown>();
  for (const [key, values] of query) result[key] = lists ? values : values[0];
  return result;
}

function prefixReader(name: string, prefix: string): Reader {
  return ({ request }, result) => {
    const found = emptyMap<string>();
    for (const header of Object.keys(request.headers)) {
      const text = header.startsWith(prefix) ? headerText(request, header) : undefined;
      if (text !== undefined) found[header.slice(prefix.length)] = text;
    }
    result[name] = found;
  };
}

function payloadReader(name: string, shape: Shape, constraints: Constraints): Reader {
  switch (kindOf(shape)) {
    case "blob":
      return ({ request }, result) => void (result[name] = Blob64.fromBytes(request.body));
    case "string":
      return ({ request }, result) => void (result[name] = request.body.toString());
    default: {
      const decode = jsonDecoder(shape, { constraints, jsonName: true });
      const blobs = blobNames(shape);
      return ({ request }, result) => {
        if (request.body.length > 0) result[name] = decode(parseBody(request, blobs));
      };
    }
  }
}

function headerText({ headers }: WireRequest, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(", ") : value;
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw serializationError();
  }
}

function outputWriter(
  output: Shape,
  constraints: Constraints,
  status: number,
): (value: Readonly<Record<string, unknown>>, headers: Record<string, string>) => WireResponse {
  if (output.isUnitSchema()) return (_value, headers) => ({ status, headers, body: "" });
  const members = membersOf(output, constraints);
  const writeHeaders = headerWriters(members);
  const code = members.find(({ shape }) => traitsOf(shape).httpResponseCode)?.name;
  const payload = members.find(({ shape }) => traitsOf(shape).httpPayload);
  const hasBody =
    payload !== undefined || members.length === 0 || !members.every(({ shape }) => isBoundInAnswer(shape));
  const writeBody = payload
    ? payloadWriter(payload, constraints)
    : jsonWriter(
        output,
        constraints,
        new Set(members.filter(({ shape }) => isBoundInAnswer(shape)).map(({ name }) => name)),
      );
  return (value, headers) => {
    for (const write of writeHeaders) write(value, headers);
    Object.assign(headers, (value as { [moreHeaders]?: Record<string, string> })[moreHeaders]);
    const answered = code === undefined ? status : ((value[code] as number | undefined) ?? status);
    // There is no content in these, be it an empty object.
    const body = answered === 204 || !hasBody ? "" : writeBody(value, headers);
    return { status: answered, headers, body };
  };
}

function headerWriters(members: readonly Member[]): HeaderWriter[] {
  return members.flatMap(({ name, shape }): HeaderWriter[] => {
    const { httpHeader, httpPrefixHeaders } = traitsOf(shape);
    if (httpHeader !== undefined) {
      const encode = textEncoder(shape, "http-date");
      return [
        (output, headers) => {
          const value = output[name];
          if (value !== undefined && value !== null) headers[httpHeader] = headerSafe(encode(value));
        },
      ];
    }
    if (httpPrefixHeaders === undefined) return [];
    return [
      (output, headers) => {
        for (const [key, value] of Object.entries(output[name] ?? {})) {
          headers[httpPrefixHeaders + key] = headerSafe(String(value));
        }
      },
    ];
  });
}

/** A header can hold no line breaks and no control characters. */
function headerSafe(text: string): string {
  return text.replace(/[^\t\u0020-\u007e\u0080-\u00ff]/g, " ");
}

type BodyWriter = (output: Readonly<Record<string, unknown>>, headers: Record<string, string>) => WireResponse["body"];

function jsonWriter(output: Shape, constraints: Constraints, without: ReadonlySet<string>): BodyWriter {
  const encode = jsonEncoder(output, { constraints, jsonName: true, without });
  return (value, headers) => {
    headers["content-type"] = "application/json";
    return encode(value);
  };
}

function payloadWriter({ name, shape }: Member, constraints: Constraints): BodyWriter {
  const kind = kindOf(shape);
  if (kind === "struct" && traitsOf(shape).streaming) return eventWriter(name, shape, constraints);
  const encode =
    kind === "blob" ? bytesOf : kind === "string" ? String : jsonEncoder(shape, { constraints, jsonName: true });
  const type = kind === "blob" ? "application/octet-stream" : kind === "string" ? "text/plain" : "application/json";
  return (output, headers) => {
    const value = output[name];
    if (value === undefined || value === null) return "";
    headers["content-type"] ??= type;
    return encode(value);
  };
}

/** Events, each as a frame of its own; those whose payload is bytes carry them as they are. */
function eventWriter(name: string, union: Shape, constraints: Constraints): BodyWriter {
  const members = [...union.structIterator()];
  const contentTypes = new Map<string, string>();
  const events = new Map(
    members.map(([event, shape]) => {
      const payload = [...shape.structIterator()].find(([, member]) => traitsOf(member).eventPayload)?.[0];
      if (payload === undefined) {
        const encode = jsonEncoder(shape, { constraints, jsonName: true });
        return [event, (value: unknown) => Buffer.from(encode(value))];
      }
      contentTypes.set(event, "application/octet-stream");
      return [event, (value: unknown) => bytesOf((value as Readonly<Record<string, unknown>>)[payload])];
    }),
  );
  const errors = new Set(members.filter(([, shape]) => isErrorShape(shape)).map(([event]) => event));
  const encoding = { contentType: "application/json", contentTypes, events, errors };
  return (output, headers) => {
    headers["content-type"] = "application/vnd.amazon.eventstream";
    return eventStreamBody(undefined, output[name] as AsyncIterable<Record<string, unknown>>, encoding);
  };
}

const errorHeaders = new WeakMap<ErrorSchema, HeaderWriter[]>();

function encodeError(error: AwsError, requestId: string): WireResponse {
  const headers: Record<string, string> = {
    "content-type": "application/json",
    "x-amzn-RequestId": requestId,
    "x-amzn-ErrorType": error.name,
  };
  if (error.schema !== undefined) {
    let writers = errorHeaders.get(error.schema);
    if (writers === undefined) {
      writers = headerWriters(membersOf(shapeOf(error.schema), {}));
      errorHeaders.set(error.schema, writers);
    }
    for (const write of writers) write(error.members, headers);
  }
  // A refusal without a reason says so.
  const isMute = error.name === "AccessDeniedException" && !error.hasMessage;
  return { status: error.status, headers, body: isMute ? '{"Message":null}' : errorBody(error, undefined) };
}
