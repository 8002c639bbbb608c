import * as schemas from "@aws-sdk/client-pipes";
import constraints from "../../../protocols/constraints/pipes.json" with { type: "json" };
import { serviceModel } from "../../../protocols/schema.ts";
import { named } from "../../calls/elsewhere.ts";
import { operationsIn } from "../../calls/operation.ts";
import { defineService } from "../../calls/service.ts";
import * as pipeOperations from "./pipe-operations.ts";
import { Pipes } from "./pipes.ts";
import * as tags from "./tags.ts";

export const pipes = defineService<Pipes>({
  model: serviceModel({
    name: "pipes",
    signingNames: ["pipes"],
    hostPrefixes: ["pipes"],
    version: "2015-10-07",
    protocols: ["restJson1"],
    schemas,
    constraints,
  }),
  named: ({ pipes }) => [named("pipe", pipes.values(), ({ name }) => name)],
  operations: operationsIn<Pipes>(pipeOperations, tags),
  create: (dependencies) => new Pipes(dependencies),
  reset: (state, account) => state.lifecycle.reset(account),
  stop: (state) => state.stop(),
});
