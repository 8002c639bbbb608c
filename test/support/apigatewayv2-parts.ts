/** One of each thing that the control plane of HTTP and WebSocket APIs keeps. */
import { functionArn, type GatewayEnvironment } from "./apigatewayv2.ts";

const colours = ["Accent", "Background", "ErrorValidation", "Header", "Navigation", "Text"];
const CustomColors = Object.fromEntries(colours.map((name) => [`${name}Color`, "#102030"])) as never;
const PortalContent = { DisplayName: "Shop", Theme: { CustomColors } };
export const portal = { Authorization: { None: {} }, EndpointConfiguration: { None: {} }, PortalContent };
export const domain = {
  DomainName: "api.example.org",
  DomainNameConfigurations: [{ CertificateArn: "arn:aws:acm:us-east-1:000000000000:certificate/c" }],
};
export const integration = {
  IntegrationType: "AWS_PROXY" as const,
  IntegrationUri: functionArn("f"),
  PayloadFormatVersion: "2.0",
};
export const jwt = {
  AuthorizerType: "JWT" as const,
  IdentitySource: ["$request.header.Authorization"],
  JwtConfiguration: { Audience: ["a"], Issuer: "https://issuer.example" },
};
export const Schema = '{"type":"object"}';
const url = { type: "http_proxy", httpMethod: "GET", uri: "https://example.com", payloadFormatVersion: "1.0" };
export const document = JSON.stringify({
  openapi: "3.0.1",
  info: { title: "imported", version: "1" },
  paths: { "/i": { get: { "x-amazon-apigateway-integration": url } } },
});
export const Conditions = [{ MatchBasePaths: { AnyOf: ["a"] } }];
export const DisplayContent = { Title: "t", Body: "b" };

/** A policy that shares a product with another account. */
export function sharing(Resource: string): string {
  const Statement = [
    { Effect: "Allow", Principal: { AWS: "111122223333" }, Action: "apigateway:GetPortalProduct", Resource },
  ];
  return JSON.stringify({ Version: "2012-10-17", Statement });
}

export type ApiParts = Awaited<ReturnType<typeof oneOfEach>>;

/** Creates the things and tells their ids; `sockets` is a WebSocket API. */
export async function oneOfEach({ gateway }: GatewayEnvironment) {
  const { ApiId = "" } = await gateway.createApi({ Name: "http", ProtocolType: "HTTP" });
  const { ApiId: sockets = "" } = await gateway.createApi({
    Name: "sockets",
    ProtocolType: "WEBSOCKET",
    RouteSelectionExpression: "$request.body.action",
  });
  const { IntegrationId = "" } = await gateway.createIntegration({ ApiId, ...integration });
  const { IntegrationId: unused = "" } = await gateway.createIntegration({ ApiId, ...integration });
  const { AuthorizerId = "" } = await gateway.createAuthorizer({ ApiId, Name: "a", ...jwt });
  const Target = `integrations/${IntegrationId}`;
  const { RouteId = "" } = await gateway.createRoute({ ApiId, RouteKey: "GET /pets", Target });
  await gateway.createStage({
    ApiId,
    StageName: "dev",
    AccessLogSettings: {
      DestinationArn: "arn:aws:logs:us-east-1:000000000000:log-group:l",
      Format: "$context.requestId",
    },
    RouteSettings: { "GET /pets": { ThrottlingBurstLimit: 1 } },
  });
  const { DeploymentId = "" } = await gateway.createDeployment({ ApiId, StageName: "dev" });
  const { DeploymentId: unusedDeployment = "" } = await gateway.createDeployment({ ApiId });
  const mock = await gateway.createIntegration({ ApiId: sockets, IntegrationType: "MOCK" });
  const mocked = { ApiId: sockets, IntegrationId: mock.IntegrationId };
  const answer = { ...mocked, IntegrationResponseKey: "$default" };
  const { IntegrationResponseId = "" } = await gateway.createIntegrationResponse(answer);
  const connect = await gateway.createRoute({
    ApiId: sockets,
    RouteKey: "$connect",
    RequestParameters: { "route.request.querystring.a": { Required: true } },
  });
  const connecting = { ApiId: sockets, RouteId: connect.RouteId };
  const reply = { ...connecting, RouteResponseKey: "$default" };
  const { RouteResponseId = "" } = await gateway.createRouteResponse(reply);
  const spoken = { ApiId: sockets, RouteId: (await gateway.createRoute({ ApiId: sockets, RouteKey: "say" })).RouteId };
  const { ModelId = "" } = await gateway.createModel({ ApiId: sockets, Name: "m", Schema });
  const { DomainName } = domain;
  await gateway.createDomainName(domain);
  const mapping = { DomainName, ApiId, Stage: "dev", ApiMappingKey: "v1" };
  const { ApiMappingId = "" } = await gateway.createApiMapping(mapping);
  const Actions = [{ InvokeApi: { ApiId, Stage: "dev" } }];
  const { RoutingRuleId = "" } = await gateway.createRoutingRule({ DomainName, Priority: 10, Actions, Conditions });
  const { VpcLinkId = "" } = await gateway.createVpcLink({ Name: "link", SubnetIds: ["subnet-1"] });
  const { PortalId = "" } = await gateway.createPortal(portal);
  const { PortalProductId = "", PortalProductArn = "" } = await gateway.createPortalProduct({ DisplayName: "Orders" });
  const { ProductPageId = "" } = await gateway.createProductPage({ PortalProductId, DisplayContent });
  const IdentifierParts = { RestApiId: ApiId, Stage: "dev", Path: "/pets", Method: "GET" };
  const endpoint = { PortalProductId, RestEndpointIdentifier: { IdentifierParts } };
  const { ProductRestEndpointPageId = "" } = await gateway.createProductRestEndpointPage(endpoint);
  await gateway.putPortalProductSharingPolicy({ PortalProductId, PolicyDocument: sharing(PortalProductArn) });
  const { ApiId: imported = "" } = await gateway.importApi({ Body: document });
  return {
    ...{ ApiId, sockets, IntegrationId, unused, AuthorizerId, RouteId, DeploymentId, unusedDeployment, mocked },
    ...{ IntegrationResponseId, connecting, RouteResponseId, spoken, ModelId, DomainName, ApiMappingId, Actions },
    ...{ RoutingRuleId, VpcLinkId, PortalId, PortalProductId, PortalProductArn, ProductPageId, IdentifierParts },
    ...{ ProductRestEndpointPageId, imported },
  };
}
