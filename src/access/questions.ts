/** What deliveries and services' own calls ask of a policy: as which principal, and with which condition keys. */
import { parseArn, rootArn } from "../calls/arn.ts";
import { roleSession } from "../calls/identity.ts";
import type { AccessRequest } from "./evaluate.ts";
import { requestKeys, serviceKeys } from "./request-keys.ts";

/** A resource with a policy; a table's row will do. */
export interface Guarded {
  readonly arn: string;
  readonly account: string;
}

/** Who pushes something, and for which resource: an order of the delivery engine. */
export interface Sender {
  readonly account: string;
  readonly region: string;
  readonly service: string;
  readonly source: string;
  readonly roleArn?: string | undefined;
}

export interface CallQuestion {
  /** `{service}:{Action}`. */
  readonly action: string;
  /** The Resource that statements name, if it is not the one that has the policy. */
  readonly resource?: string | undefined;
  /** A policy cannot grant it to another account. */
  readonly ownersOnly?: boolean | undefined;
  /** Condition keys of the service, in lower case. */
  readonly keys?: Readonly<Record<string, string | undefined>> | undefined;
}

/** Services that push in their own name; all others act with a role, or as the account. */
const inOwnName: Readonly<Record<string, { readonly name: string; readonly to: RegExp }>> = {
  sns: { name: "sns.amazonaws.com", to: /^(sqs|lambda):/ },
  eventbridge: { name: "events.amazonaws.com", to: /^(sqs|sns|lambda):/ },
  apigateway: { name: "apigateway.amazonaws.com", to: /^lambda:/ },
};

/** Services that call on behalf of their users, with a role that may not be known here. */
const byRole = new Set(["states", "pipes", "scheduler", "lambda", "apigateway", "cloudformation"].map(domainOf));

/** The question that a delivery asks, and whether it comes from the resource's own account. */
export function askedBy(
  sender: Sender,
  guarded: Guarded,
  question: CallQuestion,
  now: number,
): { asked: AccessRequest; isOwner: boolean } {
  const { account, region, service, source, roleArn } = sender;
  const { action, resource = guarded.arn } = question;
  const session = roleArn === undefined ? undefined : roleSession(roleArn, "busbar");
  const own = session === undefined ? inOwnName[service] : undefined;
  if (own?.to.test(action) === true) {
    const about = sourceOf(own.name, source);
    const keys = serviceKeys(own.name, about, region, now, guarded.account);
    return {
      asked: {
        account: about.account,
        principal: { arn: own.name, userId: own.name },
        service: own.name,
        action,
        resource,
        keys,
      },
      isOwner: false,
    };
  }
  const partition = parseArn(guarded.arn)?.partition ?? "aws";
  const acting = session ?? { account, arn: rootArn(account, partition), userId: account };
  const principal = { kind: "session" as const, arn: acting.arn, userId: acting.userId };
  const keys = requestKeys(
    { account: acting.account, principal, region, request: undefined },
    now,
    guarded.account,
    question.keys,
  );
  return {
    asked: { account: acting.account, principal, action, resource, keys },
    isOwner: acting.account === guarded.account,
  };
}

/** A key that is equal for deliveries with the same decision. */
export function deliveryKey(
  { arn }: Guarded,
  { account, region, service, source, roleArn = "" }: Sender,
  { action, resource = "" }: CallQuestion,
): string {
  return `${service} ${source} ${account} ${region} ${roleArn} ${action} ${arn} ${resource}`;
}

/**
 * The resource a service acts for, as policies know it: for a subscription its topic, whose ARN the subscription's
 * extends.
 */
export function sourceOf(service: string, source: string): { arn: string; account: string } {
  const arn = service === domainOf("sns") ? source.split(":").slice(0, 6).join(":") : source;
  return { arn, account: parseArn(arn)?.account ?? "" };
}

/** The principal of a service that acts in its own name; undefined for one that acts with a role or as the account. */
export function ownNameOf(service: string | undefined, action: string): string | undefined {
  const name = service === domainOf("eventbridge") ? domainOf("events") : service;
  if (name === undefined || !byRole.has(name)) return name;
  return Object.values(inOwnName).some((own) => own.name === name && own.to.test(action)) ? name : undefined;
}

function domainOf(service: string): string {
  return `${service}.amazonaws.com`;
}
