/** STS API reference, version 2011-06-15. */

import {
  AssumeRole$,
  type AssumeRoleCommand,
  AssumeRoleWithWebIdentity$,
  type AssumeRoleWithWebIdentityCommand,
  DecodeAuthorizationMessage$,
  type DecodeAuthorizationMessageCommand,
  ExpiredTokenException$,
  GetAccessKeyInfo$,
  type GetAccessKeyInfoCommand,
  GetCallerIdentity$,
  type GetCallerIdentityCommand,
  GetFederationToken$,
  type GetFederationTokenCommand,
  GetSessionToken$,
  type GetSessionTokenCommand,
  InvalidAuthorizationMessageException$,
  InvalidIdentityTokenException$,
  MalformedPolicyDocumentException$,
  PackedPolicyTooLargeException$,
} from "@aws-sdk/client-sts";
import { AwsError } from "../../../protocols/error.ts";
import { jsonObject, textOf } from "../../../protocols/unknown-json.ts";
import { partitionOf } from "../../calls/arn.ts";
import { defaultAccount, roleSession } from "../../calls/identity.ts";
import { accountOfKeyId, operation, validationError } from "./sts.ts";

const oneHourSeconds = 3600;
const twelveHoursSeconds = 43_200;

export const getCallerIdentity = operation<GetCallerIdentityCommand>(
  GetCallerIdentity$,
  (_input, { account, principal }) => ({
    Account: account,
    Arn: principal.arn,
    UserId: principal.userId,
  }),
);

/** Every role exists and trusts everybody, since Busbar has no IAM. */
export const assumeRole = operation<AssumeRoleCommand>(AssumeRole$, (input, context) => {
  const role = assumedRole(input.RoleArn as string, input.RoleSessionName as string);
  checkPolicy(input.Policy);
  checkTags(input.Tags, input.TransitiveTagKeys);
  const seconds = input.DurationSeconds ?? oneHourSeconds;
  if (context.principal.arn.includes(":assumed-role/") && seconds > oneHourSeconds) {
    throw validationError(
      "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
    );
  }
  return {
    PackedPolicySize: packedPercent(input),
    Credentials: context.service.issue(role, seconds),
    AssumedRoleUser: { Arn: role.arn, AssumedRoleId: role.userId },
    SourceIdentity: input.SourceIdentity,
  };
});

export const assumeRoleWithWebIdentity = operation<AssumeRoleWithWebIdentityCommand>(
  AssumeRoleWithWebIdentity$,
  (input, context) => {
    const role = assumedRole(input.RoleArn as string, input.RoleSessionName as string);
    checkPolicy(input.Policy);
    const claims = tokenClaims(input.WebIdentityToken as string);
    checkExpiry(claims.exp, context.service.now);
    return {
      PackedPolicySize: packedPercent(input),
      Credentials: context.service.issue(role, input.DurationSeconds ?? oneHourSeconds),
      AssumedRoleUser: { Arn: role.arn, AssumedRoleId: role.userId },
      SubjectFromWebIdentityToken: claims.sub,
      Audience: claims.aud,
      Provider: input.ProviderId ?? claims.iss,
    };
  },
);

export const getSessionToken = operation<GetSessionTokenCommand>(GetSessionToken$, (input, context) => {
  const { account, principal } = context;
  const seconds = input.DurationSeconds ?? twelveHoursSeconds;
  return { Credentials: context.service.issue({ account, ...principal }, seconds) };
});

export const getFederationToken = operation<GetFederationTokenCommand>(GetFederationToken$, (input, context) => {
  const { account, region } = context;
  checkPolicy(input.Policy);
  checkTags(input.Tags, undefined);
  const arn = `arn:${partitionOf(region)}:sts::${account}:federated-user/${input.Name}`;
  const userId = `${account}:${input.Name}`;
  return {
    PackedPolicySize: packedPercent(input) ?? 0,
    Credentials: context.service.issue({ account, arn, userId }, input.DurationSeconds ?? twelveHoursSeconds),
    FederatedUser: { Arn: arn, FederatedUserId: userId },
  };
});

export const getAccessKeyInfo = operation<GetAccessKeyInfoCommand>(GetAccessKeyInfo$, (input) => ({
  Account: accountOfKeyId(input.AccessKeyId as string) ?? defaultAccount,
}));

/** Busbar's refusals are in plain words: it never creates an encoded message that could be decoded. */
export const decodeAuthorizationMessage = operation<DecodeAuthorizationMessageCommand>(
  DecodeAuthorizationMessage$,
  () => {
    throw AwsError.of(InvalidAuthorizationMessageException$, "Message is not valid");
  },
);

/** The principal of a role's session. @throws AwsError ValidationError for what is not a role's ARN */
function assumedRole(roleArn: string, session: string): NonNullable<ReturnType<typeof roleSession>> {
  const role = roleSession(roleArn, session);
  if (role === undefined) throw validationError(`${roleArn} is invalid`);
  return role;
}

function checkPolicy(policy: string | undefined): void {
  if (policy === undefined || jsonObject(policy)?.["Statement"] !== undefined) return;
  throw AwsError.of(MalformedPolicyDocumentException$, "This policy contains invalid Json");
}

/** Tag keys are compared without case, and transitive ones must be among them. */
function checkTags(
  tags: readonly { Key?: string | undefined }[] | undefined,
  transitive: readonly string[] | undefined,
): void {
  const keys = new Set<string>();
  for (const tag of tags ?? []) {
    const key = (tag.Key ?? "").toLowerCase();
    if (keys.has(key)) {
      throw invalidParameter("Duplicate tag keys found. Please note that Tag keys are case insensitive.");
    }
    keys.add(key);
  }
  if (transitive?.some((key) => !keys.has(key.toLowerCase()))) {
    throw invalidParameter("The specified transitive tag key must be included in the requested tags.");
  }
}

function invalidParameter(message: string): AwsError {
  return AwsError.unmodeled({ name: "InvalidParameterValue", message });
}

/**
 * The percentage of the packed limit that session policies and tags use; AWS's packed form is not public, so this goes
 * by length. Undefined without any.
 * @throws AwsError PackedPolicyTooLarge
 */
function packedPercent(input: {
  Policy?: string | undefined;
  PolicyArns?: unknown[] | undefined;
  Tags?: unknown[] | undefined;
}): number | undefined {
  const { Policy = "", PolicyArns = [], Tags = [] } = input;
  if (Policy === "" && PolicyArns.length === 0 && Tags.length === 0) return undefined;
  const length = Policy.length + JSON.stringify(PolicyArns).length + JSON.stringify(Tags).length;
  const percent = Math.ceil((length / 2048) * 100);
  if (percent > 100) {
    const message = `Packed policy consumes ${percent}% of allotted space, please use smaller policy.`;
    throw AwsError.of(PackedPolicyTooLargeException$, message);
  }
  return percent;
}

/** A token's expiry is in seconds; a token without one is accepted. */
function checkExpiry(endSeconds: unknown, now: number): void {
  const seconds = Math.floor(now / 1000);
  if (typeof endSeconds !== "number" || seconds < endSeconds) return;
  throw AwsError.of(
    ExpiredTokenException$,
    `Token expired: current date/time ${seconds} must be before the expiration date/time ${endSeconds}`,
  );
}

/** The claims of a JSON web token; its signature is not verified. */
function tokenClaims(token: string): { sub?: string; aud?: string; iss?: string; exp?: unknown } {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
    if (typeof claims === "object" && claims !== null) {
      const { sub, aud, iss, exp } = claims as Record<string, unknown>;
      return {
        exp,
        ...(typeof sub === "string" ? { sub } : {}),
        ...(typeof aud === "string" ? { aud } : Array.isArray(aud) ? { aud: textOf(aud[0]) } : {}),
        ...(typeof iss === "string" ? { iss } : {}),
      };
    }
  } catch {
    // Falls through: it is not a token at all.
  }
  throw AwsError.of(
    InvalidIdentityTokenException$,
    "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
  );
}
