/** Policies of functions, their versions and aliases: AddPermission, GetPolicy and RemovePermission. */
import {
  AddPermission$,
  type AddPermissionCommand,
  type AddPermissionRequest,
  GetPolicy$,
  type GetPolicyCommand,
  RemovePermission$,
  type RemovePermissionCommand,
} from "@aws-sdk/client-lambda";
import { textOf } from "../../../protocols/unknown-json.ts";
import { partitionOf, rootArn } from "../../calls/arn.ts";
import { policyText } from "./access.ts";
import { conflict, functionNotFound, invalidParameter, notFound, staleRevision } from "./errors.ts";
import { type Lambda, operation } from "./lambda.ts";
import { parseName } from "./names.ts";
import { latest, type PolicyRow } from "./tables.ts";

/** Maximum size of a resource's policy in bytes (Lambda quotas). */
const maxPolicyBytes = 20_480;

export const addPermission = operation<AddPermissionCommand>(AddPermission$, (input, context) => {
  const { service, account } = context;
  const named = parseName(input.FunctionName as string, input.Qualifier, context);
  if (named.qualifier === latest) throw invalidParameter("We currently do not support adding policies for $LATEST.");
  const { function: row, arn } = service.target(input.FunctionName, input.Qualifier, context);
  const policy = service.policies.get(arn);
  const statement = statementOf(input, arn, context.region);
  return {
    Statement: JSON.stringify(
      addStatement(service, { arn, ownerArn: row.arn, account }, policy, statement, input.RevisionId),
    ),
  };
});

export const getPolicy = operation<GetPolicyCommand>(GetPolicy$, (input, context) => {
  const { service } = context;
  const { arn, qualifier, asked } = parseName(input.FunctionName as string, input.Qualifier, context);
  if (qualifier === latest) throw notFound();
  if (!service.functions.has(arn)) throw functionNotFound(asked);
  const policy = service.policies.get(asked);
  if (policy === undefined) throw notFound();
  return { Policy: policyText(policy), RevisionId: policy.revisionId };
});

export const removePermission = operation<RemovePermissionCommand>(RemovePermission$, (input, context) => {
  const { service } = context;
  const { arn, asked } = parseName(input.FunctionName as string, input.Qualifier, context);
  if (!service.functions.has(arn)) throw notFound(`No policy found for: ${asked}`);
  removeStatement(service, asked, input.StatementId as string, input.RevisionId);
});

/** Adds a statement to a policy, which may not exist yet. Inside a transaction. @throws AwsError */
export function addStatement(
  service: Lambda,
  owner: Pick<PolicyRow, "arn" | "ownerArn" | "account">,
  before: PolicyRow | undefined,
  statement: PolicyRow["statements"][number],
  revisionId: string | undefined,
): PolicyRow["statements"][number] {
  const { statements = [] } = before ?? {};
  const sid = statement["Sid"];
  if (statements.some((one) => one["Sid"] === sid)) {
    throw conflict(
      `The statement id (${textOf(sid)}) provided already exists. Please provide a new statement id, or remove the existing statement.`,
    );
  }
  if (revisionId !== undefined && revisionId !== before?.revisionId) throw staleRevision("GetPolicy");
  const policy: PolicyRow = { ...owner, statements: [...statements, statement], revisionId: service.newRevision() };
  const bytes = Buffer.byteLength(policyText(policy));
  if (bytes > maxPolicyBytes) {
    throw invalidParameter(`The final policy size (${bytes}) is bigger than the limit (${maxPolicyBytes}).`);
  }
  service.policies.put(policy);
  return statement;
}

/** Inside a transaction. @throws AwsError */
export function removeStatement(service: Lambda, arn: string, sid: string, revisionId: string | undefined): void {
  const policy = service.policies.get(arn);
  if (policy === undefined) throw notFound("No policy is associated with the given resource.");
  const statements = policy.statements.filter((one) => one["Sid"] !== sid);
  if (statements.length === policy.statements.length) {
    throw notFound(`Statement ${sid} is not found in resource policy.`);
  }
  if (revisionId !== undefined && revisionId !== policy.revisionId) throw staleRevision("GetPolicy");
  if (statements.length === 0) service.policies.delete(arn);
  else service.policies.put({ ...policy, statements, revisionId: service.newRevision() });
}

/** The statement as stored. @throws AwsError InvalidParameterValueException */
function statementOf(input: AddPermissionRequest, arn: string, region: string): PolicyRow["statements"][number] {
  const equal: Record<string, string> = {};
  if (input.SourceAccount !== undefined) equal["AWS:SourceAccount"] = input.SourceAccount;
  if (input.PrincipalOrgID !== undefined) equal["aws:PrincipalOrgID"] = input.PrincipalOrgID;
  if (input.FunctionUrlAuthType !== undefined) equal["lambda:FunctionUrlAuthType"] = input.FunctionUrlAuthType;
  if (input.EventSourceToken !== undefined) equal["lambda:EventSourceToken"] = input.EventSourceToken;
  const condition = {
    ...(Object.keys(equal).length === 0 ? {} : { StringEquals: equal }),
    ...(input.InvokedViaFunctionUrl === undefined
      ? {}
      : { Bool: { "lambda:InvokedViaFunctionUrl": String(input.InvokedViaFunctionUrl) } }),
    ...(input.SourceArn === undefined ? {} : { ArnLike: { "AWS:SourceArn": input.SourceArn } }),
  };
  return {
    Sid: input.StatementId,
    Effect: "Allow",
    Principal: principalOf(input.Principal as string, region),
    Action: input.Action,
    Resource: arn,
    ...(Object.keys(condition).length === 0 ? {} : { Condition: condition }),
  };
}

/** @throws AwsError InvalidParameterValueException */
export function principalOf(principal: string, region: string): string | Readonly<Record<string, string>> {
  if (principal === "*") return "*";
  if (/^\d{12}$/.test(principal)) return { AWS: rootArn(principal, partitionOf(region)) };
  if (/^arn:[^:]+:(iam|sts)::\d{12}:\S+$/.test(principal)) return { AWS: principal };
  if (/^[a-z0-9.-]+\.amazonaws\.com(\.cn)?$/.test(principal) || /^[a-z0-9-]+\.amazon\.com$/.test(principal)) {
    return { Service: principal };
  }
  throw invalidParameter("The provided principal was invalid. Please check the principal and try again.");
}
