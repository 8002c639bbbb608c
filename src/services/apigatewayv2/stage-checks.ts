/** Validates a stage's settings. */
import { badRequest } from "./errors.ts";
import type { StageValue } from "./tables.ts";

const maxVariables = 100;
/** Variables that logs of HTTP APIs do not have. */
const notOfHttp = /\$context\.(resourceId|connectionId|eventType|messageId|wafResponseCode)\b/;

/** @param mayLog whether the account has a role to write logs with. @throws AwsError BadRequestException */
export function checkStage(protocol: string | undefined, value: StageValue, mayLog: () => boolean): void {
  const { AccessLogSettings: log, DefaultRouteSettings, RouteSettings = {}, StageVariables = {} } = value;
  for (const route of [DefaultRouteSettings, ...Object.values(RouteSettings)]) {
    if (route === undefined) continue;
    if (protocol === "WEBSOCKET") {
      const { LoggingLevel: level = "OFF" } = route;
      if (level !== "OFF" && !mayLog()) throw noLogsRole();
    } else if (route.LoggingLevel !== undefined || route.DataTraceEnabled === true) {
      throw badRequest("Execution logs are not supported on protocolType HTTP");
    }
  }
  if (Object.keys(StageVariables).length > maxVariables) {
    throw badRequest(`A stage may have at most ${maxVariables} variables`);
  }
  for (const [name, text] of Object.entries(StageVariables)) {
    if (!/^[A-Za-z0-9_]+$/.test(name)) throw badRequest(`Stage variable name ${name} is invalid`);
    if (!/^[A-Za-z0-9._~:/?#&=,@-]*$/.test(text)) throw badRequest(`Stage variable value ${text} is invalid`);
  }
  if (log !== undefined) checkAccessLog(protocol, log, mayLog);
}

function noLogsRole() {
  return badRequest("CloudWatch Logs role ARN must be set in account settings to enable logging");
}

function checkAccessLog(
  protocol: string | undefined,
  log: NonNullable<StageValue["AccessLogSettings"]>,
  mayLog: () => boolean,
): void {
  const { DestinationArn: destination, Format: format } = log;
  if (!destination || !format) {
    throw badRequest("Access log settings need a destination ARN and a format.");
  }
  if (!destination.startsWith("arn:")) {
    throw badRequest(`Invalid ARN specified in the request. ARNs must start with 'arn:': ${destination}`);
  }
  const errors = "The following errors are found in Access Log Format: Access Log format must";
  if (/[\r\n]/.test(format)) throw badRequest(`${errors} be single line: '${format}'`);
  if (!/\$context\.(requestId|extendedRequestId)\b/.test(format)) {
    throw badRequest(`${errors} include either $context.requestId or $context.extendedRequestId : '${format}'`);
  }
  const foreign = protocol === "HTTP" ? notOfHttp.exec(format) : null;
  if (foreign !== null) {
    throw badRequest(`${errors.replace(" must", "")} has an unknown variable ${foreign[0]}: '${format}'`);
  }
  if (protocol === "WEBSOCKET" && !mayLog()) throw noLogsRole();
}
