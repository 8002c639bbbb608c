/** Resource policies of streams and consumers. They are validated, stored and returned, but not enforced. */

import {
  DeleteResourcePolicy$,
  type DeleteResourcePolicyCommand,
  GetResourcePolicy$,
  type GetResourcePolicyCommand,
  PutResourcePolicy$,
  type PutResourcePolicyCommand,
} from "@aws-sdk/client-kinesis";
import type { AwsError } from "../../../protocols/error.ts";
import { isObject, tryParseJson } from "../../../protocols/unknown-json.ts";
import { storedPolicy } from "../../access/stored-policy.ts";
import { partitionOf } from "../../calls/arn.ts";
import { invalidArgument, resourceNotFound } from "./errors.ts";
import { operation } from "./kinesis.ts";
import { resourceOf } from "./resources.ts";

export const putResourcePolicy = operation<PutResourcePolicyCommand>(PutResourcePolicy$, (input, context) => {
  const resource = resourceOf(input.ResourceARN, context);
  const policy = input.Policy ?? "";
  checkPolicy(policy, resource.row.arn);
  resource.change({ policy: storedPolicy(policy, partitionOf(context.region), true) });
});

export const getResourcePolicy = operation<GetResourcePolicyCommand>(GetResourcePolicy$, (input, context) => ({
  Policy: resourceOf(input.ResourceARN, context).row.policy ?? "{}",
}));

export const deleteResourcePolicy = operation<DeleteResourcePolicyCommand>(DeleteResourcePolicy$, (input, context) => {
  const resource = resourceOf(input.ResourceARN, context);
  if (resource.row.policy === undefined) {
    throw resourceNotFound(`No resource policy found for resource ARN ${input.ResourceARN}.`);
  }
  resource.change({ policy: undefined });
});

function checkPolicy(text: string, resourceArn: string): void {
  const policy = tryParseJson(text);
  if (policy === undefined) throw invalidPolicy("This policy contains invalid Json");
  if (!isObject(policy)) throw invalidPolicy("This text appears not to be a policy");
  const statements = listOf(policy["Statement"]);
  if (statements.length === 0) throw invalidPolicy("Could not parse the policy: Statement is empty!");
  for (const statement of statements) checkStatement(statement, resourceArn);
}

function invalidPolicy(reason: string): AwsError {
  return invalidArgument(`Policy validation error: ${reason}`);
}

function checkStatement(statement: unknown, resourceArn: string): void {
  if (!isObject(statement)) throw invalidArgument("A statement of the resource policy is not an object.");
  const { Effect, Principal, Action, Resource } = statement;
  if (Effect !== "Allow" && Effect !== "Deny") {
    throw invalidArgument("Each statement of the resource policy needs an Effect of Allow or Deny.");
  }
  if (Principal === undefined) throw invalidArgument("Each statement of the resource policy needs a Principal.");
  const actions = listOf(Action);
  if (actions.length === 0 || !actions.every((action) => typeof action === "string" && /^kinesis:/i.test(action))) {
    throw invalidArgument("Each statement of the resource policy needs an Action of Kinesis.");
  }
  if (listOf(Resource).length === 0 || !listOf(Resource).every((resource) => resource === resourceArn)) {
    throw invalidArgument(`The Resource of each statement of the resource policy must be ${resourceArn}.`);
  }
}

function listOf(value: unknown): readonly unknown[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}
