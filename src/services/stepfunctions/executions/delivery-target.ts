/** Starts executions for deliveries. */
import { parseArn } from "../../../calls/arn.ts";
import type { Invocation } from "../../../calls/invocation.ts";
import type { Call } from "../../../calls/service.ts";
import type { Delivery } from "../../../delivery/types.ts";

/** @throws AwsError as StartExecution or StartSyncExecution. */
export async function startDelivered(
  call: Call,
  delivery: Delivery<"states">,
  invocation: Invocation,
): Promise<object> {
  const { name, sync } = delivery.parameters;
  const arn = parseArn(delivery.target);
  const there = invocation.for({ account: arn?.account || delivery.account, region: arn?.region || delivery.region });
  const input = { stateMachineArn: delivery.target, input: delivery.payload, ...(name === undefined ? {} : { name }) };
  return call("stepfunctions", sync === true ? "StartSyncExecution" : "StartExecution", input, there);
}
