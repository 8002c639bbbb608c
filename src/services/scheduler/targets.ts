/** What a target's ARN means: the call that is made with the schedule's input. */
import { getOwn, jsonObject } from "../../../protocols/unknown-json.ts";
import { parseArn } from "../../calls/arn.ts";
import { DeliveryFailure, type Way } from "../../delivery/types.ts";
import type { TargetSpec } from "./tables.ts";

/** Parameter blocks that each belong to one kind of target. */
export const parameterBlocks = [
  "EcsParameters",
  "EventBridgeParameters",
  "EventBridgePutEventsV2Parameters",
  "EventBridgePutRawEventsParameters",
  "KinesisParameters",
  "SageMakerPipelineParameters",
  "SqsParameters",
] as const;

export type ParameterBlock = (typeof parameterBlocks)[number];

/**
 * What AWS's request for a target contains of an invocation: the input with its keywords filled in, and the execution's
 * id.
 */
export interface Filled {
  readonly input: string;
  readonly executionId: string;
}

type Request = Readonly<Record<string, unknown>>;

export interface TargetKind {
  readonly resource: RegExp;
  /** The parameter block this target may have, and whether it must. */
  readonly block?: ParameterBlock;
  readonly needsBlock?: boolean;
  /** The kind and parameters of its deliveries. */
  way(target: TargetSpec, executionId: string): Way;
  /** AWS's request to the target, which is also the content of dead letters. */
  request(target: TargetSpec, filled: Filled): Request;
}

const kinds: Readonly<Record<string, TargetKind>> = {
  sqs: {
    resource: /^[\w-]{1,80}(\.fifo)?$/,
    block: "SqsParameters",
    way: ({ SqsParameters }) => ({ kind: "sqs", parameters: { messageGroupId: SqsParameters?.MessageGroupId } }),
    request: ({ Arn, SqsParameters }, { input }) => {
      const { account = "", resource = "" } = parseArn(Arn) ?? {};
      const MessageGroupId = SqsParameters?.MessageGroupId;
      const QueueUrl = `http://localhost:4566/${account}/${resource}`;
      return { MessageBody: input, ...(MessageGroupId === undefined ? {} : { MessageGroupId }), QueueUrl };
    },
  },
  sns: {
    resource: /^[\w-]{1,256}(\.fifo)?$/,
    way: () => ({ kind: "sns", parameters: {} }),
    request: ({ Arn }, { input }) => ({ Message: input, TopicArn: Arn }),
  },
  lambda: {
    resource: /^function:[\w-]{1,140}(:[\w$-]{1,128})?$/,
    way: () => ({ kind: "lambda", parameters: {} }),
    request: ({ Arn }, { input }) => ({ FunctionName: Arn, InvocationType: "Event", Payload: input }),
  },
  states: {
    resource: /^stateMachine:\S+$/,
    way: (_target, executionId) => ({ kind: "states", parameters: { name: executionId } }),
    request: ({ Arn }, { input, executionId }) => ({ Input: input, Name: executionId, StateMachineArn: Arn }),
  },
  kinesis: {
    resource: /^stream\/[\w.-]{1,128}$/,
    block: "KinesisParameters",
    needsBlock: true,
    way: ({ KinesisParameters }) => ({
      kind: "kinesis",
      parameters: { partitionKey: KinesisParameters?.PartitionKey ?? "" },
    }),
    request: ({ Arn, KinesisParameters }, { input }) => ({
      Data: input,
      PartitionKey: KinesisParameters?.PartitionKey,
      StreamARN: Arn,
    }),
  },
  events: {
    resource: /^event-bus\/[\w./-]{1,256}$/,
    block: "EventBridgeParameters",
    needsBlock: true,
    way: ({ EventBridgeParameters }) => {
      const { Source: source = "", DetailType: detailType = "" } = EventBridgeParameters ?? {};
      return { kind: "events", parameters: { source, detailType } };
    },
    request: ({ Arn, EventBridgeParameters }, { input }) => {
      const { Source, DetailType } = EventBridgeParameters ?? {};
      return { Entries: [{ Detail: input, DetailType, EventBusName: Arn, Source }] };
    },
  },
  firehose: {
    resource: /^deliverystream\/[\w.-]{1,64}$/,
    way: () => ({ kind: "firehose", parameters: {} }),
    request: ({ Arn }, { input }) => ({ DeliveryStreamName: Arn.split("/")[1], Record: { Data: input } }),
  },
  ecs: {
    resource: /^cluster\/\S+$/,
    block: "EcsParameters",
    needsBlock: true,
    ...elsewhere("ecs", "RunTask", ({ Arn, EcsParameters }) => ({ cluster: Arn, ...EcsParameters })),
  },
  codebuild: { resource: /^project\/\S+$/, ...elsewhere("codebuild", "StartBuild") },
  codepipeline: { resource: /^\S+$/, ...elsewhere("codepipeline", "StartPipelineExecution") },
  inspector: { resource: /^target\/\S+$/, ...elsewhere("inspector", "StartAssessmentRun") },
  sagemaker: {
    resource: /^pipeline\/\S+$/,
    block: "SageMakerPipelineParameters",
    ...elsewhere("sagemaker", "StartPipelineExecution"),
  },
};

/** A service that Busbar does not implement: the request is kept in the mailbox, with the input as its body. */
function elsewhere(
  service: string,
  operation: string,
  request: (target: TargetSpec) => Request = ({ Arn }) => ({ arn: Arn }),
): Pick<TargetKind, "way" | "request"> {
  return {
    way: (target) => ({ kind: "mailbox", parameters: { channel: service, operation, request: request(target) } }),
    request: (target, { input }) => ({ ...request(target), input }),
  };
}

/** Service ids of the SDK that differ from Busbar's names. */
const sdkServices: Readonly<Record<string, string>> = { sfn: "stepfunctions" };

/** Busbar's name of a service of the SDK. */
export function busbarName(sdkService: string): string {
  return Object.hasOwn(sdkServices, sdkService) ? (sdkServices[sdkService] as string) : sdkService;
}

export interface UniversalTarget {
  readonly service: string;
  readonly action: string;
}

const universal = /^arn:aws[a-z-]*:scheduler:::aws-sdk:([^:]*):([^:]*)$/;

/** The call that a universal target's ARN names, or undefined for a resource's ARN. */
export function universalTarget(arn: string): UniversalTarget | undefined {
  const [, service, action] = universal.exec(arn) ?? [];
  return service === undefined || action === undefined ? undefined : { service, action };
}

/** Whether resources of this service can be targets; the service as ARNs name it. */
export function isTargetService(service: string): boolean {
  return Object.hasOwn(kinds, service);
}

/** The kind of target of a resource's ARN, or undefined when it cannot be one. */
export function targetKind(text: string): TargetKind | undefined {
  const arn = parseArn(text);
  if (arn === undefined || !/^\d{12}$/.test(arn.account) || arn.region === "") return undefined;
  const kind = getOwn(kinds, arn.service);
  return kind?.resource.test(arn.resource) ? kind : undefined;
}

/** The kind and parameters of deliveries to a target. */
export function wayTo(target: TargetSpec, executionId: string): Way {
  const named = universalTarget(target.Arn);
  // CreateSchedule has accepted no other ARN.
  if (named === undefined) return (targetKind(target.Arn) as TargetKind).way(target, executionId);
  return { kind: "aws-sdk", parameters: { service: busbarName(named.service), action: named.action } };
}

/**
 * AWS's request for one invocation.
 * @throws DeliveryFailure when a universal target's input is not a JSON object.
 */
export function requestOf(target: TargetSpec, filled: Filled): Request {
  if (universalTarget(target.Arn) !== undefined) return universalInput(filled.input);
  return (targetKind(target.Arn) as TargetKind).request(target, filled);
}

/** The input of a universal target. @throws DeliveryFailure when it is not a JSON object. */
export function universalInput(text: string): Request {
  const value = jsonObject(text);
  if (value !== undefined) return value;
  throw new DeliveryFailure("InvalidInput", "The input of a universal target must be a JSON object.", false);
}
