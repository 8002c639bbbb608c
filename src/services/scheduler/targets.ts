/** What a target's ARN stands for: the call that is made with the schedule's input. */
import { parseArn } from "../../calls/arn.ts";
import { DeliveryFailure } from "../../delivery/types.ts";
import type { TargetSpec } from "./tables.ts";

/** The parameter blocks of a target of which each goes with one kind of ARN. */
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

/** A call as JSON describes it: Busbar's name of the service, the operation, and SDK request members. */
export interface TargetCall {
  readonly service: string;
  readonly action: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** What a call needs besides the target. */
export interface Invocation {
  /** The schedule's input with its keywords filled in. */
  readonly input: string;
  readonly executionId: string;
}

export interface TargetKind {
  readonly resource: RegExp;
  /** The block this target may have, and whether it must. */
  readonly block?: ParameterBlock;
  readonly needsBlock?: boolean;
  /** Services that Busbar does not have: where their input is kept to be looked at. */
  readonly mailbox?: "firehose" | "mailbox";
  readonly action: string;
  call(target: TargetSpec, invocation: Invocation): Omit<TargetCall, "action">;
}

const kinds: Readonly<Record<string, TargetKind>> = {
  sqs: {
    resource: /^[\w-]{1,80}(\.fifo)?$/,
    block: "SqsParameters",
    action: "SendMessage",
    call: ({ Arn, SqsParameters }, { input }) => {
      const { account = "", resource = "" } = parseArn(Arn) ?? {};
      const MessageGroupId = SqsParameters?.MessageGroupId;
      const QueueUrl = `http://localhost:4566/${account}/${resource}`;
      return {
        service: "sqs",
        input: { MessageBody: input, ...(MessageGroupId === undefined ? {} : { MessageGroupId }), QueueUrl },
      };
    },
  },
  sns: {
    resource: /^[\w-]{1,256}(\.fifo)?$/,
    action: "Publish",
    call: ({ Arn }, { input }) => ({ service: "sns", input: { Message: input, TopicArn: Arn } }),
  },
  lambda: {
    resource: /^function:[\w-]{1,140}(:[\w$-]{1,128})?$/,
    action: "Invoke",
    call: ({ Arn }, { input }) => ({
      service: "lambda",
      input: { FunctionName: Arn, InvocationType: "Event", Payload: input },
    }),
  },
  states: {
    resource: /^stateMachine:\S+$/,
    action: "StartExecution",
    call: ({ Arn }, { input, executionId }) => ({
      service: "stepfunctions",
      input: { Input: input, Name: executionId, StateMachineArn: Arn },
    }),
  },
  kinesis: {
    resource: /^stream\/[\w.-]{1,128}$/,
    block: "KinesisParameters",
    needsBlock: true,
    action: "PutRecord",
    call: ({ Arn, KinesisParameters }, { input }) => ({
      service: "kinesis",
      input: { Data: input, PartitionKey: KinesisParameters?.PartitionKey, StreamARN: Arn },
    }),
  },
  events: {
    resource: /^event-bus\/[\w./-]{1,256}$/,
    block: "EventBridgeParameters",
    needsBlock: true,
    action: "PutEvents",
    call: ({ Arn, EventBridgeParameters }, { input }) => {
      const { Source, DetailType } = EventBridgeParameters ?? {};
      return { service: "eventbridge", input: { Entries: [{ Detail: input, DetailType, EventBusName: Arn, Source }] } };
    },
  },
  firehose: {
    resource: /^deliverystream\/[\w.-]{1,64}$/,
    mailbox: "firehose",
    action: "PutRecord",
    call: ({ Arn }, { input }) => ({
      service: "firehose",
      input: { DeliveryStreamName: Arn.split("/")[1], Record: { Data: input } },
    }),
  },
  ecs: {
    resource: /^cluster\/\S+$/,
    block: "EcsParameters",
    needsBlock: true,
    mailbox: "mailbox",
    action: "RunTask",
    call: ({ Arn, EcsParameters }, { input }) => ({
      service: "ecs",
      input: { cluster: Arn, ...EcsParameters, overrides: input },
    }),
  },
  codebuild: elsewhere(/^project\/\S+$/, "StartBuild", "codebuild"),
  codepipeline: elsewhere(/^\S+$/, "StartPipelineExecution", "codepipeline"),
  inspector: elsewhere(/^target\/\S+$/, "StartAssessmentRun", "inspector"),
  sagemaker: {
    ...elsewhere(/^pipeline\/\S+$/, "StartPipelineExecution", "sagemaker"),
    block: "SageMakerPipelineParameters",
  },
};

function elsewhere(resource: RegExp, action: string, service: string): TargetKind {
  return {
    resource,
    mailbox: "mailbox",
    action,
    call: ({ Arn }, { input }) => ({ service, input: { arn: Arn, input } }),
  };
}

/** Service ids of the SDK that Busbar calls otherwise. */
const sdkServices: Readonly<Record<string, string>> = { sfn: "stepfunctions" };

export interface UniversalTarget {
  readonly service: string;
  readonly action: string;
}

const universal = /^arn:aws[a-z-]*:scheduler:::aws-sdk:([a-z0-9]{1,64}):([a-zA-Z][a-zA-Z0-9]{0,127})$/;

/** The call a universal target's ARN names, or undefined for the ARN of a resource. */
export function universalTarget(arn: string): UniversalTarget | undefined {
  const [, service, action] = universal.exec(arn) ?? [];
  return service === undefined || action === undefined ? undefined : { service, action };
}

/** What the ARN of a resource is as a target, or undefined when it is none. */
export function targetKind(text: string): TargetKind | undefined {
  const arn = parseArn(text);
  if (arn === undefined || !/^\d{12}$/.test(arn.account) || arn.region === "") return undefined;
  const kind = Object.hasOwn(kinds, arn.service) ? kinds[arn.service] : undefined;
  return kind?.resource.test(arn.resource) ? kind : undefined;
}

/**
 * The call that is made for one invocation.
 * @throws DeliveryFailure when a universal target's input is no JSON object.
 */
export function callOf(target: TargetSpec, invocation: Invocation): TargetCall {
  const named = universalTarget(target.Arn);
  if (named === undefined) {
    // CreateSchedule has let no other ARN in.
    const kind = targetKind(target.Arn) as TargetKind;
    return { ...kind.call(target, invocation), action: kind.action };
  }
  const service = sdkServices[named.service] ?? named.service;
  return { service, action: named.action, input: jsonObject(invocation.input) };
}

function jsonObject(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new DeliveryFailure("InvalidInput", "The input of a universal target must be a JSON object.", false);
}
