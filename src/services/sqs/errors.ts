/** The errors of SQS with AWS's messages. */

import {
  InvalidAddress$,
  InvalidAttributeName$,
  InvalidAttributeValue$,
  OverLimit$,
  QueueDoesNotExist$,
  ReceiptHandleIsInvalid$,
  ResourceNotFoundException$,
  UnsupportedOperation$,
} from "@aws-sdk/client-sqs";
import { AwsError } from "../../../protocols/error.ts";
import type { ProtocolName } from "../../../protocols/protocol.ts";
import { textOf } from "../../../protocols/unknown-json.ts";

export function invalidParameterValue(message: string): AwsError {
  return AwsError.unmodeled({ name: "InvalidParameterValueException", queryCode: "InvalidParameterValue", message });
}

/** The common form: `Value {v} for parameter {Param} is invalid. Reason: {reason}`. */
export function invalidValue(value: unknown, parameter: string, reason: string): AwsError {
  return invalidParameterValue(`Value ${textOf(value)} for parameter ${parameter} is invalid. Reason: ${reason}`);
}

export function missingParameter(parameter: string): AwsError {
  return AwsError.unmodeled({
    name: "MissingRequiredParameterException",
    queryCode: "MissingParameter",
    message: `The request must contain the parameter ${parameter}.`,
  });
}

/** The message differs by protocol: Query still mentions its WSDL. */
export function queueDoesNotExist(protocol: ProtocolName | undefined): AwsError {
  const wsdl = protocol === "awsQuery" ? " for this wsdl version" : "";
  return AwsError.of(QueueDoesNotExist$, `The specified queue does not exist${wsdl}.`);
}

/** A QueueUrl that names no queue counts as the endpoint it was sent to. */
export function invalidAddress(endpoint: string): AwsError {
  return AwsError.of(InvalidAddress$, `The address ${endpoint} is not valid for this endpoint.`);
}

/** IAM's answer in SQS's name; the codes differ by protocol. */
export function accessDenied(message: string): AwsError {
  return AwsError.unmodeled({ name: "AccessDeniedException", queryCode: "AccessDenied", status: 403, message });
}

export function unknownAttribute(name: string): AwsError {
  return invalidAttributeName(`Unknown Attribute ${name}.`);
}

export function invalidAttributeName(message: string): AwsError {
  return AwsError.of(InvalidAttributeName$, message);
}

export function invalidAttributeValue(message: string): AwsError {
  return AwsError.of(InvalidAttributeValue$, message);
}

export function receiptHandleIsInvalid(message: string): AwsError {
  return AwsError.of(ReceiptHandleIsInvalid$, message);
}

export function resourceNotFound(message: string): AwsError {
  return AwsError.of(ResourceNotFoundException$, message);
}

export function overLimit(message: string): AwsError {
  return AwsError.of(OverLimit$, message);
}

export function unsupportedOperation(message: string): AwsError {
  return AwsError.of(UnsupportedOperation$, message);
}
