/** The ways to name a function: ARN, partial ARN or name, each with an optional version or alias. */

/** Without version or alias. */
export function unqualified(nameOrArn: string): string {
  if (!nameOrArn.startsWith("arn:")) return nameOrArn;
  let end = -1;
  for (let part = 0; part < 7; part++) {
    end = nameOrArn.indexOf(":", end + 1);
    if (end < 0) return nameOrArn;
  }
  return nameOrArn.slice(0, end);
}

const marker = "function:";

/** The name in `arn:…:function:f:live`, `111122223333:function:f`, `f:live` or `f`. */
export function nameOf(arn: string): string {
  const marked = arn.indexOf(marker);
  // A bare name may end like it: `myfunction:live`.
  const begin = marked === 0 || arn[marked - 1] === ":" ? marked + marker.length : 0;
  const end = arn.indexOf(":", begin);
  return end < 0 ? arn.slice(begin) : arn.slice(begin, end);
}

/** The version or alias an ARN or name ends in. */
export function qualifierOf(arn: string): string | undefined {
  return /(?:^|:)function:[^:]+:([^:]+)$/.exec(arn)?.[1] ?? /^[^:]+:([^:]+)$/.exec(arn)?.[1];
}

/** The version that an ARN names; an alias or no qualifier counts as `$LATEST`. */
export function functionVersion(arn: string): string {
  const isNumber = /:\d+$/.test(arn);
  return (isNumber ? qualifierOf(arn) : undefined) ?? "$LATEST";
}
