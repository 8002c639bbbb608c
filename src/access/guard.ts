/**
 * Checks the policies of queues, topics, streams and buses. The decision about deliveries is computed once for each
 * combination of policy text, source and target.
 */

import { credentialScope } from "../../protocols/credential-scope.ts";
import type { Notes } from "../calls/notes.ts";
import type { OperationContext } from "../calls/operation.ts";
import type { Clock } from "../engine/clock.ts";
import type { Uuids } from "../engine/random.ts";
import { type AccessRequest, roleOfSession } from "./evaluate.ts";
import { type Policy, parsePolicy } from "./policy.ts";
import {
  askedBy,
  type CallQuestion,
  deliveryKey,
  type Guarded,
  ownNameOf,
  type Sender,
  sourceOf,
} from "./questions.ts";
import { type Refusal, refusalOf } from "./refusal.ts";
import { requestKeys, serviceKeys } from "./request-keys.ts";

/** `audit` lets everything through and notes what AWS would have refused; `enforce` refuses it; `off` does not look. */
export const policyModes = ["audit", "enforce", "off"] as const;
export type PolicyMode = (typeof policyModes)[number];

interface Compiled {
  readonly policy: Policy | undefined;
  readonly denies: boolean;
  /** Its decisions depend on the time. */
  readonly timed: boolean;
  /** Its decisions about deliveries. */
  readonly answers: Map<string, Refusal | undefined>;
}

/** Policies and questions come from clients, so there are bounds for what is remembered. */
const maxPolicies = 1000;
const maxAnswers = 1000;
const maxTold = 1000;

/**
 * The caller: an operation's context. The request id is that of the request or the delivery on which a refusal is
 * noted.
 */
export type Caller = Pick<OperationContext, "account" | "principal" | "region" | "request" | "requestId">;

export interface GuardDependencies {
  readonly mode: PolicyMode;
  readonly clock: Clock;
  readonly notes: Notes;
  /** Called once per sender and action that a policy does not allow, with a description. */
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
   * Why a call is refused, if it is. The owner's account may do everything its policy does not deny, and so may an
   * unsigned request, which has no account.
   * @param policy of the resource; undefined for none.
   * @returns undefined when the call may proceed, which in audit mode it always may.
   */
  refusalOfCall(
    guarded: Guarded,
    policy: string | undefined,
    context: Caller,
    question: CallQuestion,
  ): Refusal | undefined {
    if (this.mode === "off") return undefined;
    const { account, principal, request } = context;
    const isClient = principal.kind !== "service";
    const service =
      isClient || roleOfSession(principal.arn) !== undefined
        ? undefined
        : ownNameOf(principal.service, question.action);
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
          : serviceKeys(service, sourceOf(service, principal.sourceArn ?? ""), context.region, now, guarded.account),
    };
    const refusal = refusalOf(compiled.policy, asked, isOwner, question.ownersOnly === true);
    return refusal && this.#found(refusal, context.requestId, `${refusal.principal} ${asked.action} ${asked.resource}`);
  }

  /**
   * Why a delivery is refused, if it is.
   * @param id of the delivery.
   * @returns undefined when it may proceed, which in audit mode it always may.
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

  /**
   * As `refusalOfDelivery`, for one of many deliveries: decisions that are known for a receiver are looked up first.
   * @param ids of all of them; this one's is at `place`.
   */
  refusalOfReceiver(
    guarded: Guarded,
    policy: string | undefined,
    shared: Pick<Sender, "region" | "service" | "roleArn">,
    receiver: Pick<Sender, "account" | "source">,
    ids: Uuids,
    place: number,
    action: string,
  ): Refusal | undefined {
    if (this.mode === "off") return undefined;
    const known = this.#ofReceivers.get(receiver);
    if (known !== undefined && known.policy === policy) {
      if (known.refusal === undefined) return undefined;
      this.#deps.notes.addOfMany(ids, place, known.refusal.note);
      return this.mode === "enforce" ? known.refusal : undefined;
    }
    const { account, source } = receiver;
    const { region, service, roleArn } = shared;
    const sender = { account, source, region, service, roleArn };
    const refusal = this.#ofDelivery(guarded, policy, sender, { action });
    if (!this.#compiled(policy).timed) this.#ofReceivers.set(receiver, { policy, refusal });
    return refusal && this.#found(refusal, ids.at(place), deliveryKey(guarded, sender, { action }));
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
    const refusal = isOwner && !compiled.denies ? undefined : refusalOf(compiled.policy, asked, isOwner, false);
    if (isKept) {
      if (answers.size >= maxAnswers) answers.clear();
      answers.set(key, refusal);
    }
    return refusal;
  }

  /** Notes a refusal, and reports it once. */
  #found(refusal: Refusal, id: string, key: string): Refusal | undefined {
    const { notes, onRefusal } = this.#deps;
    notes.add(id, refusal.note);
    if (onRefusal !== undefined && this.#told.size < maxTold && !this.#told.has(key)) {
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
      if (this.#policies.size >= maxPolicies) this.#policies.clear();
      this.#policies.set(text, compiled);
    }
    return compiled;
  }
}
