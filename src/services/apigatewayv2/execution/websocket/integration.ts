/** Integrations of WebSocket routes: functions, services, HTTP back ends and mocks. */
import { AwsError } from "../../../../../protocols/error.ts";
import { jsonObject, numberOf } from "../../../../../protocols/unknown-json.ts";
import { BackendError, callBackend } from "../../../../apis/backend-call.ts";
import { functionOf, withStageVariables } from "../../../../apis/function-uri.ts";
import { inTime, timedOut } from "../../../../apis/in-time.ts";
import { callService } from "../../../../apis/service-call.ts";
import { TemplateError } from "../../../../apis/vtl/syntax.ts";
import { BodyNotJson, MappingTemplate, Overrides } from "../../../../apis/vtl/template.ts";
import type { Abortable } from "../../../../calls/abort.ts";
import { Cause } from "../../../../calls/cause.ts";
import { Invocation } from "../../../../calls/invocation.ts";
import type { ApiGatewayV2 } from "../../apigatewayv2.ts";
import type { ApiRow, IntegrationValue } from "../../tables.ts";
import { expression, expressionText, type Sources } from "../expressions.ts";
import type { CompiledRoute } from "../snapshot.ts";
import { eventOf, type Happening, requestContext } from "./events.ts";
import { linearRegex } from "./patterns.ts";

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

const failure = (status: number): Outcome => ({ status, body: "", headers: {}, failed: true });

/** Services by the names that URIs have for them. */
const services: Readonly<Record<string, string>> = { events: "eventbridge", states: "stepfunctions" };

const templates = new Map<string, MappingTemplate>();
const mostTemplates = 1000;

export class WebSocketIntegrations {
  readonly #service: ApiGatewayV2;

  constructor(service: ApiGatewayV2) {
    this.#service = service;
  }

  /** Calls a route's integration. It answers with a failure rather than to throw. */
  async run(api: ApiRow, route: CompiledRoute, what: Happening): Promise<Outcome> {
    const { integration } = route;
    if (integration === undefined) return failure(500);
    try {
      if (integration.IntegrationType === "AWS_PROXY") return await this.#function(api, integration, what);
      return await this.#transformed(api, route, integration, what);
    } catch (error) {
      const isExpected = error instanceof AwsError || error instanceof BackendError || error instanceof TemplateError;
      if (isExpected || error instanceof BodyNotJson) return failure(500);
      throw error;
    }
  }

  async #function(api: ApiRow, integration: IntegrationValue, what: Happening): Promise<Outcome> {
    const arn = functionOf(withStageVariables(integration.IntegrationUri ?? "", what.stageVariables));
    if (arn === undefined) return failure(500);
    const answer = await this.#invoke(api, integration, what, arn, JSON.stringify(eventOf(what)));
    if (answer === undefined || answer.functionError !== undefined) return failure(502);
    const value = jsonObject(answer.payload);
    if (value === undefined) return what.type === "CONNECT" ? failure(502) : { ...failure(200), failed: false };
    const status = numberOf(value["statusCode"] ?? (what.type === "CONNECT" ? Number.NaN : 200));
    if (!Number.isInteger(status) || status < 100 || status > 599) return failure(502);
    const { body, headers } = value;
    return {
      status,
      body: typeof body === "string" ? (value["isBase64Encoded"] === true ? decoded(body) : body) : "",
      headers: textsOf(headers),
      failed: false,
    };
  }

  async #invoke(api: ApiRow, integration: IntegrationValue, what: Happening, arn: string, payload: string) {
    const { functions, clock } = this.#service.deps;
    const answer = await inTime(clock, integration.TimeoutInMillis ?? 29_000, (limit) =>
      functions.invoke(arn, payload, this.#invocation(api, what, limit)),
    );
    return answer === timedOut ? undefined : answer;
  }

  #invocation(api: ApiRow, what: Happening, limit: Abortable): Invocation {
    const { origin, stage } = what.connection.handshake;
    const cause = Cause.ofRequest(what.requestId, what.nowMs, origin, undefined);
    const source = `arn:aws:execute-api:${api.region}:${api.account}:${api.id}/${stage}/${what.routeKey}`;
    return Invocation.ofService("apigateway", source, api, cause, limit);
  }

  /** Integrations that templates stand before and behind. */
  async #transformed(
    api: ApiRow,
    route: CompiledRoute,
    integration: IntegrationValue,
    what: Happening,
  ): Promise<Outcome> {
    const sources = sourcesOf(what);
    const selection = integration.TemplateSelectionExpression;
    const template = chosen(integration.RequestTemplates, selection, sources);
    const hasTemplates = Object.keys(integration.RequestTemplates ?? {}).length > 0;
    const isRefused =
      integration.PassthroughBehavior === "NEVER" || integration.PassthroughBehavior === "WHEN_NO_TEMPLATES";
    if (template === undefined && isRefused && (hasTemplates || integration.PassthroughBehavior === "NEVER")) {
      return failure(500);
    }
    const isProxy = integration.IntegrationType === "HTTP_PROXY";
    const body = template === undefined || isProxy ? (what.body ?? "") : rendered(template, what.body ?? "", what);
    const answer = await this.#call(api, integration, what, body);
    if (answer === undefined) return failure(500);
    if (isProxy) return { ...answer, headers: {}, failed: false };
    return answered(route, answer, what, sources);
  }

  async #call(
    api: ApiRow,
    integration: IntegrationValue,
    what: Happening,
    body: string,
  ): Promise<{ status: number; body: string; select: string } | undefined> {
    const uri = withStageVariables(integration.IntegrationUri ?? "", what.stageVariables);
    switch (integration.IntegrationType) {
      case "MOCK": {
        const status = numberOf(jsonObject(body)?.["statusCode"] ?? 200);
        return Number.isInteger(status) ? { status, body: "", select: String(status) } : undefined;
      }
      case "AWS": {
        const arn = functionOf(uri);
        if (arn === undefined) return this.#serviceCall(api, integration, what, uri, body);
        const payload = jsonObject(body) === undefined ? JSON.stringify(body) : body;
        const answer = await this.#invoke(api, integration, what, arn, payload);
        if (answer === undefined) return undefined;
        if (answer.functionError === undefined) return { status: 200, body: answer.payload, select: "" };
        const error = jsonObject(answer.payload)?.["errorMessage"];
        return { status: 200, body: answer.payload, select: typeof error === "string" ? error : "" };
      }
      default:
        return this.#http(integration, what, uri, body);
    }
  }

  async #serviceCall(api: ApiRow, integration: IntegrationValue, what: Happening, uri: string, body: string) {
    const [, region = "", name = "", operation = ""] =
      /^arn:[^:]+:apigateway:([^:]+):(?:[^:.]+\.)?([^:]+):action\/([A-Za-z]+)/.exec(uri) ?? [];
    const input = jsonObject(body);
    if (operation === "" || input === undefined) return undefined;
    const { deps } = this.#service;
    const service = Object.hasOwn(services, name) ? (services[name] as string) : name;
    const answer = await inTime(deps.clock, integration.TimeoutInMillis ?? 29_000, (limit) =>
      callService(deps, {
        service,
        operation,
        input,
        invocation: this.#invocation(api, what, limit).for({ region }),
        isXml: false,
        requestId: deps.random.fork("requests").uuid(),
      }),
    );
    return answer === timedOut ? undefined : { ...answer, select: String(answer.status) };
  }

  async #http(integration: IntegrationValue, what: Happening, uri: string, body: string) {
    const { clock } = this.#service.deps;
    const { headers, query, path } = requestParameters(integration.RequestParameters ?? {}, what);
    const filled = uri.replace(/\{([\w-]+)\}/g, (all, name: string) =>
      Object.hasOwn(path, name) ? encodeURIComponent(path[name] as string) : all,
    );
    if (!URL.canParse(filled)) return undefined;
    const url = new URL(filled);
    for (const [name, value] of query) url.searchParams.append(name, value);
    const method = integration.IntegrationMethod ?? "POST";
    const answer = await inTime(clock, integration.TimeoutInMillis ?? 29_000, ({ signal }) =>
      callBackend(url, {
        method: method === "ANY" ? "POST" : method,
        headers: ["Content-Type", "application/json", ...headers],
        body: Buffer.from(body),
        signal,
      }),
    );
    if (answer === timedOut) return undefined;
    return { status: answer.status, body: answer.body.toString(), select: String(answer.status) };
  }
}

/** What the integration responses make of an answer; without any the answer passes as it is. */
function answered(
  { integrationResponses }: CompiledRoute,
  answer: { status: number; body: string; select: string },
  what: Happening,
  sources: Sources,
): Outcome {
  const matching = integrationResponses.find(({ IntegrationResponseKey: key = "" }) => {
    return key !== "$default" && linearRegex(key.slice(1, -1))?.(answer.select) === true;
  });
  const chosenOne =
    matching ?? integrationResponses.find(({ IntegrationResponseKey }) => IntegrationResponseKey === "$default");
  const plain = { status: answer.status, body: answer.body, headers: {}, failed: false };
  if (chosenOne === undefined) return plain;
  const selection = chosenOne.TemplateSelectionExpression;
  const all = { ...sources, response: () => String(answer.status), responseJson: () => jsonObject(answer.body) };
  const template = chosen(chosenOne.ResponseTemplates, selection, all);
  return template === undefined ? plain : { ...plain, body: rendered(template, answer.body, what) };
}

function chosen(
  templatesByKey: Readonly<Record<string, string>> | undefined,
  selection: string | undefined,
  sources: Sources,
): string | undefined {
  if (templatesByKey === undefined) return undefined;
  const key = selection === undefined ? "$default" : expressionText(expression(selection)(sources));
  if (Object.hasOwn(templatesByKey, key)) return templatesByKey[key];
  return Object.hasOwn(templatesByKey, "$default") ? templatesByKey["$default"] : undefined;
}

/** @throws TemplateError, BodyNotJson */
function rendered(text: string, body: string, what: Happening): string {
  let template = templates.get(text);
  if (template === undefined) {
    if (templates.size >= mostTemplates) templates.clear();
    templates.set(text, (template = new MappingTemplate(text)));
  }
  const { headers = {}, query = {} } = what.request ?? {};
  const querystring = Object.fromEntries(Object.entries(query).map(([name, values]) => [name, values.at(-1) ?? ""]));
  return template.render({
    body,
    params: { path: {}, querystring, header: headers },
    context: requestContext(what),
    stageVariables: what.stageVariables,
    overrides: new Overrides(),
  });
}

/** `integration.request.{header|querystring|path}.X` from what the value names. */
function requestParameters(parameters: Readonly<Record<string, string>>, what: Happening) {
  const headers: string[] = [];
  const query: [string, string][] = [];
  const path: Record<string, string> = {};
  for (const [key, source] of Object.entries(parameters)) {
    const [, place, name = ""] = /^integration\.request\.(header|querystring|path)\.(.+)$/.exec(key) ?? [];
    const value = parameterValue(source, what);
    if (value === undefined) continue;
    if (place === "header") headers.push(name, value.replace(/[^\t\u0020-\u007e\u0080-\u00ff]/g, "?"));
    else if (place === "querystring") query.push([name, value]);
    else path[name] = value;
  }
  return { headers, query, path };
}

function parameterValue(source: string, what: Happening): string | undefined {
  const literal = /^'(.*)'$/.exec(source)?.[1];
  if (literal !== undefined) return literal;
  const text = source.startsWith("route.request.") ? source.slice("route.".length) : source;
  const value = expression(`$${text}`)(sourcesOf(what));
  return value === undefined || value === null ? undefined : expressionText(value);
}

/** Where selection expressions find their values. */
export function sourcesOf(what: Happening): Sources {
  const context = requestContext(what);
  return {
    request: (place, name) => {
      if (place === "body") return what.body;
      if (place === "header" || place === "multivalueheader") {
        const found = Object.entries(what.request?.headers ?? {}).find(
          ([one]) => one.toLowerCase() === name.toLowerCase(),
        );
        return found?.[1];
      }
      if (place === "querystring" || place === "multivaluequerystring") return what.request?.query[name]?.at(-1);
      return undefined;
    },
    requestJson: () => (what.body === undefined ? undefined : jsonObject(what.body)),
    context: (name) => {
      let value: unknown = context;
      for (const step of name.split(".")) {
        if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
        value = (value as Record<string, unknown>)[step];
      }
      return value === undefined ? undefined : expressionText(value);
    },
    stageVariables: (name) => (Object.hasOwn(what.stageVariables, name) ? what.stageVariables[name] : undefined),
  };
}

function decoded(base64: string): string {
  return Buffer.from(base64, "base64").toString();
}

function textsOf(value: unknown): Record<string, string> {
  if (typeof value !== "object" || value === null) return {};
  const texts = Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  return Object.fromEntries(texts);
}
