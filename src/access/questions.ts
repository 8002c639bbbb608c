/** What deliveries and services' own calls ask of a policy: as whom, by which condition keys. */
import { parseArn, rootArn } from "../calls/arn.ts";
import { roleSession } from "../calls/identity.ts";
import type { AccessRequest } from "./evaluate.ts";
import { requestKeys, serviceKeys } from "./request-keys.ts";

/** What a policy hangs on; a table's row will do. */
export interface Guarded {
  readonly arn: string;
  readonly account: string;
}

/** Who pushes something, and for what: an order of the delivery engine. */
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
  /** What statements name as their Resource, where it is not what the policy hangs on. */
  readonly resource?: string | undefined;
  /** No policy can give it to another account. */
  readonly ownersOnly?: boolean | undefined;
  /** Condition keys of the service, in lower case. */
  readonly keys?: Readonly<Record<string, string | undefined>> | undefined;
}

/** Services that push in their own name; every other acts by a role, or as the account. */
const inOwnName: Readonly<Record<string, { readonly name: string; readonly to: RegExp }>> = {
  sns: { name: "sns.amazonaws.com", to: /^(sqs|lambda):/ },
  eventbridge: { name: "events.amazonaws.com", to: /^(sqs|sns|lambda):/ },
  apigateway: { name: "apigateway.amazonaws.com", to: /^lambda:/ },
};

/** Services whose calls are their users', made by a role that may not be known here. */
const byRole = new Set(["states", "pipes", "scheduler", "lambda", "apigateway", "cloudformation"].map(domainOf));

/** The question that a delivery is, and whether it is asked by the resource's own account. */
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

/** One line for what is decided alike. */
export function deliveryKey(
  { arn }: Guarded,
  { account, region, service, source, roleArn = "" }: Sender,
  { action, resource = "" }: CallQuestion,
): string {
  return `${service} ${source} ${account} ${region} ${roleArn} ${action} ${arn} ${resource}`;
}

/** What a service acts for, as policies know it: a subscription's ARN is its topic's and an id. */
export function sourceOf(service: string, source: string): { arn: string; account: string } {
  const arn = service === domainOf("sns") ? source.split(":").slice(0, 6).join(":") : source;
  return { arn, account: parseArn(arn)?.account ?? "" };
}

/** The name as which a service itself is asked about; undefined where it acts by a role or as the account. */
export function ownNameOf(service: string | undefined, action: string): string | undefined {
  const name = service === domainOf("eventbridge") ? domainOf("events") : service;
  if (name === undefined || !byRole.has(name)) return name;
  return Object.values(inOwnName).some((own) => own.name === name && own.to.test(action)) ? name : undefined;
}

function domainOf(service: string): string {
  return `${service}.amazonaws.com`;
}
