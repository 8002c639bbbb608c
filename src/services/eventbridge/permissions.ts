/** PutPermission and RemovePermission: the policy of a bus. */
import {
  PolicyLengthExceededException$,
  PutPermission$,
  type PutPermissionCommand,
  RemovePermission$,
  type RemovePermissionCommand,
} from "@aws-sdk/client-eventbridge";
import { AwsError } from "../../../protocols/error.ts";
import { partitionOf } from "../../calls/arn.ts";
import { invalidParameter, notFound, validation } from "./errors.ts";
import { type EventBridge, operation } from "./eventbridge.ts";
import type { BusRow, PolicyStatement } from "./tables.ts";

const maxPolicyLength = 10_240;

interface Policy {
  readonly Version?: unknown;
  readonly Statement: readonly PolicyStatement[];
}

export const putPermission = operation<PutPermissionCommand>(PutPermission$, (input, context) => {
  const { service } = context;
  const bus = service.busOf(input.EventBusName, context);
  if (input.Policy !== undefined) {
    const given = [input.Action, input.Principal, input.StatementId, input.Condition];
    if (given.some((member) => member !== undefined)) {
      throw invalidParameter("Policy", "Policy cannot be combined with Action, Principal, StatementId or Condition.");
    }
    parsePolicy(input.Policy);
    return setPolicy(service, bus, input.Policy);
  }
  const { Action: action, Principal: principal, StatementId: sid, Condition: condition } = input;
  if (action === undefined) throw invalidParameter("Action");
  if (principal === undefined) throw invalidParameter("Principal");
  if (sid === undefined) throw invalidParameter("StatementId");
  if (action !== "events:PutEvents") throw validation("Provided value in parameter 'action' is not supported.");
  if (condition !== undefined && (condition.Type !== "StringEquals" || condition.Key !== "aws:PrincipalOrgID")) {
    throw invalidParameter("Condition", "Only StringEquals on aws:PrincipalOrgID is supported.");
  }
  const statement: PolicyStatement = {
    Sid: sid,
    Effect: "Allow",
    Principal: principal === "*" ? "*" : { AWS: `arn:${partitionOf(bus.region)}:iam::${principal}:root` },
    Action: action,
    Resource: bus.arn,
    ...(condition === undefined
      ? {}
      : { Condition: { StringEquals: { "aws:PrincipalOrgID": condition.Value as string } } }),
  };
  const statements = statementsOf(bus);
  const place = statements.findIndex(({ Sid }) => Sid === sid);
  const changed = place < 0 ? [...statements, statement] : statements.with(place, statement);
  setPolicy(service, bus, JSON.stringify({ Version: "2012-10-17", Statement: changed }));
});

export const removePermission = operation<RemovePermissionCommand>(RemovePermission$, (input, context) => {
  const { service } = context;
  const bus = service.busOf(input.EventBusName, context);
  if (input.StatementId === undefined && input.RemoveAllPermissions !== true) {
    throw validation("Parameter(s) StatementId or RemoveAllPermissions must be specified.");
  }
  if (bus.policy === undefined) throw notFound("EventBus does not have a policy.");
  const statements = statementsOf(bus);
  const left = input.RemoveAllPermissions === true ? [] : statements.filter(({ Sid }) => Sid !== input.StatementId);
  if (left.length === statements.length) throw notFound("Statement with the provided id does not exist.");
  const policy = left.length === 0 ? undefined : JSON.stringify({ Version: "2012-10-17", Statement: left });
  setPolicy(service, bus, policy);
});

function statementsOf(bus: BusRow): readonly PolicyStatement[] {
  return bus.policy === undefined ? [] : parsePolicy(bus.policy).Statement;
}

function setPolicy(service: EventBridge, bus: BusRow, policy: string | undefined): void {
  if (policy !== undefined && policy.length > maxPolicyLength) {
    const message = "Event bus policy length exceeds the limit.";
    throw AwsError.of(PolicyLengthExceededException$, message);
  }
  service.buses.put({ ...bus, policy, modifiedMs: service.now });
}

/** @throws AwsError ValidationException for a text that is no policy document. */
function parsePolicy(text: string): Policy {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const { Statement: given } = (value ?? {}) as { Statement?: unknown };
  const statements = Array.isArray(given) ? given : given === undefined ? [] : [given];
  const isPolicy = statements.length > 0 && statements.every((one) => typeof one === "object" && one !== null);
  if (!isPolicy) throw invalidParameter("Policy", "Must be a policy document with statements.");
  return { Statement: statements as PolicyStatement[] };
}
