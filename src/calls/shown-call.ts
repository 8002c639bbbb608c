/** What the request list shows of a call's input: the resource, and those parameters that are short and not secret. */
import { isSensitive, membersOf, type OperationModel } from "../../protocols/schema.ts";
import { textOf } from "../../protocols/unknown-json.ts";
import { withoutSecrets } from "../outside/secrets.ts";

export type Input = Readonly<Record<string, unknown>>;

/** Members that say what a call is about, the most telling first. */
const resources = [
  ...["QueueUrl", "QueueName", "SubscriptionArn", "TopicArn", "TargetArn", "PhoneNumber", "StreamARN", "StreamName"],
  ...[
    "executionArn",
    "stateMachineArn",
    "activityArn",
    "mapRunArn",
    "Rule",
    "EventBusName",
    "FunctionName",
    "LayerName",
    "ArchiveName",
    "ReplayName",
    "Name",
    "name",
  ],
  ...["ResourceArn", "ResourceARN", "resourceArn", "apiId", "restApiId", "ApiId", "RoleArn"],
];

const secretNames = /password|secret|token|credential|apikey|authorization|authparameters|^environment$/i;
const maxText = 200;

/** The main resource of a call. */
export function resourceOf(input: Input): string | undefined {
  return resourcesOf(input)[0];
}

/** Everything the call names: queues by name, everything else as given. */
export function resourcesOf(input: Input): string[] {
  const found: string[] = [];
  for (const name of resources) {
    const value = input[name];
    if (typeof value === "string") found.push(name === "QueueUrl" ? value.slice(value.lastIndexOf("/") + 1) : value);
  }
  return found;
}

/** Shortened, with secrets as `****`. */
export function parametersOf({ input: shape, service }: OperationModel, input: Input): Record<string, string> {
  const shown: Record<string, string> = {};
  for (const member of membersOf(shape, service.constraints)) {
    const value = input[member.name];
    if (value === undefined || value === null) continue;
    const isSecret = isSensitive(member.shape) || secretNames.test(member.name);
    shown[member.name] = isSecret ? "****" : shortened(value);
  }
  return shown;
}

function shortened(value: unknown): string {
  const text = withoutSecrets(typeof value === "object" ? (JSON.stringify(value, masked) ?? "") : textOf(value));
  return text.length > maxText ? `${text.slice(0, maxText)}…` : text;
}

/** A replacer for `JSON.stringify`: members inside a parameter are secret if their names say so. */
function masked(name: string, value: unknown): unknown {
  return secretNames.test(name) ? "****" : value;
}
