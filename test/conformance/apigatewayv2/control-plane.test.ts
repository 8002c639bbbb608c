/** The control plane: every operation through its client, in memory and on disk. */
import type { ApiGatewayV2 } from "@aws-sdk/client-apigatewayv2";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { functionArn, GatewayEnvironment, roleArn } from "../../support/apigatewayv2.ts";
import { refused } from "../../support/refusal.ts";
import { turnsDuring } from "../../support/turns.ts";

const certificate = "arn:aws:acm:us-east-1:000000000000:certificate/c";
const functionUri = `arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${functionArn("f")}/invocations`;

describe.each(["memory", "disk"] as const)("API Gateway v2, %s", (storage) => {
  let env: GatewayEnvironment;
  let gateway: ApiGatewayV2;

  beforeAll(async () => {
    env = await GatewayEnvironment.start(storage);
    gateway = env.gateway;
  });
  afterAll(() => env.stop());

  async function newApi(ProtocolType: "HTTP" | "WEBSOCKET" = "HTTP"): Promise<string> {
    const { ApiId = "" } = await gateway.createApi({
      Name: "api",
      ProtocolType,
      ...(ProtocolType === "WEBSOCKET" ? { RouteSelectionExpression: "$request.body.action" } : {}),
    });
    return ApiId;
  }

  async function newIntegration(ApiId: string): Promise<string> {
    const given = {
      IntegrationType: "AWS_PROXY",
      IntegrationUri: functionArn("f"),
      PayloadFormatVersion: "2.0",
    } as const;
    return (await gateway.createIntegration({ ApiId, ...given })).IntegrationId as string;
  }

  it("stores APIs", async () => {
    const { $metadata, ...created } = await gateway.createApi({ Name: "one", ProtocolType: "HTTP", Tags: { a: "1" } });
    expect($metadata.httpStatusCode).toBe(201);
    const ApiId = created.ApiId as string;
    expect(ApiId).toMatch(/^[a-z0-9]{10}$/);
    expect(created).toMatchObject({
      ApiEndpoint: `${env.bus.endpoint}/_aws/execute-api/${ApiId}`,
      ApiKeySelectionExpression: "$request.header.x-api-key",
      CreatedDate: new Date("2026-03-01T12:00:00Z"),
      DisableExecuteApiEndpoint: false,
      IpAddressType: "ipv4",
      Name: "one",
      ProtocolType: "HTTP",
      RouteSelectionExpression: "$request.method $request.path",
      Tags: { a: "1" },
    });
    const updated = await gateway.updateApi({
      ApiId,
      Description: "words",
      CorsConfiguration: { AllowOrigins: ["https://a.example"] },
    });
    expect(updated).toMatchObject({ Description: "words", CorsConfiguration: { AllowOrigins: ["https://a.example"] } });
    await gateway.deleteCorsConfiguration({ ApiId });
    expect(await gateway.getApi({ ApiId })).not.toHaveProperty("CorsConfiguration");
    const { Items = [] } = await gateway.getApis({ MaxResults: "500" });
    expect(Items.map((one) => one.ApiId)).toContain(ApiId);
    expect((await gateway.deleteApi({ ApiId })).$metadata.httpStatusCode).toBe(204);
    expect(await refused(gateway.getApi({ ApiId }))).toMatchObject({
      name: "NotFoundException",
      status: 404,
      message: `Invalid API identifier specified ${ApiId}`,
    });
  });

  it("gives an API the id that its tag asks for", async () => {
    const given = { Name: "mine", ProtocolType: "HTTP", Tags: { _custom_id_: "my-api" } } as const;
    expect((await gateway.createApi(given)).ApiId).toBe("my-api");
    expect(await refused(gateway.createApi(given))).toMatchObject({ name: "ConflictException" });
    await gateway.deleteApi({ ApiId: "my-api" });
  });

  it("creates what a target needs in one go", async () => {
    const { ApiId } = await gateway.createApi({ Name: "quick", ProtocolType: "HTTP", Target: functionArn("f") });
    const { Items: [integration] = [] } = await gateway.getIntegrations({ ApiId });
    const { Items: [route] = [] } = await gateway.getRoutes({ ApiId });
    const { Items: [stage] = [] } = await gateway.getStages({ ApiId });
    expect(integration).toMatchObject({
      ApiGatewayManaged: true,
      PayloadFormatVersion: "2.0",
      IntegrationType: "AWS_PROXY",
    });
    expect(route).toMatchObject({ RouteKey: "$default", Target: `integrations/${integration?.IntegrationId}` });
    const { Items: [deployment] = [] } = await gateway.getDeployments({ ApiId });
    expect(deployment).toMatchObject({ AutoDeployed: true, DeploymentStatus: "DEPLOYED" });
    expect(stage).toMatchObject({
      ApiGatewayManaged: true,
      AutoDeploy: true,
      StageName: "$default",
      DeploymentId: deployment?.DeploymentId,
      LastDeploymentStatusMessage: `Successfully deployed stage with deployment ID '${deployment?.DeploymentId}'`,
    });
    for (const [what, deletion] of [
      ["route", gateway.deleteRoute({ ApiId, RouteId: route?.RouteId })],
      ["stage", gateway.deleteStage({ ApiId, StageName: "$default" })],
    ] as const) {
      expect(await refused(deletion)).toMatchObject({ status: 400, message: `Cannot delete a managed ${what}.` });
    }
    const other = await gateway.updateApi({ ApiId, Target: "https://example.com" });
    expect(other.ApiId).toBe(ApiId);
    expect((await gateway.getIntegrations({ ApiId })).Items).toMatchObject([
      {
        ...{ IntegrationId: integration?.IntegrationId, IntegrationUri: "https://example.com" },
        ...{ IntegrationType: "HTTP_PROXY", IntegrationMethod: "ANY", PayloadFormatVersion: "1.0" },
      },
    ]);
    expect(await refused(gateway.updateApi({ ApiId, Target: "somewhere" }))).toMatchObject({
      name: "BadRequestException",
      message: "Invalid target specified: somewhere",
    });
    await gateway.updateApi({ ApiId, RouteKey: "GET /quick" });
    expect((await gateway.getRoutes({ ApiId })).Items).toMatchObject([{ RouteKey: "GET /quick" }]);
  });

  it("keeps routes apart by what they match", async () => {
    const ApiId = await newApi();
    const Target = `integrations/${await newIntegration(ApiId)}`;
    const route = await gateway.createRoute({ ApiId, RouteKey: "GET /a/{x}", Target });
    expect(route).toMatchObject({ ApiKeyRequired: false, AuthorizationType: "NONE", RouteKey: "GET /a/{x}", Target });
    expect(await refused(gateway.createRoute({ ApiId, RouteKey: "GET /a/{x}" }))).toMatchObject({
      name: "ConflictException",
      message: "Route with key GET /a/{x} already exists for this API",
    });
    expect(await refused(gateway.createRoute({ ApiId, RouteKey: "GET /a/{y}" }))).toMatchObject({
      message:
        'The provided route key "GET /a/{y}" has a conflicting variable on the same hierarchical level as "GET /a/{x}"',
    });
    for (const RouteKey of ["GET a", "FETCH /a", "GET /{a+}/b", "/a", "$connect", "GET /{a}/{a}"]) {
      expect(await refused(gateway.createRoute({ ApiId, RouteKey }))).toMatchObject({ status: 400 });
    }
    const { RouteId } = route;
    expect(await gateway.updateRoute({ ApiId, RouteId, OperationName: "op" })).toMatchObject({ OperationName: "op" });
    expect(await gateway.getRoute({ ApiId, RouteId })).toMatchObject({ OperationName: "op" });
    const IntegrationId = Target.slice("integrations/".length);
    expect(await refused(gateway.deleteIntegration({ ApiId, IntegrationId }))).toMatchObject({
      message: `Cannot delete Integration '${IntegrationId}'. Route '${RouteId}' is using this integration.`,
    });
    await gateway.deleteRoute({ ApiId, RouteId });
    await gateway.deleteIntegration({ ApiId, IntegrationId });
    expect(await refused(gateway.getRoute({ ApiId, RouteId }))).toMatchObject({
      message: `Invalid Route identifier specified ${RouteId}`,
    });
  });

  it("checks integrations", async () => {
    const ApiId = await newApi();
    const made = await gateway.createIntegration({
      ApiId,
      IntegrationType: "AWS_PROXY",
      IntegrationUri: functionUri,
      PayloadFormatVersion: "2.0",
    });
    expect(made).toMatchObject({ ConnectionType: "INTERNET", IntegrationMethod: "POST", TimeoutInMillis: 30_000 });
    const { IntegrationId } = made;
    const RequestParameters = { "append:header.a": "1", "overwrite:path": "/x" };
    const ResponseParameters = { "200": { "overwrite:statuscode": "201" } };
    await gateway.updateIntegration({ ApiId, IntegrationId, RequestParameters, ResponseParameters });
    const removed = { RequestParameters: { "append:header.a": "" }, ResponseParameters: { "200": {} } };
    const updated = await gateway.updateIntegration({ ApiId, IntegrationId, ...removed });
    expect(updated.RequestParameters).toEqual({ "overwrite:path": "/x" });
    expect(updated.ResponseParameters).toEqual({});
    const bad = [
      { IntegrationType: "MOCK" },
      { IntegrationType: "HTTP_PROXY", IntegrationMethod: "GET", IntegrationUri: "nowhere" },
      { IntegrationType: "HTTP_PROXY", IntegrationUri: "https://example.com" },
      { IntegrationType: "AWS_PROXY", IntegrationUri: functionUri, PayloadFormatVersion: "3.0" },
      { IntegrationType: "AWS_PROXY", IntegrationSubtype: "SQS-SendMessage", CredentialsArn: roleArn },
      { IntegrationType: "AWS_PROXY", IntegrationSubtype: "SQS-Nothing", CredentialsArn: roleArn },
    ] as const;
    for (const given of bad) {
      expect(await refused(gateway.createIntegration({ ApiId, ...given }))).toMatchObject({
        name: "BadRequestException",
      });
    }
    const url = {
      IntegrationType: "HTTP_PROXY",
      IntegrationMethod: "GET",
      IntegrationUri: "https://example.com",
    } as const;
    const asked = { ApiId, ...url, RequestParameters: { "append:header.Authorization": "x" } };
    expect(await refused(gateway.createIntegration(asked))).toMatchObject({
      message:
        "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Operations on header Authorization are restricted]",
    });
  });

  it("keeps authorizers while routes use them", async () => {
    const ApiId = await newApi();
    const jwt = { Audience: ["a"], Issuer: "https://issuer.example" };
    const IdentitySource = ["$request.header.Authorization"];
    const given = { ApiId, Name: "jwt", AuthorizerType: "JWT", IdentitySource, JwtConfiguration: jwt } as const;
    const { AuthorizerId } = await gateway.createAuthorizer(given);
    expect(await gateway.getAuthorizer({ ApiId, AuthorizerId })).toMatchObject({ Name: "jwt", JwtConfiguration: jwt });
    const bad = { ...given, Name: "other", JwtConfiguration: { Issuer: "http://example.com" } };
    expect(await refused(gateway.createAuthorizer(bad))).toMatchObject({
      message:
        "Invalid issuer: http://example.com. Issuer must have a valid discovery endpoint ended with '/.well-known/openid-configuration'",
    });
    const route = { ApiId, RouteKey: "POST /pdf", AuthorizationType: "JWT", AuthorizerId } as const;
    const { RouteId } = await gateway.createRoute(route);
    expect(await refused(gateway.deleteAuthorizer({ ApiId, AuthorizerId }))).toMatchObject({
      name: "ConflictException",
      message: "Cannot delete authorizer 'jwt', is referenced in route: POST /pdf",
    });
    await gateway.updateRoute({ ApiId, RouteId, AuthorizationScopes: ["a"] });
    const open = await gateway.updateRoute({ ApiId, RouteId, AuthorizationType: "NONE" });
    expect(open).not.toHaveProperty("AuthorizerId");
    expect(open).not.toHaveProperty("AuthorizationScopes");
    await gateway.updateAuthorizer({ ApiId, AuthorizerId, Name: "renamed" });
    expect((await gateway.getAuthorizers({ ApiId })).Items?.map(({ Name }) => Name)).toEqual(["renamed"]);
    await gateway.deleteAuthorizer({ ApiId, AuthorizerId });
    expect(await refused(gateway.createRoute({ ...route, RouteKey: "GET /b" }))).toMatchObject({ status: 400 });
  });

  it("refuses what authorizers of WebSocket APIs cannot have", async () => {
    const ApiId = await newApi("WEBSOCKET");
    const given = {
      ApiId,
      Name: "a",
      AuthorizerType: "REQUEST" as const,
      AuthorizerUri: functionUri,
      IdentitySource: [] as string[],
    };
    const made = await gateway.createAuthorizer(given);
    expect(made).not.toHaveProperty("IdentitySource");
    const wrong = [
      [
        { AuthorizerType: "JWT" },
        "Invalid authorizer type. Only REQUEST authorizer type is supported on WEBSOCKET protocol Apis.",
      ],
      [{ AuthorizerResultTtlInSeconds: 0 }, "AuthorizerResultTtlInSeconds cannot be set for WEBSOCKET protocol Apis."],
      [{ EnableSimpleResponses: false }, "EnableSimpleResponses cannot be set for WEBSOCKET protocol Apis."],
      [{ AuthorizerCredentialsArn: "" }, "Invalid role ARN"],
    ] as const;
    for (const [change, message] of wrong) {
      expect(await refused(gateway.createAuthorizer({ ...given, Name: "b", ...change }))).toMatchObject({ message });
    }
    const bad = { ...given, Name: "b", IdentitySource: ["$request.header.a"] };
    expect(await refused(gateway.createAuthorizer(bad))).toMatchObject({
      message: expect.stringContaining(
        "Invalid request identity source expression: $request.header.a. The sources must",
      ),
    });
    const { AuthorizerId } = made;
    const route = { ApiId, RouteKey: "join", AuthorizationType: "CUSTOM", AuthorizerId } as const;
    expect(await refused(gateway.createRoute(route))).toMatchObject({
      message: "Currently, authorization is restricted to the $connect route only",
    });
    await gateway.createRoute({ ...route, RouteKey: "$connect" });
  });

  it("stores responses and models of WebSocket APIs", async () => {
    const ApiId = await newApi("WEBSOCKET");
    const mock = await gateway.createIntegration({ ApiId, IntegrationType: "MOCK" });
    expect(mock).toMatchObject({
      PassthroughBehavior: "WHEN_NO_MATCH",
      IntegrationResponseSelectionExpression: "${response.statuscode}",
      TimeoutInMillis: 29_000,
    });
    const { IntegrationId } = mock;
    const response = { ApiId, IntegrationId, IntegrationResponseKey: "$default" };
    const { IntegrationResponseId } = await gateway.createIntegrationResponse(response);
    expect(await refused(gateway.createIntegrationResponse(response))).toMatchObject({ name: "ConflictException" });
    const templates = { ResponseTemplates: { $default: "x" } };
    await gateway.updateIntegrationResponse({ ApiId, IntegrationId, IntegrationResponseId, ...templates });
    expect(await gateway.getIntegrationResponse({ ApiId, IntegrationId, IntegrationResponseId })).toMatchObject(
      templates,
    );
    expect((await gateway.getIntegrationResponses({ ApiId, IntegrationId })).Items).toHaveLength(1);
    const { RouteId } = await gateway.createRoute({ ApiId, RouteKey: "ping" });
    const { RouteResponseId } = await gateway.createRouteResponse({ ApiId, RouteId, RouteResponseKey: "$default" });
    await gateway.updateRouteResponse({ ApiId, RouteId, RouteResponseId, ModelSelectionExpression: "default" });
    expect(await gateway.getRouteResponse({ ApiId, RouteId, RouteResponseId })).toMatchObject({
      RouteResponseKey: "$default",
    });
    expect((await gateway.getRouteResponses({ ApiId, RouteId })).Items).toHaveLength(1);
    await gateway.deleteRouteResponse({ ApiId, RouteId, RouteResponseId });
    await gateway.deleteIntegrationResponse({ ApiId, IntegrationId, IntegrationResponseId });
    const schema = '{"type":"object","properties":{"action":{"type":"string"}}}';
    const { ModelId } = await gateway.createModel({ ApiId, Name: "message", Schema: schema });
    expect(await gateway.getModel({ ApiId, ModelId })).toMatchObject({
      Name: "message",
      ContentType: "application/json",
    });
    expect((await gateway.getModelTemplate({ ApiId, ModelId })).Value).toContain("$.action");
    await gateway.updateModel({ ApiId, ModelId, Description: "d" });
    expect((await gateway.getModels({ ApiId })).Items?.[0]?.Description).toBe("d");
    await gateway.deleteModel({ ApiId, ModelId });
    await gateway.updateRoute({
      ApiId,
      RouteId,
      RequestParameters: { "route.request.querystring.a": { Required: true } },
    });
    const RequestParameterKey = "route.request.querystring.a";
    await gateway.deleteRouteRequestParameter({ ApiId, RouteId, RequestParameterKey });
    expect((await gateway.getRoute({ ApiId, RouteId })).RequestParameters).toEqual({});
  });

  it("deploys stages", async () => {
    const ApiId = await newApi();
    expect(await refused(gateway.createDeployment({ ApiId }))).toMatchObject({
      message: "Unable to deploy API because no routes exist in this API",
    });
    await gateway.createRoute({ ApiId, RouteKey: "GET /a", Target: `integrations/${await newIntegration(ApiId)}` });
    const stage = await gateway.createStage({ ApiId, StageName: "dev", StageVariables: { v: "1" }, Tags: { t: "1" } });
    expect(stage).toMatchObject({
      StageName: "dev",
      DefaultRouteSettings: { DetailedMetricsEnabled: false },
      RouteSettings: {},
      StageVariables: { v: "1" },
      Tags: { t: "1" },
    });
    expect(await refused(gateway.createStage({ ApiId, StageName: "dev" }))).toMatchObject({
      message: "Stage already exists",
    });
    expect(await refused(gateway.createDeployment({ ApiId, StageName: "no" }))).toMatchObject({
      message: "Invalid stage identifier specified",
      status: 404,
    });
    const { DeploymentId } = await gateway.createDeployment({ ApiId, StageName: "dev" });
    expect((await gateway.getStage({ ApiId, StageName: "dev" })).DeploymentId).toBe(DeploymentId);
    expect(await refused(gateway.deleteDeployment({ ApiId, DeploymentId }))).toMatchObject({ status: 400 });
    await gateway.updateDeployment({ ApiId, DeploymentId, Description: "first" });
    expect(await gateway.getDeployment({ ApiId, DeploymentId })).toMatchObject({
      Description: "first",
      AutoDeployed: false,
    });
    const throttle = { ThrottlingBurstLimit: 1, ThrottlingRateLimit: 1 };
    await gateway.updateStage({
      ApiId,
      StageName: "dev",
      RouteSettings: { "GET /a": throttle },
      StageVariables: { v: "", w: "2" },
    });
    const changed = await gateway.getStage({ ApiId, StageName: "dev" });
    expect(changed).toMatchObject({ RouteSettings: { "GET /a": throttle } });
    expect(changed.StageVariables).toEqual({ w: "2" });
    await gateway.deleteRouteSettings({ ApiId, StageName: "dev", RouteKey: "GET /a" });
    expect((await gateway.getStage({ ApiId, StageName: "dev" })).RouteSettings).toEqual({});
    await gateway.resetAuthorizersCache({ ApiId, StageName: "dev" });
    const log = { DestinationArn: "arn:aws:logs:us-east-1:000000000000:log-group:l", Format: "$context.requestId" };
    await gateway.updateStage({ ApiId, StageName: "dev", AccessLogSettings: log });
    for (const AccessLogSettings of [
      {},
      { Format: "" },
      { ...log, Format: "$context.requestId\n" },
      { ...log, Format: "x" },
    ]) {
      const StageName = `s${Math.abs(JSON.stringify(AccessLogSettings).length)}`;
      expect(await refused(gateway.createStage({ ApiId, StageName, AccessLogSettings }))).toMatchObject({
        status: 400,
      });
    }
    await gateway.deleteAccessLogSettings({ ApiId, StageName: "dev" });
    expect(await gateway.getStage({ ApiId, StageName: "dev" })).not.toHaveProperty("AccessLogSettings");
    const logging = { ApiId, StageName: "dev", DefaultRouteSettings: { LoggingLevel: "OFF" } } as const;
    expect(await refused(gateway.updateStage(logging))).toMatchObject({
      message: "Execution logs are not supported on protocolType HTTP",
    });
    await gateway.deleteStage({ ApiId, StageName: "dev" });
    await gateway.deleteDeployment({ ApiId, DeploymentId });
    expect((await gateway.getDeployments({ ApiId })).Items).toEqual([]);
  });

  it("stores domain names with their mappings and rules", async () => {
    const { ApiId } = await env.quick("mapped", () => "x");
    const DomainName = "api.example.org";
    const DomainNameConfigurations = [{ CertificateArn: certificate }];
    const made = await gateway.createDomainName({ DomainName, DomainNameConfigurations, Tags: { a: "1" } });
    expect(made).toMatchObject({
      ApiMappingSelectionExpression: "$request.basepath",
      DomainNameArn: `arn:aws:apigateway:us-east-1::/domainnames/${DomainName}`,
      RoutingMode: "API_MAPPING_ONLY",
      DomainNameConfigurations: [
        { DomainNameStatus: "AVAILABLE", EndpointType: "REGIONAL", SecurityPolicy: "TLS_1_2" },
      ],
    });
    expect(await refused(gateway.createDomainName({ DomainName, DomainNameConfigurations }))).toMatchObject({
      status: 409,
    });
    const mapping = { DomainName, ApiId, Stage: "$default", ApiMappingKey: "orders/v1" };
    const { ApiMappingId } = await gateway.createApiMapping(mapping);
    expect(await refused(gateway.createApiMapping(mapping))).toMatchObject({
      message: "ApiMapping key already exists for this domain name",
    });
    const sockets = await newApi("WEBSOCKET");
    await gateway.createStage({ ApiId: sockets, StageName: "live" });
    const shared = { ...mapping, ApiId: sockets, Stage: "live", ApiMappingKey: "chat" };
    expect(await refused(gateway.createApiMapping(shared))).toMatchObject({
      name: "BadRequestException",
      message: "WebSocket APIs cannot share a domain name with HTTP or REST APIs.",
    });
    await gateway.updateApiMapping({ DomainName, ApiMappingId, ApiId, ApiMappingKey: "orders/v2" });
    expect(await gateway.getApiMapping({ DomainName, ApiMappingId })).toMatchObject({ ApiMappingKey: "orders/v2" });
    expect((await gateway.getApiMappings({ DomainName })).Items).toHaveLength(1);
    expect(await refused(gateway.deleteApi({ ApiId }))).toMatchObject({ status: 400 });
    const Actions = [{ InvokeApi: { ApiId, Stage: "$default", StripBasePath: true } }];
    const Conditions = [{ MatchBasePaths: { AnyOf: ["a"] } }];
    const rule = await gateway.createRoutingRule({ DomainName, Priority: 10, Actions, Conditions });
    const { RoutingRuleId } = rule;
    expect(await gateway.getRoutingRule({ DomainName, RoutingRuleId })).toMatchObject({
      Priority: 10,
      Actions,
      Conditions,
    });
    await gateway.putRoutingRule({ DomainName, RoutingRuleId, Priority: 20, Actions, Conditions });
    expect((await gateway.listRoutingRules({ DomainName })).RoutingRules?.[0]?.Priority).toBe(20);
    await gateway.deleteRoutingRule({ DomainName, RoutingRuleId });
    await gateway.updateDomainName({ DomainName, RoutingMode: "ROUTING_RULE_THEN_API_MAPPING" });
    expect(await gateway.getDomainName({ DomainName })).toMatchObject({ RoutingMode: "ROUTING_RULE_THEN_API_MAPPING" });
    expect((await gateway.getDomainNames({})).Items?.map((one) => one.DomainName)).toEqual([DomainName]);
    await gateway.deleteApiMapping({ DomainName, ApiMappingId });
    await gateway.deleteDomainName({ DomainName });
    expect(await refused(gateway.getDomainName({ DomainName }))).toMatchObject({
      message: "Invalid domain name identifier specified",
    });
  });

  it("stores VPC links and tags", async () => {
    const { VpcLinkId } = await gateway.createVpcLink({ Name: "link", SubnetIds: ["subnet-1"] });
    await gateway.updateVpcLink({ VpcLinkId, Name: "renamed" });
    expect(await gateway.getVpcLink({ VpcLinkId })).toMatchObject({
      Name: "renamed",
      VpcLinkStatus: "AVAILABLE",
      VpcLinkVersion: "V2",
    });
    expect((await gateway.getVpcLinks({})).Items).toHaveLength(1);
    const ApiId = await newApi();
    await gateway.createStage({ ApiId, StageName: "$default" });
    const arns = [`/apis/${ApiId}`, `/apis/${ApiId}/stages/$default`, `/vpclinks/${VpcLinkId}`];
    for (const path of arns) {
      const ResourceArn = `arn:aws:apigateway:us-east-1::${path}`;
      await gateway.tagResource({ ResourceArn, Tags: { a: "1", b: "2" } });
      await gateway.untagResource({ ResourceArn, TagKeys: ["a"] });
      expect((await gateway.getTags({ ResourceArn })).Tags).toEqual({ b: "2" });
    }
    await gateway.deleteVpcLink({ VpcLinkId });
    expect(await refused(gateway.getTags({ ResourceArn: "arn:aws:apigateway:us-east-1::/apis/no" }))).toMatchObject({
      status: 404,
    });
  });

  it("imports, exports and imports again", async () => {
    const integration = { type: "aws_proxy", uri: functionUri, payloadFormatVersion: "2.0" };
    const document = {
      openapi: "3.0.1",
      info: { title: "imported", version: "1.0", description: "d" },
      tags: [{ name: "team", "x-amazon-apigateway-tag-value": "north" }],
      "x-amazon-apigateway-cors": { allowOrigins: ["*"] },
      paths: {
        "/pets/{id}": {
          get: {
            operationId: "pet",
            security: [{ jwt: ["read"] }],
            "x-amazon-apigateway-integration": { $ref: "#/components/x-amazon-apigateway-integrations/f" },
          },
          post: { "x-amazon-apigateway-integration": { $ref: "#/components/x-amazon-apigateway-integrations/f" } },
        },
        "/$default": { "x-amazon-apigateway-any-method": { "x-amazon-apigateway-integration": integration } },
      },
      components: {
        "x-amazon-apigateway-integrations": { f: integration },
        securitySchemes: {
          jwt: {
            type: "oauth2",
            "x-amazon-apigateway-authorizer": {
              type: "jwt",
              identitySource: "$request.header.Authorization",
              jwtConfiguration: { issuer: "https://issuer.example", audience: ["a"] },
            },
          },
        },
      },
    };
    const { ApiId, ...imported } = await gateway.importApi({ Body: JSON.stringify(document) });
    expect(imported).toMatchObject({ Name: "imported", Version: "1.0", Tags: { team: "north" }, ProtocolType: "HTTP" });
    const keys = async () => (await gateway.getRoutes({ ApiId })).Items?.map(({ RouteKey }) => RouteKey).sort();
    expect(await keys()).toEqual(["$default", "GET /pets/{id}", "POST /pets/{id}"]);
    expect((await gateway.getIntegrations({ ApiId })).Items).toHaveLength(2);
    const asked = { ApiId, Specification: "OAS30", OutputType: "YAML" };
    const { body } = await gateway.exportApi(asked);
    const text = Buffer.from(body as Uint8Array).toString();
    expect(text).toContain("x-amazon-apigateway-authorizer");
    const again = await gateway.reimportApi({ ApiId, Body: text });
    expect(again.ApiId).toBe(ApiId);
    expect(await keys()).toEqual(["$default", "GET /pets/{id}", "POST /pets/{id}"]);
    const json = await gateway.exportApi({ ...asked, OutputType: "JSON", IncludeExtensions: false });
    expect(Buffer.from(json.body as Uint8Array).toString()).not.toContain("x-amazon-apigateway-integration");
    const warned = { ...document, components: { ...document.components, schemas: { Pet: {} } } };
    expect(await refused(gateway.importApi({ Body: JSON.stringify(warned), FailOnWarnings: true }))).toMatchObject({
      message: expect.stringContaining("Warnings found during import: "),
    });
    const newer = JSON.stringify({ ...document, openapi: "3.1.0" });
    for (const Body of ["", "{", "- a", '{"openapi":"2.0","paths":{}}', '{"openapi":"3.0.1"}', "a: &a [*a]", newer]) {
      expect(await refused(gateway.importApi({ Body }))).toMatchObject({ name: "BadRequestException" });
    }
  });

  it("reads YAML in turns of the event loop", async () => {
    const items = "  - {a: 1, b: [2, 3], c: text}\n".repeat(2000);
    const Body = `openapi: 3.0.1\ninfo: {title: large, version: v}\npaths:\n  /a: {get: {}}\nx:\n${items}`;
    const { count } = await turnsDuring(gateway.importApi({ Body }));
    expect(count).toBeGreaterThan(15);
  });

  it("pages lists", async () => {
    const ApiId = await newApi();
    for (const name of ["a", "b", "c"]) await gateway.createRoute({ ApiId, RouteKey: `GET /${name}` });
    const first = await gateway.getRoutes({ ApiId, MaxResults: "2" });
    expect(first.Items?.map(({ RouteKey }) => RouteKey)).toEqual(["GET /a", "GET /b"]);
    const { NextToken } = first;
    const rest = await gateway.getRoutes({ ApiId, MaxResults: "2", NextToken });
    expect(rest.Items?.map(({ RouteKey }) => RouteKey)).toEqual(["GET /c"]);
    expect(rest.NextToken).toBeUndefined();
    expect(await refused(gateway.getRoutes({ ApiId, MaxResults: "x" }))).toMatchObject({ name: "BadRequestException" });
    expect(await refused(gateway.getRoutes({ ApiId, NextToken: "x" }))).toMatchObject({ name: "BadRequestException" });
  });

  it("shows nothing of an API to other accounts and regions", async () => {
    const ApiId = await newApi();
    for (const options of [{ account: "111111111111" }, { region: "eu-west-1" }]) {
      const { ApiGatewayV2: Client } = await import("@aws-sdk/client-apigatewayv2");
      const other = new Client({ ...env.bus.clientConfig(options), maxAttempts: 1 });
      expect(await refused(other.getApi({ ApiId }))).toMatchObject({ name: "NotFoundException" });
      other.destroy();
    }
  });
});
