/** GetExport. */
import { GetExport$, type GetExportCommand } from "@aws-sdk/client-api-gateway";
import { operation } from "./apigateway.ts";
import { deployment } from "./deployments.ts";
import { badRequest } from "./errors.ts";
import { ExportedDocument } from "./export/document.ts";
import { yamlOf } from "./export/yaml.ts";
import { stageOf } from "./stages.ts";

export const getExport = operation<GetExportCommand>(GetExport$, (input, context) => {
  const { service } = context;
  const api = service.api(context, input.restApiId);
  const stage = stageOf(service, context, input);
  const type = input.exportType;
  if (type !== "oas30" && type !== "swagger") {
    throw badRequest("Invalid export type specified. Valid options are oas30, swagger");
  }
  const snapshot = service.snapshotOf(deployment(service, context, api.id, stage.deploymentId));
  const version = snapshot.settings.version ?? new Date(api.createdMs).toISOString().replace(/\.\d+Z$/, "Z");
  const requested =
    context.request === undefined ? [] : new URLSearchParams(context.request.query).getAll("extensions");
  const named = requested.length > 0 ? requested : [input.parameters?.["extensions"] ?? ""];
  const extensions = new Set(named.flatMap((names) => names.split(",")).map((name) => name.trim()));
  const document = new ExportedDocument(snapshot, { type, stageName: stage.stageName, version, extensions }).value;
  const isYaml = /yaml/i.test(input.accepts ?? "");
  return {
    contentType: "application/octet-stream",
    contentDisposition: `attachment; filename="${type}_${fileSafe(version)}.${isYaml ? "yaml" : "json"}"`,
    body: Buffer.from(isYaml ? yamlOf(document) : JSON.stringify(document, undefined, 2)),
  };
});

/** Users choose the version: it must not end the quoted header value, or the header. */
function fileSafe(version: string): string {
  return version.replace(/[^\w.:+ -]/g, "_");
}
