/** The ERROR_CODE and ERROR_MESSAGE of dead letters. */
import type { Kind } from "../../delivery/kinds.ts";
import type { DeliveryEnd } from "../../delivery/types.ts";

const ownCodes = new Set([
  "CONNECTION_FAILURE",
  "CROSS_ACCOUNT_INGESTION_FAILED",
  "CROSS_REGION_INGESTION_FAILED",
  "ERROR_FROM_TARGET",
  "EVENTS_IN_BATCH_REQUEST_REJECTED",
  "FAILED_TO_ASSUME_ROLE",
  "INTERNAL_ERROR",
  "INVALID_JSON",
  "INVALID_PARAMETER",
  "NO_PERMISSIONS",
  "NO_RESOURCE",
  "RESOURCE_ALREADY_EXISTS",
  "RESOURCE_LIMIT_EXCEEDED",
  "RESOURCE_MODIFICATION_COLLISION",
  "SDK_CLIENT_ERROR",
  "THIRD_ACCOUNT_HOP_DETECTED",
  "THIRD_REGION_HOP_DETECTED",
  "THROTTLING",
  "TIMEOUT",
  "TRANSIENT_ASSUME_ROLE",
  "UNKNOWN",
]);

const meanings: readonly (readonly [RegExp, string])[] = [
  [/NonExistent|DoesNotExist|NotFound|UnsupportedTarget|NotImplemented/, "NO_RESOURCE"],
  [/AccessDenied|Unauthorized|NotAuthorized|AuthorizationError/, "NO_PERMISSIONS"],
  [/Throttl|TooManyRequests|ThroughputExceeded|^429$/, "THROTTLING"],
  [/LimitExceeded|OutboxFull/, "RESOURCE_LIMIT_EXCEEDED"],
  [/AlreadyExists/, "RESOURCE_ALREADY_EXISTS"],
  [/^(E[A-Z]+|ERR_.*)$/, "CONNECTION_FAILURE"],
  [/^\d{3}$/, "ERROR_FROM_TARGET"],
  [/InternalFailure|InternalServerError/, "INTERNAL_ERROR"],
  [/Invalid|Missing|Validation/, "INVALID_PARAMETER"],
];

/** AWS's code for the failure of a target, an endpoint or the network. */
export function errorCode(code: string): string {
  if (ownCodes.has(code)) return code;
  return meanings.find(([meaning]) => meaning.test(code))?.[1] ?? "UNKNOWN";
}

/** The names of the AWS clients that call targets, as their errors contain them. */
const clients: Partial<Record<Kind, string>> = {
  sqs: "AmazonSQS",
  sns: "AmazonSNS",
  kinesis: "AmazonKinesis",
  states: "AWSStepFunctions",
};

/** Statuses other than 400 of errors of these services. */
const statuses: Readonly<Record<string, number>> = { NotFound: 404, NotFoundException: 404, AuthorizationError: 403 };

/** The message of a failure: for services the message of AWS's Java client, which ends with the request. */
export function failureMessage(kind: Kind, failure: DeliveryEnd["failure"], newId: () => string): string {
  const { code = "", message = "" } = failure ?? {};
  const client = clients[kind];
  if (client === undefined || ownCodes.has(code) || !/^[A-Z]/.test(code)) return message || "Unknown";
  const said =
    code === "AWS.SimpleQueueService.NonExistentQueue"
      ? "The specified queue does not exist or you do not have access to it."
      : message;
  const status = Object.hasOwn(statuses, code) ? statuses[code] : 400;
  return `${said} (Service: ${client}; Status Code: ${status}; Error Code: ${code}; Request ID: ${newId()}; Proxy: null)`;
}
