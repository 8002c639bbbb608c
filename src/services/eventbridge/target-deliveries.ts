/** Submits what a rule's targets receive to the delivery engine, and describes failures in dead letters. */
import { eventRetry } from "../../delivery/event-retry.ts";
import {
  type DeliveryEnd,
  DeliveryFailure,
  type DeliveryRequest,
  type MessageAttributes,
  type Way,
} from "../../delivery/types.ts";
import type { BusEvent } from "./event.ts";
import type { EventBridge } from "./eventbridge.ts";
import { errorCode, failureMessage } from "./failure-codes.ts";
import type { Arrival } from "./router.ts";
import type { RuleRow, TargetRow } from "./tables.ts";
import { callOf } from "./target-calls.ts";
import { httpParametersOf, inputOf, partitionKeyOf } from "./target-input.ts";
import { type TargetPlace, targetPlace } from "./target-kinds.ts";

const service = "eventbridge";

/** Places by ARN; bounded, since ARNs come from clients. */
const places = new Map<string, TargetPlace>();

function placeOf(arn: string): TargetPlace {
  let place = places.get(arn);
  if (place === undefined) {
    // PutTargets has accepted no other ARN.
    place = targetPlace(arn) as TargetPlace;
    if (places.size >= 10_000) places.clear();
    places.set(arn, place);
  }
  return place;
}

export class Targets {
  readonly #service: EventBridge;

  constructor(eventBridge: EventBridge) {
    this.#service = eventBridge;
    const newId = () => eventBridge.deps.random.fork("dead-letters").uuid();
    eventBridge.deps.delivery.describeFailure(service, (end) => ({ attributes: failureAttributes(end, newId) }));
  }

  /** Submits one event to one target, inside the transaction that put the event on the bus. */
  submit(target: TargetRow, rule: RuleRow, event: BusEvent, arrival: Arrival): void {
    const { spec } = target;
    const { delivery } = this.#service.deps;
    const input = inputOf(spec, rule, event, this.#service.now);
    if ("problem" in input && input.problem === "nothing") return;
    const broken = "broken" in input ? input.broken : event.text;
    const deadLetterArn = spec.DeadLetterConfig?.Arn;
    const { kind, parameters, retry = eventRetry(spec.RetryPolicy) } = this.#wayTo(spec, rule, event, arrival);
    const request = {
      account: rule.account,
      region: rule.region,
      service,
      source: rule.arn,
      roleArn: spec.RoleArn,
      target: spec.Arn,
      // Also the body of a dead letter.
      payload: "text" in input ? input.text : broken,
      kind,
      parameters,
      retry,
      deadLetter:
        deadLetterArn === undefined
          ? undefined
          : {
              arn: deadLetterArn,
              attributes: { RULE_ARN: text(rule.arn), TARGET_ARN: text(spec.Arn) },
            },
    } as DeliveryRequest;
    if ("text" in input) delivery.submit(request);
    else {
      delivery.refuse(request, new DeliveryFailure("INVALID_JSON", "Invalid input for target.", false));
    }
  }

  #newId(): string {
    return this.#service.deps.random.fork("executions").uuid();
  }

  /** The kind and parameters of deliveries to a target. */
  #wayTo(
    spec: TargetRow["spec"],
    rule: RuleRow,
    event: BusEvent,
    arrival: Arrival,
  ): Way & Partial<Pick<DeliveryRequest, "retry">> {
    const place = placeOf(spec.Arn);
    switch (place.kind) {
      case "sqs":
        return { kind: "sqs", parameters: { messageGroupId: spec.SqsParameters?.MessageGroupId } };
      case "kinesis":
        return { kind: "kinesis", parameters: { partitionKey: partitionKeyOf(spec, event, () => this.#newId()) } };
      case "lambda":
        return { kind: "lambda", parameters: {} };
      case "sns":
        return { kind: "sns", parameters: {} };
      case "states":
        return {
          kind: "states",
          parameters: { name: `${event.id}_${this.#newId()}` },
        };
      case "logs": {
        const structured = spec.InputTransformer !== undefined;
        return { kind: "logs", parameters: { timestampMs: event.timeMs, structured } };
      }
      case "bus":
        return { kind: "events", parameters: { rule: rule.arn, from: rule.bus, path: arrival.path } };
      case "api-destination":
        return this.#service.apiDestinationCalls.wayTo(spec, httpParametersOf(spec.HttpParameters, event));
      case "execute-api":
        return { kind: "execute-api", parameters: httpParametersOf(spec.HttpParameters, event) };
      case "firehose":
        return { kind: "firehose", parameters: {} };
      case "call":
        return { kind: "mailbox", parameters: callOf(place.arn, spec, event) };
    }
  }
}

/**
 * What a dead letter says about the failure besides rule and target (EventBridge user guide, "Dead-letter queues"). A
 * failure that could not be retried says nothing about retries.
 */
function failureAttributes({ failure, exhausted, delivery }: DeliveryEnd, newId: () => string): MessageAttributes {
  const attributes: Record<string, MessageAttributes[string]> = {
    ERROR_CODE: text(errorCode(failure?.code ?? "")),
    ERROR_MESSAGE: text(failureMessage(delivery.kind, failure, newId)),
  };
  // `attempt` counts the attempt that would be next; the first was not a retry.
  const retries = Math.max(0, delivery.attempt - 2);
  const exhaustible = exhausted !== undefined && exhausted !== "NotRetryable";
  if (exhaustible) attributes["EXHAUSTED_RETRY_CONDITION"] = text(exhausted);
  if (exhaustible || retries > 0) attributes["RETRY_ATTEMPTS"] = text(String(retries));
  return attributes;
}

function text(StringValue: string) {
  return { DataType: "String", StringValue };
}
