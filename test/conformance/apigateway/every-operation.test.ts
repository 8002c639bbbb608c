/**
 * Every operation of REST APIs' control plane through its client: what is refused, what is done, what is refused when it
 * is asked again, and lists page by page. An operation without a row fails.
 */
import * as module from "@aws-sdk/client-api-gateway";
import { afterAll, beforeAll, describe, expect } from "vitest";
import constraints from "../../../protocols/constraints/apigateway.json" with { type: "json" };
import { ApiGatewayEnvironment, account, functionUri } from "../../support/apigateway.ts";
import {
  type Refused,
  type Rows,
  type SweptService,
  testEveryOperation,
  testRefusals,
  type Wording,
} from "../../support/every-operation.ts";
import { refusal } from "../../support/refusal.ts";
import {
  arnOf,
  balancer,
  certificateArn,
  document,
  oneOfEach,
  patch,
  type RestApiParts,
} from "../../support/rest-api-parts.ts";

const badRequest = (message: string) => refusal("BadRequestException", message);
const notFound = (message: string) => refusal("NotFoundException", message, 404);
const conflict = (message: string) => refusal("ConflictException", message, 409);
const matching = (pattern: RegExp) => expect.stringMatching(pattern) as string;

const unpaged = { limit: undefined, position: undefined };
const noDocument = { "body missing": badRequest("Invalid OpenAPI input.") };
const olderPaths = { "patchOperations path": badRequest("Invalid patch path /nothing") };

/** What is told of a name in a path that is not there. */
const unknownNames: Readonly<Record<string, string>> = {
  apiKey: "Invalid API Key identifier specified",
  authorizerId: "Invalid Authorizer identifier specified",
  basePath: "Invalid base path mapping identifier specified",
  clientCertificateId: "Invalid Client Certificate identifier specified",
  deploymentId: "Invalid Deployment identifier specified",
  documentationPartId: "Invalid Documentation part identifier specified",
  documentationVersion: "Invalid Documentation version specified",
  domainName: "Invalid domain name identifier specified",
  domainNameAccessAssociationArn: "Invalid domain name access association identifier specified",
  httpMethod: "Invalid Method identifier specified",
  id: "Invalid SDK type identifier specified",
  keyId: "Invalid API Key identifier specified",
  modelName: "Invalid model name specified: unknown",
  parentId: "Invalid Resource identifier specified",
  requestValidatorId: "Invalid Request Validator identifier specified",
  resourceId: "Invalid Resource identifier specified",
  restApiId: `Invalid API identifier specified ${account}:unknown`,
  stageName: "Invalid stage identifier specified",
  statusCode: "Invalid Response status code specified",
  usagePlanId: "Invalid Usage Plan ID specified",
  vpcLinkId: "Invalid Vpc Link identifier specified",
};
/** Names that are no matter of what exists. */
const invalidNames: Readonly<Record<string, string>> = {
  exportType: "Invalid export type specified. Valid options are oas30, swagger",
  resourceArn: "Invalid ARN specified: unknown",
  sdkType: "Invalid SDK type specified",
};
/** Of an API that is not there, these say that they are not there themselves. */
const outliveApi = ["resourceId", "parentId", "requestValidatorId"];

const lowerCamel = (name: string) => name.charAt(0).toLowerCase() + name.slice(1);
const violation: Wording["violation"] = {
  name: "ValidationException",
  path: (operation, member, inUri) => (inUri ? member : `${lowerCamel(operation)}Input.${member}`),
};

const wording: Wording = {
  violation,
  unknown(member, labels) {
    const value = member === "statusCode" ? "599" : "unknown";
    if (member in invalidNames) return { value, outcome: badRequest(invalidNames[member] as string) };
    if (member === "responseType") {
      const rule = `Member must satisfy enum value set: [${gatewayResponseTypes.join(", ")}]`;
      const text = `1 validation error detected: Value 'unknown' at 'responseType' failed to satisfy constraint: ${rule}`;
      return { value, outcome: refusal("ValidationException", text) };
    }
    const told = member === "restApiId" ? (outliveApi.find((label) => labels.includes(label)) ?? member) : member;
    const text =
      member === "restApiId" && labels.includes("modelName") ? "Invalid model name specified: Pet" : unknownNames[told];
    return { value, outcome: notFound(text as string) };
  },
  common(operation, member) {
    switch (member) {
      case "limit": {
        const refused = badRequest("Invalid limit specified. Limit must be greater than 0");
        return [
          ["0", 0, refused],
          ["-1", -1, refused],
          ["501", 501, undefined],
        ];
      }
      case "position":
        return [["nonsense", "nonsense", badRequest("Invalid position specified")]];
      case "patchOperations": {
        const path = violation.path(operation, "patchOperations.1.member.op", false);
        const rule = "Member must satisfy enum value set: [add, remove, move, test, replace, copy]";
        const text = `1 validation error detected: Value 'bad' at '${path}' failed to satisfy constraint: ${rule}`;
        const { patchOperations: nothing } = patch(["replace", "/nothing", "x"]);
        const words = /^Invalid patch path {2}'\/nothing' specified for op 'replace'\. Must be one of: \[\/.+\]$/;
        return [
          ["op", patch(["bad" as never, "/name", "x"]).patchOperations, refusal("ValidationException", text)],
          ["path", nothing, badRequest(matching(words))],
        ];
      }
      default:
        return [];
    }
  },
};

/** The order in which AWS prints them. */
const gatewayResponseTypes = [
  ...["REQUEST_TOO_LARGE", "RESOURCE_NOT_FOUND", "AUTHORIZER_CONFIGURATION_ERROR", "MISSING_AUTHENTICATION_TOKEN"],
  ...["BAD_REQUEST_BODY", "INVALID_SIGNATURE", "INVALID_API_KEY", "BAD_REQUEST_PARAMETERS", "AUTHORIZER_FAILURE"],
  ...["UNAUTHORIZED", "INTEGRATION_TIMEOUT", "ACCESS_DENIED", "DEFAULT_4XX", "DEFAULT_5XX", "WAF_FILTERED"],
  ...["QUOTA_EXCEEDED", "THROTTLED", "API_CONFIGURATION_ERROR", "UNSUPPORTED_MEDIA_TYPE", "INTEGRATION_FAILURE"],
  "EXPIRED_TOKEN",
];

const schema = '{"type":"object"}';
const api = ({ restApiId }: RestApiParts) => ({ restApiId });

/** In the order of a life: what is created, read, changed and deleted. */
const rows: Rows<RestApiParts> = {
  CreateApiKey: { input: () => ({ name: "new", value: "n".repeat(20) }), again: conflict("API Key already exists") },
  CreateAuthorizer: {
    input: (m) => ({
      ...api(m),
      name: "new",
      type: "TOKEN",
      authorizerUri: functionUri("f"),
      identitySource: "method.request.header.Auth",
    }),
    again: conflict("Authorizer name must be unique. Authorizer new already exists in this RestApi."),
    own: {
      restApiId: conflict("Unable to complete operation due to concurrent modification. Please try again later."),
    },
  },
  CreateBasePathMapping: {
    input: (m) => ({ domainName: m.domainName, basePath: "new", restApiId: m.restApiId, stage: "dev" }),
    again: conflict("Base path already exists for this domain name"),
  },
  CreateDeployment: (m) => api(m),
  CreateDocumentationPart: {
    input: (m) => ({ ...api(m), location: { type: "METHOD", path: "/x" }, properties: "{}" }),
    again: conflict("Documentation part already exists for the specified location"),
  },
  CreateDocumentationVersion: {
    input: (m) => ({ ...api(m), documentationVersion: "new" }),
    again: conflict("Documentation version already exists"),
  },
  CreateDomainName: {
    input: () => ({ domainName: "new.example.com", certificateArn }),
    again: badRequest("The domain name you provided already exists."),
  },
  CreateDomainNameAccessAssociation: {
    input: (m) => ({
      domainNameArn: m.domainNameArn,
      accessAssociationSource: "vpce-2",
      accessAssociationSourceType: "VPCE",
    }),
    again: conflict("Domain name access association already exists"),
  },
  CreateModel: {
    input: (m) => ({ ...api(m), name: "New", contentType: "application/json", schema }),
    again: conflict("Model name already exists for this REST API"),
  },
  CreateRequestValidator: {
    input: (m) => ({ ...api(m), name: "new" }),
    own: { restApiId: badRequest("Invalid REST API identifier specified") },
  },
  CreateResource: {
    input: (m) => ({ ...api(m), parentId: m.address.resourceId, pathPart: "new" }),
    again: conflict("Another resource with the same parent already has this name: new"),
  },
  CreateRestApi: () => ({ name: "new" }),
  CreateStage: {
    input: (m) => ({ ...api(m), stageName: "new", deploymentId: m.deploymentId }),
    again: conflict("Stage already exists"),
  },
  CreateUsagePlan: () => ({ name: "new" }),
  CreateUsagePlanKey: {
    input: (m) => ({ usagePlanId: m.usagePlanId, keyId: m.spareKey, keyType: "API_KEY" }),
    again: refusal(
      "ConflictException",
      matching(
        /^Usage Plan \w+ cannot be added because API Key \w+ cannot reference multiple Usage Plans with the same API Stage: \w+:dev$/,
      ),
      409,
    ),
  },
  CreateVpcLink: () => ({ name: "new", targetArns: [balancer] }),
  GenerateClientCertificate: () => ({}),
  GetAccount: () => ({}),
  GetApiKey: (m) => ({ apiKey: m.apiKey }),
  GetApiKeys: () => ({}),
  GetAuthorizer: (m) => ({ ...api(m), authorizerId: m.authorizerId }),
  GetAuthorizers: api,
  GetBasePathMapping: (m) => ({ domainName: m.domainName, basePath: "v1" }),
  GetBasePathMappings: (m) => ({ domainName: m.domainName }),
  GetClientCertificate: (m) => ({ clientCertificateId: m.clientCertificateId }),
  GetClientCertificates: () => ({}),
  GetDeployment: (m) => ({ ...api(m), deploymentId: m.deploymentId }),
  GetDeployments: api,
  GetDocumentationPart: (m) => ({ ...api(m), documentationPartId: m.documentationPartId }),
  GetDocumentationParts: api,
  GetDocumentationVersion: (m) => ({ ...api(m), documentationVersion: "1" }),
  GetDocumentationVersions: api,
  GetDomainName: (m) => ({ domainName: m.domainName }),
  GetDomainNameAccessAssociations: () => ({}),
  GetDomainNames: () => ({}),
  GetExport: (m) => ({ ...api(m), stageName: "dev", exportType: "oas30" }),
  GetGatewayResponse: (m) => ({ ...api(m), responseType: "THROTTLED" }),
  GetGatewayResponses: { input: api, own: unpaged },
  GetIntegration: (m) => m.address,
  GetIntegrationResponse: (m) => ({ ...m.address, statusCode: "200" }),
  GetMethod: (m) => m.address,
  GetMethodResponse: (m) => ({ ...m.address, statusCode: "200" }),
  GetModel: (m) => ({ ...api(m), modelName: "Pet" }),
  GetModelTemplate: (m) => ({ ...api(m), modelName: "Pet" }),
  GetModels: api,
  GetRequestValidator: (m) => ({ ...api(m), requestValidatorId: m.requestValidatorId }),
  GetRequestValidators: api,
  GetResource: (m) => ({ ...api(m), resourceId: m.address.resourceId }),
  GetResources: api,
  GetRestApi: api,
  GetRestApis: () => ({}),
  GetSdk: {
    input: (m) => ({ ...api(m), stageName: "dev", sdkType: "javascript" }),
    never: badRequest(matching(/^Busbar does not generate SDKs/)),
  },
  GetSdkType: () => ({ id: "javascript" }),
  GetSdkTypes: () => ({}),
  GetStage: (m) => ({ ...api(m), stageName: "dev" }),
  GetStages: api,
  GetTags: { input: (m) => ({ resourceArn: arnOf(m.restApiId) }), own: unpaged },
  GetUsage: (m) => ({ usagePlanId: m.usagePlanId, startDate: "2026-03-01", endDate: "2026-03-01" }),
  GetUsagePlan: (m) => ({ usagePlanId: m.usagePlanId }),
  GetUsagePlanKey: (m) => ({ usagePlanId: m.usagePlanId, keyId: m.apiKey }),
  GetUsagePlanKeys: { input: (m) => ({ usagePlanId: m.usagePlanId }), own: { usagePlanId: undefined } },
  GetUsagePlans: () => ({}),
  GetVpcLink: (m) => ({ vpcLinkId: m.vpcLinkId }),
  GetVpcLinks: () => ({}),
  FlushStageAuthorizersCache: (m) => ({ ...api(m), stageName: "dev" }),
  FlushStageCache: (m) => ({ ...api(m), stageName: "dev" }),
  ImportApiKeys: {
    input: () => ({ format: "csv", body: Buffer.from(`Name,Key\nnew,${"i".repeat(20)}\n`) }),
    own: { "body missing": badRequest("Invalid API key file: the header row must have the columns Name and Key") },
  },
  ImportDocumentationParts: {
    input: (m) => ({
      restApiId: m.imported,
      body: Buffer.from('{"documentationParts":[{"location":{"type":"API"},"properties":{}}]}'),
    }),
    own: noDocument,
  },
  ImportRestApi: { input: () => ({ body: document }), own: noDocument },
  PutGatewayResponse: (m) => ({ ...api(m), responseType: "UNAUTHORIZED", statusCode: "402" }),
  PutMethod: {
    input: (m) => ({ ...m.address, httpMethod: "PUT", authorizationType: "NONE" }),
    again: conflict("Method already exists for this resource"),
    own: {
      httpMethod: badRequest(
        "Invalid HttpMethod specified. Valid options are GET,PUT,POST,DELETE,PATCH,OPTIONS,HEAD,ANY",
      ),
    },
  },
  PutMethodResponse: {
    free: ["statusCode"],
    input: (m) => ({ ...m.address, statusCode: "201" }),
    again: conflict("Response already exists for this resource"),
  },
  PutIntegration: (m) => ({ ...m.address, httpMethod: "PUT", type: "MOCK" }),
  PutIntegrationResponse: (m) => ({ ...m.address, statusCode: "201" }),
  PutRestApi: { input: (m) => ({ restApiId: m.imported, body: document }), own: noDocument },
  TagResource: (m) => ({ resourceArn: arnOf(m.restApiId), tags: { a: "b" } }),
  UntagResource: (m) => ({ resourceArn: arnOf(m.restApiId), tagKeys: ["a"] }),
  TestInvokeAuthorizer: (m) => ({ ...api(m), authorizerId: m.authorizerId, headers: { Auth: "x" } }),
  TestInvokeMethod: (m) => m.address,
  UpdateAccount: () => patch(["replace", "/cloudwatchRoleArn", "arn:aws:iam::000000000000:role/logs"]),
  UpdateApiKey: (m) => ({ apiKey: m.apiKey, ...patch(["replace", "/name", "n"]) }),
  UpdateAuthorizer: (m) => ({ ...api(m), authorizerId: m.authorizerId, ...patch(["replace", "/name", "n"]) }),
  UpdateBasePathMapping: (m) => ({ domainName: m.domainName, basePath: "v1", ...patch(["replace", "/stage", "live"]) }),
  UpdateClientCertificate: (m) => ({
    clientCertificateId: m.clientCertificateId,
    ...patch(["replace", "/description", "n"]),
  }),
  UpdateDeployment: (m) => ({ ...api(m), deploymentId: m.deploymentId, ...patch(["replace", "/description", "n"]) }),
  UpdateDocumentationPart: (m) => ({
    ...api(m),
    documentationPartId: m.documentationPartId,
    ...patch(["replace", "/properties", "{}"]),
  }),
  UpdateDocumentationVersion: (m) => ({
    ...api(m),
    documentationVersion: "1",
    ...patch(["replace", "/description", "n"]),
  }),
  UpdateDomainName: (m) => ({ domainName: m.domainName, ...patch(["replace", "/securityPolicy", "TLS_1_2"]) }),
  UpdateGatewayResponse: (m) => ({ ...api(m), responseType: "THROTTLED", ...patch(["replace", "/statusCode", "431"]) }),
  UpdateIntegration: {
    input: (m) => ({ ...m.address, ...patch(["replace", "/passthroughBehavior", "NEVER"]) }),
    own: olderPaths,
  },
  UpdateIntegrationResponse: {
    input: (m) => ({ ...m.address, statusCode: "200", ...patch(["replace", "/selectionPattern", "2.."]) }),
    own: olderPaths,
  },
  UpdateMethod: { input: (m) => ({ ...m.address, ...patch(["replace", "/operationName", "n"]) }), own: olderPaths },
  UpdateMethodResponse: {
    input: (m) => ({ ...m.address, statusCode: "200", ...patch(["add", "/responseModels/text~1plain", "Empty"]) }),
    own: olderPaths,
  },
  UpdateModel: (m) => ({ ...api(m), modelName: "Pet", ...patch(["replace", "/description", "n"]) }),
  UpdateRequestValidator: (m) => ({
    ...api(m),
    requestValidatorId: m.requestValidatorId,
    ...patch(["replace", "/name", "n"]),
  }),
  UpdateResource: (m) => ({ ...api(m), resourceId: m.address.resourceId, ...patch(["replace", "/pathPart", "{n}"]) }),
  UpdateRestApi: (m) => ({ ...api(m), ...patch(["replace", "/name", "n"]) }),
  UpdateStage: {
    input: (m) => ({ ...api(m), stageName: "dev", ...patch(["replace", "/description", "n"]) }),
    own: {
      "patchOperations path": badRequest(
        matching(/^Invalid method setting path: \/nothing\. Must be one of: \[\/deploymentId, /),
      ),
    },
  },
  UpdateUsage: (m) => ({ usagePlanId: m.usagePlanId, keyId: m.apiKey, ...patch(["replace", "/remaining", "4"]) }),
  UpdateUsagePlan: {
    input: (m) => ({ usagePlanId: m.usagePlanId, ...patch(["replace", "/name", "n"]) }),
    own: {
      "patchOperations path": badRequest(
        matching(/^Invalid patch path {2}'\/nothing' specified for op 'replace'\. \nMust be one of: \[.+\]$/),
      ),
    },
  },
  UpdateVpcLink: (m) => ({ vpcLinkId: m.vpcLinkId, ...patch(["replace", "/name", "n"]) }),
  RejectDomainNameAccessAssociation: {
    input: (m) => ({
      domainNameAccessAssociationArn: m.domainNameAccessAssociationArn,
      domainNameArn: m.domainNameArn,
    }),
    again: notFound("Invalid domain name access association identifier specified"),
  },
  DeleteDomainNameAccessAssociation: {
    input: (m) => ({ domainNameAccessAssociationArn: m.domainNameAccessAssociationArn?.replace("vpce-1", "vpce-2") }),
    again: notFound("Invalid domain name access association identifier specified"),
  },
  DeleteIntegrationResponse: {
    input: (m) => ({ ...m.address, statusCode: "200" }),
    again: notFound("Invalid Response status code specified"),
  },
  DeleteIntegration: { input: (m) => m.address, again: notFound("Invalid Integration identifier specified") },
  DeleteMethodResponse: {
    input: (m) => ({ ...m.address, statusCode: "200" }),
    again: notFound("Invalid Response status code specified"),
  },
  DeleteMethod: { input: (m) => m.address, again: notFound("Invalid Method identifier specified") },
  DeleteResource: {
    input: (m) => ({ ...api(m), resourceId: m.address.resourceId }),
    again: notFound("Invalid Resource identifier specified"),
  },
  DeleteModel: {
    input: (m) => ({ ...api(m), modelName: "Pet" }),
    again: notFound("Invalid model name specified: Pet"),
  },
  DeleteRequestValidator: {
    input: (m) => ({ ...api(m), requestValidatorId: m.requestValidatorId }),
    again: notFound("Invalid Request Validator identifier specified"),
  },
  DeleteAuthorizer: {
    input: (m) => ({ ...api(m), authorizerId: m.authorizerId }),
    again: notFound("Invalid Authorizer identifier specified"),
  },
  DeleteGatewayResponse: {
    input: (m) => ({ ...api(m), responseType: "THROTTLED" }),
    again: notFound("Gateway response type not defined on api"),
  },
  DeleteDocumentationPart: {
    input: (m) => ({ ...api(m), documentationPartId: m.documentationPartId }),
    again: notFound("Invalid Documentation part identifier specified"),
  },
  DeleteStage: {
    input: (m) => ({ ...api(m), stageName: "live" }),
    again: notFound("Invalid stage identifier specified"),
  },
  DeleteDocumentationVersion: {
    input: (m) => ({ ...api(m), documentationVersion: "new" }),
    again: notFound("Invalid Documentation version specified"),
  },
  DeleteDeployment: {
    input: (m) => ({ ...api(m), deploymentId: m.spareId }),
    again: notFound("Invalid Deployment identifier specified"),
  },
  DeleteBasePathMapping: {
    input: (m) => ({ domainName: m.domainName, basePath: "v1" }),
    again: notFound("Invalid base path mapping identifier specified"),
  },
  DeleteDomainName: {
    input: () => ({ domainName: "new.example.com" }),
    again: notFound("Invalid domain name identifier specified"),
  },
  DeleteUsagePlanKey: {
    input: (m) => ({ usagePlanId: m.usagePlanId, keyId: m.apiKey }),
    again: notFound("Invalid API Key identifier specified"),
  },
  DeleteUsagePlan: {
    input: (m) => ({ usagePlanId: m.sparePlanId }),
    again: notFound("Invalid Usage Plan ID specified"),
  },
  DeleteApiKey: { input: (m) => ({ apiKey: m.apiKey }), again: notFound("Invalid API Key identifier specified") },
  DeleteVpcLink: {
    input: (m) => ({ vpcLinkId: m.vpcLinkId }),
    again: notFound("Invalid Vpc Link identifier specified"),
  },
  DeleteClientCertificate: {
    input: (m) => ({ clientCertificateId: m.clientCertificateId }),
    again: notFound("Invalid Client Certificate identifier specified"),
  },
  DeleteRestApi: {
    input: (m) => ({ restApiId: m.imported }),
    again: notFound(matching(/^Invalid API identifier specified 000000000000:\w{10}$/)),
  },
};

const x = (length: number) => "x".repeat(length);
const texts = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`t${index}`, "1"]));
const stagePatch = (path: string, value: string) => () => patch(["replace", path, value]);
const ttl = badRequest("Invalid Authorizer result TTL specified. Must be between 0 and 3600 seconds");
const compression = badRequest("Invalid minimum compression size, must be between 0 and 10485760");
const negativeThrottle = badRequest("Usage Plan throttle limits must be non-negative numerics");
const quotaLimit = badRequest("Usage Plan quota limit must be a non-negative numeric");
const oneTarget = badRequest("Exactly one target ARN must be specified");
const policyOf = (Resource: string) =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: "*", Action: "execute-api:Invoke", Resource }],
  });

/** Calls that are refused in words of their own: bounds that the model does not have, and what is in use. */
const refusals: readonly Refused<RestApiParts>[] = [
  ["CreateApiKey", () => ({ name: x(1025) }), badRequest("Invalid API Key name, can be at most 1024 characters.")],
  ["CreateApiKey", () => ({ value: x(19) }), badRequest("API Key value should be at least 20 characters")],
  ["CreateApiKey", () => ({ value: x(129) }), badRequest("API Key value exceeds maximum size of 128 characters")],
  ["CreateAuthorizer", () => ({ authorizerResultTtlInSeconds: 3601 }), ttl],
  ["CreateAuthorizer", () => ({ authorizerResultTtlInSeconds: -1 }), ttl],
  ["UpdateAuthorizer", stagePatch("/authorizerResultTtlInSeconds", "3601"), ttl],
  [
    "CreateAuthorizer",
    () => ({ authorizerUri: "arn:aws:lambda:us-east-1:1:function:f", restApiId: "unknown" }),
    badRequest(matching(/^Invalid Authorizer URI: arn:aws:lambda:us-east-1:1:function:f\. Authorizer URI should be/)),
  ],
  ["CreateStage", () => ({ stageName: "a b" }), badRequest("Stage name only allows a-zA-Z0-9_")],
  ["CreateStage", () => ({ stageName: x(129) }), badRequest("Stage name only allows a-zA-Z0-9_")],
  ["CreateStage", () => ({ deploymentId: "unknown" }), badRequest("Deployment id does not exist")],
  ["CreateStage", () => ({ variables: texts(101) }), badRequest("A stage may have at most 100 variables")],
  [
    "CreateStage",
    () => ({ variables: { [x(65)]: "1" } }),
    badRequest(matching(/^Invalid stage variable name: x{65}\./)),
  ],
  [
    "CreateStage",
    () => ({ variables: { a: x(513) } }),
    badRequest(matching(/^Invalid stage variable value: x{513}\./)),
  ],
  ["CreateStage", () => ({ variables: { a: "<" } }), badRequest(matching(/^Invalid stage variable value: <\./))],
  ["CreateDeployment", () => ({ variables: { "a-b": "1" }, stageName: "s" }), badRequest(matching(/name: a-b\./))],
  [
    "UpdateStage",
    stagePatch("/*/*/caching/ttlInSeconds", "3601"),
    badRequest("Invalid cache TTL specified. Must be between 0 and 3600 seconds"),
  ],
  [
    "UpdateStage",
    stagePatch("/cacheClusterSize", "7"),
    badRequest("Invalid cache cluster size specified. Must be one of: [0.5, 1.6, 6.1, 13.5, 28.4, 58.2, 118, 237]"),
  ],
  ["UpdateStage", stagePatch("/*/*/logging/loglevel", "X"), badRequest("Invalid logging level specified: X")],
  ["UpdateStage", stagePatch("/documentationVersion", "x"), notFound("Invalid Documentation version specified")],
  ["CreateRestApi", () => ({ tags: texts(51) }), badRequest("The maximum number of tags is 50.")],
  ["CreateRestApi", () => ({ tags: { [x(129)]: "1" } }), badRequest(matching(/Tag keys must be between 1 and 128/))],
  ["TagResource", () => ({ tags: { "aws:x": "1" } }), badRequest(matching(/^Tag keys cannot start with 'aws:'/))],
  ["TagResource", () => ({ tags: { a: x(257) } }), badRequest(matching(/Tag values must be at most 256 characters/))],
  ["CreateRestApi", () => ({ minimumCompressionSize: 10_485_761 }), compression],
  ["CreateRestApi", () => ({ minimumCompressionSize: -1 }), compression],
  ["CreateRestApi", () => ({ policy: policyOf(x(8200)) }), badRequest(matching(/may have at most 8192 bytes/))],
  [
    "CreateRestApi",
    () => ({ policy: "{" }),
    badRequest("Invalid policy document. Please check the policy syntax and ensure that Principals are valid."),
  ],
  [
    "CreateRestApi",
    () => ({ endpointConfiguration: { types: ["EDGE", "REGIONAL"] } }),
    badRequest("Cannot create an api with multiple Endpoint Types."),
  ],
  [
    "CreateRestApi",
    () => ({ endpointConfiguration: { types: ["X"] } }),
    badRequest("Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE,PRIVATE"),
  ],
  [
    "CreateRestApi",
    () => ({ endpointConfiguration: { types: ["X"] }, description: "" }),
    badRequest("Description cannot be an empty string"),
  ],
  [
    "CreateModel",
    () => ({ schema: JSON.stringify({ type: "object", description: x(410_000) }) }),
    badRequest("Model schemas may have at most 409600 bytes"),
  ],
  [
    "CreateModel",
    () => ({ schema: "" }),
    badRequest("Model schema must have at least 1 property or array items defined"),
  ],
  [
    "PutIntegration",
    (m) => ({ ...m.address, requestTemplates: { "application/json": x(307_201) } }),
    badRequest("Mapping templates may have at most 307200 bytes"),
  ],
  ["CreateUsagePlan", () => ({ throttle: { burstLimit: -1 } }), negativeThrottle],
  ["CreateUsagePlan", () => ({ throttle: { rateLimit: -1 } }), negativeThrottle],
  ["CreateUsagePlan", () => ({ quota: { period: "DAY" } }), quotaLimit],
  ["CreateUsagePlan", () => ({ quota: { period: "DAY", limit: -1 } }), quotaLimit],
  [
    "CreateUsagePlan",
    () => ({ quota: { limit: 1 } }),
    badRequest("Invalid Usage Plan quota period specified. Must be one of [DAY, WEEK, MONTH]"),
  ],
  [
    "CreateUsagePlan",
    () => ({ quota: { limit: 1, period: "YEAR" } }),
    refusal(
      "ValidationException",
      "1 validation error detected: Value 'YEAR' at 'createUsagePlanInput.quota.period' failed to satisfy constraint: Member must satisfy enum value set: [MONTH, WEEK, DAY]",
    ),
  ],
  [
    "CreateUsagePlan",
    (m) => ({ apiStages: [{ apiId: m.restApiId, stage: "unknown" }] }),
    notFound(matching(/^API Stage not found: \w+:unknown$/)),
  ],
  [
    "CreateUsagePlanKey",
    () => ({ keyType: "X" }),
    badRequest("Invalid Usage Plan key type specified. Must be one of [API_KEY]"),
  ],
  ["CreateVpcLink", () => ({ targetArns: [] }), oneTarget],
  ["CreateVpcLink", () => ({ targetArns: [balancer, balancer] }), oneTarget],
  ["CreateVpcLink", () => ({ targetArns: ["bad"] }), badRequest("Invalid ARN. ARN is not well formed bad")],
  ["CreateBasePathMapping", () => ({ restApiId: "unknown" }), notFound("Invalid REST API identifier specified")],
  ["CreateBasePathMapping", () => ({ stage: "unknown" }), badRequest("Invalid stage identifier specified")],
  ["CreateBasePathMapping", () => ({ basePath: "a/b" }), badRequest(matching(/doesn't support the slash character/))],
  [
    "CreateResource",
    () => ({ pathPart: "a b" }),
    badRequest(
      "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly braces at the beginning and the end.",
    ),
  ],
  ["DeleteModel", () => ({}), conflict("Cannot delete model 'Pet', is referenced in method request: /pets/{id}/POST")],
  [
    "DeleteRequestValidator",
    () => ({}),
    conflict(matching(/^Cannot delete request validator '\w+', is referenced in method: POST\/\/pets\/\{id\}$/)),
  ],
  ["DeleteAuthorizer", () => ({}), conflict("Cannot delete authorizer 'a', is referenced in method: POST//pets/{id}")],
  [
    "DeleteDeployment",
    (m) => ({ deploymentId: m.deploymentId }),
    badRequest("Active stages pointing to this deployment must be moved or deleted"),
  ],
  [
    "DeleteUsagePlan",
    (m) => ({ usagePlanId: m.usagePlanId }),
    badRequest(
      matching(/^Cannot delete Usage Plan \w+ because there are API Stages associated with it, including \w+:dev$/),
    ),
  ],
  ["DeleteRestApi", api, badRequest("Please remove all base path mappings related to the API before deleting it.")],
  [
    "DeleteDocumentationVersion",
    () => ({ documentationVersion: "1" }),
    badRequest("Cannot delete documentation version '1', is referenced in stage: live"),
  ],
];

describe("REST APIs' control plane", () => {
  let environment: ApiGatewayEnvironment;
  let made: RestApiParts;

  beforeAll(async () => {
    environment = await ApiGatewayEnvironment.start("memory", { port: false });
    made = await oneOfEach(environment);
  });
  afterAll(() => environment.stop());

  const service: SweptService<RestApiParts> = {
    module,
    constraints,
    rows,
    wording,
    paging: { size: "limit", position: "position", whole: ["GetGatewayResponses", "GetUsage"] },
    client: () => environment.client,
    made: () => made,
  };
  testRefusals(service, refusals);
  testEveryOperation(service);
});
