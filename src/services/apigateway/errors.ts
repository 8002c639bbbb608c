/** The errors of API Gateway's control plane, in AWS's words. */
import {
  BadRequestException$,
  ConflictException$,
  LimitExceededException$,
  NotFoundException$,
} from "@aws-sdk/client-api-gateway";
import { AwsError } from "../../../protocols/error.ts";

export function badRequest(message: string): AwsError {
  return AwsError.of(BadRequestException$, message);
}

export function notFound(message: string): AwsError {
  return AwsError.of(NotFoundException$, message);
}

export function conflict(message: string): AwsError {
  return AwsError.of(ConflictException$, message);
}

/** @param things what there are too many of, and where: `resources for this API`. */
export function limitExceeded(things: string): AwsError {
  const kind = things.split(" ", 1)[0];
  return AwsError.of(
    LimitExceededException$,
    `Maximum number of ${things} has been reached. Please contact AWS if you need additional ${kind}.`,
  );
}

export function invalidApi(account: string, apiId: string): AwsError {
  return notFound(`Invalid API identifier specified ${account}:${apiId}`);
}

/** AWS's error for parameters it cannot map. */
export function invalidMapping(error: string): AwsError {
  return badRequest(
    `Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression ${error}]`,
  );
}
