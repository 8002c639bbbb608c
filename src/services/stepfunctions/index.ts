import * as schemas from "@aws-sdk/client-sfn";
import constraints from "../../../protocols/constraints/stepfunctions.json" with { type: "json" };
import { serviceModel } from "../../../protocols/schema.ts";
import { named } from "../../calls/elsewhere.ts";
import { operationsIn } from "../../calls/operation.ts";
import { defineService } from "../../calls/service.ts";
import { startDelivered } from "./executions/delivery-target.ts";
import * as history from "./executions/execution-history.ts";
import * as executions from "./executions/executions.ts";
import { shownExecutions } from "./executions/peek.ts";
import * as aliases from "./machines/aliases.ts";
import * as stateMachines from "./machines/state-machines.ts";
import * as versions from "./machines/versions.ts";
import * as mapRuns from "./map-runs/map-run-operations.ts";
import { StepFunctions } from "./stepfunctions.ts";
import * as tags from "./tags.ts";
import * as activities from "./tasks/activities.ts";
import * as testState from "./test-state/test-states.ts";

export const stepfunctions = defineService<StepFunctions>({
  model: serviceModel({
    name: "stepfunctions",
    signingNames: ["states"],
    hostPrefixes: ["states", "sync-states"],
    version: "2016-11-23",
    targetPrefix: "AWSStepFunctions",
    protocols: ["awsJson1_0"],
    // A definition of 1 MiB whose characters are all escaped, in six bytes each.
    maxBodyBytes: 8 * 1024 * 1024,
    schemas,
    constraints,
  }),
  named: ({ machines, activities }) => [
    named("state machine", machines.values(), ({ name }) => name),
    named("activity", activities.values(), ({ name }) => name),
  ],
  operations: operationsIn<StepFunctions>(
    activities,
    aliases,
    executions,
    history,
    mapRuns,
    stateMachines,
    tags,
    testState,
    versions,
  ),
  create: (dependencies) => {
    const service = new StepFunctions(dependencies);
    dependencies.delivery.register("states", (delivery, invocation) =>
      startDelivered(dependencies.call, delivery, invocation),
    );
    return service;
  },
  views: { executions: (service, filter) => shownExecutions(service, filter) },
  reset: (service, account) => service.reset(account),
  stop: (service) => service.stop(),
});
