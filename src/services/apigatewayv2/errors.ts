/** The errors of API Gateway v2. */
import { BadRequestException$, ConflictException$, NotFoundException$ } from "@aws-sdk/client-apigatewayv2";
import { AwsError } from "../../../protocols/error.ts";

export function badRequest(message: string): AwsError {
  return AwsError.of(BadRequestException$, message);
}

export function conflict(message: string): AwsError {
  return AwsError.of(ConflictException$, message);
}

/** `Invalid Route identifier specified abc123`: AWS's error for what does not exist. */
export function unknownId(kind: string, id = ""): AwsError {
  return AwsError.of(NotFoundException$, `Invalid ${kind} identifier specified${id === "" ? "" : ` ${id}`}`);
}

export function notFound(message: string): AwsError {
  return AwsError.of(NotFoundException$, message);
}
