/** The errors of SNS with AWS's wording. */
import {
  InvalidParameterException$,
  InvalidParameterValueException$,
  InvalidStateException$,
  NotFoundException$,
  ResourceNotFoundException$,
} from "@aws-sdk/client-sns";
import { AwsError } from "../../../protocols/error.ts";

/** InvalidParameter with the whole text given. */
export function invalid(message: string): AwsError {
  return AwsError.of(InvalidParameterException$, message);
}

/** `Invalid parameter: {what}` or `Invalid parameter: {what} Reason: {reason}`. */
export function invalidParameter(what: string, reason?: string): AwsError {
  return invalid(`Invalid parameter: ${what}${reason === undefined ? "" : ` Reason: ${reason}`}`);
}

/** What the model's validation says of a member that is not there, for what is looked at before it. */
export function missingMember(path: string): AwsError {
  const rule = "failed to satisfy constraint: Member must not be null";
  const message = `1 validation error detected: Value null at '${path}' ${rule}`;
  return AwsError.unmodeled({ name: "ValidationError", message });
}

/** A message attribute that is wrong. */
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

/** An attribute that is wrong: `{Attribute}: {what is wrong with it}`. Where it was given decides what stands before. */
export class AttributeFault extends Error {}

/** Runs checks of attributes given to an operation that creates something. */
export function asGivenAttributes<T>(check: () => T): T {
  return withFaults(check, (fault) => invalidParameter("Attributes", fault));
}

/** Runs checks of an attribute that is set by itself. */
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
