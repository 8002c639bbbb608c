/** What clients of other accounts may do with a queue: what its policy says. */

import { credentialScope } from "../../../protocols/credential-scope.ts";
import { type Decision, decide } from "../../access/evaluate.ts";
import { type Policy, parsePolicy } from "../../access/policy.ts";
import { requestKeys } from "../../access/request-keys.ts";
import type { OperationContext } from "../../calls/operation.ts";
import type { Clock } from "../../engine/clock.ts";
import { accessDenied } from "./errors.ts";
import { ownerActions, type SqsAction } from "./policy.ts";
import type { QueueRow } from "./tables.ts";

export class Access {
  readonly #clock: Clock;
  /** Policies as they are evaluated; a queue whose policy changes is another row. */
  readonly #policies = new WeakMap<QueueRow, Policy>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Whether the caller may do this to the queue. The queue's own account may, and so may who has no account: an
   * unsigned request, and another service, whose role Busbar does not know.
   */
  isAllowed(queue: QueueRow, context: OperationContext, action: SqsAction): boolean {
    return this.#decide(queue, context, action) === "allowed";
  }

  /** @throws AwsError AccessDenied, in the words of IAM. SQS writes the names of actions in lower case. */
  check(queue: QueueRow, context: OperationContext, action: SqsAction): void {
    const decision = this.#decide(queue, context, action);
    if (decision === "allowed") return;
    const name = `sqs:${action.toLowerCase()}`;
    const why =
      decision === "denied"
        ? "with an explicit deny in a resource-based policy"
        : `because no resource-based policy allows the ${name} action`;
    throw accessDenied(
      `User: ${context.principal.arn} is not authorized to perform: ${name} on resource: ${queue.arn} ${why}`,
    );
  }

  #decide(queue: QueueRow, context: OperationContext, action: SqsAction): Decision {
    const { account, principal, request } = context;
    if (account === queue.account) return "allowed";
    if (request === undefined || credentialScope(request) === undefined) return "allowed";
    const policy = this.#policyOf(queue);
    if (!policy || ownerActions.has(action)) return "not allowed";
    return decide(policy, {
      account,
      principal,
      action: `sqs:${action}`,
      resource: queue.arn,
      keys: requestKeys(context, this.#clock.now(), queue.account),
    });
  }

  #policyOf(queue: QueueRow): Policy | undefined {
    const text = queue.texts["Policy"];
    if (text === undefined) return undefined;
    let policy = this.#policies.get(queue);
    if (!policy) {
      policy = parsePolicy(text);
      if (policy) this.#policies.set(queue, policy);
    }
    return policy;
  }
}
