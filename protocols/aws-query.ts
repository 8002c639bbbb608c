/** AWS Query: form or URL parameters in, XML out, or the same tree as JSON to those who ask for it. */
import type { AwsError, ErrorSchema } from "./error.ts";
import { parametersOf } from "./form.ts";
import type { OperationCodec, Protocol, WireRequest, WireResponse } from "./protocol.ts";
import { queryDecoder } from "./query-input.ts";
import { fullJsonEncoder, queryJsonEncoder } from "./query-json.ts";
import { type OperationModel, type ServiceModel, shapeOf } from "./schema.ts";
import { escapeXml, indentXml, type XmlEncoder, xmlEncoder } from "./xml.ts";

export const awsQuery: Protocol = { name: "awsQuery", compile, encodeError };

/** A queue's own path, to which old SQS clients post. */
export const QUEUE_PATH = /^\/\d{12}\/[^/]+\/?$/;

function compile({ name, input, output, service }: OperationModel): OperationCodec {
  const decode = queryDecoder(input, service.constraints);
  const encode = xmlEncoder(output);
  const namespace = service.xmlNamespace ?? "";
  const head = `<${name}Response xmlns="${namespace}">`;
  const takesQueueUrl =
    service.queryCompatible && input.isStructSchema() && hasMember(input.structIterator(), "QueueUrl");
  let json: ((value: unknown) => string) | undefined;
  const empty = output.isUnitSchema();
  return {
    decode(request) {
      const result = decode(parametersOf(request));
      if (takesQueueUrl && result["QueueUrl"] === undefined && QUEUE_PATH.test(request.path)) {
        result["QueueUrl"] = `http://${hostOf(request)}${request.path}`;
      }
      return result;
    },
    encode(value, requestId, request): WireResponse {
      if (wantsJson(request)) {
        json ??= service.queryCompatible ? queryJsonEncoder(output) : fullJsonEncoder(output);
        const result = empty ? "" : `"${name}Result":${json(value ?? {})},`;
        const body = `{"${name}Response":{${result}"ResponseMetadata":{"RequestId":"${requestId}"}}}`;
        return { status: 200, headers: headersOf("application/json", requestId), body };
      }
      const inside = empty ? "" : value === undefined ? "" : encode(value);
      const result = empty ? "" : inside === "" ? `<${name}Result/>` : `<${name}Result>${inside}</${name}Result>`;
      const metadata = `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata>`;
      const body = laidOut(`${head}${result}${metadata}</${name}Response>`, service);
      return { status: 200, headers: headersOf("text/xml", requestId), body };
    },
  };
}

function hasMember(members: Iterable<[string, unknown]>, wanted: string): boolean {
  for (const [name] of members) if (name === wanted) return true;
  return false;
}

function hostOf(request: WireRequest): string {
  const host = request.headers["host"] ?? request.headers[":authority"];
  return typeof host === "string" ? host : "localhost";
}

function wantsJson(request: WireRequest): boolean {
  const accept = request.headers["accept"];
  return typeof accept === "string" && accept.includes("application/json");
}

function headersOf(contentType: string, requestId: string): Record<string, string> {
  return { "content-type": contentType, "x-amzn-RequestId": requestId };
}

const errorEncoders = new WeakMap<ErrorSchema, XmlEncoder>();

/** Members of an error besides its text, inside `<Error>`. */
function errorMembers(error: AwsError): string {
  if (error.schema === undefined) return "";
  let encode = errorEncoders.get(error.schema);
  if (encode === undefined) {
    encode = xmlEncoder(shapeOf(error.schema), new Set(["message", "Message"]));
    errorEncoders.set(error.schema, encode);
  }
  return encode(error.members);
}

function encodeError(
  error: AwsError,
  requestId: string,
  service: ServiceModel | undefined,
  request: WireRequest,
): WireResponse {
  const status = error.queryStatus;
  if (error.name === "UnknownOperationException") {
    // The front end answers this one before it knows of any API, in XML whatever the client accepts.
    return { status, headers: headersOf("text/xml", requestId), body: "<UnknownOperationException/>" };
  }
  const type = error.fault === "server" ? "Receiver" : "Sender";
  if (service !== undefined && wantsJson(request)) {
    const detail = service.queryCompatible ? { Detail: null } : {};
    const body = {
      Error: { Type: type, Code: error.queryCode, Message: error.message, ...detail },
      RequestId: requestId,
    };
    return { status, headers: headersOf("application/json", requestId), body: JSON.stringify(body) };
  }
  const namespace = service?.xmlNamespace === undefined ? "" : ` xmlns="${service.xmlNamespace}"`;
  const detail = service?.queryCompatible ? "<Detail/>" : "";
  const body =
    `<ErrorResponse${namespace}><Error><Type>${type}</Type><Code>${escapeXml(error.queryCode)}</Code>` +
    `<Message>${escapeXml(error.message)}</Message>${errorMembers(error)}${detail}</Error>` +
    `<RequestId>${requestId}</RequestId></ErrorResponse>`;
  return { status, headers: headersOf("text/xml", requestId), body: laidOut(body, service) };
}

function laidOut(xml: string, service: ServiceModel | undefined): string {
  return service?.constraints.indented ? indentXml(xml) : xml;
}
