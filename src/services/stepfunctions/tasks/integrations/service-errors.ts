/** Errors of services as Step Functions names them: by the SDK for Java v1 in optimized integrations, else by its v2. */
import { clientName, exceptionName, type Optimized, optimizedIntegration } from "./service-names.ts";
import { TaskError } from "./task-error.ts";

/** An error a service answered. */
export interface ServedError {
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
  /** How often the call was made; once unless told. */
  readonly attempts?: number | undefined;
}

/**
 * The error and cause of a task whose service answered with an error.
 * @param type the resource's: `sqs` or `aws-sdk:sqs`.
 * @param client of the SDK for Java v2, when it is known better than by the service's name.
 */
export function servedTaskError(type: string, served: ServedError, client = clientOf(type)): TaskError {
  const { name, modelled, code, message, status, requestId, extendedRequestId, attempts = 1 } = served;
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

/** The failure of a task whose service does not answer; parameters as for {@link servedTaskError}. */
export function unreachable(type: string, problem: string, client = clientOf(type)): TaskError {
  const prefix = client ?? (optimizedIntegration(type) as Optimized).errorPrefix;
  return new TaskError(`${prefix}.SdkClientException`, `Unable to execute HTTP request: ${problem}`);
}

function clientOf(type: string): string | undefined {
  return type.startsWith("aws-sdk:") ? clientName(type.slice("aws-sdk:".length)) : undefined;
}
