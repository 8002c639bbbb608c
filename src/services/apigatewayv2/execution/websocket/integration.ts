/** Integrations of WebSocket routes: what is asked, and what comes of the answer. */
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
import { eventOf, type Happening } from "./events.ts";
import { type IntegrationCall, invokeFunction } from "./function-call.ts";
import { linearRegex } from "./patterns.ts";
import { sourcesOf } from "./sources.ts";
import { chosenTemplate, rendered } from "./templates.ts";

/** What an integration came to. */
export interface Outcome {
  /** Of the handshake's answer; 500 and more stand for a failure of the integration too. */
  readonly status: number;
  /** What a route response sends to the client. */
  readonly body: string;
  /** For the handshake. */
  readonly headers: Readonly<Record<string, string>>;
  readonly failed: boolean;
}

/** An integration that came to nothing. @param reason for the logs. */
function failure(status: number, what: Happening, reason: string): Outcome {
  what.integrated.error = reason;
  what.log?.line(`Execution failed due to configuration error: ${reason}`);
  return { status, body: "", headers: {}, failed: true };
}

const expected = [AwsError, HttpCallError, ServiceMissing, TemplateError, BodyNotJson];

/** Calls a route's integration. It answers with a failure rather than to throw. */
export async function runIntegration(
  service: ApiGatewayV2,
  api: ApiRow,
  route: CompiledRoute,
  what: Happening,
): Promise<Outcome> {
  const { integration } = route;
  if (integration === undefined) return failure(500, what, "No integration defined for the route");
  const startMs = service.now;
  try {
    const call = { service, api, integration, what };
    const isFunction = integration.IntegrationType === "AWS_PROXY";
    const outcome = await (isFunction ? callFunction(call) : callTransformed(call, route));
    if (!outcome.failed) what.integrated.status = outcome.status;
    return outcome;
  } catch (error) {
    if (!expected.some((kind) => error instanceof kind)) throw error;
    return failure(500, what, (error as Error).message);
  } finally {
    what.integrated.latencyMs = service.now - startMs;
  }
}

async function callFunction(call: IntegrationCall): Promise<Outcome> {
  const { integration, what } = call;
  const arn = functionOf(withStageVariables(integration.IntegrationUri ?? "", what.stageVariables));
  if (arn === undefined) return failure(500, what, "Invalid Lambda function ARN");
  const answer = await invokeFunction(call, arn, JSON.stringify(eventOf(what)));
  if (answer === undefined) return failure(502, what, "The function did not answer in time");
  if (answer.functionError !== undefined) return failure(502, what, answer.payload.slice(0, 1000));
  const value = jsonObject(answer.payload);
  const isConnect = what.type === "CONNECT";
  if (value === undefined && !isConnect) return { status: 200, body: "", headers: {}, failed: false };
  const { statusCode = isConnect ? Number.NaN : 200, body, headers, isBase64Encoded } = value ?? {};
  const status = numberOf(statusCode);
  if (!Number.isInteger(status) || status < 100 || status > 599) {
    return failure(502, what, "Malformed Lambda proxy response");
  }
  const text = typeof body === "string" ? body : "";
  return {
    status,
    body: isBase64Encoded === true ? Buffer.from(text, "base64").toString() : text,
    headers: textsOf(headers),
    failed: false,
  };
}

/** Integrations that templates stand before and behind. */
async function callTransformed(call: IntegrationCall, route: CompiledRoute): Promise<Outcome> {
  const { integration, what } = call;
  const sources = sourcesOf(what);
  const { RequestTemplates, TemplateSelectionExpression: selection, PassthroughBehavior: passes } = integration;
  const template = chosenTemplate(RequestTemplates, selection, sources);
  const hasTemplates = Object.keys(RequestTemplates ?? {}).length > 0;
  if (template === undefined && (passes === "NEVER" || (passes === "WHEN_NO_TEMPLATES" && hasTemplates))) {
    return failure(500, what, "No template matches the request");
  }
  const isProxy = integration.IntegrationType === "HTTP_PROXY";
  const body = template === undefined || isProxy ? (what.body ?? "") : rendered(template, what.body ?? "", what);
  const answer = await callBackendOf(call, body);
  if (answer === undefined) return failure(500, what, "The integration gave no answer");
  if (isProxy) return { ...answer, headers: {}, failed: false };
  return answered(route, answer, what, sources);
}

/** What the integration responses make of an answer; without any the answer passes as it is. */
function answered(
  { integrationResponses }: CompiledRoute,
  answer: BackendReply,
  what: Happening,
  sources: Sources,
): Outcome {
  const matching = integrationResponses.find(({ IntegrationResponseKey: key = "" }) => {
    return key !== "$default" && linearRegex(key.slice(1, -1))?.(answer.select) === true;
  });
  const chosen =
    matching ?? integrationResponses.find(({ IntegrationResponseKey }) => IntegrationResponseKey === "$default");
  const plain = { status: answer.status, body: answer.body, headers: {}, failed: false };
  if (chosen === undefined) return plain;
  const all = { ...sources, response: () => String(answer.status), responseJson: () => jsonObject(answer.body) };
  const template = chosenTemplate(chosen.ResponseTemplates, chosen.TemplateSelectionExpression, all);
  return template === undefined ? plain : { ...plain, body: rendered(template, answer.body, what) };
}

function textsOf(value: unknown): Record<string, string> {
  if (typeof value !== "object" || value === null) return {};
  const texts = Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  return Object.fromEntries(texts);
}
