/**
 * The management API of WebSocket APIs at Busbar's own address. At an API's address API Gateway v2 answers it itself.
 */
import * as schemas from "@aws-sdk/client-apigatewaymanagementapi";
import constraints from "../../../protocols/constraints/apigatewaymanagementapi.json" with { type: "json" };
import { serviceModel } from "../../../protocols/schema.ts";
import { operationsIn } from "../../calls/operation.ts";
import { defineService } from "../../calls/service.ts";
import type { ManagementApi } from "./connections.ts";
import * as connections from "./connections.ts";

export const apigatewaymanagementapi = defineService<ManagementApi>({
  model: serviceModel({
    name: "apigatewaymanagementapi",
    signingNames: ["execute-api"],
    hostPrefixes: ["execute-api"],
    version: "2018-11-29",
    protocols: ["restJson1"],
    schemas,
    constraints,
  }),
  operations: operationsIn<ManagementApi>(connections),
  create: ({ apis }) => ({ connections: apis.connections }),
});
