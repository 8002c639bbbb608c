/** The errors of Lambda with AWS's messages. */
import {
  InvalidParameterValueException$,
  PreconditionFailedException$,
  ResourceConflictException$,
  ResourceNotFoundException$,
  TooManyRequestsException$,
} from "@aws-sdk/client-lambda";
import { AwsError } from "../../../protocols/error.ts";

const user = { Type: "User" };

export function invalidParameter(message: string): AwsError {
  return AwsError.of(InvalidParameterValueException$, message, user);
}

/** {@link invalidParameter} from a check that does not say who is at fault. */
export function invalidParameterUntyped(message: string): AwsError {
  return AwsError.of(InvalidParameterValueException$, message);
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

/** @param operation that returns the resource's latest revision: `GetFunction/GetAlias`, `GetPolicy`. */
export function staleRevision(operation: string): AwsError {
  const message = `The Revision Id provided does not match the latest Revision Id. Call the ${operation} API to retrieve the latest Revision Id`;
  return AwsError.of(PreconditionFailedException$, message, user);
}

export function tooManyRequests(reason: string): AwsError {
  return AwsError.of(TooManyRequestsException$, "Rate Exceeded.", { ...user, Reason: reason });
}

export function tooLarge(maxBytes: number, operation: string): AwsError {
  return payloadTooLarge(tooLargeMessage(maxBytes, operation));
}

export function tooLargeMessage(maxBytes: number, operation: string): string {
  return `Request must be smaller than ${maxBytes} bytes for the ${operation} operation`;
}

/** With the name that AWS uses on the wire, which is not the model's. */
export function payloadTooLarge(message: string): AwsError {
  return AwsError.unmodeled({ name: "RequestEntityTooLargeException", status: 413, message });
}

export function validation(message: string): AwsError {
  return AwsError.unmodeled({ name: "ValidationException", message });
}

/** The answer about another account's function, whether it exists or not. */
export function accessDenied(): AwsError {
  return AwsError.unmodeled({ name: "AccessDeniedException", status: 403 });
}
