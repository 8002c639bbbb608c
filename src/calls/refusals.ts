/** Errors that are the same for every service and operation. */
import { AwsError } from "../../protocols/error.ts";
import type { Claim, ProtocolName } from "../../protocols/protocol.ts";
import type { BodyTooLarge } from "./door.ts";

/** AWS's answer to a body larger than any request of the service may have. @param claimed for a service with words of its own. */
export function bodyTooLarge({ message, statusCode }: BodyTooLarge, claimed?: Claim): AwsError {
  const own = claimed?.service.bodyTooLarge?.(claimed.operation.name);
  return AwsError.unmodeled({ name: "RequestEntityTooLargeException", status: statusCode, message: own ?? message });
}

/** AWS's answer to expired temporary credentials; precedes all checks of an operation. */
export function expiredToken(protocol: ProtocolName): AwsError {
  return AwsError.unmodeled({
    name: "ExpiredTokenException",
    queryCode: "ExpiredToken",
    status: protocol === "awsQuery" || protocol === "restJson1" ? 403 : 400,
    message: "The security token included in the request is expired",
  });
}

/** The answer to an operation that AWS has and Busbar does not implement. */
export function notBuilt(service: string, operation: string): AwsError {
  return AwsError.unmodeled({
    name: "NotImplemented",
    status: 501,
    fault: "server",
    message: `Busbar does not implement ${service}:${operation}.`,
  });
}

/** The answer while the disk refuses writes. */
export function unavailable(message: string): AwsError {
  return AwsError.unmodeled({ name: "ServiceUnavailable", status: 503, fault: "server", message });
}

/** The answer to a call that hit a bug of Busbar. */
export function internalFailure(): AwsError {
  const message = "An internal error occurred. It is logged with its stack where Busbar runs.";
  return AwsError.unmodeled({ name: "InternalFailure", status: 500, fault: "server", message });
}
