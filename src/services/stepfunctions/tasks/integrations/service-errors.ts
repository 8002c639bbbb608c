/**
 * Errors of services with Step Functions' names: those of the SDK for Java v1 in optimized integrations, otherwise of
 * v2.
 */
import { clientName, exceptionName, type Optimized, optimizedIntegration } from "./service-names.ts";
import { TaskError } from "./task-error.ts";

/** An error in a service's response. */
export interface ServiceError {
  /** Shape name of the error. */
  readonly name: string;
  /** Whether the service's model has it. */
  readonly modelled: boolean;
  readonly code: string;
  readonly message: string;
  /** HTTP status. */
  readonly status: number;
  readonly requestId: string;
  /** S3's second id. */
  readonly extendedRequestId?: string | undefined;
  /** How many times the call was made. Default: 1. */
  readonly attempts?: number | undefined;
}

/**
 * The failure of a task whose service has returned an error.
 * @param type the resource's type: `sqs` or `aws-sdk:sqs`.
 * @param client the client in the SDK for Java v2, if it cannot be derived from the service's name.
 */
export function serviceTaskError(type: string, serviceError: ServiceError, client = clientOf(type)): TaskError {
  const { name, modelled, code, message, status, requestId, extendedRequestId, attempts = 1 } = serviceError;
  const exception = modelled ? exceptionName(name) : undefined;
  if (client === undefined) {
    const { errorPrefix, unmodelled, serviceText } = optimizedIntegration(type) as Optimized;
    const ids = `Status Code: ${status}; Error Code: ${code}; Request ID: ${requestId}; Proxy: null`;
    return new TaskError(`${errorPrefix}.${exception ?? unmodelled}`, `${message} (Service: ${serviceText}; ${ids})`);
  }
  const extended = extendedRequestId === undefined ? "" : `, Extended Request ID: ${extendedRequestId}`;
  const ids = `Status Code: ${status}, Request ID: ${requestId}${extended}`;
  const cause = `${message} (Service: ${client}, ${ids}) (SDK Attempt Count: ${attempts})`;
  return new TaskError(`${client}.${exception ?? `${client}Exception`}`, cause);
}

/** The failure of a task whose service does not respond; for the parameters see {@link serviceTaskError}. */
export function unreachable(type: string, problem: string, client = clientOf(type)): TaskError {
  const prefix = client ?? (optimizedIntegration(type) as Optimized).errorPrefix;
  return new TaskError(`${prefix}.SdkClientException`, `Unable to execute HTTP request: ${problem}`);
}

function clientOf(type: string): string | undefined {
  return type.startsWith("aws-sdk:") ? clientName(type.slice("aws-sdk:".length)) : undefined;
}
