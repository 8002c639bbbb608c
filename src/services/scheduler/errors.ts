/** The errors of Scheduler. */
import {
  ConflictException$,
  ResourceNotFoundException$,
  ServiceQuotaExceededException$,
  ValidationException$,
} from "@aws-sdk/client-scheduler";
import { AwsError, type ErrorSchema } from "../../../protocols/error.ts";

export function validation(message: string): AwsError {
  return AwsError.of(ValidationException$ as unknown as ErrorSchema, message);
}

export function conflict(message: string): AwsError {
  return AwsError.of(ConflictException$ as unknown as ErrorSchema, message);
}

export function scheduleDoesNotExist(name: string): AwsError {
  return AwsError.of(ResourceNotFoundException$ as unknown as ErrorSchema, `Schedule ${name} does not exist.`);
}

export function groupDoesNotExist(name: string): AwsError {
  return AwsError.of(ResourceNotFoundException$ as unknown as ErrorSchema, `Schedule group ${name} does not exist.`);
}

export function quotaExceeded(message: string): AwsError {
  return AwsError.of(ServiceQuotaExceededException$ as unknown as ErrorSchema, message);
}
