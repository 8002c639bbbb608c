/** The ways to name a function: ARN, partial ARN or name, each with a version or alias behind it. */

/** Without version or alias. */
export function unqualified(nameOrArn: string): string {
  return nameOrArn.startsWith("arn:") ? nameOrArn.split(":").slice(0, 7).join(":") : nameOrArn;
}

/** Of `arn:…:function:f:live`, `111122223333:function:f`, `f:live` or `f`. */
export function nameOf(arn: string): string {
  return /(?:^|:)function:([^:]+)/.exec(arn)?.[1] ?? (arn.split(":", 1)[0] as string);
}

/** The version or alias an ARN or name ends in. */
export function qualifierOf(arn: string): string | undefined {
  return /(?:^|:)function:[^:]+:([^:]+)$/.exec(arn)?.[1] ?? /^[^:]+:([^:]+)$/.exec(arn)?.[1];
}

/** The version that runs under an ARN, as far as the ARN tells: an alias stands for the latest one. */
export function functionVersion(arn: string): string {
  const qualifier = qualifierOf(arn);
  return qualifier !== undefined && /^\d+$/.test(qualifier) ? qualifier : "$LATEST";
}
