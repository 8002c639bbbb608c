import * as schemas from "@aws-sdk/client-sqs";
import constraints from "../../../protocols/constraints/sqs.json" with { type: "json" };
import { serviceModel } from "../../../protocols/schema.ts";
import { named } from "../../calls/elsewhere.ts";
import { operationsIn } from "../../calls/operation.ts";
import { defineService } from "../../calls/service.ts";
import * as attributes from "./attributes.ts";
import { deliverToQueue, deliverToQueues } from "./delivery-target.ts";
import * as moveTasks from "./move-tasks.ts";
import { queuedMessages } from "./peek.ts";
import * as permissions from "./permissions.ts";
import * as queues from "./queues.ts";
import * as receipts from "./receipts.ts";
import * as receive from "./receive.ts";
import * as send from "./send.ts";
import { Sqs } from "./sqs.ts";
import * as tags from "./tags.ts";

export const sqs = defineService<Sqs>({
  model: serviceModel({
    name: "sqs",
    signingNames: ["sqs"],
    hostPrefixes: ["sqs", "queue"],
    version: "2012-11-05",
    targetPrefix: "AmazonSQS",
    xmlNamespace: "http://queue.amazonaws.com/doc/2012-11-05/",
    queryCompatible: true,
    protocols: ["awsJson1_0", "awsQuery"],
    // A batch of 1 MiB whose characters are all escaped, in six bytes each.
    maxBodyBytes: 8 * 1024 * 1024,
    schemas,
    constraints,
  }),
  operations: operationsIn<Sqs>(attributes, moveTasks, permissions, queues, receipts, receive, send, tags),
  create: (dependencies) => {
    const service = new Sqs(dependencies);
    dependencies.delivery.registerLocal("sqs", (delivery) => deliverToQueue(service, delivery));
    dependencies.delivery.registerLocalAll("sqs", (shared, receivers, ids) =>
      deliverToQueues(service, shared, receivers, ids),
    );
    return service;
  },
  named: ({ queues }) => [named("queue", queues.values(), ({ name }) => name)],
  views: { messages: (service, filter) => queuedMessages(service, filter) },
  reset: (sqs, account) => {
    sqs.longPolls.endAll(account);
    sqs.fairness.reset(account);
  },
  stop: (sqs) => sqs.longPolls.stop(),
});
