/** The services that ARNs of sources, enrichments and targets refer to, and the parameters that go with them. */
import type { PipeSourceParameters, PipeTargetParameters } from "@aws-sdk/client-pipes";
import { getOwn } from "../../../protocols/unknown-json.ts";
import { parseArn } from "../../calls/arn.ts";

export type SourceKind = "sqs" | "kinesis" | "elsewhere";
export type SourceBlock = Exclude<keyof PipeSourceParameters, "FilterCriteria">;

export interface SourcePlace {
  readonly kind: SourceKind;
  /** Parameter blocks that fit; defaults are filled into the first one. */
  readonly blocks: readonly SourceBlock[];
  readonly blockRequired: boolean;
}

const sources: Readonly<Record<string, { readonly resource: RegExp } & SourcePlace>> = {
  sqs: {
    kind: "sqs",
    resource: /^[\w-]{1,80}(\.fifo)?$/,
    blocks: ["SqsQueueParameters"],
    blockRequired: false,
  },
  kinesis: {
    kind: "kinesis",
    resource: /^stream\/[\w.-]{1,128}(\/consumer\/[\w.-]{1,128}:\d+)?$/,
    blocks: ["KinesisStreamParameters"],
    blockRequired: true,
  },
  dynamodb: elsewhere(/^table\/\S+\/stream\/\S+$/, "DynamoDBStreamParameters"),
  mq: elsewhere(/^broker:\S+$/, "ActiveMQBrokerParameters", "RabbitMQBrokerParameters"),
  kafka: elsewhere(/^cluster\/\S+$/, "ManagedStreamingKafkaParameters"),
};

function elsewhere(resource: RegExp, ...blocks: SourceBlock[]) {
  return { kind: "elsewhere" as const, resource, blocks, blockRequired: true };
}

export function sourcePlace(text: string): SourcePlace | undefined {
  if (text.startsWith("smk://")) return elsewhere(/./, "SelfManagedKafkaParameters");
  const arn = parseArn(text);
  const place = arn ? getOwn(sources, arn.service) : undefined;
  return place?.resource.test(arn?.resource ?? "") ? place : undefined;
}

/** The stream of a source: its own ARN, or the ARN that a consumer's ARN begins with. */
export function streamArnOf(source: string): string {
  return source.replace(/\/consumer\/.*$/, "");
}

export type TargetKind =
  | "sqs"
  | "sns"
  | "kinesis"
  | "events"
  | "lambda"
  | "states"
  | "logs"
  | "firehose"
  | "api-destination"
  | "execute-api"
  | "mailbox";

export type TargetBlock = Exclude<keyof PipeTargetParameters, "InputTemplate">;

export interface TargetPlace {
  readonly kind: TargetKind;
  readonly resource: RegExp;
  readonly block?: TargetBlock;
  readonly blockRequired?: boolean;
  /** Most records per batch without enrichment; absent: as many as the source allows. */
  readonly maxRecords?: number;
}

const targets: Readonly<Record<string, readonly TargetPlace[]>> = {
  sqs: [{ kind: "sqs", resource: /^[\w-]{1,80}(\.fifo)?$/, block: "SqsQueueParameters", maxRecords: 10 }],
  sns: [{ kind: "sns", resource: /^[\w-]{1,256}$/, maxRecords: 10 }],
  kinesis: [
    {
      kind: "kinesis",
      resource: /^stream\/[\w.-]{1,128}$/,
      block: "KinesisStreamParameters",
      blockRequired: true,
      maxRecords: 500,
    },
  ],
  events: [
    {
      kind: "events",
      resource: /^event-bus\/[\w./-]{1,256}$/,
      block: "EventBridgeEventBusParameters",
      maxRecords: 10,
    },
    { kind: "api-destination", resource: /^api-destination\/\S+$/, block: "HttpParameters", maxRecords: 1 },
  ],
  lambda: [{ kind: "lambda", resource: /^function:[\w-]{1,140}(:[\w$-]{1,128})?$/, block: "LambdaFunctionParameters" }],
  states: [{ kind: "states", resource: /^stateMachine:\S+$/, block: "StepFunctionStateMachineParameters" }],
  logs: [{ kind: "logs", resource: /^log-group:\S+$/, block: "CloudWatchLogsParameters", maxRecords: 10_000 }],
  firehose: [{ kind: "firehose", resource: /^deliverystream\/[\w.-]{1,64}$/, maxRecords: 500 }],
  "execute-api": [{ kind: "execute-api", resource: /^\S+$/, block: "HttpParameters", maxRecords: 1 }],
  ecs: recorded("EcsTaskParameters"),
  batch: recorded("BatchJobParameters"),
  redshift: recorded("RedshiftDataParameters"),
  "redshift-serverless": recorded("RedshiftDataParameters"),
  sagemaker: recorded("SageMakerPipelineParameters"),
  timestream: recorded("TimestreamParameters"),
  inspector: [{ kind: "mailbox", resource: /^\S+$/, maxRecords: 1 }],
};

/** A service that Busbar does not implement: its input is kept for inspection. */
function recorded(block: TargetBlock): readonly TargetPlace[] {
  return [{ kind: "mailbox", resource: /^\S+$/, block, maxRecords: 1 }];
}

export function targetPlace(text: string): TargetPlace | undefined {
  const arn = parseArn(text);
  const places = arn ? getOwn(targets, arn.service) : undefined;
  return places?.find(({ resource }) => resource.test(arn?.resource ?? ""));
}

/** Possible enrichments: those targets that answer. */
export function enrichmentPlace(text: string): TargetPlace | undefined {
  const place = targetPlace(text);
  return place && ["lambda", "states", "api-destination", "execute-api"].includes(place.kind) ? place : undefined;
}
