/** The ERROR_CODE of dead letters. */

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

/** The code AWS's list has for what a target, an endpoint or the network answered. */
export function errorCode(code: string): string {
  if (ownCodes.has(code)) return code;
  return meanings.find(([meaning]) => meaning.test(code))?.[1] ?? "UNKNOWN";
}
