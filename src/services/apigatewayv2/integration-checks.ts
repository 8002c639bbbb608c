/** Validates integrations. */
import { parseArn } from "../../calls/arn.ts";
import { badRequest } from "./errors.ts";
import { checkRequestMappings, checkResponseMappings } from "./mapping-expressions.ts";
import { subtypeOf } from "./subtypes.ts";
import type { IntegrationValue } from "./tables.ts";

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "ANY"];

/** @throws AwsError BadRequestException */
export function checkIntegration(protocol: string | undefined, value: IntegrationValue): void {
  const { CredentialsArn: credentials } = value;
  if (credentials !== undefined && parseArn(credentials) === undefined) throw badRequest("Invalid role ARN");
  if (value.IntegrationMethod !== undefined && !methods.includes(value.IntegrationMethod)) {
    throw badRequest(
      "Invalid HTTP method specified. Must be one of [GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS, ANY]",
    );
  }
  // Imports bypass the checks of the service's model.
  const { TimeoutInMillis: timeout = 50, ConnectionType: connection = "INTERNET" } = value;
  if (!Number.isInteger(timeout) || timeout < 50 || timeout > 30_000) {
    throw badRequest("Timeout should be between 50 ms and 30000 ms");
  }
  if (connection !== "INTERNET" && connection !== "VPC_LINK") {
    throw badRequest("Invalid ConnectionType specified. Must be one of [INTERNET, VPC_LINK]");
  }
  if (value.ConnectionType === "VPC_LINK" && !value.ConnectionId) {
    throw badRequest("Connection ID is required for VPC_LINK connection type");
  }
  if (protocol === "HTTP") checkHttp(value);
  else checkWebSocket(value);
}

function checkHttp(value: IntegrationValue): void {
  const { IntegrationType: type, IntegrationSubtype: subtype, IntegrationUri: uri } = value;
  if (type !== "AWS_PROXY" && type !== "HTTP_PROXY") {
    throw badRequest("Invalid IntegrationType specified. HTTP APIs support AWS_PROXY and HTTP_PROXY.");
  }
  if (value.RequestTemplates !== undefined && Object.keys(value.RequestTemplates).length > 0) {
    throw badRequest("RequestTemplates are not supported on protocolType HTTP");
  }
  if (subtype !== undefined) {
    checkSubtype(value, subtype);
    return;
  }
  if (!uri) throw badRequest("IntegrationUri must be set");
  if (type === "AWS_PROXY") {
    if (!uri.startsWith("arn:")) throw badRequest(`Invalid Integration URI specified: ${uri}`);
    if (value.PayloadFormatVersion !== "1.0" && value.PayloadFormatVersion !== "2.0") {
      throw badRequest(`Invalid PayloadFormatVersion specified: ${value.PayloadFormatVersion}`);
    }
  } else {
    const isAddress = /^https?:\/\/[^\s]+$/.test(uri);
    const isListener = value.ConnectionType === "VPC_LINK" && uri.startsWith("arn:");
    if (!isAddress && !isListener) throw badRequest("Invalid HTTP endpoint specified for URI");
    if (!value.IntegrationMethod) throw badRequest("HttpMethod must be set for HTTP_PROXY integrations");
  }
  checkRequestMappings(value.RequestParameters ?? {});
  checkResponseMappings(value.ResponseParameters ?? {});
}

function checkSubtype(value: IntegrationValue, name: string): void {
  if (value.IntegrationType !== "AWS_PROXY") {
    throw badRequest("IntegrationSubtype can only be set for AWS_PROXY integrations");
  }
  const subtype = subtypeOf(name);
  if (subtype === undefined) throw badRequest(`Invalid integration subtype specified: ${name}`);
  if (!value.CredentialsArn) throw badRequest("Credentials ARN must be set for AWS service integrations");
  const given = value.RequestParameters ?? {};
  const missing = subtype.required.filter((parameter) => !given[parameter]);
  if (missing.length > 0) {
    throw badRequest(`Parameters: [${missing.join(", ")}] are required for the integration subtype ${name}`);
  }
  for (const [parameter, source] of Object.entries(given)) {
    const kind = subtype.parameters[parameter];
    if (kind === undefined) throw badRequest(`Invalid parameter ${parameter} for the integration subtype ${name}`);
    // Structured values have to come from the request; a literal that looks like one is refused.
    if (kind === "json" && !source.includes("$") && /[{[]/.test(source)) {
      const errors = `[Invalid source: ${source} specified for destination: ${parameter}]`;
      throw badRequest(`Invalid selection expression specified: Validation Result: warnings : [], errors : ${errors}`);
    }
  }
}

function checkWebSocket(value: IntegrationValue): void {
  const { IntegrationType: type, IntegrationUri: uri } = value;
  if (type === undefined) throw badRequest("IntegrationType must be set");
  if (value.IntegrationSubtype !== undefined) throw badRequest("IntegrationSubtype is only supported for HTTP APIs");
  if ((value.TimeoutInMillis ?? 0) > 29_000) throw badRequest("Timeout should be between 50 ms and 29000 ms");
  if (type === "MOCK") return;
  if (!uri) throw badRequest("IntegrationUri must be set");
  if (type === "AWS" || type === "AWS_PROXY") {
    if (!uri.startsWith("arn:")) throw badRequest(`Invalid Integration URI specified: ${uri}`);
  } else if (!/^https?:\/\/[^\s]+$/.test(uri) && value.ConnectionType !== "VPC_LINK") {
    throw badRequest("Invalid HTTP endpoint specified for URI");
  }
}
