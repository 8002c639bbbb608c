/** Resource policies as API Gateway keeps them. */
import { compilePolicy } from "../../access/policy.ts";
import { readPolicyDocument } from "../../access/policy-document.ts";
import { formatArn } from "../../calls/arn.ts";
import type { Place } from "../../calls/place.ts";
import { badRequest } from "./errors.ts";

const maxPolicyBytes = 8192;

/**
 * The policy of an API with its resources written out (`execute-api:/*` is short for the API's own ARN) and lists of
 * one item replaced by the item.
 * @throws AwsError BadRequestException
 */
export function storedPolicy(text: string, api: Place & { readonly id: string }): string {
  if (Buffer.byteLength(text) > maxPolicyBytes) {
    throw badRequest(`Invalid policy document. The policy may have at most ${maxPolicyBytes} bytes.`);
  }
  const document = readPolicyDocument(text);
  if (typeof document === "string" || compilePolicy(document) === undefined) {
    throw badRequest("Invalid policy document. Please check the policy syntax and ensure that Principals are valid.");
  }
  const arn = formatArn("execute-api", api.region, api.account, `${api.id}/`);
  const stored = document.statements.map((statement) =>
    Object.fromEntries(
      Object.entries(statement).map(([name, value]) => [
        name,
        name === "Resource" || name === "NotResource"
          ? mapTexts(value, (resource) => writtenOut(resource, arn))
          : value,
      ]),
    ),
  );
  return JSON.stringify(collapsed({ ...document.members, Statement: stored }));
}

function writtenOut(resource: string, arn: string): string {
  return resource.startsWith("execute-api:/") ? arn + resource.slice("execute-api:/".length) : resource;
}

function mapTexts(value: unknown, change: (text: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, change));
  return typeof value === "string" ? change(value) : value;
}

/** Lists of one item become the item, except for the list of statements. */
function collapsed(value: unknown, name = ""): unknown {
  if (Array.isArray(value)) {
    return value.length === 1 && name !== "Statement" ? collapsed(value[0]) : value.map((item) => collapsed(item));
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, collapsed(item, key)]));
}
