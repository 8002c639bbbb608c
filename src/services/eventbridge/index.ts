import * as schemas from "@aws-sdk/client-eventbridge";
import constraints from "../../../protocols/constraints/eventbridge.json" with { type: "json" };
import { serviceModel } from "../../../protocols/schema.ts";
import { named } from "../../calls/elsewhere.ts";
import { operationsIn } from "../../calls/operation.ts";
import { defineService } from "../../calls/service.ts";
import * as apiDestinations from "./api-destinations.ts";
import * as archives from "./archives.ts";
import * as buses from "./buses.ts";
import * as connections from "./connections.ts";
import * as endpoints from "./endpoints.ts";
import { EventBridge } from "./eventbridge.ts";
import * as partnerSources from "./partner-sources.ts";
import * as permissions from "./permissions.ts";
import * as putEvents from "./put-events.ts";
import * as replays from "./replays.ts";
import * as rules from "./rules.ts";
import * as tags from "./tags.ts";
import * as targets from "./targets.ts";

export const eventbridge = defineService<EventBridge>({
  model: serviceModel({
    name: "eventbridge",
    signingNames: ["events"],
    hostPrefixes: ["events"],
    version: "2015-10-07",
    targetPrefix: "AWSEvents",
    protocols: ["awsJson1_1"],
    // PutEvents of 1 MiB, in JSON within JSON.
    maxBodyBytes: 4 * 1024 * 1024,
    schemas,
    constraints,
  }),
  named: ({ buses, rules, archives, replays, connections, apiDestinations, endpoints }) => [
    named("event bus", buses.values(), ({ name }) => name),
    named("rule", rules.values(), ({ name }) => name),
    named("archive", archives.values(), ({ name }) => name),
    named("replay", replays.values(), ({ name }) => name),
    named("connection", connections.values(), ({ name }) => name),
    named("API destination", apiDestinations.values(), ({ name }) => name),
    named("endpoint", endpoints.values(), ({ name }) => name),
  ],
  operations: operationsIn<EventBridge>(
    apiDestinations,
    archives,
    buses,
    connections,
    endpoints,
    partnerSources,
    permissions,
    putEvents,
    replays,
    rules,
    tags,
    targets,
  ),
  create: (dependencies) => new EventBridge(dependencies),
  views: {
    recentEvents: (service, filter) => service.recent.list(filter),
    events: (service, filter) => service.recent.listOfBus(filter),
  },
  reset: (service, account) => {
    service.patterns.clear();
    service.recent.clear(account);
  },
  stop: (service) => service.authorizer.stop(),
});
