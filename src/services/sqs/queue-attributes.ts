/** Queue attributes: ranges, defaults, checks, and the form in which they are shown (SQS API: SetQueueAttributes). */

import type { AwsError } from "../../../protocols/error.ts";
import { jsonObject } from "../../../protocols/unknown-json.ts";
import type { PolicyDocument } from "../../access/policy-document.ts";
import { storedPolicy } from "../../access/stored-policy.ts";
import { invalidAttributeName, invalidAttributeValue, invalidValue, unknownAttribute } from "./errors.ts";
import { checkedPolicy } from "./policy.ts";
import type { NumberAttributes, QueueRow, RedrivePolicy } from "./tables.ts";

interface Range {
  readonly min: number;
  readonly max: number;
  readonly initial: number;
}

const numberRanges: Readonly<Record<keyof NumberAttributes, Range>> = {
  DelaySeconds: { min: 0, max: 900, initial: 0 },
  MaximumMessageSize: { min: 1024, max: 1_048_576, initial: 1_048_576 },
  MessageRetentionPeriod: { min: 60, max: 1_209_600, initial: 345_600 },
  ReceiveMessageWaitTimeSeconds: { min: 0, max: 20, initial: 0 },
  VisibilityTimeout: { min: 0, max: 43_200, initial: 30 },
};

const kmsReuseRange: Range = { min: 60, max: 86_400, initial: 300 };
const readOnly = new Set([
  "QueueArn",
  "CreatedTimestamp",
  "LastModifiedTimestamp",
  "ApproximateNumberOfMessages",
  "ApproximateNumberOfMessagesNotVisible",
  "ApproximateNumberOfMessagesDelayed",
]);
/** Text attributes in the order in which they are shown. */
const textNames = [
  "Policy",
  "RedriveAllowPolicy",
  "FifoQueue",
  "ContentBasedDeduplication",
  "DeduplicationScope",
  "FifoThroughputLimit",
  "KmsMasterKeyId",
  "KmsDataKeyReusePeriodSeconds",
  "SqsManagedSseEnabled",
];
const knownNames = new Set([...Object.keys(numberRanges), ...readOnly, ...textNames, "RedrivePolicy"]);

/** The part of a queue that SetQueueAttributes changes. */
export type Settings = Pick<QueueRow, "numbers" | "texts" | "redrive">;

export function initialSettings(fifo: boolean): Settings {
  const numbers = Object.fromEntries(Object.entries(numberRanges).map(([name, range]) => [name, range.initial]));
  const texts: Record<string, string> = { SqsManagedSseEnabled: "true" };
  if (fifo) {
    texts["FifoQueue"] = "true";
    texts["ContentBasedDeduplication"] = "false";
    texts["DeduplicationScope"] = "queue";
    texts["FifoThroughputLimit"] = "perQueue";
  }
  return { numbers: numbers as unknown as NumberAttributes, texts, redrive: undefined };
}

/** What checks of RedrivePolicy need to know about other queues. */
export interface QueueLookup {
  /** ARN of the queue whose attributes change. */
  readonly arn: string;
  find(arn: string): QueueRow | undefined;
}

/**
 * Applies attributes to settings, all or nothing.
 * @throws AwsError InvalidAttributeName, InvalidAttributeValue, InvalidParameterValue (RedrivePolicy) with AWS's
 * messages.
 */
export function applyAttributes(
  settings: Settings,
  changes: Readonly<Record<string, string | undefined>>,
  fifo: boolean,
  lookup: QueueLookup,
): Settings {
  const numbers: Record<string, number> = { ...settings.numbers };
  const texts: Record<string, string> = { ...settings.texts };
  let redrive = settings.redrive;
  const names = Object.keys(changes);
  for (const name of names) checkName(name, fifo);
  for (const name of names) {
    const value = changes[name] ?? "";
    if (Object.hasOwn(numberRanges, name)) {
      numbers[name] = wholeNumber(name, value, numberRanges[name as keyof NumberAttributes]);
    } else if (name === "RedrivePolicy") {
      redrive = value === "" ? undefined : redrivePolicy(value, lookup);
    } else {
      applyText(texts, name, value, lookup.arn);
    }
  }
  if (texts["FifoThroughputLimit"] === "perMessageGroupId" && texts["DeduplicationScope"] !== "messageGroup") {
    throw invalidAttributeValue(
      "The perMessageGroupId value is allowed only when the value for DeduplicationScope is messageGroup.",
    );
  }
  // The two kinds of encryption exclude each other; if both are requested, the key wins.
  if (changes["KmsMasterKeyId"]) texts["SqsManagedSseEnabled"] = "false";
  else if (changes["SqsManagedSseEnabled"] && texts["SqsManagedSseEnabled"] === "true") delete texts["KmsMasterKeyId"];
  if (texts["KmsMasterKeyId"] === undefined) delete texts["KmsDataKeyReusePeriodSeconds"];
  else texts["KmsDataKeyReusePeriodSeconds"] ??= String(kmsReuseRange.initial);
  return { numbers: numbers as unknown as NumberAttributes, texts, redrive };
}

function checkName(name: string, fifo: boolean): void {
  if (!knownNames.has(name) || readOnly.has(name)) throw unknownAttribute(name);
  if (fifo) return;
  if (name === "FifoQueue" || name === "ContentBasedDeduplication") throw unknownAttribute(name);
  if (name === "DeduplicationScope" || name === "FifoThroughputLimit") {
    throw invalidAttributeName(`You can specify the ${name} only when FifoQueue is set to true.`);
  }
}

function applyText(texts: Record<string, string>, name: string, value: string, queueArn: string): void {
  switch (name) {
    case "Policy":
    case "RedriveAllowPolicy":
    case "KmsMasterKeyId":
      if (value === "") {
        delete texts[name];
        return;
      }
      if (name === "RedriveAllowPolicy" && !redriveAllowPolicy(value)) throw badValue(name);
      texts[name] = name === "Policy" ? shownPolicy(checkedPolicy(value, queueArn), queueArn) : value;
      return;
    case "FifoQueue":
      if (flag(name, value) !== "true")
        throw invalidAttributeValue(
          "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.",
        );
      return;
    case "ContentBasedDeduplication":
    case "SqsManagedSseEnabled":
      texts[name] = flag(name, value);
      return;
    case "DeduplicationScope":
      texts[name] = oneOf(name, value, ["queue", "messageGroup"]);
      return;
    case "FifoThroughputLimit":
      texts[name] = oneOf(name, value, ["perQueue", "perMessageGroupId"]);
      return;
    default:
      texts[name] = String(wholeNumber(name, value, kmsReuseRange));
  }
}

/** A policy without a version has the older version. */
function shownPolicy({ members, statements }: PolicyDocument, queueArn: string): string {
  const [, partition] = queueArn.split(":", 2);
  return storedPolicy({ members: { Version: "2008-10-17", ...members }, statements }, partition as string);
}

function badValue(name: string): AwsError {
  return invalidAttributeValue(`Invalid value for the parameter ${name}.`);
}

function wholeNumber(name: string, value: string, { min, max }: Range): number {
  const number = /^\d{1,10}$/.test(value) ? Number(value) : Number.NaN;
  if (!(number >= min && number <= max)) throw badValue(name);
  return number;
}

function flag(name: string, value: string): string {
  return oneOf(name, value.toLowerCase(), ["true", "false"]);
}

function oneOf(name: string, value: string, allowed: readonly string[]): string {
  if (!allowed.includes(value)) throw badValue(name);
  return value;
}

function redrivePolicy(text: string, { arn, find }: QueueLookup): RedrivePolicy {
  const refuse = (reason: string) => invalidValue(text, "RedrivePolicy", reason);
  const policy = jsonObject(text);
  if (!policy) throw refuse("Redrive policy is not a valid JSON map.");
  const { maxReceiveCount, deadLetterTargetArn } = policy;
  if (maxReceiveCount === undefined) {
    throw refuse("Redrive policy does not contain mandatory attribute: maxReceiveCount.");
  }
  if (deadLetterTargetArn === undefined) {
    throw refuse("Redrive policy does not contain mandatory attribute: deadLetterTargetArn.");
  }
  // Converting anything else to a number or text could call a function supplied by the user, or fail for lack of one.
  const isScalar = typeof maxReceiveCount === "number" || typeof maxReceiveCount === "string";
  const count = isScalar ? Number(maxReceiveCount) : Number.NaN;
  if (!Number.isInteger(count) || count < 1 || count > 1000) {
    throw refuse(
      `Invalid value for maxReceiveCount: ${isScalar ? maxReceiveCount : JSON.stringify(maxReceiveCount)}, valid values are from 1 to 1000 both inclusive.`,
    );
  }
  const target = typeof deadLetterTargetArn === "string" ? find(deadLetterTargetArn) : undefined;
  if (!target) throw refuse("Dead letter target does not exist.");
  const source = arn.split(":");
  if (target.account !== source[4] || target.region !== source[3]) {
    throw refuse("Dead-letter target owner should be same as the source.");
  }
  if (target.name.endsWith(".fifo") !== arn.endsWith(".fifo")) {
    throw refuse("Dead-letter queue must be same type of queue as the source.");
  }
  if (!allowsRedriveFrom(target, arn)) {
    throw refuse(`Queue ${target.arn} does not allow ${arn} to use it as a dead-letter queue.`);
  }
  return { deadLetterTargetArn: target.arn, maxReceiveCount: count };
}

interface RedriveAllowPolicy {
  readonly redrivePermission: "allowAll" | "denyAll" | "byQueue";
  readonly sourceQueueArns?: readonly string[];
}

/** Whether a dead-letter queue accepts this source (RedriveAllowPolicy; without one it accepts all). */
function allowsRedriveFrom(target: QueueRow, sourceArn: string): boolean {
  const text = target.texts["RedriveAllowPolicy"];
  const policy = text === undefined ? undefined : redriveAllowPolicy(text);
  if (!policy || policy.redrivePermission === "allowAll") return true;
  return policy.redrivePermission === "byQueue" && policy.sourceQueueArns?.includes(sourceArn) === true;
}

function redriveAllowPolicy(text: string): RedriveAllowPolicy | undefined {
  const policy = jsonObject(text);
  if (!policy) return undefined;
  const { redrivePermission, sourceQueueArns } = policy;
  if (redrivePermission === "allowAll" || redrivePermission === "denyAll") {
    return sourceQueueArns === undefined ? { redrivePermission } : undefined;
  }
  if (redrivePermission !== "byQueue" || !Array.isArray(sourceQueueArns)) return undefined;
  const arns: unknown[] = sourceQueueArns;
  if (arns.length === 0 || arns.length > 10 || !arns.every((arn) => typeof arn === "string")) return undefined;
  return { redrivePermission, sourceQueueArns: arns as string[] };
}

/** The settable attributes that a queue shows; values are text, unset ones are absent. */
export function shownSettings({ numbers, texts, redrive }: Settings): Record<string, string> {
  const shown: Record<string, string> = {};
  for (const [name, value] of Object.entries<number>({ ...numbers })) shown[name] = String(value);
  if (redrive) shown["RedrivePolicy"] = JSON.stringify(redrive);
  for (const name of textNames) {
    const value = texts[name];
    if (value !== undefined) shown[name] = value;
  }
  return shown;
}

/** @throws AwsError InvalidAttributeName for a name that GetQueueAttributes does not know. */
export function checkAttributeNames(names: readonly string[]): void {
  for (const name of names) if (name !== "All" && !knownNames.has(name)) throw unknownAttribute(name);
}
