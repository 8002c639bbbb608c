/** The ARNs of Step Functions, parsed and checked as AWS does. */
import { formatArn, parseArn } from "../../calls/arn.ts";
import { invalidArn, invalidName } from "./errors.ts";

/** A state machine ARN, including what may follow the name. */
export interface MachineArn {
  /** Without version, alias, label and test case. */
  readonly arn: string;
  readonly name: string;
  /** Version number or alias name. */
  readonly qualifier: string | undefined;
  readonly label: string | undefined;
  /** Test case of the mock configuration, after `#`. */
  readonly testCase: string | undefined;
}

/** The resource type of an ARN of Step Functions. @throws AwsError InvalidArn */
function partsOf(text: string): { type: string; rest: string; prefix: string } {
  if (!text.startsWith("arn:")) throw invalidArn(`Invalid ARN prefix: ${text}`);
  const arn = parseArn(text);
  if (arn === undefined) throw invalidArn(`Invalid ARN length: ${text}`);
  if (arn.service !== "states") throw invalidArn(`Service not valid in this context: ${arn.service}`);
  const colon = arn.resource.indexOf(":");
  if (colon < 1 || colon === arn.resource.length - 1) throw invalidArn(`Invalid ARN length: ${text}`);
  const prefix = text.slice(0, text.length - arn.resource.length);
  return { type: arn.resource.slice(0, colon), rest: arn.resource.slice(colon + 1), prefix };
}

function expectType(text: string, type: string) {
  const parts = partsOf(text);
  if (parts.type !== type) throw invalidArn(`Resource type not valid in this context: ${parts.type}`);
  return parts;
}

/** @throws AwsError InvalidArn */
export function machineArnOf(text: string): MachineArn {
  const [plain = "", testCase] = text.split("#", 2) as [string, string | undefined];
  const { rest, prefix } = expectType(plain, "stateMachine");
  const colon = rest.indexOf(":");
  const path = colon < 0 ? rest : rest.slice(0, colon);
  const slash = path.indexOf("/");
  const name = slash < 0 ? path : path.slice(0, slash);
  return {
    arn: `${prefix}stateMachine:${name}`,
    name,
    qualifier: colon < 0 ? undefined : rest.slice(colon + 1),
    label: slash < 0 ? undefined : path.slice(slash + 1),
    testCase,
  };
}

/** Checks the ARN of a standard execution. @throws AwsError InvalidArn */
export function checkExecutionArn(text: string): string {
  expectType(text, "execution");
  return text;
}

/** @throws AwsError InvalidArn */
export function checkActivityArn(text: string): string {
  expectType(text, "activity");
  return text;
}

/** @throws AwsError InvalidArn */
export function checkMapRunArn(text: string): string {
  expectType(text, "mapRun");
  return text;
}

/** The ARN of another resource of the machine: `…:execution:{machine}:{name}`. */
export function siblingArn(machineArn: string, type: string, name: string): string {
  return `${machineArn.replace(":stateMachine:", `:${type}:`)}:${name}`;
}

/** The ARN of a new resource in the caller's account and region. */
export function newArn(context: { region: string; account: string }, type: string, name: string): string {
  return formatArn("states", context.region, context.account, `${type}:${name}`);
}

const forbiddenInNames = /[\s<>{}[\]?*"#%\\^|~`$&,;:/\u0000-\u001f\u007f-\u009f\ufffe\uffff\ud800-\udfff]/;

/** Checks names of state machines, executions and activities. @throws AwsError InvalidName */
export function checkName(name: string): void {
  if (forbiddenInNames.test(name)) throw invalidName(name);
}

const roleArn = /^arn:[\w-]+:iam::\d{12}:role\/.+$/;

/** Whether the text is the ARN of an IAM role. */
export function isRoleArn(text: string): boolean {
  return roleArn.test(text);
}
