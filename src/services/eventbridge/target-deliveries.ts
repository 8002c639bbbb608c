/** Hands what a rule's targets are to receive to the delivery engine, and tells its dead letters why. */
import type { DeliveryEnd, DeliveryRequest, MessageAttributes } from "../../delivery/types.ts";
import { DeliveryFailure } from "../../delivery/types.ts";
import { type BusEvent, readEvent } from "./event.ts";
import type { EventBridge } from "./eventbridge.ts";
import { errorCode } from "./failure-codes.ts";
import { busName } from "./names.ts";
import { retryOf } from "./retry.ts";
import type { Arrival } from "./router.ts";
import type { RuleRow, TargetRow } from "./tables.ts";
import { callOf } from "./target-calls.ts";
import { httpParametersOf, inputOf, partitionKeyOf } from "./target-input.ts";
import { type TargetPlace, targetPlace } from "./target-kinds.ts";

const service = "eventbridge";
/** Takes what an input transformer made no JSON of, only to refuse it: so it is recorded and gets its dead letter. */
const spoiltKind = "events.spoilt";
/** From bus to bus: the event stays as it is. */
const forwardKind = "events.forward";

interface ForwardParameters {
  readonly rule: string;
  /** ARN of the bus the event comes from. */
  readonly from: string;
  /** ARNs of the buses it has been on before that. */
  readonly path: readonly string[];
  readonly traceHeader?: string | undefined;
}

/** Places by ARN; bounded, as ARNs come from clients. */
const places = new Map<string, TargetPlace>();

function placeOf(arn: string): TargetPlace {
  let place = places.get(arn);
  if (place === undefined) {
    // PutTargets has let no other ARN in.
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
    const { delivery } = eventBridge.deps;
    delivery.describeFailure(service, (end) => ({ attributes: failureAttributes(end) }));
    delivery.registerLocal(spoiltKind, ({ target }) => {
      throw new DeliveryFailure("INVALID_JSON", `The input made for ${target} is not valid JSON.`, false);
    });
    delivery.registerLocal(forwardKind, ({ target, payload, parameters }) => {
      this.#forward(target, payload, parameters as unknown as ForwardParameters);
    });
  }

  /** Submits one event to one target, inside the transaction that put the event on the bus. */
  submit(target: TargetRow, rule: RuleRow, event: BusEvent, arrival: Arrival): void {
    const { spec } = target;
    const { deps } = this.#service;
    const place = placeOf(spec.Arn);
    const input = inputOf(spec, rule, event, this.#service.now);
    const deadLetterArn = spec.DeadLetterConfig?.Arn;
    const request: Omit<DeliveryRequest, "kind"> = {
      account: rule.account,
      region: rule.region,
      service,
      source: rule.arn,
      target: spec.Arn,
      payload: "text" in input ? input.text : event.text,
      retry: retryOf(spec.RetryPolicy),
      deadLetter:
        deadLetterArn === undefined
          ? undefined
          : {
              arn: deadLetterArn,
              body: event.text,
              attributes: { RULE_ARN: text(rule.arn), TARGET_ARN: text(spec.Arn) },
            },
    };
    if ("text" in input) deps.delivery.submit({ ...request, ...this.#howFor(place, target, rule, event, arrival) });
    else deps.delivery.submit({ ...request, kind: spoiltKind });
  }

  /** The kind a delivery has, and what its target needs besides the payload. */
  #howFor(
    place: TargetPlace,
    { spec }: TargetRow,
    rule: RuleRow,
    event: BusEvent,
    arrival: Arrival,
  ): Pick<DeliveryRequest, "kind"> & Partial<DeliveryRequest> {
    const { deps } = this.#service;
    switch (place.kind) {
      case "sqs":
        return { kind: "sqs", parameters: { messageGroupId: spec.SqsParameters?.MessageGroupId } };
      case "kinesis":
        return { kind: "kinesis", parameters: { partitionKey: partitionKeyOf(spec, event) } };
      case "lambda":
        return { kind: "lambda", parameters: { traceHeader: event.traceHeader } };
      case "sns":
        return this.#service.serviceCalls.publish(spec.Arn);
      case "states":
        return this.#service.serviceCalls.startExecution(spec.Arn, `${event.id}_${deps.random.uuid()}`);
      case "logs":
        return {
          kind: "logs",
          parameters: { timestampMs: event.timeMs, structured: spec.InputTransformer !== undefined },
        };
      case "bus": {
        const { traceHeader } = event;
        return { kind: forwardKind, parameters: { rule: rule.arn, from: rule.bus, path: arrival.path, traceHeader } };
      }
      case "api-destination":
        return this.#service.apiDestinationCalls.requestFor(spec, httpParametersOf(spec.HttpParameters, event));
      case "api-gateway":
        return { kind: "execute-api", parameters: httpParametersOf(spec.HttpParameters, event) };
      case "call":
        return { kind: "mailbox", parameters: callOf(place.arn, spec, event) };
      default:
        return { kind: place.kind };
    }
  }

  /**
   * Puts a forwarded event on its next bus. An event may go to one other account and one other Region, and never back to
   * a bus it has been on (EventBridge user guide, "Sending events between accounts" and "between Regions").
   */
  #forward(target: string, payload: string, { rule, from, path, traceHeader }: ForwardParameters): void {
    const to = busName(target, { account: "", region: "" });
    const been = [...path, from];
    const last = busName(from, to);
    for (const [at, code] of [
      ["account", "THIRD_ACCOUNT_HOP_DETECTED"],
      ["region", "THIRD_REGION_HOP_DETECTED"],
    ] as const) {
      const hopped = been.some((arn) => busName(arn, to)[at] !== last[at]);
      if (hopped && to[at] !== last[at]) {
        throw new DeliveryFailure(code, `The event came to ${from} from another ${at}; it goes to no third.`, false);
      }
    }
    if (been.includes(target)) {
      throw new DeliveryFailure(
        "INVALID_PARAMETER",
        `The event has been on ${target} before: ${rule} makes a loop.`,
        false,
      );
    }
    const event = readEvent(payload, traceHeader);
    if (this.#service.bus(to) === undefined) {
      throw new DeliveryFailure("NO_RESOURCE", `Event bus ${to.name} does not exist.`, false);
    }
    this.#service.router.publish(event, to, { path: been });
  }
}

/** What a dead letter says of the failure besides the rule and the target (EventBridge user guide, "Dead-letter queues"). */
function failureAttributes({ failure, exhausted, delivery }: DeliveryEnd): MessageAttributes {
  const attributes: Record<string, MessageAttributes[string]> = {
    ERROR_CODE: text(errorCode(failure?.code ?? "")),
    ERROR_MESSAGE: text(failure?.message || "Unknown"),
    // `attempt` counts the one that would be next; the first was no retry.
    RETRY_ATTEMPTS: text(String(Math.max(0, delivery.attempt - 2))),
  };
  if (exhausted !== undefined && exhausted !== "NotRetryable") {
    attributes["EXHAUSTED_RETRY_CONDITION"] = text(exhausted);
  }
  return attributes;
}

function text(StringValue: string) {
  return { DataType: "String", StringValue };
}
