/** CreateDeployment, GetDeployment, GetDeployments, UpdateDeployment and DeleteDeployment. */

import {
  CreateDeployment$,
  type CreateDeploymentCommand,
  DeleteDeployment$,
  type DeleteDeploymentCommand,
  GetDeployment$,
  type GetDeploymentCommand,
  GetDeployments$,
  type GetDeploymentsCommand,
  UpdateDeployment$,
  type UpdateDeploymentCommand,
} from "@aws-sdk/client-api-gateway";
import { defined, unlessEmpty } from "../../apis/members.ts";
import type { Place } from "../../calls/place.ts";
import { type ApiGateway, operation } from "./apigateway.ts";
import type { CacheClusterSize, CanaryDefinition } from "./definitions.ts";
import { badRequest, notFound } from "./errors.ts";
import { pageOf } from "./pages.ts";
import { listedErrors, PatchTable, rulesFor } from "./patch.ts";
import { checkedVariables, newCanary, newStage } from "./stages.ts";
import { childKey, type DeploymentRow, type RestApiRow, type StageRow } from "./tables.ts";

export const createDeployment = operation<CreateDeploymentCommand>(CreateDeployment$, (input, context) => {
  const { service } = context;
  const api = service.api(context, input.restApiId);
  checkDeployable(service, api);
  const deployment: DeploymentRow = {
    apiId: api.id,
    account: api.account,
    id: service.newId("deployments", 6),
    serial: service.nextSerial(),
    createdMs: service.now,
    ...defined({ description: input.description || undefined }),
    snapshot: service.putSnapshot(service.currentSnapshot(api)),
  };
  service.deployments.put(deployment);
  if (input.stageName) {
    const stage = service.stages.get(childKey(api.id, input.stageName));
    if (stage === undefined) newStage(service, api, { ...input, description: input.stageDescription }, deployment.id);
    else service.stages.put(redeployed(service, stage, deployment, input as DeployedStage));
  }
  return describedDeployment(deployment);
});

export const getDeployment = operation<GetDeploymentCommand>(GetDeployment$, (input, context) => {
  const { service } = context;
  const row = deployment(service, context, input.restApiId, input.deploymentId);
  const summary = input.embed?.includes("apisummary") ? apiSummary(service, row) : undefined;
  return { ...describedDeployment(row), apiSummary: summary };
});

export const getDeployments = operation<GetDeploymentsCommand>(GetDeployments$, (input, context) => {
  const { service } = context;
  const api = service.api(context, input.restApiId);
  const { rows, position } = pageOf(service.deployments.by.api, api.id, input, { newestFirst: true });
  return { items: rows.map(describedDeployment), position };
});

export const updateDeployment = operation<UpdateDeploymentCommand>(UpdateDeployment$, (input, context) => {
  const { service } = context;
  const row = deployment(service, context, input.restApiId, input.deploymentId);
  const updated = patches.apply(row, input.patchOperations);
  service.deployments.put(updated);
  return describedDeployment(updated);
});

const patches = new PatchTable<DeploymentRow>(
  [rulesFor<DeploymentRow>().text("description")],
  listedErrors("/description"),
);

export const deleteDeployment = operation<DeleteDeploymentCommand>(DeleteDeployment$, (input, context) => {
  const { service } = context;
  const row = deployment(service, context, input.restApiId, input.deploymentId);
  for (const { deploymentId, canarySettings } of service.stages.by.api.range(row.apiId)) {
    if (deploymentId === row.id || canarySettings?.deploymentId === row.id) {
      throw badRequest("Active stages pointing to this deployment must be moved or deleted");
    }
  }
  service.deleteDeployment(row);
});

/** @throws AwsError BadRequestException if the API cannot be executed yet. */
function checkDeployable(service: ApiGateway, api: RestApiRow): void {
  if (service.methods.by.api.size(api.id) === 0) throw badRequest("The REST API doesn't contain any methods");
  for (const method of service.methods.by.api.range(api.id)) {
    if (method.integration === undefined) throw badRequest("No integration defined for method");
  }
}

/** What a deployment says about the stage it goes to. */
interface DeployedStage {
  readonly stageDescription?: string;
  readonly cacheClusterEnabled?: boolean;
  readonly cacheClusterSize?: CacheClusterSize;
  readonly variables?: Readonly<Record<string, string>>;
  readonly canarySettings?: Partial<CanaryDefinition>;
  readonly tracingEnabled?: boolean;
}

/**
 * An existing stage that now points to a new deployment, or whose canary does if it has one.
 * @throws AwsError BadRequestException
 */
function redeployed(service: ApiGateway, stage: StageRow, { id }: DeploymentRow, settings: DeployedStage): StageRow {
  const { canarySettings: canary } = stage;
  const { canarySettings } = settings;
  const updated: StageRow = {
    ...stage,
    updatedMs: service.now,
    ...defined({
      description: settings.stageDescription,
      cacheClusterEnabled: settings.cacheClusterEnabled,
      cacheClusterSize: settings.cacheClusterSize,
      cacheClusterStatus:
        settings.cacheClusterEnabled === undefined
          ? undefined
          : settings.cacheClusterEnabled
            ? ("AVAILABLE" as const)
            : ("NOT_AVAILABLE" as const),
      variables: settings.variables && checkedVariables(settings.variables),
      tracingEnabled: settings.tracingEnabled,
    }),
  } as StageRow;
  if (canarySettings === undefined && canary === undefined) return { ...updated, deploymentId: id };
  const stageVariableOverrides = unlessEmpty(canarySettings?.stageVariableOverrides) ?? canary?.stageVariableOverrides;
  const merged = { ...canary, ...canarySettings, ...defined({ stageVariableOverrides }), deploymentId: id };
  return { ...updated, canarySettings: newCanary(merged, id) };
}

/** @throws AwsError NotFoundException */
export function deployment(
  service: ApiGateway,
  place: Place,
  apiId: string | undefined,
  deploymentId: string | undefined,
): DeploymentRow {
  const api = service.api(place, apiId);
  const row = service.deployments.get(childKey(api.id, deploymentId as string));
  if (row === undefined) throw notFound("Invalid Deployment identifier specified");
  return row;
}

function apiSummary(service: ApiGateway, row: DeploymentRow) {
  const { resources } = service.snapshotOf(row);
  return Object.fromEntries(
    resources
      .filter(({ methods }) => Object.keys(methods).length > 0)
      .map(({ path, methods }) => [
        path,
        Object.fromEntries(
          Object.values(methods).map(({ httpMethod, authorizationType, apiKeyRequired }) => [
            httpMethod,
            { authorizationType, apiKeyRequired },
          ]),
        ),
      ]),
  );
}

function describedDeployment({ id, description, createdMs }: DeploymentRow) {
  return { id, description, createdDate: new Date(createdMs) };
}
