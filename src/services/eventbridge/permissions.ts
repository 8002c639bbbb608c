/** PutPermission and RemovePermission: the policy of a bus. */
import {
  PolicyLengthExceededException$,
  PutPermission$,
  type PutPermissionCommand,
  RemovePermission$,
  type RemovePermissionCommand,
} from "@aws-sdk/client-eventbridge";
import { AwsError } from "../../../protocols/error.ts";
import type { StatementDocument } from "../../access/policy-document.ts";
import { partitionOf, rootArn } from "../../calls/arn.ts";
import { checkedPolicy, storedStatements } from "./bus-policy.ts";
import { notFound, validation } from "./errors.ts";
import { type EventBridge, operation } from "./eventbridge.ts";
import type { BusRow } from "./tables.ts";

const maxPolicyLength = 10_240;
const organization = /^o-[a-z0-9]{10,32}$/;

export const putPermission = operation<PutPermissionCommand>(PutPermission$, (input, context) => {
  const { service } = context;
  const bus = service.busOf(input.EventBusName, context);
  if (input.Policy !== undefined) {
    const given = [input.Action, input.Principal, input.StatementId, input.Condition];
    if (given.some((member) => member !== undefined)) {
      throw validation("Action, Principal, StatementId and Condition could not be combined with Policy parameter.");
    }
    return setPolicy(service, bus, checkedPolicy(input.Policy, bus));
  }
  const { Action: action, Principal: principal, StatementId: sid, Condition: condition } = input;
  if (action === undefined) throw unspecified("Action");
  if (principal === undefined) throw unspecified("Principal");
  if (sid === undefined) throw unspecified("StatementId");
  if (action !== "events:PutEvents") throw validation("Provided value in parameter 'action' is not supported.");
  if (condition !== undefined) checkCondition(condition);
  const statement: StatementDocument = {
    Sid: sid,
    Effect: "Allow",
    Principal: principal === "*" ? "*" : { AWS: rootArn(principal, partitionOf(bus.region)) },
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
  if (input.RemoveAllPermissions === true) return setPolicy(service, bus, undefined);
  const statements = statementsOf(bus);
  const left = statements.filter(({ Sid }) => Sid !== input.StatementId);
  if (left.length === statements.length) throw notFound("Statement with the provided id does not exist.");
  const policy = left.length === 0 ? undefined : JSON.stringify({ Version: "2012-10-17", Statement: left });
  setPolicy(service, bus, policy);
});

function statementsOf(bus: BusRow): readonly StatementDocument[] {
  return bus.policy === undefined ? [] : storedStatements(bus.policy);
}

function unspecified(name: string): AwsError {
  return validation(`Parameter(s) ${name} must be specified.`);
}

/** @throws AwsError ValidationException unless it is about an organization that the caller belongs to. */
function checkCondition(condition: {
  Type?: string | undefined;
  Key?: string | undefined;
  Value?: string | undefined;
}) {
  const { Type, Key, Value = "" } = condition;
  const wrong = (member: string, reason: string) => validation(`Provided value in parameter '${member}' is ${reason}.`);
  if (Key !== "aws:PrincipalOrgID") throw wrong("condition.key", "not supported");
  if (Type !== "StringEquals") throw wrong("condition.type", "not supported");
  if (!organization.test(Value)) throw wrong("condition.value", "invalid");
}

function setPolicy(service: EventBridge, bus: BusRow, policy: string | undefined): void {
  if (policy !== undefined && policy.length > maxPolicyLength) {
    const message = "Event bus policy length exceeds the limit.";
    throw AwsError.of(PolicyLengthExceededException$, message);
  }
  service.buses.put({ ...bus, policy, modifiedMs: service.now });
}
