import * as schemas from "@aws-sdk/client-lambda";
import constraints from "../../../protocols/constraints/lambda.json" with { type: "json" };
import { serviceModel } from "../../../protocols/schema.ts";
import { operationsIn } from "../../calls/operation.ts";
import { defineService } from "../../calls/service.ts";
import * as aliases from "./aliases.ts";
import * as mappings from "./event-sources/mappings.ts";
import * as functions from "./functions.ts";
import * as invoke from "./invoke.ts";
import { Lambda } from "./lambda.ts";
import * as tags from "./tags.ts";
import * as versions from "./versions.ts";

export const lambda = defineService<Lambda>({
  model: serviceModel({
    name: "lambda",
    signingNames: ["lambda"],
    hostPrefixes: ["lambda"],
    version: "2015-03-31",
    protocols: ["restJson1"],
    // AWS's own limit of a request (Lambda API reference, CreateFunction).
    maxBodyBytes: 70_167_211,
    schemas,
    constraints,
  }),
  operations: operationsIn<Lambda>(functions, versions, aliases, invoke, tags, mappings),
  create: (dependencies) => new Lambda(dependencies),
  reset: (state, account) => state.eventSources.reset(account),
  stop: (state) => state.eventSources.stop(),
});
