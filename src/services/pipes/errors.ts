/** The errors of Pipes, and the failures of a pipe's run. */
import {
  ConflictException$,
  NotFoundException$,
  ServiceQuotaExceededException$,
  ValidationException$,
} from "@aws-sdk/client-pipes";
import { AwsError } from "../../../protocols/error.ts";

export function validation(message: string): AwsError {
  return AwsError.of(ValidationException$, message);
}

/** Pipes' error for parameter blocks that do not fit: JSON in the message. */
export function invalidField(name: string, message: string): AwsError {
  return validation(JSON.stringify({ ValidationErrorFields: [{ Name: name, Message: message }] }));
}

export function pipeDoesNotExist(name: string): AwsError {
  return AwsError.of(NotFoundException$, `Pipe ${name} does not exist.`);
}

export function conflict(name: string, message: string): AwsError {
  return AwsError.of(ConflictException$, message, {
    resourceId: name,
    resourceType: "Pipe",
  });
}

export function tooManyPipes(name: string, most: number): AwsError {
  const message = `The limit of ${most} pipes for this account and Region is reached.`;
  return AwsError.of(ServiceQuotaExceededException$, message, {
    resourceId: name,
    resourceType: "Pipe",
    serviceCode: "pipes",
    quotaCode: "L-0DD73D8E",
  });
}

/** Why a batch did not get through: the enrichment's or target's answer, with its own code and message. */
export class PipeFailure extends Error {
  override readonly name = "PipeFailure";
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** The failure behind whatever was thrown; undefined for a bug. */
export function failureOf(error: unknown): PipeFailure | undefined {
  if (error instanceof PipeFailure) return error;
  if (error instanceof AwsError) return new PipeFailure(error.queryCode, error.message);
  if (error instanceof Error && error.name === "DeliveryFailure") {
    return new PipeFailure((error as Error & { code: string }).code, error.message);
  }
  return undefined;
}
