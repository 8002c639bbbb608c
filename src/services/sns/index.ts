import * as schemas from "@aws-sdk/client-sns";
import constraints from "../../../protocols/constraints/sns.json" with { type: "json" };
import { serviceModel } from "../../../protocols/schema.ts";
import { named } from "../../calls/elsewhere.ts";
import { operationsIn } from "../../calls/operation.ts";
import { defineService } from "../../calls/service.ts";
import * as dataProtection from "./data-protection.ts";
import { statusHandler } from "./feedback.ts";
import { copySigner } from "./notification.ts";
import * as permissions from "./permissions.ts";
import * as platformApplications from "./platform-applications.ts";
import * as platformEndpoints from "./platform-endpoints.ts";
import { deliverToTopic } from "./publication.ts";
import * as publish from "./publish.ts";
import * as sandbox from "./sandbox.ts";
import * as sms from "./sms.ts";
import { Sns } from "./sns.ts";
import { logStatus } from "./status-log.ts";
import * as subscribe from "./subscribe.ts";
import * as subscriptions from "./subscriptions.ts";
import * as tags from "./tags.ts";
import { deliverPush, deliverSms } from "./targets.ts";
import * as topics from "./topics.ts";

export const sns = defineService<Sns>({
  model: serviceModel({
    name: "sns",
    signingNames: ["sns"],
    hostPrefixes: ["sns"],
    version: "2010-03-31",
    xmlNamespace: "http://sns.amazonaws.com/doc/2010-03-31/",
    protocols: ["awsQuery"],
    schemas,
    constraints,
  }),
  named: ({ topics }) => [named("topic", topics.values(), ({ name }) => name)],
  operations: operationsIn<Sns>(
    dataProtection,
    permissions,
    platformApplications,
    platformEndpoints,
    publish,
    sandbox,
    sms,
    subscribe,
    subscriptions,
    tags,
    topics,
  ),
  create: (dependencies) => {
    const service = new Sns(dependencies);
    const { delivery, timers } = dependencies;
    delivery.registerLocal("sns", (one) => deliverToTopic(service, one));
    delivery.registerLocal("sms", (one) => deliverSms(service, one));
    delivery.registerLocal("push", (one) => deliverPush(service, one));
    delivery.signCopies(copySigner(service));
    delivery.onEnd(statusHandler, (end) => logStatus(service, end));
    timers.on(subscribe.pendingTimer, ({ payload }) => {
      const row = service.subscriptions.get(payload as string);
      if (row && !row.confirmed) service.deleteSubscription(row);
    });
    return service;
  },
  reset: (service) => service.fanOut.clear(),
  door: ({ signer }) => ({
    name: "sns-certificate",
    claims: ({ method, path }) => (method === "GET" || method === "HEAD") && signer.publishes(path),
    serve: async (_request, answer) =>
      answer.send(200, { "content-type": "application/x-pem-file" }, await signer.certificate()),
  }),
  views: {
    confirmation: (service, { subscription }: { subscription?: string }) => {
      const row = service.subscriptions.get(subscription ?? "");
      return row?.token === undefined ? undefined : { token: row.token, confirmed: row.confirmed };
    },
  },
  levers: {
    "opt-out": (service, { phoneNumber, account, region }) => {
      sms.optOut(service, typeof phoneNumber === "string" ? phoneNumber : "", account, region);
      return { optedOut: phoneNumber };
    },
  },
});
