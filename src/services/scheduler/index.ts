import * as schemas from "@aws-sdk/client-scheduler";
import constraints from "../../../protocols/constraints/scheduler.json" with { type: "json" };
import { serviceModel } from "../../../protocols/schema.ts";
import { named } from "../../calls/elsewhere.ts";
import { operationsIn } from "../../calls/operation.ts";
import { defineService } from "../../calls/service.ts";
import * as groups from "./groups.ts";
import { Scheduler } from "./scheduler.ts";
import * as schedules from "./schedules.ts";
import * as tags from "./tags.ts";

export const scheduler = defineService<Scheduler>({
  model: serviceModel({
    name: "scheduler",
    signingNames: ["scheduler"],
    hostPrefixes: ["scheduler"],
    version: "2021-06-30",
    protocols: ["restJson1"],
    schemas,
    constraints,
  }),
  named: ({ schedules, groups }) => [
    named("schedule", schedules.values(), ({ name }) => name),
    named("schedule group", groups.values(), ({ name }) => name),
  ],
  operations: operationsIn<Scheduler>(groups, schedules, tags),
  create: (dependencies) => new Scheduler(dependencies),
});
