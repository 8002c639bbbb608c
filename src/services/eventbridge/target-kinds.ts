/**
 * What the ARN of a target means: what takes the event, and which members the target's entry must and must not have.
 */
import type { Target } from "@aws-sdk/client-eventbridge";
import { getOwn } from "../../../protocols/unknown-json.ts";
import { type Arn, parseArn } from "../../calls/arn.ts";

/** `call` stands for services that Busbar does not implement; requests to them are recorded. */
export type TargetKind =
  | "sqs"
  | "sns"
  | "kinesis"
  | "firehose"
  | "lambda"
  | "states"
  | "logs"
  | "bus"
  | "api-destination"
  | "execute-api"
  | "call";

interface KindFacts {
  readonly kind: TargetKind;
  /** The form of the ARN's resource part. */
  readonly resource: RegExp;
  readonly role?: "required" | "refused";
  /** A member that the entry must have. */
  readonly parameters?: keyof Target;
}

const anything = /./;

const facts: Readonly<Record<string, readonly KindFacts[]>> = {
  sqs: [{ kind: "sqs", resource: /^[\w-]+(\.fifo)?$/ }],
  sns: [{ kind: "sns", resource: /^[\w-]+(\.fifo)?$/ }],
  kinesis: [{ kind: "kinesis", resource: /^stream\/[\w.-]+$/, role: "required" }],
  firehose: [{ kind: "firehose", resource: /^deliverystream\/[\w.-]+$/, role: "required" }],
  lambda: [{ kind: "lambda", resource: /^function:[\w-]+(:[\w$-]+)?$/, role: "refused" }],
  states: [{ kind: "states", resource: /^stateMachine:[^\s]+$/, role: "required" }],
  logs: [{ kind: "logs", resource: /^log-group:[\w./#-]+(:\*)?$/, role: "refused" }],
  events: [
    { kind: "bus", resource: /^event-bus\/[/\w.-]+$/ },
    { kind: "api-destination", resource: /^api-destination\/[\w.-]+(\/[\w-]+)?$/, role: "required" },
    { kind: "call", resource: /^target\/[\w-]+$/ },
  ],
  "execute-api": [{ kind: "execute-api", resource: /^[\w-]+\/[^/]+\/[^/]+(\/.*)?$/ }],
  ecs: [{ kind: "call", resource: anything, role: "required", parameters: "EcsParameters" }],
  batch: [{ kind: "call", resource: anything, role: "required", parameters: "BatchParameters" }],
  redshift: [{ kind: "call", resource: anything, role: "required", parameters: "RedshiftDataParameters" }],
  "redshift-serverless": [{ kind: "call", resource: anything, role: "required", parameters: "RedshiftDataParameters" }],
  codebuild: [{ kind: "call", resource: anything, role: "required" }],
  codepipeline: [{ kind: "call", resource: anything, role: "required" }],
  ssm: [{ kind: "call", resource: anything, role: "required" }],
  sagemaker: [{ kind: "call", resource: anything, role: "required" }],
  glue: [{ kind: "call", resource: anything, role: "required" }],
  appsync: [{ kind: "call", resource: anything, role: "required" }],
  inspector: [{ kind: "call", resource: anything }],
  imagebuilder: [{ kind: "call", resource: anything }],
  "ssm-incidents": [{ kind: "call", resource: anything }],
  automation: [{ kind: "call", resource: anything, role: "refused" }],
};

export interface TargetPlace extends KindFacts {
  readonly arn: Arn;
}

/** What an ARN is as a target, or a sentence that says why it is not one. */
export function targetPlace(text: string): TargetPlace | "malformed" | "unsupported" {
  const arn = parseArn(text);
  if (arn === undefined) return "malformed";
  const candidates = getOwn(facts, arn.service);
  if (candidates === undefined) return "unsupported";
  const found = candidates.find(({ resource }) => resource.test(arn.resource));
  return found === undefined ? "malformed" : { ...found, arn };
}
