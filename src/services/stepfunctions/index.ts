import * as schemas from "@aws-sdk/client-sfn";
import constraints from "../../../protocols/constraints/stepfunctions.json" with { type: "json" };
import { serviceModel } from "../../../protocols/schema.ts";
import { operationsIn } from "../../core/operation.ts";
import { defineService } from "../../core/service.ts";
import * as activities from "./activities.ts";
import * as aliases from "./aliases.ts";
import { startDelivered } from "./delivery-target.ts";
import * as history from "./execution-history.ts";
import * as executions from "./executions.ts";
import * as mapRuns from "./map-run-operations.ts";
import * as stateMachines from "./state-machines.ts";
import { StepFunctions } from "./stepfunctions.ts";
import * as tags from "./tags.ts";
import * as testState from "./test-states.ts";
import * as versions from "./versions.ts";

export const stepfunctions = defineService<StepFunctions>({
  model: serviceModel({
    name: "stepfunctions",
    signingNames: ["states"],
    hostPrefixes: ["states", "sync-states"],
    version: "2016-11-23",
    targetPrefix: "AWSStepFunctions",
    protocols: ["awsJson1_0"],
    schemas,
    constraints,
  }),
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
    dependencies.delivery.register("states", (delivery) => startDelivered(dependencies.call, delivery));
    return service;
  },
  reset: (service, account) => service.reset(account),
  stop: (service) => service.stop(),
});
