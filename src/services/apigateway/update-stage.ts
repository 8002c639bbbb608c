/** UpdateStage. */

import { UpdateStage$, type UpdateStageCommand } from "@aws-sdk/client-api-gateway";
import { type ApiGateway, operation } from "./apigateway.ts";
import { badRequest, notFound } from "./errors.ts";
import { checkLogsRole } from "./method-settings.ts";
import { stagePatches } from "./stage-patches.ts";
import {
  checkDeploymentId,
  checkDocumentationVersion,
  checkedVariables,
  defaultCacheSize,
  describedStage,
  stageOf,
} from "./stages.ts";
import type { StageRow } from "./tables.ts";

const maxFormatBytes = 3 * 1024;

export const updateStage = operation<UpdateStageCommand>(UpdateStage$, (input, context) => {
  const { service } = context;
  const stage = stageOf(service, context, input);
  // Whether deployments and certificates exist is checked once all operations are applied.
  const updated = stagePatches.apply(stage, input.patchOperations);
  check(service, stage, updated);
  const cached = updated.cacheClusterEnabled;
  const row: StageRow = {
    ...updated,
    cacheClusterStatus: cached ? "AVAILABLE" : "NOT_AVAILABLE",
    cacheClusterSize: updated.cacheClusterSize ?? (cached ? defaultCacheSize : undefined),
    updatedMs: service.now,
  };
  service.stages.put(row);
  return describedStage(row);
});

function check(service: ApiGateway, before: StageRow, { apiId, ...after }: StageRow): void {
  if (after.deploymentId !== before.deploymentId) checkDeploymentId(service, apiId, after.deploymentId);
  const canary = after.canarySettings?.deploymentId;
  if (canary !== undefined && canary !== before.canarySettings?.deploymentId) {
    checkDeploymentId(service, apiId, canary);
  }
  checkDocumentationVersion(service, apiId, after.documentationVersion);
  checkedVariables(after.variables);
  checkedVariables(after.canarySettings?.stageVariableOverrides);
  const certificate = after.clientCertificateId && service.clientCertificates.get(after.clientCertificateId);
  if (after.clientCertificateId && (!certificate || certificate.account !== before.account)) {
    throw notFound("Invalid Client Certificate ID specified");
  }
  const { accessLogSettings: logs } = after;
  const destination = logs?.destinationArn !== before.accessLogSettings?.destinationArn;
  if (logs?.destinationArn !== undefined && destination && !logs.destinationArn.startsWith("arn:")) {
    throw badRequest(`Invalid ARN specified in the request. ARNs must start with 'arn:': ${logs.destinationArn}`);
  }
  if (logs !== undefined && logs !== before.accessLogSettings) {
    checkLogsRole(service, before);
    checkFormat(logs.format ?? "");
  }
  const isLogged = Object.entries(after.methodSettings).some(
    ([key, { loggingLevel = "OFF" }]) =>
      loggingLevel !== "OFF" && loggingLevel !== before.methodSettings[key]?.loggingLevel,
  );
  if (isLogged) checkLogsRole(service, before);
}

function checkFormat(format: string): void {
  if (/\n./s.test(format)) {
    throw badRequest("Access Log format must be single line, new line character is allowed only at end of the format");
  }
  if (Buffer.byteLength(format) > maxFormatBytes) {
    throw badRequest(`Access Log format may have at most ${maxFormatBytes} bytes`);
  }
}
