import * as schemas from "@aws-sdk/client-apigatewayv2";
import constraints from "../../../protocols/constraints/apigatewayv2.json" with { type: "json" };
import { serviceModel } from "../../../protocols/schema.ts";
import { named } from "../../calls/elsewhere.ts";
import { operationsIn } from "../../calls/operation.ts";
import { defineService } from "../../calls/service.ts";
import * as mappings from "./api-mappings.ts";
import { ApiGatewayV2 } from "./apigatewayv2.ts";
import * as apis from "./apis.ts";
import * as authorizers from "./authorizers.ts";
import * as deployments from "./deployments.ts";
import * as domains from "./domain-names.ts";
import * as integrations from "./integrations.ts";
import * as models from "./models.ts";
import * as exports from "./openapi-export.ts";
import * as imports from "./openapi-import.ts";
import * as pages from "./portal-pages.ts";
import * as products from "./portal-products.ts";
import * as portals from "./portals.ts";
import * as routes from "./routes.ts";
import * as stages from "./stages.ts";
import * as tags from "./tags.ts";
import * as links from "./vpc-links.ts";

/** The largest body of an import: a definition and the JSON around it. */
const maxBodyBytes = 8 * 1024 * 1024;

export const apigatewayv2 = defineService<ApiGatewayV2>({
  model: serviceModel({
    name: "apigatewayv2",
    signingNames: ["apigateway"],
    hostPrefixes: ["apigateway"],
    version: "2018-11-29",
    protocols: ["restJson1"],
    maxBodyBytes,
    schemas,
    constraints,
  }),
  named: ({ apis }) => [named("API", apis.values(), ({ id }) => id)],
  operations: operationsIn<ApiGatewayV2>(
    apis,
    routes,
    integrations,
    authorizers,
    models,
    deployments,
    stages,
    domains,
    mappings,
    links,
    tags,
    imports,
    exports,
    portals,
    products,
    pages,
  ),
  create: (dependencies) => new ApiGatewayV2(dependencies),
  reset: (service, account) => service.gateway.reset(account),
  stop: (service) => service.gateway.stop(),
});
