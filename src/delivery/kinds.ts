/**
 * What takes deliveries: the map from a kind of target to what its deliveries need besides target and payload. A service
 * registers the kinds it takes; whoever submits is checked against the same map.
 */
import type { Places } from "./copies.ts";
import type { MessageAttributes } from "./types.ts";

export interface Kinds {
  /** A message to a queue. Target: its ARN. Payload: the body. */
  readonly sqs: QueueParameters;
  /** A message published to a topic. Target: its ARN. Payload: the message. */
  readonly sns: TopicParameters;
  /** A record put into a stream. Target: its ARN. Payload: the data as text. */
  readonly kinesis: StreamParameters;
  /** An event put on a bus. Target: its ARN. Payload: the detail, or a whole event that goes on to another bus. */
  readonly events: BusParameters | ForwardParameters;
  /** An execution started. Target: the ARN of a machine, a version or an alias. Payload: the input. */
  readonly states: MachineParameters;
  /** A function invoked. Target: its ARN or name. Payload: the event. */
  readonly lambda: FunctionParameters;
  /** One request. Target: an http or https URL, which may carry credentials. Payload: the body. */
  readonly http: HttpParameters;
  /** A call of an API destination. Target: its ARN. Payload: the body. */
  readonly "api-destination": WebParameters;
  /** A call of a REST API. Target: the ARN of the API's method. Payload: the body. */
  readonly "execute-api": WebParameters;
  /** An event of a log group. Target: the group's ARN. Payload: the message. */
  readonly logs: LogParameters;
  /** A record of a Firehose stream, kept in the mailbox. Target: its ARN. Payload: the record. */
  readonly firehose: Details;
  /** What leaves AWS or goes to a service that Busbar does not have, kept in the mailbox. */
  readonly mailbox: Details & { readonly channel: string };
  /** A text message. Target: the phone number. */
  readonly sms: Details;
  /** A push message. Target: the ARN of a platform endpoint. */
  readonly push: Details;
  /** Any call a universal target of Scheduler names. Target: its ARN. Payload: the input as JSON. */
  readonly "aws-sdk": CallParameters;
}

export type Kind = keyof Kinds;

/** Whatever the mailbox is to keep beside a message. */
export type Details = Readonly<Record<string, unknown>>;

export interface QueueParameters {
  readonly messageGroupId?: string | undefined;
  readonly messageDeduplicationId?: string | undefined;
  readonly messageAttributes?: MessageAttributes | undefined;
  /** Of the message that is replayed; that of the cause unless told. */
  readonly traceHeader?: string | undefined;
  /** The payload is a text that copies share, each of which has the ARN of its source in it (`DeliveryEngine.wholeCopy`). */
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

/** What an entry of PutEvents has besides bus and detail. */
export interface BusParameters {
  readonly source: string;
  readonly detailType: string;
  readonly resources?: readonly string[];
  /** Epoch milliseconds; now unless told. */
  readonly timeMs?: number | undefined;
  /** Of a global endpoint, whose buses then take the event in place of the target. */
  readonly endpointId?: string | undefined;
}

/** An event that a rule sends from bus to bus: it stays as it is. */
export interface ForwardParameters {
  /** ARN of the rule. */
  readonly rule: string;
  /** ARN of the bus the event comes from. */
  readonly from: string;
  /** ARNs of the buses it has been on before that. */
  readonly path: readonly string[];
}

export interface MachineParameters {
  /** Of the execution: an attempt after one whose answer was lost starts no second one. */
  readonly name?: string | undefined;
  /** Waits for an express execution's end and answers what StartSyncExecution does. */
  readonly sync?: boolean | undefined;
}

export interface FunctionParameters {
  /** Waits for the function's answer, whose error is then the delivery's; else Lambda takes the event and tries by itself. */
  readonly sync?: boolean | undefined;
}

export interface HttpParameters {
  /** POST unless told. */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** For the whole exchange, in milliseconds; 15 s unless told, as SNS. */
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
  /** A stream of the delivery's own unless told. */
  readonly stream?: string | undefined;
  /** The payload is `{"timestamp":…,"message":…}`, as EventBridge's input transformers make it. */
  readonly structured?: boolean;
}

export interface CallParameters {
  /** As Busbar calls it. */
  readonly service: string;
  readonly action: string;
}
