/**
 * What the front end of a JSON service answers to requests that are no calls of its protocol: another method, another
 * content type. It does so before it knows of any operation, in forms of its own.
 */
import { AwsError } from "./error.ts";
import { extendedRequestId } from "./error-body.ts";
import type { ErrorProtocol, Unclaimed, WireRequest } from "./protocol.ts";
import type { ServiceModel } from "./schema.ts";

/** Whether calls of the service are told by `X-Amz-Target` alone. */
export function isJsonOnly({ targetPrefix, protocols }: ServiceModel): boolean {
  return targetPrefix !== undefined && !protocols.includes("awsQuery") && !protocols.includes("restJson1");
}

/** The refusal of a request to a JSON service that has neither the method nor the content type of a call. */
export function misdirected(request: WireRequest, service: ServiceModel): Unclaimed {
  const type = String(request.headers["content-type"] ?? "");
  const posted = request.method === "POST";
  if (posted && type.startsWith("application/json")) return { protocol: output, error: unknownOperation, service };
  if (posted && request.headers["x-amz-target"] !== undefined)
    return { protocol: xml, error: unknownOperation, service };
  return { protocol: xml, error: undetermined, service };
}

const unknownOperation = AwsError.unmodeled({ name: "UnknownOperationException", status: 404 });
const undetermined = AwsError.unmodeled({
  name: "AccessDeniedException",
  status: 403,
  message: "Unable to determine service/operation name to be authorized",
});

const output: ErrorProtocol = {
  name: "awsJson",
  encodeError: (error, requestId, service) => ({
    status: error.status,
    headers: headersOf("application/json", requestId, service),
    body: `{"Output":{"__type":"${error.namespace}#${error.name}"},"Version":"1.0"}`,
  }),
};

const xml: ErrorProtocol = {
  name: "xml",
  encodeError: (error, requestId, service) => ({
    status: error.status,
    headers: headersOf("text/xml", requestId, service),
    body: error.hasMessage
      ? `<${error.name}>\n  <Message>${error.message}</Message>\n</${error.name}>\n`
      : `<${error.name}/>\n`,
  }),
};

function headersOf(contentType: string, requestId: string, service: ServiceModel | undefined): Record<string, string> {
  const headers: Record<string, string> = { "content-type": contentType, "x-amzn-RequestId": requestId };
  if (service?.extendedRequestId) headers["x-amz-id-2"] = extendedRequestId(requestId);
  return headers;
}
