/** Requests and answers as the protocol tests build and read them. */
import { protocols } from "../../protocols/all.ts";
import { claim } from "../../protocols/claim.ts";
import { AwsError } from "../../protocols/error.ts";
import type { Claim, OperationCodec, ProtocolName, Unclaimed, WireRequest } from "../../protocols/protocol.ts";
import type { OperationModel } from "../../protocols/schema.ts";
import { serviceNamed, services } from "./service-models.ts";

export const REQUEST_ID = "5b0e3a9c-1a2b-4c3d-8e9f-001122334455";

interface RequestParts {
  readonly method?: string;
  /** With its query string, if any. */
  readonly url?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export function request({ method = "POST", url = "/", headers = {}, body = "" }: RequestParts): WireRequest {
  const [path = "", ...query] = url.split("?");
  return { method, path, query: query.join("?"), headers, body: Buffer.from(body) };
}

export function form(parameters: Readonly<Record<string, string>>, parts: RequestParts = {}): WireRequest {
  return request({
    ...parts,
    headers: { "content-type": "application/x-www-form-urlencoded", ...parts.headers },
    body: new URLSearchParams(parameters).toString(),
  });
}

export function signedFor(service: string, accessKeyId = "AKIAEXAMPLE"): Record<string, string> {
  const credential = `${accessKeyId}/20260101/eu-west-1/${service}/aws4_request`;
  return {
    authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host;x-amz-date, Signature=${"0".repeat(64)}`,
  };
}

export function operationNamed(service: string, name: string): OperationModel {
  const operation = serviceNamed(service).operations.get(name);
  if (operation === undefined) throw new Error(`${service} has no operation ${name}`);
  return operation;
}

export function codec(protocol: ProtocolName, service: string, operation: string): OperationCodec {
  return protocols[protocol].compile(operationNamed(service, operation));
}

export function claimOf(wire: WireRequest): Claim | Unclaimed {
  return claim(wire, services, protocols);
}

/** What a call throws, which must be an AwsError. */
export function failureOf(call: () => unknown): AwsError {
  try {
    call();
  } catch (error) {
    if (error instanceof AwsError) return error;
    throw error;
  }
  throw new Error("Nothing was thrown");
}
