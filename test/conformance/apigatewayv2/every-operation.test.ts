/**
 * Every operation of HTTP and WebSocket APIs' control plane, and of what manages connections, through their clients: what
 * is refused, what is done, what is refused when it is asked again, and lists page by page. An operation without a row fails.
 */
import * as management from "@aws-sdk/client-apigatewaymanagementapi";
import * as module from "@aws-sdk/client-apigatewayv2";
import { afterAll, beforeAll, describe, expect } from "vitest";
import managementConstraints from "../../../protocols/constraints/apigatewaymanagementapi.json" with { type: "json" };
import constraints from "../../../protocols/constraints/apigatewayv2.json" with { type: "json" };
import { GatewayEnvironment } from "../../support/apigatewayv2.ts";
import {
  type ApiParts,
  Conditions,
  DisplayContent,
  document,
  domain,
  integration,
  jwt,
  oneOfEach,
  portal,
  Schema,
  sharing,
} from "../../support/apigatewayv2-parts.ts";
import {
  type Refused,
  type Rows,
  type SweptService,
  testEveryOperation,
  testRefusals,
  type Wording,
} from "../../support/every-operation.ts";
import { type Refusal, refusal } from "../../support/refusal.ts";
import { openSocket } from "../../support/web-sockets.ts";

const badRequest = (message: string) => refusal("BadRequestException", message);
const notFound = (message: string) => refusal("NotFoundException", message, 404);
const conflict = (message: string) => refusal("ConflictException", message, 409);
const matching = (pattern: RegExp) => expect.stringMatching(pattern) as string;
/** What is told of something that is gone, whose id is not known beforehand. */
const gone = (kind: string) => notFound(matching(new RegExp(`^Invalid ${kind} identifier specified \\w+$`)));

/** Kinds by the names in paths; of domain names no more is told. */
const kinds: Readonly<Record<string, string>> = {
  ApiId: "API",
  ApiMappingId: "ApiMapping",
  AuthorizerId: "Authorizer",
  DeploymentId: "Deployment",
  IntegrationId: "Integration",
  IntegrationResponseId: "IntegrationResponse",
  ModelId: "Model",
  PortalId: "Portal",
  PortalProductId: "PortalProduct",
  ProductPageId: "ProductPage",
  ProductRestEndpointPageId: "ProductRestEndpointPage",
  RequestParameterKey: "Parameter",
  RouteId: "Route",
  RouteResponseId: "RouteResponse",
  RoutingRuleId: "routing rule",
  StageName: "Stage",
  VpcLinkId: "VpcLink",
};
const otherNames: Readonly<Record<string, Refusal>> = {
  DomainName: notFound("Invalid domain name identifier specified"),
  ResourceArn: badRequest("Invalid ARN specified in the request: unknown"),
  RouteKey: notFound("Invalid route key specified unknown"),
  Specification: badRequest("Invalid specification specified. Must be OAS30"),
};

const wording: Wording = {
  violation: {
    name: "BadRequestException",
    path: (_operation, member) => member.charAt(0).toLowerCase() + member.slice(1),
  },
  unknown: (member) => ({
    value: "unknown",
    outcome: otherNames[member] ?? notFound(`Invalid ${kinds[member]} identifier specified unknown`),
  }),
  common(operation, member) {
    if (member === "NextToken") return [["nonsense", "nonsense", badRequest("Invalid nextToken")]];
    if (member !== "MaxResults" || operation === "ListRoutingRules") return [];
    const refused = badRequest("Invalid value for maxResults");
    return [...["0", "-1", "x"].map((value) => [value, value, refused] as const), ["501", "501", undefined]];
  },
};

const none = () => ({});
const api = ({ ApiId }: ApiParts) => ({ ApiId });
const stage = ({ ApiId }: ApiParts) => ({ ApiId, StageName: "dev" });
const model = ({ sockets, ModelId }: ApiParts) => ({ ApiId: sockets, ModelId });
const product = ({ PortalProductId }: ApiParts) => ({ PortalProductId });
const pageOf = ({ PortalProductId, ProductPageId }: ApiParts) => ({ PortalProductId, ProductPageId });
const endpointPage = ({ PortalProductId, ProductRestEndpointPageId }: ApiParts) => ({
  PortalProductId,
  ProductRestEndpointPageId,
});
const part =
  (...names: (keyof ApiParts)[]) =>
  (made: ApiParts) =>
    Object.fromEntries(names.map((name) => [name, made[name]]));
const domainName = part("DomainName");
const arn = ({ ApiId }: ApiParts) => ({ ResourceArn: `arn:aws:apigateway:us-east-1::/apis/${ApiId}` });

/** In the order of a life: what is created, read, changed and deleted. */
const rows: Rows<ApiParts> = {
  CreateApi: () => ({ Name: "new", ProtocolType: "HTTP" }),
  CreateApiMapping: {
    input: (m) => ({ DomainName: m.DomainName, ApiId: m.ApiId, Stage: "dev", ApiMappingKey: "new" }),
    again: conflict("ApiMapping key already exists for this domain name"),
  },
  CreateAuthorizer: {
    input: (m) => ({ ...api(m), Name: "new", ...jwt }),
    again: conflict("Authorizer with name new already exists for this API"),
  },
  CreateDeployment: api,
  CreateDomainName: {
    input: () => ({ ...domain, DomainName: "new.example.org" }),
    again: conflict("The domain name you provided already exists."),
  },
  CreateIntegration: (m) => ({ ...api(m), ...integration }),
  CreateIntegrationResponse: {
    input: (m) => ({ ...m.mocked, IntegrationResponseKey: "/200/" }),
    again: conflict("Integration response with key /200/ already exists for this integration"),
  },
  CreateModel: {
    input: (m) => ({ ApiId: m.sockets, Name: "new", Schema }),
    again: conflict("Model name already exists for this REST API"),
  },
  CreatePortal: () => portal,
  CreatePortalProduct: () => ({ DisplayName: "new" }),
  CreateProductPage: (m) => ({ ...product(m), DisplayContent }),
  CreateProductRestEndpointPage: (m) => ({
    ...product(m),
    RestEndpointIdentifier: { IdentifierParts: { ...m.IdentifierParts, Method: "PUT" } },
  }),
  CreateRoute: {
    input: (m) => ({ ...api(m), RouteKey: "GET /new" }),
    again: conflict("Route with key GET /new already exists for this API"),
  },
  CreateRouteResponse: {
    input: (m) => ({ ...m.spoken, RouteResponseKey: "$default" }),
    again: conflict("Route response with key $default already exists for this route"),
  },
  CreateRoutingRule: {
    input: (m) => ({ ...domainName(m), Actions: m.Actions, Priority: 11, Conditions }),
    again: conflict("A routing rule with priority 11 already exists"),
  },
  CreateStage: { input: (m) => ({ ...api(m), StageName: "new" }), again: conflict("Stage already exists") },
  CreateVpcLink: () => ({ Name: "new", SubnetIds: ["subnet-1"] }),
  ImportApi: () => ({ Body: document }),
  ExportApi: (m) => ({ ...api(m), Specification: "OAS30", OutputType: "JSON" }),
  GetApi: api,
  GetApiMapping: part("DomainName", "ApiMappingId"),
  GetApiMappings: domainName,
  GetApis: none,
  GetAuthorizer: part("ApiId", "AuthorizerId"),
  GetAuthorizers: api,
  GetDeployment: part("ApiId", "DeploymentId"),
  GetDeployments: api,
  GetDomainName: domainName,
  GetDomainNames: none,
  GetIntegration: part("ApiId", "IntegrationId"),
  GetIntegrationResponse: (m) => ({ ...m.mocked, IntegrationResponseId: m.IntegrationResponseId }),
  GetIntegrationResponses: (m) => m.mocked,
  GetIntegrations: api,
  GetModel: model,
  GetModelTemplate: model,
  GetModels: (m) => ({ ApiId: m.sockets }),
  GetPortal: part("PortalId"),
  GetPortalProduct: product,
  GetPortalProductSharingPolicy: product,
  GetProductPage: pageOf,
  GetProductRestEndpointPage: endpointPage,
  GetRoute: part("ApiId", "RouteId"),
  GetRouteResponse: (m) => ({ ...m.connecting, RouteResponseId: m.RouteResponseId }),
  GetRouteResponses: (m) => m.connecting,
  GetRoutes: api,
  GetRoutingRule: part("DomainName", "RoutingRuleId"),
  GetStage: stage,
  GetStages: api,
  GetTags: arn,
  GetVpcLink: part("VpcLinkId"),
  GetVpcLinks: none,
  ListPortalProducts: none,
  ListPortals: none,
  ListProductPages: product,
  ListProductRestEndpointPages: product,
  ListRoutingRules: domainName,
  PreviewPortal: part("PortalId"),
  PublishPortal: part("PortalId"),
  PutPortalProductSharingPolicy: (m) => ({ ...product(m), PolicyDocument: sharing(m.PortalProductArn) }),
  PutRoutingRule: (m) => ({
    ...{ DomainName: m.DomainName, RoutingRuleId: m.RoutingRuleId, Actions: m.Actions },
    ...{ Priority: 12, Conditions },
  }),
  ReimportApi: (m) => ({ ApiId: m.imported, Body: document }),
  ResetAuthorizersCache: stage,
  TagResource: (m) => ({ ...arn(m), Tags: { a: "b" } }),
  UntagResource: (m) => ({ ...arn(m), TagKeys: ["a"] }),
  UpdateApi: (m) => ({ ...api(m), Name: "n" }),
  UpdateApiMapping: (m) => ({ ...part("DomainName", "ApiMappingId", "ApiId")(m), ApiMappingKey: "v2" }),
  UpdateAuthorizer: (m) => ({ ...part("ApiId", "AuthorizerId")(m), Name: "n" }),
  UpdateDeployment: (m) => ({ ...part("ApiId", "DeploymentId")(m), Description: "n" }),
  UpdateDomainName: (m) => ({ ...domainName(m), RoutingMode: "ROUTING_RULE_THEN_API_MAPPING" }),
  UpdateIntegration: (m) => ({ ...part("ApiId", "IntegrationId")(m), Description: "n" }),
  UpdateIntegrationResponse: (m) => ({
    ...m.mocked,
    IntegrationResponseId: m.IntegrationResponseId,
    ResponseTemplates: { $default: "x" },
  }),
  UpdateModel: (m) => ({ ...model(m), Description: "n" }),
  UpdatePortal: (m) => ({ ...part("PortalId")(m), RumAppMonitorName: "n" }),
  UpdatePortalProduct: (m) => ({ ...product(m), Description: "n" }),
  UpdateProductPage: (m) => ({ ...pageOf(m), DisplayContent }),
  UpdateProductRestEndpointPage: (m) => ({ ...endpointPage(m), TryItState: "DISABLED" }),
  UpdateRoute: (m) => ({ ...part("ApiId", "RouteId")(m), OperationName: "n" }),
  UpdateRouteResponse: (m) => ({
    ...m.connecting,
    RouteResponseId: m.RouteResponseId,
    ModelSelectionExpression: "default",
  }),
  UpdateStage: (m) => ({ ...stage(m), Description: "n" }),
  UpdateVpcLink: (m) => ({ ...part("VpcLinkId")(m), Name: "n" }),
  DeleteAccessLogSettings: stage,
  DeleteRouteSettings: {
    input: (m) => ({ ...stage(m), RouteKey: "GET /pets" }),
    again: notFound("Invalid route key specified GET /pets"),
  },
  DeleteRouteRequestParameter: {
    input: (m) => ({ ...m.connecting, RequestParameterKey: "route.request.querystring.a" }),
    again: notFound("Invalid Parameter identifier specified route.request.querystring.a"),
  },
  DeleteCorsConfiguration: api,
  DeleteRouteResponse: {
    input: (m) => ({ ...m.connecting, RouteResponseId: m.RouteResponseId }),
    again: gone("RouteResponse"),
  },
  DeleteIntegrationResponse: {
    input: (m) => ({ ...m.mocked, IntegrationResponseId: m.IntegrationResponseId }),
    again: gone("IntegrationResponse"),
  },
  DeleteModel: { input: model, again: gone("Model") },
  DeleteRoute: { input: part("ApiId", "RouteId"), again: gone("Route") },
  DeleteIntegration: { input: (m) => ({ ...api(m), IntegrationId: m.unused }), again: gone("Integration") },
  DeleteAuthorizer: { input: part("ApiId", "AuthorizerId"), again: gone("Authorizer") },
  DeleteDeployment: { input: (m) => ({ ...api(m), DeploymentId: m.unusedDeployment }), again: gone("Deployment") },
  DeleteStage: { input: (m) => ({ ...api(m), StageName: "new" }), again: gone("Stage") },
  DeleteApiMapping: { input: part("DomainName", "ApiMappingId"), again: gone("ApiMapping") },
  DeleteRoutingRule: { input: part("DomainName", "RoutingRuleId"), again: gone("routing rule") },
  DeleteDomainName: {
    input: () => ({ DomainName: "new.example.org" }),
    again: notFound("Invalid domain name identifier specified"),
  },
  DeleteVpcLink: { input: part("VpcLinkId"), again: gone("VpcLink") },
  DeleteProductPage: { input: pageOf, again: gone("ProductPage") },
  DeleteProductRestEndpointPage: { input: endpointPage, again: gone("ProductRestEndpointPage") },
  DeletePortalProductSharingPolicy: product,
  DeletePortalProduct: { input: product, again: gone("PortalProduct") },
  DisablePortal: part("PortalId"),
  DeletePortal: { input: part("PortalId"), again: gone("Portal") },
  DeleteApi: { input: (m) => ({ ApiId: m.imported }), again: gone("API") },
};

const sockets = ({ sockets }: ApiParts) => ({ ApiId: sockets });
const keyFormat = "The provided route key is not formatted properly";
const httpFormat = 'for HTTP protocol. Format should be "<HTTP METHOD> /<RESOURCE PATH>" or "$default"';
const noAuthorizer =
  "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires a valid authorizer.";
const noRoute = notFound("Unable to find Route by key GET /new within the provided RouteSettings");
const texts = (count: number) => Array.from({ length: count }, (_, index) => `t${index}`);
const tooShort = (member: string) =>
  badRequest(
    `1 validation error detected: Value '' at '${member}' failed to satisfy constraint: Member must have length greater than or equal to 1`,
  );

/** Calls that are refused in words of their own. What a thing cannot be without is not taken away by an empty text either. */
const refusals: readonly Refused<ApiParts>[] = [
  ["CreateRoute", (m) => ({ ...sockets(m), RouteKey: "" }), badRequest(`${keyFormat}: `)],
  ["UpdateRoute", (m) => ({ ...m.spoken, RouteKey: "" }), badRequest(`${keyFormat}: `)],
  ["UpdateApi", () => ({ Name: "" }), tooShort("name")],
  [
    "UpdateApi",
    (m) => ({ ...sockets(m), RouteSelectionExpression: "" }),
    badRequest("RouteSelectionExpression is required for protocolType WEBSOCKET"),
  ],
  [
    "UpdateApi",
    () => ({ RouteSelectionExpression: "" }),
    badRequest("RouteSelectionExpression must be $request.method $request.path for protocolType HTTP"),
  ],
  ["UpdateApiMapping", () => ({ Stage: "" }), tooShort("stage")],
  ["UpdateAuthorizer", () => ({ Name: "" }), tooShort("name")],
  ["UpdateModel", () => ({ Name: "" }), tooShort("name")],
  ["UpdateModel", () => ({ Schema: "" }), badRequest("Invalid model schema specified")],
  ["UpdatePortalProduct", () => ({ DisplayName: "" }), tooShort("displayName")],
  [
    "UpdateRouteResponse",
    () => ({ RouteResponseKey: "" }),
    badRequest("Currently, $default is the only supported route response key"),
  ],
  [
    "UpdateIntegrationResponse",
    () => ({ IntegrationResponseKey: "" }),
    badRequest("Invalid integration response key specified: . It must be $default or /expression/"),
  ],
  ["UpdateVpcLink", () => ({ Name: "" }), tooShort("name")],
  [
    "CreateRoute",
    (m) => ({ Target: "integrations/unknown", ApiId: m.ApiId }),
    notFound("Invalid Integration identifier specified unknown"),
  ],
  ["CreateRoute", () => ({ RouteKey: "get /new" }), badRequest(`${keyFormat} ${httpFormat}`)],
  ["CreateRoute", () => ({ RouteKey: "GET /{a+}/b" }), badRequest(`${keyFormat} ${httpFormat}`)],
  ["CreateRoute", () => ({ RouteKey: "GET /{a}/{a}" }), badRequest(`${keyFormat} ${httpFormat}`)],
  ["CreateRoute", (m) => ({ ...sockets(m), RouteKey: "$new" }), badRequest(`${keyFormat}: $new`)],
  ["CreateRoute", () => ({ AuthorizationType: "JWT" }), badRequest(noAuthorizer)],
  ["CreateRoute", (m) => ({ AuthorizationType: "CUSTOM", AuthorizerId: m.AuthorizerId }), badRequest(noAuthorizer)],
  [
    "CreateRoute",
    (m) => ({ AuthorizationType: "JWT", AuthorizerId: m.AuthorizerId, AuthorizationScopes: texts(11) }),
    badRequest("A route may have at most 10 authorization scopes"),
  ],
  [
    "CreateRoute",
    () => ({ AuthorizationScopes: ["read"] }),
    badRequest("Authorization scopes are only supported for routes with authorization type JWT."),
  ],
  [
    "CreateAuthorizer",
    () => ({ JwtConfiguration: { ...jwt.JwtConfiguration, Audience: texts(51) } }),
    badRequest("An authorizer may have at most 50 audiences"),
  ],
  ["CreateStage", (m) => ({ DeploymentId: "unknown", ApiId: m.ApiId }), gone("Deployment")],
  [
    "CreateStage",
    () => ({ StageVariables: Object.fromEntries(texts(101).map((name) => [name, "1"])) }),
    badRequest("A stage may have at most 100 variables"),
  ],
  ["CreateStage", () => ({ RouteSettings: { "GET /new": {} } }), noRoute],
  ["UpdateStage", () => ({ RouteSettings: { "GET /pets": {}, "GET /new": {} } }), noRoute],
  ["CreateApiMapping", () => ({ ApiId: "unknown" }), notFound("Invalid API identifier specified unknown")],
  ["CreateApiMapping", () => ({ Stage: "unknown" }), badRequest("Invalid stage identifier specified")],
  [
    "DeleteIntegration",
    (m) => ({ IntegrationId: m.IntegrationId }),
    refusal(
      "ConflictException",
      matching(/^Cannot delete Integration '\w+'\. Route '\w+' is using this integration\.$/),
      409,
    ),
  ],
  [
    "DeleteDeployment",
    (m) => ({ DeploymentId: m.DeploymentId }),
    badRequest(matching(/^Active stages with deploymentId '\w+' exist/)),
  ],
  ["DeleteApi", (m) => api(m), badRequest("Please remove all API mappings related to the API before deleting it.")],
  [
    "DeleteStage",
    () => ({ StageName: "dev" }),
    badRequest("Please remove all API mappings related to the stage before deleting it."),
  ],
];

describe("the control plane of HTTP and WebSocket APIs", () => {
  let environment: GatewayEnvironment;
  let made: ApiParts;

  beforeAll(async () => {
    environment = await GatewayEnvironment.start("memory", { port: false });
    made = await oneOfEach(environment);
  });
  afterAll(() => environment.stop());

  const service: SweptService<ApiParts> = {
    module,
    constraints,
    rows,
    wording,
    paging: { size: "MaxResults", position: "NextToken", whole: ["GetRouteResponses"] },
    client: () => environment.gateway,
    made: () => made,
  };
  testRefusals(service, refusals);
  testEveryOperation(service);
});

interface Connected {
  readonly ConnectionId: string;
}

describe("the management of connections", () => {
  let environment: GatewayEnvironment;
  let client: management.ApiGatewayManagementApi;
  let made: Connected;

  beforeAll(async () => {
    environment = await GatewayEnvironment.start();
    const { gateway, bus } = environment;
    const selection = { RouteSelectionExpression: "$request.body.action" };
    const { ApiId = "" } = await gateway.createApi({ Name: "chat", ProtocolType: "WEBSOCKET", ...selection });
    const IntegrationUri = environment.handler("connect", () => ({ statusCode: 200 }));
    const { IntegrationId } = await gateway.createIntegration({ ApiId, ...integration, IntegrationUri });
    await gateway.createRoute({ ApiId, RouteKey: "$connect", Target: `integrations/${IntegrationId}` });
    await gateway.createStage({ ApiId, StageName: "live", AutoDeploy: true });
    const address = `${bus.endpoint}/_aws/execute-api/${ApiId}/live`;
    client = new management.ApiGatewayManagementApi({ ...bus.clientConfig(), endpoint: address, maxAttempts: 1 });
    await openSocket(address.replace("http", "ws"));
    const [event] = environment.eventsOf("connect") as [{ requestContext: { connectionId: string } }];
    made = { ConnectionId: event.requestContext.connectionId };
  });
  afterAll(async () => {
    client.destroy();
    await environment.stop();
  });

  const connection = ({ ConnectionId }: Connected) => ({ ConnectionId });
  const unknown = badRequest("Invalid connectionId: unknown");
  testEveryOperation<Connected>({
    module: management,
    constraints: managementConstraints,
    rows: {
      GetConnection: connection,
      PostToConnection: {
        input: (m) => ({ ...connection(m), Data: "hello" }),
        own: { "Data missing": undefined, "Data too much": refusal("Unknown", "UnknownError", 413) },
      },
      DeleteConnection: { input: connection, again: refusal("GoneException", "UnknownError", 410) },
    },
    wording: { ...wording, unknown: () => ({ value: "unknown", outcome: unknown }) },
    client: () => client,
    made: () => made,
  });
});
