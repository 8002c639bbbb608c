/** The errors of SNS with AWS's messages. */
import {
  InvalidParameterException$,
  InvalidParameterValueException$,
  InvalidStateException$,
  NotFoundException$,
  ResourceNotFoundException$,
} from "@aws-sdk/client-sns";
import { AwsError } from "../../../protocols/error.ts";

/** InvalidParameter with the complete message. */
export function invalid(message: string): AwsError {
  return AwsError.of(InvalidParameterException$, message);
}

/** `Invalid parameter: {what}` or `Invalid parameter: {what} Reason: {reason}`. */
export function invalidParameter(what: string, reason?: string): AwsError {
  return invalid(`Invalid parameter: ${what}${reason === undefined ? "" : ` Reason: ${reason}`}`);
}

/** The model's validation error for a missing member, for checks that come before validation. */
export function missingMember(path: string): AwsError {
  const rule = "failed to satisfy constraint: Member must not be null";
  const message = `1 validation error detected: Value null at '${path}' ${rule}`;
  return AwsError.unmodeled({ name: "ValidationError", message });
}

/** An invalid message attribute. */
export function invalidValue(message: string): AwsError {
  return AwsError.of(InvalidParameterValueException$, message);
}

export function notFound(what: string): AwsError {
  return AwsError.of(NotFoundException$, `${what} does not exist`);
}

export function resourceNotFound(message = "Resource does not exist"): AwsError {
  return AwsError.of(ResourceNotFoundException$, message);
}

export function invalidState(message: string): AwsError {
  return AwsError.of(InvalidStateException$, message);
}

/** An invalid attribute: `{Attribute}: {reason}`. The prefix depends on the operation it was given to. */
export class AttributeFault extends Error {}

/** Runs checks of attributes given to an operation that creates something. */
export function asGivenAttributes<T>(check: () => T): T {
  return withFaults(check, (fault) => invalidParameter("Attributes", fault));
}

/** Runs checks of a single attribute that is being set. */
export function asSetAttribute<T>(check: () => T): T {
  return withFaults(check, (fault) => invalidParameter(fault));
}

function withFaults<T>(check: () => T, errorOf: (fault: string) => AwsError): T {
  try {
    return check();
  } catch (error) {
    if (error instanceof AttributeFault) throw errorOf(error.message);
    throw error;
  }
}
