/**
 * Resource policies of streams and consumers. They are checked, stored and returned here; `access/guard.ts` enforces
 * them.
 */

import {
  DeleteResourcePolicy$,
  type DeleteResourcePolicyCommand,
  GetResourcePolicy$,
  type GetResourcePolicyCommand,
  PutResourcePolicy$,
  type PutResourcePolicyCommand,
} from "@aws-sdk/client-kinesis";
import type { AwsError } from "../../../protocols/error.ts";
import { compilePolicy } from "../../access/policy.ts";
import {
  listOf,
  type PolicyDocument,
  readPolicyDocument,
  type StatementDocument,
} from "../../access/policy-document.ts";
import { storedPolicy } from "../../access/stored-policy.ts";
import { partitionOf } from "../../calls/arn.ts";
import { invalidArgument, resourceNotFound } from "./errors.ts";
import { operation } from "./kinesis.ts";
import { resourceOf } from "./resources.ts";

export const putResourcePolicy = operation<PutResourcePolicyCommand>(PutResourcePolicy$, (input, context) => {
  const resource = resourceOf(input.ResourceARN, context);
  const policy = checkedPolicy(input.Policy ?? "", resource.row.arn);
  resource.change({ policy: storedPolicy(policy, partitionOf(context.region), { singleActions: true }) });
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

/** @throws AwsError InvalidArgumentException for a policy that a stream or a consumer cannot have. */
function checkedPolicy(text: string, resourceArn: string): PolicyDocument {
  const document = readPolicyDocument(text);
  if (typeof document === "string") throw invalidPolicy(document);
  for (const statement of document.statements) checkStatement(statement, resourceArn);
  if (compilePolicy(document) === undefined) throw invalidPolicy("This text appears not to be a policy");
  return document;
}

function invalidPolicy(reason: string): AwsError {
  return invalidArgument(`Policy validation error: ${reason}`);
}

function checkStatement({ Effect, Principal, Action, Resource }: StatementDocument, resourceArn: string): void {
  if (Effect !== "Allow" && Effect !== "Deny") {
    throw invalidArgument("Each statement of the resource policy needs an Effect of Allow or Deny.");
  }
  if (Principal === undefined) throw invalidArgument("Each statement of the resource policy needs a Principal.");
  const actions = listOf(Action);
  if (actions.length === 0 || !actions.every((action) => typeof action === "string" && /^kinesis:/i.test(action))) {
    throw invalidArgument("Each statement of the resource policy needs an Action of Kinesis.");
  }
  const resources = listOf(Resource);
  if (resources.length === 0 || !resources.every((resource) => resource === resourceArn)) {
    throw invalidArgument(`The Resource of each statement of the resource policy must be ${resourceArn}.`);
  }
}
