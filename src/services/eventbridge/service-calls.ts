/** Targets that are an operation of another service: a topic is published to, a state machine started. */
import { AwsError } from "../../../protocols/error.ts";
import { parseArn } from "../../calls/arn.ts";
import type { Invocation } from "../../calls/invocation.ts";
import { type Delivery, DeliveryFailure, type DeliveryRequest } from "../../delivery/types.ts";
import type { EventBridge } from "./eventbridge.ts";

const kind = "events.call";

interface CallParameters {
  readonly service: string;
  readonly operation: string;
  readonly input: Readonly<Record<string, string>>;
  /** The member of the input that is the payload. */
  readonly payloadMember: string;
}

export class ServiceCalls {
  readonly #service: EventBridge;

  constructor(service: EventBridge) {
    this.#service = service;
    service.deps.delivery.register(kind, (delivery, invocation) => this.#call(delivery, invocation));
  }

  publish(topicArn: string): Pick<DeliveryRequest, "kind" | "parameters"> {
    return requestOf({ service: "sns", operation: "Publish", input: { TopicArn: topicArn }, payloadMember: "Message" });
  }

  /** @param name of the execution: an attempt after one whose answer was lost starts no second one. */
  startExecution(stateMachineArn: string, name: string): Pick<DeliveryRequest, "kind" | "parameters"> {
    const input = { stateMachineArn, name };
    return requestOf({ service: "stepfunctions", operation: "StartExecution", input, payloadMember: "input" });
  }

  async #call({ target, region, payload, parameters }: Delivery, invocation: Invocation): Promise<object> {
    const { service, operation, input, payloadMember } = parameters as unknown as CallParameters;
    const there = invocation.for({ region: parseArn(target)?.region || region });
    try {
      return await this.#service.deps.call(service, operation, { ...input, [payloadMember]: payload }, there);
    } catch (error) {
      // What Busbar does not have will not be there at the next attempt either.
      if (error instanceof AwsError && error.status === 501) {
        throw new DeliveryFailure(error.name, error.message, false);
      }
      throw error;
    }
  }
}

function requestOf(parameters: CallParameters): Pick<DeliveryRequest, "kind" | "parameters"> {
  return { kind, parameters: { ...parameters } };
}
