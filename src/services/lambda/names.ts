/** The ways to name a function, a version and an alias in a request. */
import { formatArn } from "../../calls/arn.ts";
import type { Place } from "../../calls/place.ts";
import { accessDenied, invalidParameter, notFound } from "./errors.ts";

export interface Named {
  /** Unqualified. */
  readonly arn: string;
  readonly name: string;
  /** The requested version or alias; none means `$LATEST`. */
  readonly qualifier: string | undefined;
  /** As requested. */
  readonly asked: string;
}

const form = /^(?:arn:[^:]*:lambda:([^:]*):)?(?:(\d{12}):)?(?:function:)?([^:]+)(?::([^:]+))?$/;

/** The place with the account in a FunctionName. */
export function ownersPlace(text: string, { account, region }: Place): Place {
  return { region, account: form.exec(text)?.[2] ?? account };
}

/**
 * Parses a FunctionName (name, partial or full ARN, each with or without a qualifier) and a Qualifier.
 * @throws AwsError ResourceNotFoundException for another region's ARN, AccessDeniedException for another account's,
 * InvalidParameterValueException for two qualifiers.
 */
export function parseName(text: string, qualifier: string | undefined, place: Place): Named {
  const [, region = place.region, account = place.account, name = text, inName] = form.exec(text) ?? [];
  if (region !== place.region) {
    throw notFound(`Functions from '${region}' are not reachable in this region ('${place.region}')`);
  }
  if (account !== place.account) throw accessDenied();
  if (inName !== undefined && qualifier !== undefined && inName !== qualifier) {
    throw invalidParameter("The derived qualifier from the function name does not match the specified qualifier.");
  }
  const chosen = inName ?? (qualifier === "" ? undefined : qualifier);
  const arn = formatArn("lambda", region, account, `function:${name}`);
  return { arn, name, qualifier: chosen, asked: chosen === undefined ? arn : `${arn}:${chosen}` };
}

/** Versions are numbers and `$LATEST`; any other qualifier is an alias. */
export function isVersion(qualifier: string): boolean {
  return /^(\$|\d+$)/.test(qualifier);
}
