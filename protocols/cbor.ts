/** Smithy RPC v2 CBOR (any service that has it) and `application/x-amz-cbor-1.1` (Kinesis clients in Java). */
import { CborWriter, readCbor } from "./cbor-bytes.ts";
import { type CborEncoder, cborDecoder, cborEncoder, type TimeUnit } from "./cbor-shape.ts";
import type { AwsError } from "./error.ts";
import { extendedRequestId, messageMember, queryErrorHeader } from "./error-body.ts";
import { type EventEncoding, eventStreamBody } from "./event-stream.ts";
import type { OperationCodec, Protocol, ProtocolName, WireResponse } from "./protocol.ts";
import { isErrorShape, type OperationModel, type ServiceModel, type Shape, shapeOf } from "./schema.ts";
import { serializationError } from "./serialization.ts";

export const rpcv2Cbor: Protocol = cbor("rpcv2Cbor", "application/cbor", "seconds");
export const awsCbor1_1: Protocol = cbor("awsCbor1_1", "application/x-amz-cbor-1.1", "milliseconds");

function cbor(name: ProtocolName, contentType: string, unit: TimeUnit): Protocol {
  const headersOf = (requestId: string, service: ServiceModel | undefined): Record<string, string> => ({
    "content-type": contentType,
    "x-amzn-RequestId": requestId,
    ...(name === "rpcv2Cbor" ? { "smithy-protocol": "rpc-v2-cbor" } : {}),
    ...(service?.extendedRequestId ? { "x-amz-id-2": extendedRequestId(requestId) } : {}),
  });
  return {
    name,
    compile: (operation) => compile(operation, contentType, unit, headersOf),
    encodeError(error, requestId, service) {
      const headers = { ...headersOf(requestId, service), ...queryErrorHeader(error, service) };
      const type = name === "rpcv2Cbor" ? `${error.namespace}#${error.name}` : error.name;
      return { status: error.status, headers, body: errorBytes(error, type, unit) };
    },
  };
}

function compile(
  { input, output, service }: OperationModel,
  contentType: string,
  unit: TimeUnit,
  headersOf: (requestId: string, service: ServiceModel) => Record<string, string>,
): OperationCodec {
  const decode = cborDecoder(input, service.constraints, unit);
  const streamMember = output.getEventStreamMember();
  const write = cborEncoder(output, unit, new Set([streamMember]));
  const events = streamMember ? eventEncoding(output.getMemberSchema(streamMember), contentType, unit) : undefined;
  const empty = output.isUnitSchema();
  return {
    decode: ({ body }) => decode(inputOf(body, unit)) as Record<string, unknown>,
    encode(value, requestId): WireResponse {
      const headers = headersOf(requestId, service);
      if (empty) return { status: 200, headers, body: "" };
      const body = bytes(write, value ?? {});
      const stream = events && (value as Record<string, unknown> | undefined)?.[streamMember];
      if (!stream) return { status: 200, headers, body };
      headers["content-type"] = "application/vnd.amazon.eventstream";
      const frames = eventStreamBody(body, stream as AsyncIterable<Record<string, unknown>>, events);
      return { status: 200, headers, body: frames };
    },
  };
}

/** RPC v2 sends nothing where an operation takes nothing; the older protocol always sends a map. */
function inputOf(body: Buffer, unit: TimeUnit): unknown {
  const value = body.length === 0 ? null : readCbor(body);
  if (value instanceof Map) return value;
  if (unit === "milliseconds" || (value !== null && value !== undefined)) throw serializationError();
  return new Map();
}

function bytes(write: CborEncoder, value: unknown): Uint8Array {
  const writer = new CborWriter();
  write(value, writer);
  return writer.finish();
}

function eventEncoding(union: Shape, contentType: string, unit: TimeUnit): EventEncoding {
  const members = [...union.structIterator()];
  return {
    contentType,
    events: new Map(
      members.map(([name, shape]) => {
        const write = cborEncoder(shape, unit);
        return [name, (value: unknown) => bytes(write, value)];
      }),
    ),
    errors: new Set(members.filter(([, shape]) => isErrorShape(shape)).map(([name]) => name)),
  };
}

/** The map of an error: its type, its text and the members its model has. */
function errorBytes(error: AwsError, type: string, unit: TimeUnit): Uint8Array {
  const fields: [string, (writer: CborWriter) => void][] = [["__type", (writer) => writer.text(type)]];
  if (error.hasMessage) fields.push([messageMember(error), (writer) => writer.text(error.message)]);
  if (error.schema !== undefined) {
    for (const [name, shape] of shapeOf(error.schema).structIterator()) {
      const value = error.members[name];
      if (value === undefined || value === null || name.toLowerCase() === "message") continue;
      fields.push([name, (writer) => cborEncoder(shape, unit)(value, writer)]);
    }
  }
  const writer = new CborWriter();
  writer.map(fields.length);
  for (const [name, write] of fields) {
    writer.text(name);
    write(writer);
  }
  return writer.finish();
}
