/**
 * Whole resource policies: GetResourcePolicy, PutResourcePolicy and DeleteResourcePolicy. AddPermission changes the
 * same policies.
 */
import {
  DeleteResourcePolicy$,
  type DeleteResourcePolicyCommand,
  GetResourcePolicy$,
  type GetResourcePolicyCommand,
  PutResourcePolicy$,
  type PutResourcePolicyCommand,
} from "@aws-sdk/client-lambda";
import { compilePolicy } from "../../access/policy.ts";
import { listOf, readPolicyDocument } from "../../access/policy-document.ts";
import { storedPolicy } from "../../access/stored-policy.ts";
import { parseArn } from "../../calls/arn.ts";
import type { Place } from "../../calls/place.ts";
import { policyText } from "./access.ts";
import { invalidParameter, notFound, staleRevision } from "./errors.ts";
import { type Lambda, operation } from "./lambda.ts";
import { parseName } from "./names.ts";
import { latest, type PolicyRow } from "./tables.ts";

export const getResourcePolicy = operation<GetResourcePolicyCommand>(GetResourcePolicy$, (input, context) => {
  const { policy } = policyOf(context.service, input.ResourceArn as string, context);
  if (policy === undefined) throw notFound();
  return { Policy: policyText(policy), RevisionId: policy.revisionId };
});

export const putResourcePolicy = operation<PutResourcePolicyCommand>(PutResourcePolicy$, (input, context) => {
  const { service, account } = context;
  const { owner, policy: before } = policyOf(service, input.ResourceArn as string, context);
  checkRevision(input.RevisionId, before);
  const policy: PolicyRow = {
    ...owner,
    account,
    statements: statementsIn(input.Policy as string, owner.arn),
    revisionId: service.newRevision(),
  };
  service.policies.put(policy);
  return { Policy: policyText(policy), RevisionId: policy.revisionId };
});

export const deleteResourcePolicy = operation<DeleteResourcePolicyCommand>(DeleteResourcePolicy$, (input, context) => {
  const { service } = context;
  const { owner, policy } = policyOf(service, input.ResourceArn as string, context);
  if (policy === undefined) throw notFound();
  checkRevision(input.RevisionId, policy);
  service.policies.delete(owner.arn);
});

interface Found {
  readonly owner: Pick<PolicyRow, "arn" | "ownerArn">;
  readonly policy: PolicyRow | undefined;
}

/** The policy of a function, a version, an alias, or a layer's version. @throws AwsError ResourceNotFoundException */
function policyOf(service: Lambda, arn: string, place: Place): Found {
  if (parseArn(arn)?.resource.startsWith("layer:") === true) {
    if (service.layerVersions.get(arn)?.account !== place.account) throw notFound();
    return { owner: { arn, ownerArn: arn }, policy: service.policies.get(arn) };
  }
  const { qualifier } = parseName(arn, undefined, place);
  if (qualifier === latest) throw invalidParameter("We currently do not support adding policies for $LATEST.");
  const target = service.target(arn, undefined, place);
  return { owner: { arn: target.arn, ownerArn: target.function.arn }, policy: service.policies.get(target.arn) };
}

function checkRevision(given: string | undefined, before: PolicyRow | undefined): void {
  if (given !== undefined && given !== before?.revisionId) throw staleRevision("GetResourcePolicy");
}

/** @throws AwsError InvalidParameterValueException for what is not a policy, or about another resource. */
function statementsIn(text: string, arn: string): PolicyRow["statements"] {
  const policy = readPolicyDocument(text);
  if (typeof policy === "string") throw invalidParameter(policy);
  if (compilePolicy(policy) === undefined) throw invalidParameter("This text appears not to be a policy");
  const stored = storedPolicy(policy, parseArn(arn)?.partition ?? "aws", { statementList: true });
  const document: unknown = JSON.parse(stored);
  const { Statement: statements } = document as { readonly Statement: PolicyRow["statements"] };
  for (const { Resource: resource = arn } of statements) {
    if (listOf(resource).some((one) => one !== arn)) {
      throw invalidParameter(`The statements of this policy may name ${arn} alone as their resource.`);
    }
  }
  return statements;
}
