/** Builds the APIs of the file of cases, call by call, with the stubs that stand behind them. */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { APIGateway, GatewayResponseType } from "@aws-sdk/client-api-gateway";
import type { Busbar } from "../../src/index.ts";
import { account, functionUri } from "./apigateway.ts";

interface CaseIntegration {
  readonly type: "MOCK" | "HTTP" | "HTTP_PROXY" | "AWS" | "AWS_PROXY";
  readonly httpMethod?: string;
  readonly uri?: string;
  readonly credentials?: string;
  readonly requestTemplates?: Record<string, string>;
  readonly requestParameters?: Record<string, string>;
  readonly passthroughBehavior?: string;
  readonly contentHandling?: "CONVERT_TO_TEXT" | "CONVERT_TO_BINARY";
  readonly timeoutInMillis?: number;
  readonly responses?: Record<
    string,
    {
      readonly selectionPattern?: string;
      readonly responseTemplates?: Record<string, string>;
      readonly responseParameters?: Record<string, string>;
    }
  >;
}

interface CaseRoute {
  readonly method?: {
    readonly authorizationType?: string;
    readonly apiKeyRequired?: boolean;
    readonly requestParameters?: Record<string, boolean>;
    readonly requestModels?: Record<string, string>;
    readonly validator?: { readonly body: boolean; readonly parameters: boolean };
  };
  readonly integration: CaseIntegration;
  readonly responses?: Record<string, readonly string[]>;
}

export interface CaseApi {
  readonly routes: Record<string, CaseRoute>;
  readonly models?: Record<string, object>;
  readonly binaryMediaTypes?: string[];
  readonly gatewayResponses?: Record<
    string,
    {
      readonly statusCode?: string;
      readonly responseParameters?: Record<string, string>;
      readonly responseTemplates?: Record<string, string>;
    }
  >;
  readonly stageVariables?: Record<string, string>;
  readonly methodSettings?: Record<string, { throttlingRateLimit: number; throttlingBurstLimit: number }>;
  readonly canary?: { readonly percentTraffic: number; readonly stageVariableOverrides: Record<string, string> };
  readonly policy?: object;
  readonly disableExecuteApiEndpoint?: boolean;
  readonly keys?: Record<string, { readonly value: string; readonly enabled: boolean }>;
  readonly usagePlan?: {
    readonly keys: string[];
    readonly stages: string[];
    readonly quota?: { limit: number; period: "DAY" };
    readonly throttle?: { rateLimit: number; burstLimit: number };
  };
  readonly authorizer?: {
    readonly type: "TOKEN" | "REQUEST" | "COGNITO_USER_POOLS";
    readonly identitySource: string;
    readonly ttl?: number;
    readonly validation?: string;
  };
  readonly domains?: Record<string, Record<string, string>>;
  readonly afterDeploy?: { readonly routes: Record<string, CaseRoute> };
}

export const stageName = "dev";
const userPoolArn = `arn:aws:cognito-idp:us-east-1:${account}:userpool/us-east-1_abc`;
export const userPoolIssuer = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_abc";

/** Builds the API and deploys it to the stage `dev`; answers its id. @param fill puts values for placeholders in. */
export async function buildApi(
  client: APIGateway,
  api: CaseApi,
  fill: <Value>(value: Value, apiId: string) => Value,
): Promise<string> {
  const created = await client.createRestApi({
    name: "case",
    ...(api.policy === undefined ? {} : { policy: JSON.stringify(api.policy) }),
    ...(api.binaryMediaTypes === undefined ? {} : { binaryMediaTypes: api.binaryMediaTypes }),
    ...(api.disableExecuteApiEndpoint === undefined ? {} : { disableExecuteApiEndpoint: true }),
  });
  const restApiId = created.id as string;
  for (const [name, schema] of Object.entries(api.models ?? {})) {
    const text = fill(JSON.stringify(schema), restApiId);
    await client.createModel({ restApiId, name, contentType: "application/json", schema: text });
  }
  const authorizerId = await authorizerOf(client, restApiId, api);
  const builder = new Builder(client, restApiId, created.rootResourceId as string, authorizerId);
  await builder.routes(fill(api.routes, restApiId));
  for (const [responseType, response] of Object.entries(api.gatewayResponses ?? {})) {
    await client.putGatewayResponse({ restApiId, responseType: responseType as GatewayResponseType, ...response });
  }
  const variables = fill(api.stageVariables, restApiId);
  await client.createDeployment({ restApiId, stageName, ...(variables === undefined ? {} : { variables }) });
  for (const [key, setting] of Object.entries(api.methodSettings ?? {})) {
    await client.updateStage({
      restApiId,
      stageName,
      patchOperations: [
        { op: "replace", path: `/${key}/throttling/rateLimit`, value: String(setting.throttlingRateLimit) },
        { op: "replace", path: `/${key}/throttling/burstLimit`, value: String(setting.throttlingBurstLimit) },
      ],
    });
  }
  if (api.canary !== undefined) await client.createDeployment({ restApiId, stageName, canarySettings: api.canary });
  if (api.afterDeploy !== undefined) await builder.routes(fill(api.afterDeploy.routes, restApiId));
  await plan(client, restApiId, api);
  for (const [domainName, mappings] of Object.entries(api.domains ?? {})) {
    await client.createDomainName({ domainName, regionalCertificateArn: "arn:aws:acm:us-east-1:0:certificate/c" });
    for (const [basePath, stage] of Object.entries(mappings)) {
      await client.createBasePathMapping({ domainName, basePath, restApiId, stage });
    }
  }
  return restApiId;
}

async function authorizerOf(
  client: APIGateway,
  restApiId: string,
  { authorizer }: CaseApi,
): Promise<string | undefined> {
  if (authorizer === undefined) return undefined;
  const { type, identitySource, ttl, validation } = authorizer;
  const { id } = await client.createAuthorizer({
    restApiId,
    name: "authorizer",
    type,
    identitySource,
    ...(type === "COGNITO_USER_POOLS"
      ? { providerARNs: [userPoolArn] }
      : { authorizerUri: functionUri("authorizer"), authorizerResultTtlInSeconds: ttl }),
    ...(validation === undefined ? {} : { identityValidationExpression: validation }),
  });
  return id;
}

async function plan(client: APIGateway, apiId: string, { keys = {}, usagePlan }: CaseApi): Promise<void> {
  if (usagePlan === undefined) return;
  const { quota, throttle, stages, keys: planned } = usagePlan;
  const created = await client.createUsagePlan({
    name: "plan",
    apiStages: stages.map((stage) => ({ apiId, stage })),
    ...(quota === undefined ? {} : { quota }),
    ...(throttle === undefined ? {} : { throttle }),
  });
  for (const [name, key] of Object.entries(keys)) {
    const { id } = await client.createApiKey({ name, ...key });
    if (!planned.includes(name)) continue;
    await client.createUsagePlanKey({ usagePlanId: created.id, keyId: id, keyType: "API_KEY" });
  }
}

class Builder {
  readonly #client: APIGateway;
  readonly #restApiId: string;
  readonly #resources = new Map<string, string>();
  readonly #authorizerId: string | undefined;

  constructor(client: APIGateway, restApiId: string, root: string, authorizerId: string | undefined) {
    this.#client = client;
    this.#restApiId = restApiId;
    this.#authorizerId = authorizerId;
    this.#resources.set("", root);
  }

  async routes(routes: Record<string, CaseRoute>): Promise<void> {
    for (const [key, route] of Object.entries(routes)) {
      const [httpMethod = "", path = ""] = key.split(" ");
      const resourceId = await this.#resource(path === "/" ? "" : path);
      await this.#method({ restApiId: this.#restApiId, resourceId, httpMethod }, path, route);
    }
  }

  async #resource(path: string): Promise<string> {
    const known = this.#resources.get(path);
    if (known !== undefined) return known;
    const parentId = await this.#resource(path.slice(0, path.lastIndexOf("/")));
    const pathPart = path.slice(path.lastIndexOf("/") + 1);
    const { id } = await this.#client.createResource({ restApiId: this.#restApiId, parentId, pathPart });
    this.#resources.set(path, id as string);
    return id as string;
  }

  async #method(
    at: { restApiId: string; resourceId: string; httpMethod: string },
    path: string,
    { method = {}, integration, responses = { 200: [] } }: CaseRoute,
  ): Promise<void> {
    const { authorizationType = "NONE", apiKeyRequired, requestParameters, requestModels, validator } = method;
    const validatorId = validator && (await this.#validator(validator));
    const named = [...path.matchAll(/\{(.+?)\+?\}/g)].map(([, name]) => [`method.request.path.${name}`, true] as const);
    await this.#client.putMethod({
      ...at,
      authorizationType,
      ...(authorizationType === "NONE" || authorizationType === "AWS_IAM" ? {} : { authorizerId: this.#authorizerId }),
      ...(apiKeyRequired === undefined ? {} : { apiKeyRequired }),
      requestParameters: { ...Object.fromEntries(named), ...requestParameters },
      ...(requestModels === undefined ? {} : { requestModels }),
      ...(validatorId === undefined ? {} : { requestValidatorId: validatorId }),
    });
    for (const [statusCode, headers] of Object.entries(responses)) {
      const declared = headers.map((name) => [`method.response.header.${name}`, false] as const);
      await this.#client.putMethodResponse({ ...at, statusCode, responseParameters: Object.fromEntries(declared) });
    }
    const { httpMethod, responses: integrationResponses = {}, ...rest } = integration;
    await this.#client.putIntegration({
      ...at,
      ...rest,
      ...(httpMethod === undefined ? {} : { integrationHttpMethod: httpMethod }),
    });
    for (const [statusCode, response] of Object.entries(integrationResponses)) {
      // A response of a status the method has not can be put only while it has it.
      const missing = responses[statusCode] === undefined;
      if (missing) await this.#client.putMethodResponse({ ...at, statusCode });
      await this.#client.putIntegrationResponse({ ...at, statusCode, ...response });
      if (missing) await this.#client.deleteMethodResponse({ ...at, statusCode });
    }
  }

  async #validator({ body, parameters }: { body: boolean; parameters: boolean }): Promise<string> {
    const { id } = await this.#client.createRequestValidator({
      restApiId: this.#restApiId,
      name: "validator",
      validateRequestBody: body,
      validateRequestParameters: parameters,
    });
    return id as string;
  }
}

export interface Backend {
  readonly url: string;
  /** How it answers. */
  stub: BackendStub;
  readonly received: BackendRequest[];
  close(): void;
}

export interface BackendStub {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body?: string;
  readonly delayMs?: number;
  readonly echoJson?: boolean;
}

export interface BackendRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

/** The HTTP endpoint behind integrations. */
export async function startBackend(): Promise<Backend> {
  const received: BackendRequest[] = [];
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const [path = "", query = ""] = (request.url ?? "").split("?");
      received.push({ method: request.method ?? "", path, query, rawHeaders: request.rawHeaders, body });
      const { status, headers, delayMs = 0, echoJson, body: text = "" } = backend.stub;
      const answer = () => response.writeHead(status, headers).end(echoJson ? `{"json": ${body}}` : text);
      setTimeout(answer, delayMs);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const backend: Backend = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stub: { status: 200, headers: {} },
    received,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return backend;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

export interface FunctionStub {
  readonly result?: unknown;
  readonly error?: { readonly errorMessage: string; readonly errorType: string };
}

/** Registers a function that answers so; the events it gets go into the list. */
export function stubFunction(bus: Busbar, name: string, stub: FunctionStub, events: Record<string, unknown>[]): void {
  bus.registerFunction(name, (event) => {
    events.push(event as Record<string, unknown>);
    if (stub.error !== undefined)
      throw Object.assign(new Error(stub.error.errorMessage), { name: stub.error.errorType });
    const methodArn = String((event as { methodArn?: unknown }).methodArn);
    const apiId = methodArn.split(":")[5]?.split("/")[0] ?? "";
    const result = JSON.stringify(stub.result ?? null);
    return JSON.parse(result.replaceAll("{methodArn}", methodArn).replaceAll("{api}", apiId));
  });
}
