import * as schemas from "@aws-sdk/client-api-gateway";
import constraints from "../../../protocols/constraints/apigateway.json" with { type: "json" };
import { serviceModel } from "../../../protocols/schema.ts";
import { named } from "../../calls/elsewhere.ts";
import { operationsIn } from "../../calls/operation.ts";
import { defineService } from "../../calls/service.ts";
import * as accessAssociations from "./access-associations.ts";
import * as account from "./account.ts";
import * as apiKeys from "./api-keys.ts";
import { ApiGateway } from "./apigateway.ts";
import * as authorizers from "./authorizers.ts";
import * as basePathMappings from "./base-path-mappings.ts";
import * as clientCertificates from "./client-certificates.ts";
import * as deployments from "./deployments.ts";
import * as documentationParts from "./documentation-parts.ts";
import * as documentationVersions from "./documentation-versions.ts";
import * as domainNames from "./domain-names.ts";
import { RestExecution } from "./execution/execution.ts";
import * as stageExports from "./exports.ts";
import * as gatewayResponses from "./gateway-responses.ts";
import * as importApiKeys from "./import-api-keys.ts";
import * as importRestApi from "./import-rest-api.ts";
import * as integrationResponses from "./integration-responses.ts";
import * as integrations from "./integrations.ts";
import * as methodResponses from "./method-responses.ts";
import * as methods from "./methods.ts";
import * as models from "./models.ts";
import * as requestValidators from "./request-validators.ts";
import * as resources from "./resources.ts";
import * as restApis from "./rest-apis.ts";
import * as sdkTypes from "./sdk-types.ts";
import * as stages from "./stages.ts";
import * as tags from "./tags.ts";
import * as testInvoke from "./test-invoke.ts";
import * as updateDomainName from "./update-domain-name.ts";
import * as updateIntegrations from "./update-integrations.ts";
import * as updateMethods from "./update-methods.ts";
import * as updateResource from "./update-resource.ts";
import * as updateRestApi from "./update-rest-api.ts";
import * as updateStage from "./update-stage.ts";
import * as usage from "./usage.ts";
import * as usagePlanKeys from "./usage-plan-keys.ts";
import * as usagePlans from "./usage-plans.ts";
import * as vpcLinks from "./vpc-links.ts";

/** A document to import has at most 6 MB, which AWS counts raw. */
const maxBodyBytes = 6 * 1024 * 1024 + 1024;

export const apigateway = defineService<ApiGateway>({
  model: serviceModel({
    name: "apigateway",
    signingNames: ["apigateway"],
    hostPrefixes: ["apigateway"],
    version: "2015-07-09",
    protocols: ["restJson1"],
    maxBodyBytes,
    schemas,
    constraints,
  }),
  named: ({ apis }) => [named("REST API", apis.values(), ({ id }) => id)],
  operations: operationsIn<ApiGateway>(
    accessAssociations,
    account,
    apiKeys,
    authorizers,
    basePathMappings,
    clientCertificates,
    deployments,
    documentationParts,
    documentationVersions,
    domainNames,
    stageExports,
    gatewayResponses,
    importApiKeys,
    importRestApi,
    integrationResponses,
    integrations,
    methodResponses,
    methods,
    models,
    requestValidators,
    resources,
    restApis,
    sdkTypes,
    stages,
    tags,
    testInvoke,
    updateDomainName,
    updateIntegrations,
    updateMethods,
    updateResource,
    updateRestApi,
    updateStage,
    usagePlanKeys,
    usagePlans,
    usage,
    vpcLinks,
  ),
  create: (dependencies) => {
    const service = new ApiGateway(dependencies);
    const execution = new RestExecution(service);
    service.execution = execution;
    dependencies.apis.register(execution);
    return service;
  },
  reset: ({ execution }) => execution?.reset(),
});
