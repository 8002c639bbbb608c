/** The errors of Scheduler. */
import {
  ConflictException$,
  ResourceNotFoundException$,
  ServiceQuotaExceededException$,
  ValidationException$,
} from "@aws-sdk/client-scheduler";
import { AwsError } from "../../../protocols/error.ts";

export function validation(message: string): AwsError {
  return AwsError.of(ValidationException$, message);
}

export function conflict(message: string): AwsError {
  return AwsError.of(ConflictException$, message);
}

export function scheduleDoesNotExist(name: string): AwsError {
  return AwsError.of(ResourceNotFoundException$, `Schedule ${name} does not exist.`);
}

export function groupDoesNotExist(name: string): AwsError {
  return AwsError.of(ResourceNotFoundException$, `Schedule group ${name} does not exist.`);
}

export function quotaExceeded(message: string): AwsError {
  return AwsError.of(ServiceQuotaExceededException$, message);
}
