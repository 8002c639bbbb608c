/** The target kind `events`: events that other services (Scheduler, Pipes, Step Functions) put on a bus. */
import { type Delivery, DeliveryFailure } from "../../delivery/types.ts";
import { buildEvent, parseDetail } from "./event.ts";
import type { EventBridge } from "./eventbridge.ts";
import { busName } from "./names.ts";

/** What a delivery of kind `events` has as its parameters. Its target is the bus's ARN, its payload the detail. */
export interface PutEventParameters {
  readonly source: string;
  readonly detailType: string;
  readonly resources?: readonly string[];
  /** Epoch milliseconds; now unless told. */
  readonly timeMs?: number;
  readonly traceHeader?: string | undefined;
}

/** The same as one entry of PutEvents. @throws DeliveryFailure what the entry would be answered with. */
export function deliverToBus(service: EventBridge, delivery: Delivery): { EventId: string } {
  const {
    source,
    detailType,
    resources = [],
    timeMs,
    traceHeader,
  } = delivery.parameters as unknown as PutEventParameters;
  const detail = parseDetail(delivery.payload);
  if (detail === undefined) throw new DeliveryFailure("MalformedDetail", "Detail is malformed.", false);
  if (source.startsWith("aws.")) {
    throw new DeliveryFailure("NotAuthorizedForSourceException", "Not authorized for the source.", false);
  }
  const { account, region } = delivery;
  const event = buildEvent(
    {
      id: service.deps.random.uuid(),
      source,
      detailType,
      account,
      region,
      timeMs: timeMs ?? service.now,
      resources,
      detail: delivery.payload,
      traceHeader,
    },
    detail,
  );
  service.router.publish(event, busName(delivery.target, delivery));
  return { EventId: event.id };
}
