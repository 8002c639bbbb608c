/**
 * Asks the policies of queues, topics, streams and buses who may do something to them. What a policy says of deliveries
 * is worked out once for a policy's text, a source and a target.
 */

import { credentialScope } from "../../protocols/credential-scope.ts";
import { parseArn, rootArn } from "../calls/arn.ts";
import { roleSession } from "../calls/identity.ts";
import type { Notes } from "../calls/notes.ts";
import type { OperationContext } from "../calls/operation.ts";
import type { Clock } from "../engine/clock.ts";
import { type AccessRequest, type Decision, decide, roleOfSession } from "./evaluate.ts";
import { explain } from "./explain.ts";
import { type Policy, parsePolicy } from "./policy.ts";
import { requestKeys, serviceKeys } from "./request-keys.ts";

/** `audit` lets everything through and notes what AWS would have refused; `enforce` refuses it; `off` does not look. */
export const policyModes = ["audit", "enforce", "off"] as const;
export type PolicyMode = (typeof policyModes)[number];

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

/** What AWS answers with an error. */
export interface Refusal {
  readonly decision: Exclude<Decision, "allowed">;
  /** ARN of the user or the role, or the service's name. */
  readonly principal: string;
  /** For people: which statement, and why. */
  readonly note: string;
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

interface Compiled {
  readonly policy: Policy | undefined;
  readonly denies: boolean;
  /** What it says depends on the time. */
  readonly timed: boolean;
  /** What it has to say of deliveries. */
  readonly answers: Map<string, Refusal | undefined>;
}

/** Services that push in their own name; every other acts by a role, or as the account. */
const inOwnName: Readonly<Record<string, { readonly name: string; readonly to: RegExp }>> = {
  sns: { name: "sns.amazonaws.com", to: /^sqs:/ },
  eventbridge: { name: "events.amazonaws.com", to: /^(sqs|sns):/ },
};

/** Services whose calls are their users', made by a role that may not be known here. */
const byRole = new Set(["states", "pipes", "scheduler", "lambda", "apigateway", "cloudformation"].map(domainOf));

/** Texts and questions come from clients: bounds for what is remembered of them. */
const mostPolicies = 1000;
const mostAnswers = 1000;
const mostTold = 1000;

export interface GuardDependencies {
  readonly mode: PolicyMode;
  readonly clock: Clock;
  readonly notes: Notes;
  /** Told once of each sender and what it may not do, in words. */
  readonly onRefusal?: ((text: string) => void) | undefined;
}

export class Guard {
  readonly mode: PolicyMode;
  readonly #deps: GuardDependencies;
  readonly #policies = new Map<string, Compiled>();
  readonly #noPolicy: Compiled = { policy: undefined, denies: false, timed: false, answers: new Map() };
  readonly #ofReceivers = new WeakMap<object, { policy: string | undefined; refusal: Refusal | undefined }>();
  readonly #told = new Set<string>();

  constructor(dependencies: GuardDependencies) {
    this.mode = dependencies.mode;
    this.#deps = dependencies;
  }

  /**
   * What a call is to be refused for. The owner's account may do everything that its policy does not deny, and so may who
   * has no account, an unsigned request.
   * @param policy of what is asked for, undefined for none.
   * @returns undefined when the call goes on; in audit mode it always does.
   */
  refusalOfCall(
    guarded: Guarded,
    policy: string | undefined,
    context: OperationContext,
    question: CallQuestion,
  ): Refusal | undefined {
    if (this.mode === "off") return undefined;
    const { account, principal, request } = context;
    const isClient = principal.kind !== "service";
    const service = isClient || roleOfSession(principal.arn) !== undefined ? undefined : ownNameOf(principal.service);
    const isOwner =
      service === undefined &&
      (account === guarded.account || (request !== undefined && credentialScope(request) === undefined));
    if (isOwner && policy === undefined) return undefined;
    const compiled = this.#compiled(policy);
    if (isOwner && !compiled.denies) return undefined;
    const now = this.#deps.clock.now();
    const asked: AccessRequest = {
      account,
      principal,
      service,
      action: question.action,
      resource: question.resource ?? guarded.arn,
      keys:
        service === undefined
          ? requestKeys(context, now, guarded.account, question.keys)
          : serviceKeys(service, sourceOf(principal.sourceArn ?? ""), context.region, now, guarded.account),
    };
    const refusal = refusalOf(compiled, asked, isOwner, question.ownersOnly === true);
    return refusal && this.#found(refusal, context.requestId, `${refusal.principal} ${asked.action} ${asked.resource}`);
  }

  /**
   * What a delivery to something is to be refused for.
   * @param id of the delivery.
   * @returns undefined when it goes on; in audit mode it always does.
   */
  refusalOfDelivery(
    guarded: Guarded,
    policy: string | undefined,
    sender: Sender,
    id: string,
    question: CallQuestion,
  ): Refusal | undefined {
    if (this.mode === "off") return undefined;
    const refusal = this.#ofDelivery(guarded, policy, sender, question);
    return refusal && this.#found(refusal, id, deliveryKey(guarded, sender, question));
  }

  /** As `refusalOfDelivery`, for one of many deliveries: what is known of a receiver is found at once. */
  refusalOfReceiver(
    guarded: Guarded,
    policy: string | undefined,
    shared: Pick<Sender, "region" | "service" | "roleArn">,
    receiver: Pick<Sender, "account" | "source">,
    id: string,
    action: string,
  ): Refusal | undefined {
    if (this.mode === "off") return undefined;
    const known = this.#ofReceivers.get(receiver);
    if (known !== undefined && known.policy === policy) {
      if (known.refusal === undefined) return undefined;
      this.#deps.notes.add(id, known.refusal.note);
      return this.mode === "enforce" ? known.refusal : undefined;
    }
    const { account, source } = receiver;
    const { region, service, roleArn } = shared;
    const sender = { account, source, region, service, roleArn };
    const refusal = this.#ofDelivery(guarded, policy, sender, { action });
    if (!this.#compiled(policy).timed) this.#ofReceivers.set(receiver, { policy, refusal });
    return refusal && this.#found(refusal, id, deliveryKey(guarded, sender, { action }));
  }

  #ofDelivery(
    guarded: Guarded,
    policy: string | undefined,
    sender: Sender,
    question: CallQuestion,
  ): Refusal | undefined {
    const compiled = this.#compiled(policy);
    const isKept = !compiled.timed && question.keys === undefined;
    const { answers } = compiled;
    const key = isKept ? deliveryKey(guarded, sender, question) : "";
    if (isKept && answers.has(key)) return answers.get(key);
    const { asked, isOwner } = askedBy(sender, guarded, question, this.#deps.clock.now());
    const refusal = isOwner && !compiled.denies ? undefined : refusalOf(compiled, asked, isOwner, false);
    if (isKept) {
      if (answers.size >= mostAnswers) answers.clear();
      answers.set(key, refusal);
    }
    return refusal;
  }

  /** Notes a refusal, and has it told once. */
  #found(refusal: Refusal, id: string, key: string): Refusal | undefined {
    const { notes, onRefusal } = this.#deps;
    notes.add(id, refusal.note);
    if (onRefusal !== undefined && this.#told.size < mostTold && !this.#told.has(key)) {
      this.#told.add(key);
      onRefusal(refusal.note);
    }
    return this.mode === "enforce" ? refusal : undefined;
  }

  #compiled(text: string | undefined): Compiled {
    if (text === undefined) return this.#noPolicy;
    let compiled = this.#policies.get(text);
    if (compiled === undefined) {
      const policy = parsePolicy(text);
      const statements = policy?.statements ?? [];
      compiled = {
        policy,
        denies: statements.some(({ effect }) => effect === "Deny"),
        timed: /aws:(currenttime|epochtime)/i.test(text),
        answers: new Map(),
      };
      if (this.#policies.size >= mostPolicies) this.#policies.clear();
      this.#policies.set(text, compiled);
    }
    return compiled;
  }
}

/** What AWS says of it in its errors, after the action and the resource. @param action as the service writes it. */
export function refusalWords({ decision }: Refusal, action: string): string {
  return decision === "denied"
    ? "with an explicit deny in a resource-based policy"
    : `because no resource-based policy allows the ${action} action`;
}

/** The error text that IAM has for it. @param action as the service writes it. */
export function notAuthorized(refusal: Refusal, action: string, resource: string): string {
  return `User: ${refusal.principal} is not authorized to perform: ${action} on resource: ${resource} ${refusalWords(refusal, action)}`;
}

function refusalOf(
  { policy }: Compiled,
  asked: AccessRequest,
  isOwner: boolean,
  ownersOnly: boolean,
): Refusal | undefined {
  let decision: Decision = policy === undefined ? "not allowed" : decide(policy, asked);
  if (isOwner && decision === "not allowed") return undefined;
  const ownersAlone = ownersOnly && !isOwner && decision !== "denied";
  if (ownersAlone) decision = "not allowed";
  if (decision === "allowed") return undefined;
  const principal = asked.service ?? asked.principal.arn;
  const source = asked.service === undefined ? undefined : asked.keys.get("aws:sourcearn");
  const who = source === undefined ? principal : `${principal} for ${source}`;
  const why = ownersAlone ? "no policy gives it to another account" : explain(policy, asked);
  return { decision, principal, note: `${who} may not ${asked.action} ${asked.resource}: ${why}` };
}

/** The question that a delivery is, and whether it is asked by the resource's own account. */
function askedBy(
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
    // A subscription's ARN is its topic's and an id; policies know of the topic.
    const about = sourceOf(service === "sns" ? source.split(":").slice(0, 6).join(":") : source);
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
function deliveryKey(
  { arn }: Guarded,
  { account, region, service, source, roleArn = "" }: Sender,
  { action, resource = "" }: CallQuestion,
): string {
  return `${service} ${source} ${account} ${region} ${roleArn} ${action} ${arn} ${resource}`;
}

function sourceOf(arn: string): { arn: string; account: string } {
  return { arn, account: parseArn(arn)?.account ?? "" };
}

/** The name as which a service itself is asked about; undefined for those that act by a role or as the account. */
function ownNameOf(service: string | undefined): string | undefined {
  const name = service === domainOf("eventbridge") ? domainOf("events") : service;
  return name === undefined || byRole.has(name) ? undefined : name;
}

function domainOf(service: string): string {
  return `${service}.amazonaws.com`;
}
