/**
 * GetDataProtectionPolicy and PutDataProtectionPolicy. Policies are checked and stored; they do not change messages.
 */

import {
  GetDataProtectionPolicy$,
  type GetDataProtectionPolicyCommand,
  PutDataProtectionPolicy$,
  type PutDataProtectionPolicyCommand,
} from "@aws-sdk/client-sns";
import { jsonObject } from "../../../protocols/unknown-json.ts";
import { checkMay } from "./access.ts";
import { invalidParameter } from "./errors.ts";
import { operation } from "./sns.ts";

const maxPolicyChars = 30_720;

export const getDataProtectionPolicy = operation<GetDataProtectionPolicyCommand>(
  GetDataProtectionPolicy$,
  (input, context) => {
    const topic = context.service.topicOf(input.ResourceArn, context, "ResourceArn");
    return { DataProtectionPolicy: topic.dataProtectionPolicy ?? "" };
  },
);

export const putDataProtectionPolicy = operation<PutDataProtectionPolicyCommand>(
  PutDataProtectionPolicy$,
  (input, context) => {
    const { service } = context;
    const topic = service.topicOf(input.ResourceArn, context, "ResourceArn");
    checkMay(topic, context, "PutDataProtectionPolicy");
    const text = input.DataProtectionPolicy ?? "";
    const policy = text === "" || text === "{}" ? undefined : checkDataProtectionPolicy(text, topic.fifo);
    service.topics.put({ ...topic, dataProtectionPolicy: policy });
  },
);

/** @throws AwsError InvalidParameter */
export function checkDataProtectionPolicy(text: string, fifo: boolean): string {
  if (fifo)
    throw invalidParameter("DataProtectionPolicy", "Data protection policies are not supported for FIFO topics");
  if (text.length > maxPolicyChars) throw invalidParameter("DataProtectionPolicy", "The policy is too long");
  const policy = jsonObject(text);
  const statements = policy?.["Statement"];
  if (typeof policy?.["Name"] !== "string" || !Array.isArray(statements) || statements.length === 0) {
    throw invalidParameter("DataProtectionPolicy", "The policy needs a Name and at least one Statement");
  }
  return text;
}
