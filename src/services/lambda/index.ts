import * as schemas from "@aws-sdk/client-lambda";
import constraints from "../../../protocols/constraints/lambda.json" with { type: "json" };
import { serviceModel } from "../../../protocols/schema.ts";
import { named } from "../../calls/elsewhere.ts";
import { operationsIn } from "../../calls/operation.ts";
import { defineService } from "../../calls/service.ts";
import * as aliases from "./aliases.ts";
import * as capacityProviders from "./capacity-providers.ts";
import * as codeSigning from "./code-signing.ts";
import * as concurrency from "./concurrency.ts";
import * as durableCallbacks from "./durable/callbacks.ts";
import * as durableCheckpoints from "./durable/checkpoints.ts";
import * as durableQueries from "./durable/queries.ts";
import { tooLargeMessage } from "./errors.ts";
import * as eventInvokeConfigs from "./event-invoke-configs.ts";
import * as mappings from "./event-sources/mappings.ts";
import * as functionSettings from "./function-settings.ts";
import * as functionUrls from "./function-urls.ts";
import * as functions from "./functions.ts";
import * as invoke from "./invoke.ts";
import { Lambda } from "./lambda.ts";
import * as layers from "./layers.ts";
import * as permissions from "./permissions.ts";
import * as resourcePolicies from "./resource-policies.ts";
import * as responseStreams from "./response-streams.ts";
import * as tags from "./tags.ts";
import { UrlDoor } from "./url-door.ts";
import * as versions from "./versions.ts";

/** AWS's limit for a request (Lambda API reference, CreateFunction). */
const maxBodyBytes = 70_167_211;

export const lambda = defineService<Lambda>({
  model: serviceModel({
    name: "lambda",
    signingNames: ["lambda"],
    hostPrefixes: ["lambda"],
    version: "2015-03-31",
    protocols: ["restJson1"],
    maxBodyBytes,
    bodyTooLarge: (operation) => tooLargeMessage(maxBodyBytes, operation),
    schemas,
    constraints,
  }),
  named: ({ functions, layers }) => [
    named("function", functions.values(), ({ name }) => name),
    named("layer", layers.values(), ({ name }) => name),
  ],
  operations: operationsIn<Lambda>(
    functions,
    versions,
    aliases,
    concurrency,
    permissions,
    functionUrls,
    eventInvokeConfigs,
    layers,
    codeSigning,
    capacityProviders,
    resourcePolicies,
    functionSettings,
    tags,
    invoke,
    responseStreams,
    mappings,
    durableCallbacks,
    durableCheckpoints,
    durableQueries,
  ),
  create: (dependencies) => new Lambda(dependencies),
  door: (lambda) => new UrlDoor(lambda),
  reset: (lambda, account) => {
    lambda.events.reset();
    lambda.durable.reset();
    lambda.eventSources.reset(account);
  },
  stop: (lambda) => {
    lambda.events.stop();
    lambda.durable.stop();
    lambda.eventSources.stop();
  },
});
