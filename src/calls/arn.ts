/** Amazon resource names: `arn:{partition}:{service}:{region}:{account}:{resource}`. */
export interface Arn {
  readonly partition: string;
  readonly service: string;
  readonly region: string;
  readonly account: string;
  /** Everything after the fifth colon, colons and slashes included. */
  readonly resource: string;
}

const partitionPrefixes: readonly (readonly [string, string])[] = [
  ["cn-", "aws-cn"],
  ["us-gov-", "aws-us-gov"],
  ["us-isob-", "aws-iso-b"],
  ["us-isof-", "aws-iso-f"],
  ["us-iso-", "aws-iso"],
  ["eu-isoe-", "aws-iso-e"],
  ["eusc-", "aws-eusc"],
];

/** Nearly all ARNs that are made one after the other are of one region. */
let last = { region: "us-east-1", partition: "aws" };

/** The partition a region belongs to; `aws` for every commercial region. */
export function partitionOf(region: string): string {
  if (region !== last.region) {
    const found = partitionPrefixes.find(([prefix]) => region.startsWith(prefix));
    last = { region, partition: found?.[1] ?? "aws" };
  }
  return last.partition;
}

export function formatArn(service: string, region: string, account: string, resource: string): string {
  return `arn:${partitionOf(region)}:${service}:${region}:${account}:${resource}`;
}

/** The ARN by which policies name a whole account. @param account 12 digits. */
export function rootArn(account: string, partition: string): string {
  return `arn:${partition}:iam::${account}:root`;
}

/** The parts of an ARN, or undefined when the text is not one (fewer than six parts, or not starting with `arn:`). */
export function parseArn(text: string): Arn | undefined {
  const [prefix, partition, service, region, account, ...rest] = text.split(":");
  if (prefix !== "arn" || !partition || !service || region === undefined || account === undefined) return undefined;
  const resource = rest.join(":");
  if (resource === "") return undefined;
  return { partition, service, region, account, resource };
}
