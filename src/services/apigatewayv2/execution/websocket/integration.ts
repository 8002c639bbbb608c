/** Calls integrations of WebSocket routes and maps their answers. */
import { AwsError } from "../../../../../protocols/error.ts";
import { jsonObject, numberOf } from "../../../../../protocols/unknown-json.ts";
import { functionOf, withStageVariables } from "../../../../apis/function-uri.ts";
import { ServiceMissing } from "../../../../apis/service-request.ts";
import { TemplateError } from "../../../../apis/vtl/syntax.ts";
import { BodyNotJson } from "../../../../apis/vtl/template.ts";
import { HttpCallError } from "../../../../outside/http-client.ts";
import type { ApiGatewayV2 } from "../../apigatewayv2.ts";
import type { ApiRow } from "../../tables.ts";
import type { Sources } from "../expressions.ts";
import type { CompiledRoute } from "../snapshot.ts";
import { type BackendReply, callBackendOf } from "./backends.ts";
import { type ConnectionEvent, eventOf } from "./events.ts";
import { type IntegrationCall, invokeFunction } from "./function-call.ts";
import { matcherOf } from "./patterns.ts";
import { sourcesOf } from "./sources.ts";
import { chosenTemplate, rendered } from "./templates.ts";

/** The result of an integration. */
export interface Outcome {
  /** The status of the handshake's answer. */
  readonly status: number;
  /** Sent to the client if there is a route response. */
  readonly body: string;
  /** For the handshake's answer. */
  readonly headers: Readonly<Record<string, string>>;
  readonly failed: boolean;
}

/** A failed integration. @param reason for the logs. */
function failure(status: number, event: ConnectionEvent, reason: string): Outcome {
  event.integrated.error = reason;
  event.log?.line(`Execution failed due to configuration error: ${reason}`);
  return { status, body: "", headers: {}, failed: true };
}

const expectedErrors = [AwsError, HttpCallError, ServiceMissing, TemplateError, BodyNotJson];

/** Calls a route's integration. Expected errors become a failed outcome. */
export async function runIntegration(
  service: ApiGatewayV2,
  api: ApiRow,
  route: CompiledRoute,
  event: ConnectionEvent,
): Promise<Outcome> {
  const { integration } = route;
  if (integration === undefined) return failure(500, event, "No integration defined for the route");
  const startMs = service.now;
  try {
    const call = { service, api, integration, event };
    const isFunction = integration.IntegrationType === "AWS_PROXY";
    const outcome = await (isFunction ? callFunction(call) : callTransformed(call, route));
    if (!outcome.failed) event.integrated.status = outcome.status;
    return outcome;
  } catch (error) {
    if (!expectedErrors.some((kind) => error instanceof kind)) throw error;
    return failure(500, event, (error as Error).message);
  } finally {
    event.integrated.latencyMs = service.now - startMs;
  }
}

async function callFunction(call: IntegrationCall): Promise<Outcome> {
  const { integration, event } = call;
  const arn = functionOf(withStageVariables(integration.IntegrationUri ?? "", event.stageVariables));
  if (arn === undefined) return failure(500, event, "Invalid Lambda function ARN");
  const answer = await invokeFunction(call, arn, JSON.stringify(eventOf(event)));
  if (answer === undefined) return failure(502, event, "The function did not answer in time");
  if (answer.functionError !== undefined) return failure(502, event, answer.payload.slice(0, 1000));
  const value = jsonObject(answer.payload);
  const isConnect = event.type === "CONNECT";
  if (value === undefined && !isConnect) return { status: 200, body: "", headers: {}, failed: false };
  const { statusCode = isConnect ? Number.NaN : 200, body, headers, isBase64Encoded } = value ?? {};
  const status = numberOf(statusCode);
  if (!Number.isInteger(status) || status < 100 || status > 599) {
    return failure(502, event, "Malformed Lambda proxy response");
  }
  const text = typeof body === "string" ? body : "";
  return {
    status,
    body: isBase64Encoded === true ? Buffer.from(text, "base64").toString() : text,
    headers: textsOf(headers),
    failed: false,
  };
}

/** Integrations with templates for request and response. */
async function callTransformed(call: IntegrationCall, route: CompiledRoute): Promise<Outcome> {
  const { integration, event } = call;
  const sources = sourcesOf(event);
  const { RequestTemplates, TemplateSelectionExpression: selection, PassthroughBehavior: passes } = integration;
  const template = chosenTemplate(RequestTemplates, selection, sources);
  const hasTemplates = Object.keys(RequestTemplates ?? {}).length > 0;
  if (template === undefined && (passes === "NEVER" || (passes === "WHEN_NO_TEMPLATES" && hasTemplates))) {
    return failure(500, event, "No template matches the request");
  }
  const isProxy = integration.IntegrationType === "HTTP_PROXY";
  const body = template === undefined || isProxy ? (event.body ?? "") : rendered(template, event.body ?? "", event);
  const answer = await callBackendOf(call, body);
  if (answer === undefined) return failure(500, event, "The integration gave no answer");
  if (isProxy) return { ...answer, headers: {}, failed: false };
  return answered(route, answer, event, sources);
}

/** Maps an answer by the integration response that matches it; without one it passes unchanged. */
function answered(
  { integrationResponses }: CompiledRoute,
  answer: BackendReply,
  event: ConnectionEvent,
  sources: Sources,
): Outcome {
  const matching = integrationResponses.find(({ IntegrationResponseKey: key = "" }) => {
    return key !== "$default" && matcherOf(key.slice(1, -1))?.(answer.select) === true;
  });
  const chosen =
    matching ?? integrationResponses.find(({ IntegrationResponseKey }) => IntegrationResponseKey === "$default");
  const plain = { status: answer.status, body: answer.body, headers: {}, failed: false };
  if (chosen === undefined) return plain;
  const all = { ...sources, response: () => String(answer.status), responseJson: () => jsonObject(answer.body) };
  const template = chosenTemplate(chosen.ResponseTemplates, chosen.TemplateSelectionExpression, all);
  return template === undefined ? plain : { ...plain, body: rendered(template, answer.body, event) };
}

function textsOf(value: unknown): Record<string, string> {
  if (typeof value !== "object" || value === null) return {};
  const texts = Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  return Object.fromEntries(texts);
}
