import * as schemas from "@aws-sdk/client-sts";
import constraints from "../../../protocols/constraints/sts.json" with { type: "json" };
import { serviceModel } from "../../../protocols/schema.ts";
import { operationsIn } from "../../calls/operation.ts";
import { defineService } from "../../calls/service.ts";
import * as credentials from "./credentials.ts";
import { Sts } from "./sts.ts";

export const sts = defineService<Sts>({
  model: serviceModel({
    name: "sts",
    signingNames: ["sts"],
    hostPrefixes: ["sts"],
    version: "2011-06-15",
    xmlNamespace: "https://sts.amazonaws.com/doc/2011-06-15/",
    protocols: ["awsQuery"],
    schemas,
    constraints,
  }),
  operations: operationsIn<Sts>(credentials),
  create: (dependencies) => new Sts(dependencies),
});
