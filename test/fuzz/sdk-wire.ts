/** Real SDK clients without a network: their requests, and how they read responses. */

import * as eventbridge from "@aws-sdk/client-eventbridge";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import * as kinesis from "@aws-sdk/client-kinesis";
import * as pipes from "@aws-sdk/client-pipes";
import * as scheduler from "@aws-sdk/client-scheduler";
import * as sfn from "@aws-sdk/client-sfn";
import * as sns from "@aws-sdk/client-sns";
import * as sqs from "@aws-sdk/client-sqs";
import * as sts from "@aws-sdk/client-sts";
import { SmithyRpcV2CborProtocol } from "@smithy/core/cbor";
import { HttpResponse } from "@smithy/core/protocols";
import type { WireRequest, WireResponse } from "../../protocols/protocol.ts";

interface SentRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string | string[] | null>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

interface Client {
  send(command: object): Promise<Record<string, unknown>>;
  destroy(): void;
}
type ClientClass = new (config: object) => Client;
type CommandClass = new (input: object) => object;

/** A service by one kind of client. */
export interface Dialect {
  readonly name: string;
  readonly service: string;
  readonly module: Readonly<Record<string, unknown>>;
  readonly query: boolean;
  /** Sends a command: `answer` sees the request and gives the response. */
  send(
    operation: string,
    input: object,
    answer: (request: WireRequest) => WireResponse,
  ): Promise<Record<string, unknown>>;
}

// The Query protocol's class is taken from the SNS client.
const queryProtocol = (new sns.SNSClient({ region: "us-east-1" }).config.protocol as object).constructor;

function dialect(
  name: string,
  service: string,
  module: Readonly<Record<string, unknown>>,
  clientName: string,
  query: boolean,
  protocol?: unknown,
): Dialect {
  const Client = module[clientName] as ClientClass;
  return {
    name,
    service,
    module,
    query,
    async send(operation, input, answer) {
      const Command = module[`${operation}Command`] as CommandClass;
      const client = new Client({
        region: "eu-west-1",
        endpoint: "http://localhost:4566",
        credentials: { accessKeyId: "AKIAEXAMPLE", secretAccessKey: "secret" },
        maxAttempts: 1,
        disableHostPrefix: true,
        useQueueUrlAsEndpoint: false,
        md5: false,
        ...(protocol === undefined ? {} : { protocol }),
        requestHandler: {
          handle: async (sent: SentRequest) => {
            const { status, headers, body } = answer(wireRequest(sent));
            return {
              response: new HttpResponse({ statusCode: status, headers: lowerCase(headers), body: streamOf(body) }),
            };
          },
        },
      });
      return client.send(new Command(input));
    },
  };
}

export const dialects: readonly Dialect[] = [
  dialect("SQS over JSON", "sqs", sqs, "SQSClient", false),
  dialect("SQS over Query", "sqs", sqs, "SQSClient", true, queryProtocol),
  dialect("SQS over CBOR", "sqs", sqs, "SQSClient", false, SmithyRpcV2CborProtocol),
  dialect("SNS", "sns", sns, "SNSClient", true),
  dialect("STS", "sts", sts, "STSClient", true),
  dialect("Kinesis over JSON", "kinesis", kinesis, "KinesisClient", false),
  dialect("Kinesis over CBOR", "kinesis", kinesis, "KinesisClient", false, SmithyRpcV2CborProtocol),
  dialect("EventBridge", "eventbridge", eventbridge, EventBridgeClient.name, false),
  dialect("Step Functions", "stepfunctions", sfn, "SFNClient", false),
  dialect("Scheduler", "scheduler", scheduler, "SchedulerClient", false),
  dialect("Pipes", "pipes", pipes, "PipesClient", false),
];

function wireRequest({ method, path, query, headers, body }: SentRequest): WireRequest {
  const parts = Object.entries(query ?? {}).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value ?? ""]).map(
      (item) => `${encodeURIComponent(name)}=${encodeURIComponent(item)}`,
    ),
  );
  return { method, path, query: parts.join("&"), headers: lowerCase(headers), body: Buffer.from(body ?? "") };
}

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function streamOf(body: WireResponse["body"]): unknown {
  return typeof body === "string" ? Buffer.from(body) : body;
}
