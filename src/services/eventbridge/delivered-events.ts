/**
 * The target kind `events`: events that other services (Scheduler, Pipes) put on a bus, and that rules send from bus to
 * bus.
 */
import type { BusParameters, ForwardParameters } from "../../delivery/kinds.ts";
import { type Delivery, DeliveryFailure } from "../../delivery/types.ts";
import { checkDelivered } from "./access.ts";
import { readEvent, withId } from "./event.ts";
import { checkTotalSize, endpointBuses, putEntry } from "./event-entries.ts";
import type { EventBridge } from "./eventbridge.ts";
import { busName } from "./names.ts";

/** @throws DeliveryFailure, AwsError */
export function deliverToBus(service: EventBridge, delivery: Delivery<"events">): object {
  const { parameters } = delivery;
  return "from" in parameters ? forward(service, delivery, parameters) : put(service, delivery, parameters);
}

/** Puts the event like an entry of PutEvents. @throws DeliveryFailure with the entry's error */
function put(service: EventBridge, delivery: Delivery<"events">, parameters: BusParameters): object {
  const { source, detailType, resources = [], timeMs, endpointId } = parameters;
  const bus = busName(delivery.target, delivery);
  const entry = {
    Source: source,
    DetailType: detailType,
    Detail: delivery.payload,
    Resources: [...resources],
    Time: timeMs === undefined ? undefined : new Date(timeMs),
    EventBusName: delivery.target,
  };
  checkTotalSize([entry]);
  const buses = endpointId === undefined ? [bus] : endpointBuses(service, endpointId);
  for (const name of buses) {
    const row = service.bus(name);
    if (row !== undefined) checkDelivered(service, row, delivery);
  }
  const answer = putEntry(service, entry, buses, { account: delivery.account, region: bus.region });
  if ("EventId" in answer) return answer;
  const { ErrorCode: code, ErrorMessage: message } = answer;
  throw new DeliveryFailure(code, message, false);
}

/**
 * Puts a forwarded event on its next bus. An event may go to one other account and one other Region, and never return
 * to a bus it has been on (EventBridge user guide, "Sending events between accounts" and "between Regions").
 */
function forward(service: EventBridge, delivery: Delivery<"events">, { rule, from, path }: ForwardParameters): object {
  const { target, payload } = delivery;
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
    const message = `The event has been on ${target} before: ${rule} makes a loop.`;
    throw new DeliveryFailure("INVALID_PARAMETER", message, false);
  }
  const bus = service.bus(to);
  if (bus === undefined) throw new DeliveryFailure("NO_RESOURCE", `Event bus ${to.name} does not exist.`, false);
  checkDelivered(service, bus, delivery);
  const sent = readEvent(payload);
  const event = to.region === last.region ? sent : withId(sent, service.deps.random.fork("events").uuid());
  service.router.publish(event, to, { path: been });
  return { EventId: event.id };
}
