/** Logging, encryption, tags and definitions as given and as stored. */
import type {
  EncryptionConfiguration as GivenEncryption,
  LoggingConfiguration as GivenLogging,
  Tag,
} from "@aws-sdk/client-sfn";
import { parseDefinition } from "../asl/validation/definition.ts";
import { invalidDefinitionMessage } from "../asl/validation/diagnostics.ts";
import { invalidDefinition, invalidEncryption, invalidLogging, systemTag, tooManyTags, validation } from "../errors.ts";
import type { StepFunctions } from "../stepfunctions.ts";
import type { EncryptionConfiguration, LoggingConfiguration, MachineType, Tags } from "../tables.ts";
import { unsupportedCalls } from "../tasks/unsupported-calls.ts";

const maxTags = 50;

/** @throws AwsError InvalidDefinition */
export function checkDefinition(service: StepFunctions, text: string, type: MachineType): void {
  const { diagnostics, machine } = parseDefinition(text, type);
  const found = machine === undefined ? diagnostics : unsupportedCalls(service.performer, machine);
  if (machine === undefined || found.length > 0) throw invalidDefinition(invalidDefinitionMessage(found));
}

/** @throws AwsError InvalidLoggingConfiguration */
export function loggingOf(given: GivenLogging | undefined): LoggingConfiguration {
  const level = given?.level ?? "OFF";
  const destinations = given?.destinations ?? [];
  if ((level !== "OFF" && destinations.length === 0) || destinations.length > 1) {
    throw invalidLogging("Must specify exactly one Log Destination.");
  }
  const logGroupArn = destinations[0]?.cloudWatchLogsLogGroup?.logGroupArn;
  if (destinations.length === 1) {
    if (logGroupArn === undefined || !/^arn:[^:]+:logs:[^:]+:\d{12}:log-group:.+:\*$/.test(logGroupArn)) {
      throw invalidLogging("Log Destination not found.");
    }
  }
  return { level, includeExecutionData: given?.includeExecutionData ?? false, logGroupArn };
}

/** A logging configuration in the form of the API. */
export function shownLogging({ level, includeExecutionData, logGroupArn }: LoggingConfiguration): GivenLogging {
  return {
    level,
    includeExecutionData,
    ...(logGroupArn === undefined ? {} : { destinations: [{ cloudWatchLogsLogGroup: { logGroupArn } }] }),
  };
}

/** @throws AwsError InvalidEncryptionConfiguration */
export function encryptionOf(given: GivenEncryption | undefined): EncryptionConfiguration {
  const type = given?.type ?? "AWS_OWNED_KEY";
  const { kmsKeyId, kmsDataKeyReusePeriodSeconds } = given ?? {};
  if (type === "AWS_OWNED_KEY") {
    if (kmsKeyId !== undefined || kmsDataKeyReusePeriodSeconds !== undefined) {
      throw invalidEncryption("kmsKeyId and kmsDataKeyReusePeriodSeconds must be empty for AWS_OWNED_KEY");
    }
    return { type };
  }
  if (kmsKeyId === undefined) throw invalidEncryption("kmsKeyId is required for CUSTOMER_MANAGED_KMS_KEY");
  return { type, kmsKeyId, kmsDataKeyReusePeriodSeconds: kmsDataKeyReusePeriodSeconds ?? 300 };
}

/** A resource's tags together with new ones, in the order they were first added. @throws AwsError TooManyTags */
export function withTags(before: Tags, added: readonly Tag[] | undefined, arn: string): Tags {
  const tags = new Map(before.map(({ key, value }) => [key, value]));
  for (const { key = "", value = "" } of added ?? []) {
    if (!/^[\p{L}\p{N}\s_.:/=+\-@]*$/u.test(key) || !/^[\p{L}\p{N}\s_.:/=+\-@]*$/u.test(value)) {
      throw validation(`Tag keys and values can contain letters, digits, white space and _ . : / = + - @: '${key}'`);
    }
    if (/^aws:/i.test(key)) throw systemTag();
    tags.set(key, value);
  }
  if (tags.size > maxTags) throw tooManyTags(arn);
  return [...tags].map(([key, value]) => ({ key, value }));
}
