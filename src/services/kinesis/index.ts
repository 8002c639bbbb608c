import * as schemas from "@aws-sdk/client-kinesis";
import constraints from "../../../protocols/constraints/kinesis.json" with { type: "json" };
import { serviceModel } from "../../../protocols/schema.ts";
import { named } from "../../calls/elsewhere.ts";
import { operationsIn } from "../../calls/operation.ts";
import { defineService } from "../../calls/service.ts";
import * as channels from "./channels.ts";
import * as consumers from "./consumers.ts";
import { deliverBatch, deliverToStream } from "./delivery-target.ts";
import * as get from "./get.ts";
import { Kinesis } from "./kinesis.ts";
import * as limits from "./limits.ts";
import { streamRecords } from "./peek.ts";
import * as policies from "./policies.ts";
import * as put from "./put.ts";
import * as shards from "./shards.ts";
import * as streamSettings from "./stream-settings.ts";
import * as streams from "./streams.ts";
import * as tags from "./tags.ts";

export const kinesis = defineService<Kinesis>({
  model: serviceModel({
    name: "kinesis",
    signingNames: ["kinesis"],
    hostPrefixes: ["kinesis"],
    version: "2013-12-02",
    targetPrefix: "Kinesis_20131202",
    extendedRequestId: true,
    protocols: ["awsJson1_1", "awsCbor1_1", "rpcv2Cbor"],
    // PutRecords of 10 MiB, about 14 MiB in base64 and JSON.
    maxBodyBytes: 16 * 1024 * 1024,
    schemas,
    constraints,
  }),
  named: ({ streams }) => [named("stream", streams.values(), ({ name }) => name)],
  operations: operationsIn<Kinesis>(
    channels,
    consumers,
    get,
    limits,
    policies,
    put,
    shards,
    streamSettings,
    streams,
    tags,
  ),
  create(dependencies) {
    const kinesis = new Kinesis(dependencies);
    const { delivery } = dependencies;
    delivery.registerLocal("kinesis", (one) => deliverToStream(kinesis, one));
    delivery.registerLocalBatch("kinesis", (batch, entries, ids) => deliverBatch(kinesis, batch, entries, ids));
    return kinesis;
  },
  views: { records: (kinesis, filter) => streamRecords(kinesis, filter) },
  reset: (kinesis, account) => kinesis.reset(account),
  stop: (kinesis) => kinesis.subscriptions.stop(),
});
