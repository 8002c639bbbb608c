/** AWS JSON 1.0 and 1.1: `POST /`, the operation in `X-Amz-Target`, the input as one JSON object. */
import { isUtf8 } from "node:buffer";
import { blobNames } from "./blob-names.ts";
import type { AwsError, ErrorSchema } from "./error.ts";
import { extendedRequestId, messageMember, queryErrorHeader } from "./error-body.ts";
import { type EventEncoding, eventStreamBody } from "./event-stream.ts";
import { type JsonEncoder, jsonDecoder, jsonEncoder } from "./json-shape.ts";
import { parseJsonText } from "./json-text.ts";
import type { OperationCodec, Protocol, WireRequest, WireResponse } from "./protocol.ts";
import { isErrorShape, type OperationModel, type Shape, shapeOf } from "./schema.ts";
import { serializationError } from "./serialization.ts";
import type { Constraints } from "./validate.ts";

export const awsJson1_0: Protocol = awsJson("awsJson1_0", "application/x-amz-json-1.0");
export const awsJson1_1: Protocol = awsJson("awsJson1_1", "application/x-amz-json-1.1");

function awsJson(name: "awsJson1_0" | "awsJson1_1", contentType: string): Protocol {
  return {
    name,
    compile: (operation) => compile(operation, contentType),
    encodeError(error, requestId, service) {
      const headers: Record<string, string> = { "content-type": contentType, "x-amzn-RequestId": requestId };
      if (service?.extendedRequestId) headers["x-amz-id-2"] = extendedRequestId(requestId);
      Object.assign(headers, queryErrorHeader(error, service));
      const type = name === "awsJson1_0" ? `${error.namespace}#${error.name}` : error.name;
      return { status: error.status, headers, body: errorBody(error, type) };
    },
  };
}

function compile(operation: OperationModel, contentType: string): OperationCodec {
  const { constraints, extendedRequestId: extended } = operation.service;
  const decode = jsonDecoder(operation.input, { constraints });
  const blobs = blobNames(operation.input);
  const streamMember = operation.output.getEventStreamMember();
  const empty = operation.output.isUnitSchema();
  const encode = jsonEncoder(operation.output, { constraints, without: new Set([streamMember]) });
  const events = streamMember
    ? eventEncoding(operation.output.getMemberSchema(streamMember), constraints, contentType)
    : undefined;
  return {
    decode: (request) => decode(parseMap(request, blobs)) as Record<string, unknown>,
    encode(output, requestId): WireResponse {
      const headers: Record<string, string> = { "content-type": contentType, "x-amzn-RequestId": requestId };
      if (extended) headers["x-amz-id-2"] = extendedRequestId(requestId);
      if (empty) return { status: 200, headers, body: "" };
      const body = output === undefined ? "{}" : encode(output);
      const stream = events && (output as Record<string, unknown> | undefined)?.[streamMember];
      if (!stream) return { status: 200, headers, body };
      headers["content-type"] = "application/vnd.amazon.eventstream";
      const frames = eventStreamBody(Buffer.from(body), stream as AsyncIterable<Record<string, unknown>>, events);
      return { status: 200, headers, body: frames };
    },
  };
}

function eventEncoding(union: Shape, constraints: Constraints, contentType: string): EventEncoding {
  const members = [...union.structIterator()];
  return {
    contentType,
    events: new Map(
      members.map(([name, shape]) => {
        const encode = jsonEncoder(shape, { constraints });
        return [name, (value: unknown) => Buffer.from(encode(value))];
      }),
    ),
    errors: new Set(members.filter(([, shape]) => isErrorShape(shape)).map(([name]) => name)),
  };
}

/** The body of a call, which is a map: nothing at all is none. */
function parseMap({ body }: Pick<WireRequest, "body">, blobs: () => ReadonlySet<string>): unknown {
  const value = parseJson(body, blobs);
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw serializationError();
  return value;
}

/**
 * The body of a REST call as `JSON.parse` sees it; nothing at all stands for `{}`, as does null.
 * @param blobs names of members for which `jsonDecoder` may get a LongString.
 */
export function parseBody({ body }: Pick<WireRequest, "body">, blobs: () => ReadonlySet<string>): unknown {
  return body.length === 0 ? {} : (parseJson(body, blobs) ?? {});
}

function parseJson(body: WireRequest["body"], blobs: () => ReadonlySet<string>): unknown {
  // Decoding would silently put U+FFFD where the bytes are not UTF-8.
  if (!isUtf8(body)) throw serializationError();
  try {
    return parseJsonText(body, blobs);
  } catch {
    throw serializationError();
  }
}

const errorEncoders = new WeakMap<ErrorSchema, JsonEncoder>();

/** The JSON object of an error; `type` goes into `__type` unless it is undefined. */
export function errorBody(error: AwsError, type: string | undefined): string {
  const fields: string[] = [];
  if (type !== undefined) fields.push(`"__type":${JSON.stringify(type)}`);
  if (error.hasMessage) fields.push(`"${messageMember(error)}":${JSON.stringify(error.message)}`);
  if (error.schema !== undefined) {
    let encode = errorEncoders.get(error.schema);
    if (encode === undefined) {
      const shape = shapeOf(error.schema);
      // Over REST some members are headers.
      const headers = [...shape.structIterator()].filter(([, member]) => member.getMergedTraits().httpHeader);
      const without = new Set(["message", "Message", ...headers.map(([name]) => name)]);
      encode = jsonEncoder(shape, { constraints: {}, jsonName: true, without });
      errorEncoders.set(error.schema, encode);
    }
    const members = encode(error.members).slice(1, -1);
    if (members !== "") fields.push(members);
  }
  return `{${fields.join(",")}}`;
}
