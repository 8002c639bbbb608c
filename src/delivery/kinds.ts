/**
 * The kinds of targets, and what a delivery of each kind needs besides target and payload. Services register the kinds
 * they take; submitters are checked against the same map.
 */
import type { Places } from "./copies.ts";
import type { MessageAttributes } from "./types.ts";

export interface Kinds {
  /** A message for a queue. Target: its ARN. Payload: the body. */
  readonly sqs: QueueParameters;
  /** A message published to a topic. Target: its ARN. Payload: the message. */
  readonly sns: TopicParameters;
  /** A record for a stream. Target: its ARN. Payload: the data as text. */
  readonly kinesis: StreamParameters;
  /** An event for a bus. Target: its ARN. Payload: the detail, or a whole event that is forwarded to another bus. */
  readonly events: BusParameters | ForwardParameters;
  /** Starts an execution. Target: the ARN of a machine, a version or an alias. Payload: the input. */
  readonly states: MachineParameters;
  /** Invokes a function. Target: its ARN or name. Payload: the event. */
  readonly lambda: FunctionParameters;
  /** Sends an HTTP request. Target: an http or https URL, which may contain credentials. Payload: the body. */
  readonly http: HttpParameters;
  /** Calls an API destination. Target: its ARN. Payload: the body. */
  readonly "api-destination": WebParameters;
  /** Calls a REST API. Target: the ARN of the API's method. Payload: the body. */
  readonly "execute-api": WebParameters;
  /** Writes an event to a log group. Target: the group's ARN. Payload: the message. */
  readonly logs: LogParameters;
  /** A record for a Firehose stream, kept in the mailbox. Target: its ARN. Payload: the record. */
  readonly firehose: Details;
  /** Anything that leaves AWS or goes to a service that Busbar does not implement, kept in the mailbox. */
  readonly mailbox: Details & { readonly channel: string };
  /** A text message. Target: the phone number. */
  readonly sms: Details;
  /** A push message. Target: the ARN of a platform endpoint. */
  readonly push: Details;
  /** Any call that a universal target of Scheduler names. Target: its ARN. Payload: the input as JSON. */
  readonly "aws-sdk": CallParameters;
}

export type Kind = keyof Kinds;

/** What the mailbox keeps besides the message. */
export type Details = Readonly<Record<string, unknown>>;

export interface QueueParameters {
  readonly messageGroupId?: string | undefined;
  readonly messageDeduplicationId?: string | undefined;
  readonly messageAttributes?: MessageAttributes | undefined;
  /** The trace header of a replayed message, or of a function's run. Default: the cause's. */
  readonly traceHeader?: string | undefined;
  /**
   * Set when the payload is shared by copies, each of which contains the ARN of its source
   * (`DeliveryEngine.wholeCopy`).
   */
  readonly copy?: Places | undefined;
}

export interface TopicParameters {
  readonly subject?: string | undefined;
  readonly messageAttributes?: TextAttributes | undefined;
  readonly messageGroupId?: string | undefined;
  readonly messageDeduplicationId?: string | undefined;
}

type TextAttributes = Readonly<Record<string, { readonly DataType: string; readonly StringValue: string }>>;

export interface StreamParameters {
  readonly partitionKey: string;
}

/** The members of a PutEvents entry besides bus and detail. */
export interface BusParameters {
  readonly source: string;
  readonly detailType: string;
  readonly resources?: readonly string[];
  /** Epoch milliseconds. Default: now. */
  readonly timeMs?: number | undefined;
  /** A global endpoint, whose buses take the event instead of the target. */
  readonly endpointId?: string | undefined;
}

/** An event that a rule forwards from bus to bus, unchanged. */
export interface ForwardParameters {
  /** ARN of the rule. */
  readonly rule: string;
  /** ARN of the bus it comes from. */
  readonly from: string;
  /** ARNs of the buses it passed through before that. */
  readonly path: readonly string[];
}

export interface MachineParameters {
  /** Name of the execution: a repeated attempt after a lost answer then starts no second one. */
  readonly name?: string | undefined;
  /** Waits for an express execution to end and answers what StartSyncExecution does. */
  readonly sync?: boolean | undefined;
}

export interface FunctionParameters {
  /**
   * Waits for the function's answer, whose error fails the delivery. Otherwise Lambda takes the event and retries by
   * itself.
   */
  readonly sync?: boolean | undefined;
}

export interface HttpParameters {
  /** Default: POST. */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** For the whole exchange, in milliseconds. Default: 15 s, as for SNS. */
  readonly timeoutMs?: number;
}

export interface WebParameters {
  /** Values for the `*` of the path, in order. */
  readonly path: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
}

export interface LogParameters {
  /** Epoch milliseconds. */
  readonly timestampMs: number;
  /** Default: a stream of the delivery's own. */
  readonly stream?: string | undefined;
  /** The payload is `{"timestamp":…,"message":…}`, as EventBridge's input transformers make it. */
  readonly structured?: boolean;
}

export interface CallParameters {
  /** Busbar's name for it. */
  readonly service: string;
  readonly action: string;
}
