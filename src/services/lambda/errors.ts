/** The errors of Lambda, in AWS's words. */
import {
  InvalidParameterValueException$,
  PreconditionFailedException$,
  RequestTooLargeException$,
  ResourceConflictException$,
  ResourceNotFoundException$,
  TooManyRequestsException$,
} from "@aws-sdk/client-lambda";
import { AwsError } from "../../../protocols/error.ts";

const user = { Type: "User" };

export function invalidParameter(message: string): AwsError {
  return AwsError.of(InvalidParameterValueException$, message, user);
}

export function notFound(message = "The resource you requested does not exist."): AwsError {
  return AwsError.of(ResourceNotFoundException$, message, user);
}

export function functionNotFound(arn: string): AwsError {
  return notFound(`Function not found: ${arn}`);
}

export function conflict(message: string): AwsError {
  return AwsError.of(ResourceConflictException$, message, user);
}

/** @param operation by which the resource's latest revision is learnt: `GetFunction/GetAlias`, `GetPolicy`. */
export function staleRevision(operation: string): AwsError {
  const message = `The Revision Id provided does not match the latest Revision Id. Call the ${operation} API to retrieve the latest Revision Id`;
  return AwsError.of(PreconditionFailedException$, message, user);
}

export function tooManyRequests(reason: string): AwsError {
  return AwsError.of(TooManyRequestsException$, "Rate Exceeded.", { ...user, Reason: reason });
}

export function tooLarge(maxBytes: number, operation: string): AwsError {
  const message = `Request must be smaller than ${maxBytes} bytes for the ${operation} operation`;
  return AwsError.of(RequestTooLargeException$, message, user);
}

export function validation(message: string): AwsError {
  return AwsError.unmodeled({ name: "ValidationException", message });
}

/** What another account's function is to a caller, whether it is there or not. */
export function accessDenied(): AwsError {
  return AwsError.unmodeled({ name: "AccessDeniedException", status: 403 });
}
