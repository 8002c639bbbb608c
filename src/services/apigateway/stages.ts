/** CreateStage, GetStage, GetStages, DeleteStage, FlushStageCache and FlushStageAuthorizersCache. */

import {
  CreateStage$,
  type CreateStageCommand,
  DeleteStage$,
  type DeleteStageCommand,
  FlushStageAuthorizersCache$,
  type FlushStageAuthorizersCacheCommand,
  FlushStageCache$,
  type FlushStageCacheCommand,
  GetStage$,
  type GetStageCommand,
  GetStages$,
  type GetStagesCommand,
} from "@aws-sdk/client-api-gateway";
import { defined, unlessEmpty } from "../../apis/members.ts";
import type { Place } from "../../calls/place.ts";
import { type ApiGateway, operation } from "./apigateway.ts";
import type { CacheClusterSize, CanaryDefinition, Texts } from "./definitions.ts";
import { badRequest, conflict, limitExceeded, notFound } from "./errors.ts";
import { childKey, type RestApiRow, type StageRow } from "./tables.ts";
import { checkedTags, shownTags } from "./tag-checks.ts";

const maxStages = 10;
const maxVariables = 100;
const maxVariableNameLength = 64;
const maxVariableValueLength = 512;
export const defaultCacheSize = "0.5";

export const createStage = operation<CreateStageCommand>(CreateStage$, (input, context) => {
  const { service } = context;
  const api = service.api(context, input.restApiId);
  checkDeploymentId(service, api.id, input.deploymentId as string);
  const stage = newStage(service, api, input as StageSettings, input.deploymentId as string);
  return describedStage(stage);
});

export const getStage = operation<GetStageCommand>(GetStage$, (input, context) =>
  describedStage(stageOf(context.service, context, input)),
);

export const getStages = operation<GetStagesCommand>(GetStages$, (input, context) => {
  const { service } = context;
  const api = service.api(context, input.restApiId);
  const stages = [...service.stages.by.api.range(api.id)];
  const wanted = stages.filter(({ deploymentId }) => (input.deploymentId ?? deploymentId) === deploymentId);
  return { item: wanted.map(describedStage) };
});

export const deleteStage = operation<DeleteStageCommand>(DeleteStage$, (input, context) => {
  const { service } = context;
  const { apiId, stageName } = stageOf(service, context, input);
  service.stages.delete(childKey(apiId, stageName));
});

export const flushStageCache = operation<FlushStageCacheCommand>(FlushStageCache$, (input, context) => {
  const { apiId, stageName } = stageOf(context.service, context, input);
  context.service.execution?.flushStageCache(apiId, stageName);
});

export const flushStageAuthorizersCache = operation<FlushStageAuthorizersCacheCommand>(
  FlushStageAuthorizersCache$,
  (input, context) => {
    const { apiId, stageName } = stageOf(context.service, context, input);
    context.service.execution?.flushAuthorizersCache(apiId, stageName);
  },
);

export interface StageSettings {
  readonly stageName?: string | undefined;
  readonly description?: string | undefined;
  readonly cacheClusterEnabled?: boolean | undefined;
  readonly cacheClusterSize?: CacheClusterSize | undefined;
  readonly variables?: Texts | undefined;
  readonly documentationVersion?: string | undefined;
  readonly canarySettings?: Partial<CanaryDefinition> | undefined;
  readonly tracingEnabled?: boolean | undefined;
  readonly tags?: Texts | undefined;
}

/**
 * Creates a stage. Inside a transaction.
 * @throws AwsError BadRequestException, ConflictException, LimitExceededException
 */
export function newStage(
  service: ApiGateway,
  { id: apiId, account, region }: RestApiRow,
  settings: StageSettings,
  deploymentId: string,
): StageRow {
  const stageName = settings.stageName as string;
  if (!/^[A-Za-z0-9_-]{1,128}$/.test(stageName)) throw badRequest("Stage name only allows a-zA-Z0-9_");
  if (service.stages.has(childKey(apiId, stageName))) throw conflict("Stage already exists");
  if (service.stages.by.api.size(apiId) >= maxStages) throw limitExceeded("stages for this API");
  const { canarySettings: canary } = settings;
  const enabled = settings.cacheClusterEnabled ?? false;
  const now = service.now;
  if (canary?.deploymentId !== undefined) checkDeploymentId(service, apiId, canary.deploymentId);
  checkDocumentationVersion(service, apiId, settings.documentationVersion);
  const stage: StageRow = {
    apiId,
    account,
    region,
    stageName,
    serial: service.nextSerial(),
    createdMs: now,
    updatedMs: now,
    deploymentId,
    cacheClusterEnabled: enabled,
    cacheClusterStatus: enabled ? "AVAILABLE" : "NOT_AVAILABLE",
    methodSettings: {},
    tracingEnabled: settings.tracingEnabled ?? false,
    tags: checkedTags({}, settings.tags),
    ...defined({
      description: settings.description || undefined,
      cacheClusterSize: settings.cacheClusterSize ?? (enabled ? defaultCacheSize : undefined),
      variables: unlessEmpty(checkedVariables(settings.variables)),
      documentationVersion: settings.documentationVersion || undefined,
      canarySettings: canary && newCanary(canary, deploymentId),
    }),
  };
  service.stages.put(stage);
  return stage;
}

/** A canary with AWS's defaults for what was not given. @throws AwsError BadRequestException */
export function newCanary(canary: Partial<CanaryDefinition>, deploymentId: string): CanaryDefinition {
  const percentTraffic = canary.percentTraffic ?? 0;
  if (!(percentTraffic >= 0 && percentTraffic <= 100)) {
    throw badRequest("Invalid percent traffic specified. Percent traffic must be between 0.0 and 100.0");
  }
  return {
    deploymentId: canary.deploymentId ?? deploymentId,
    percentTraffic,
    ...defined({ stageVariableOverrides: unlessEmpty(checkedVariables(canary.stageVariableOverrides)) }),
    useStageCache: canary.useStageCache ?? false,
  };
}

/** @throws AwsError BadRequestException */
export function checkDeploymentId(service: ApiGateway, apiId: string, deploymentId: string): void {
  if (!service.deployments.has(childKey(apiId, deploymentId))) throw badRequest("Deployment id does not exist");
}

/** @throws AwsError NotFoundException */
export function checkDocumentationVersion(service: ApiGateway, apiId: string, version: string | undefined): void {
  if (version && !service.documentationVersions.has(childKey(apiId, version))) {
    throw notFound("Invalid Documentation version specified");
  }
}

/** @throws AwsError BadRequestException */
export function checkedVariables<Variables extends Texts | undefined>(variables: Variables): Variables {
  const entries = Object.entries<string>(variables ?? {});
  if (entries.length > maxVariables) throw badRequest(`A stage may have at most ${maxVariables} variables`);
  for (const [name, value] of entries) {
    if (name.length > maxVariableNameLength || !/^[A-Za-z0-9_]+$/.test(name)) {
      throw badRequest(
        `Invalid stage variable name: ${name}. Please use values with only alphanumeric characters and the characters "_"`,
      );
    }
    if (value.length > maxVariableValueLength || !/^[A-Za-z0-9\-._~:/?#&=,]*$/.test(value)) {
      throw badRequest(
        `Invalid stage variable value: ${value}. Please use values with alphanumeric characters and the symbols ' ', -', '.', '_', ':', '/', '?', '&', '=', and ','.`,
      );
    }
  }
  return variables;
}

interface StageAddress {
  readonly restApiId: string | undefined;
  readonly stageName: string | undefined;
}

/** @throws AwsError NotFoundException */
export function stageOf(service: ApiGateway, place: Place, { restApiId, stageName }: StageAddress): StageRow {
  const api = service.api(place, restApiId);
  const stage = service.stages.get(childKey(api.id, stageName as string));
  if (stage === undefined) throw notFound("Invalid stage identifier specified");
  return stage;
}

export function describedStage(stage: StageRow) {
  const {
    apiId: _apiId,
    account: _account,
    region: _region,
    serial: _serial,
    createdMs,
    updatedMs,
    tags,
    ...shown
  } = stage;
  return {
    ...shown,
    tags: shownTags(tags),
    createdDate: new Date(createdMs),
    lastUpdatedDate: new Date(updatedMs),
  };
}
