/** Validates integrations, in AWS's order. */
import type { Place } from "../../calls/place.ts";
import type { ApiGateway } from "./apigateway.ts";
import type { IntegrationDefinition, MethodDefinition, Texts } from "./definitions.ts";
import { badRequest, invalidMapping, notFound } from "./errors.ts";
import { checkPassThrough, verbs } from "./methods.ts";

const minTimeoutMs = 50;
const maxTimeoutMs = 29_000;
/** AWS allows regional and private APIs more on request; this is the most. */
const maxRaisedTimeoutMs = 300_000;
/** For an answer that is streamed. */
const maxStreamMs = 900_000;
const maxTemplateBytes = 300 * 1024;
const passthroughBehaviors = ["WHEN_NO_MATCH", "WHEN_NO_TEMPLATES", "NEVER"];

/** @throws AwsError BadRequestException, NotFoundException */
export function checkIntegration(
  service: ApiGateway,
  method: MethodDefinition & { readonly apiId: string },
  integration: IntegrationDefinition,
  place: Place,
): void {
  const { type, httpMethod, uri = "", connectionType, connectionId, credentials } = integration;
  if (type !== "MOCK") {
    if (httpMethod === undefined) throw badRequest("Enumeration value for HttpMethod must be non-empty");
    if (!verbs.includes(httpMethod)) {
      throw badRequest(`Invalid HttpMethod specified. Valid options are ${verbs.join(",")}`);
    }
    if (type === "HTTP" || type === "HTTP_PROXY") checkHttpUri(uri);
    else checkAwsUri(type, uri);
  }
  if (!passthroughBehaviors.includes(integration.passthroughBehavior)) {
    throw badRequest(`Invalid passthrough behavior specified. Valid options are ${passthroughBehaviors.join(", ")}`);
  }
  const api = service.apis.get(method.apiId);
  const isStreamed = integration.responseTransferMode === "STREAM";
  if (isStreamed && type !== "HTTP_PROXY" && type !== "AWS_PROXY") {
    throw badRequest("Response transfer mode STREAM is only supported for HTTP_PROXY and AWS_PROXY integrations");
  }
  const raised = isStreamed ? maxStreamMs : maxRaisedTimeoutMs;
  const limitMs = api?.endpointType === "EDGE" && !isStreamed ? maxTimeoutMs : raised;
  const { timeoutInMillis } = integration;
  if (timeoutInMillis < minTimeoutMs || timeoutInMillis > limitMs) {
    throw badRequest(`Timeout should be between ${minTimeoutMs} ms and ${maxTimeoutMs} ms`);
  }
  if (connectionType === "VPC_LINK" && !connectionId?.includes("${stageVariables.")) {
    const link = service.vpcLinks.get(connectionId ?? "-");
    if (link === undefined || link.account !== place.account || link.region !== place.region) {
      throw notFound("Invalid Vpc Link identifier specified");
    }
  }
  if (credentials !== undefined) checkPassThrough(method, credentials);
  checkRequestParameters(method, integration.requestParameters);
  for (const key of integration.cacheKeyParameters) {
    if (key.startsWith("method.request.") && !isDeclared(method, key)) {
      throw invalidMapping(`parameter specified: ${key}`);
    }
  }
  checkTemplates(integration.requestTemplates);
}

function checkHttpUri(uri: string): void {
  if (!/^https?:\/\/[^/]/.test(uri) && !uri.startsWith("${stageVariables.")) {
    throw badRequest("Invalid HTTP endpoint specified for URI");
  }
}

/** `arn:aws:apigateway:{region}:{subdomain.}{service}:{path|action}/{rest}` */
const awsUri = /^arn:aws[a-z-]*:apigateway:([^:]*):([^:]+):(path|action)\/(.+)$/s;

function checkAwsUri(type: "AWS" | "AWS_PROXY", uri: string): void {
  if (!/^arn:[^:]+:[^:]+:[^:]*:[^:]*:.+/s.test(uri)) throw badRequest("Invalid ARN specified in the request");
  const [, , service, form, rest = ""] = awsUri.exec(uri) ?? [];
  if (service === undefined) throw badRequest("AWS ARN for integration must contain path or action");
  if (type !== "AWS_PROXY") return;
  const isFunction =
    service === "lambda" &&
    form === "path" &&
    /^\/?20\d\d-\d\d-\d\d\/functions\/.+\/(?:invocations|response-streaming-invocations)$/s.test(rest);
  const isFirehose = service === "firehose" && form === "action";
  if (!isFunction && !isFirehose) {
    throw badRequest(
      "Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose stream invocations.",
    );
  }
}

const targets = /^integration\.request\.(?:header|querystring|path)\.[^\s]+$/;
const source =
  /^(?:method\.request\.(?:path|querystring|header|multivalueheader|multivaluequerystring)\.[^\s]+|method\.request\.body(?:[.[].*)?|stageVariables\.[^\s]+|context\.[^\s]+|'.*')$/s;

function checkRequestParameters(method: MethodDefinition, parameters: Texts | undefined): void {
  for (const [key, value] of Object.entries(parameters ?? {})) {
    if (!targets.test(key)) throw invalidMapping(`specified: ${key}`);
    if (!source.test(value)) throw invalidMapping(`specified: ${value}`);
    if (value.startsWith("method.request.") && !value.startsWith("method.request.body") && !isDeclared(method, value)) {
      throw invalidMapping(`parameter specified: ${value}`);
    }
  }
}

/** A multi-value parameter also counts as declared if its single-value form is. */
function isDeclared({ requestParameters = {} }: MethodDefinition, parameter: string): boolean {
  return (
    Object.hasOwn(requestParameters, parameter) ||
    Object.hasOwn(requestParameters, parameter.replace(/^method\.request\.multivalue/, "method.request."))
  );
}

/** @throws AwsError BadRequestException for a template longer than AWS allows. */
export function checkTemplates(templates: Texts | undefined): void {
  for (const template of Object.values(templates ?? {})) {
    if (Buffer.byteLength(template) > maxTemplateBytes) {
      throw badRequest(`Mapping templates may have at most ${maxTemplateBytes} bytes`);
    }
  }
}
