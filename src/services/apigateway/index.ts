import * as schemas from "@aws-sdk/client-api-gateway";
import constraints from "../../../protocols/constraints/apigateway.json" with { type: "json" };
import { serviceModel } from "../../../protocols/schema.ts";
import { operationsIn } from "../../calls/operation.ts";
import { defineService } from "../../calls/service.ts";
import { ApiGateway } from "./apigateway.ts";
import * as deployments from "./deployments.ts";
import * as integrationResponses from "./integration-responses.ts";
import * as integrations from "./integrations.ts";
import * as methodResponses from "./method-responses.ts";
import * as methods from "./methods.ts";
import * as resources from "./resources.ts";
import * as restApis from "./rest-apis.ts";
import * as stages from "./stages.ts";

/** Documents to import have 6 MB at most; AWS counts them raw. */
const largestBodyBytes = 6 * 1024 * 1024 + 1024;

export const apigateway = defineService<ApiGateway>({
  model: serviceModel({
    name: "apigateway",
    signingNames: ["apigateway"],
    hostPrefixes: ["apigateway"],
    version: "2015-07-09",
    protocols: ["restJson1"],
    maxBodyBytes: largestBodyBytes,
    schemas,
    constraints,
  }),
  operations: operationsIn<ApiGateway>(
    deployments,
    integrationResponses,
    integrations,
    methodResponses,
    methods,
    resources,
    restApis,
    stages,
  ),
  create: (dependencies) => new ApiGateway(dependencies),
});
