/**
 * What the protocol layer speaks about: bytes on one side, typed values on the other. Everything in `protocols/`
 * is pure: it knows no Fastify, no service behaviour and no clock.
 */
import type { AwsError } from "./error.ts";
import type { ForeignCall } from "./foreign.ts";
import type { OperationModel, ServiceModel } from "./schema.ts";

/** A request as it came off the socket. Header names are lower-case; `path` is undecoded and without the query. */
export interface WireRequest {
  readonly method: string;
  readonly path: string;
  /** The raw query string without `?`; empty when there is none. */
  readonly query: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  /** The client's address, asked of the socket at need; absent for calls inside the process. */
  readonly sourceIp?: string | undefined;
}

/** An answer ready for the socket. A body of frames is an event stream and is sent as it comes. */
export interface WireResponse {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string | Uint8Array | AsyncIterable<Uint8Array>;
}

export type ProtocolName = "awsJson1_0" | "awsJson1_1" | "awsQuery" | "restJson1" | "rpcv2Cbor" | "awsCbor1_1";

/** One operation as one protocol carries it; made once per (protocol, operation) and then reused for each call. */
export interface OperationCodec {
  /**
   * Reads the input. Unknown members are ignored and nulls are absent.
   * @throws AwsError SerializationException (or the protocol's own framework error) for malformed bytes and wrong types.
   */
  decode(request: WireRequest): Record<string, unknown>;
  /** Whether headers besides Host and Content-Type have a part of the input. */
  readonly readsHeaders?: boolean;
  /**
   * Writes the output. `requestId` goes into the headers and, over Query, into the body. An output whose event
   * stream member holds an AsyncIterable of `{ [eventName]: value }` is answered as event-stream frames.
   */
  encode(output: object | undefined, requestId: string, request: WireRequest): WireResponse;
}

export interface Protocol {
  readonly name: ProtocolName;
  compile(operation: OperationModel): OperationCodec;
  /** The error in this protocol's form, with the headers `wire.md` and AWS's protocol documents give it. */
  encodeError(
    error: AwsError,
    requestId: string,
    service: ServiceModel | undefined,
    request: WireRequest,
  ): WireResponse;
}

/** Which call a request is, before its body is decoded. */
export interface Claim {
  readonly service: ServiceModel;
  readonly operation: OperationModel;
  readonly protocol: Protocol;
}

/** A request that names no operation of ours, and the form its answer takes. */
export interface Unclaimed {
  readonly error: AwsError;
  readonly protocol: ErrorProtocol;
  /** The service it seems to be for. */
  readonly service: ServiceModel | undefined;
  /** The call of a service of AWS that Busbar does not have; then the error says so. */
  readonly foreign?: ForeignCall;
}

/** What it takes to refuse a request. */
export type ErrorProtocol = Pick<Protocol, "encodeError"> & { readonly name: string };
