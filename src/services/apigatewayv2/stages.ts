/** Stages, their settings, and ResetAuthorizersCache. */
import {
  CreateStage$,
  type CreateStageCommand,
  DeleteAccessLogSettings$,
  type DeleteAccessLogSettingsCommand,
  DeleteRouteSettings$,
  type DeleteRouteSettingsCommand,
  DeleteStage$,
  type DeleteStageCommand,
  GetStage$,
  type GetStageCommand,
  GetStages$,
  type GetStagesCommand,
  ResetAuthorizersCache$,
  type ResetAuthorizersCacheCommand,
  UpdateStage$,
  type UpdateStageCommand,
} from "@aws-sdk/client-apigatewayv2";
import { type ApiGatewayV2, type Context, given, mergedMap, operation, patched } from "./apigatewayv2.ts";
import { badRequest, conflict, notFound, unknownId } from "./errors.ts";
import { page } from "./pages.ts";
import { checkStage } from "./stage-checks.ts";
import { type ApiRow, keyForm, partKey, type StageRow, type StageValue } from "./tables.ts";
import { checkedTags } from "./tags.ts";

const settings = [
  "AccessLogSettings",
  "AutoDeploy",
  "ClientCertificateId",
  "DefaultRouteSettings",
  "DeploymentId",
  "Description",
  "RouteSettings",
  "StageVariables",
] as const;

export const createStage = operation<CreateStageCommand>(CreateStage$, (input, context) => {
  const { service } = context;
  const api = service.api(context, input.ApiId as string);
  const name = input.StageName as string;
  if (!(/^[a-zA-Z0-9_-]+$/.test(name) || (name === "$default" && api.value.ProtocolType === "HTTP"))) {
    throw badRequest("Stage name only allows a-zA-Z0-9_-");
  }
  if (service.stages.has(partKey(api.id, name))) throw conflict("Stage already exists");
  if (input.AutoDeploy === true && input.DeploymentId) {
    throw badRequest("AutoDeploy and DeploymentId cannot be set at the same time.");
  }
  checkDeployment(context, api, input.DeploymentId);
  checkRouteKeys(service, api, input.RouteSettings);
  const value = {
    RouteSettings: {},
    StageVariables: {},
    ...given<StageValue>(input, settings),
    DefaultRouteSettings: defaultSettings(api, input.DefaultRouteSettings),
    StageName: name,
    Tags: checkedTags(input.Tags ?? {}),
  } as StageValue;
  checkStage(api.value.ProtocolType, value, () => mayLog(context));
  const row = {
    apiId: api.id,
    account: api.account,
    name,
    serial: service.deps.store.nextSerial(),
    createdMs: service.now,
    updatedMs: service.now,
    deployedChanges: -1,
    value,
  };
  service.stages.put(row);
  return shownStage(row);
});

function defaultSettings(
  api: ApiRow,
  settings: StageValue["DefaultRouteSettings"],
): StageValue["DefaultRouteSettings"] {
  const more = api.value.ProtocolType === "WEBSOCKET" ? { DataTraceEnabled: false, LoggingLevel: "OFF" as const } : {};
  return { DetailedMetricsEnabled: false, ...more, ...settings };
}

function checkDeployment({ service }: Context, api: ApiRow, id: string | undefined): void {
  if (id && !service.deployments.has(partKey(api.id, id))) throw unknownId("Deployment", id);
}

/** @throws AwsError NotFoundException for settings of a route that is not there. */
function checkRouteKeys(service: ApiGatewayV2, api: ApiRow, asked: object = {}): void {
  for (const key of Object.keys(asked)) {
    const routes = [...service.routes.by.form.range(partKey(api.id, keyForm(key)))];
    if (routes.every(({ value }) => value.RouteKey !== key)) {
      throw notFound(`Unable to find Route by key ${key} within the provided RouteSettings`);
    }
  }
}

/** Without the REST service, which keeps the account's role, none can be set, so none is required. */
function mayLog(context: Context): boolean {
  const { account } = context.service.deps.apis;
  return account === undefined || account.logsRole(context) !== undefined;
}

function stageOf(context: Context, apiId: string, name: string) {
  const { service } = context;
  const api = service.api(context, apiId);
  return { api, stage: service.stage(apiId, name) };
}

export const getStage = operation<GetStageCommand>(GetStage$, (input, context) => {
  const { api, stage } = stageOf(context, input.ApiId as string, input.StageName as string);
  return shownStage(context.service.current(api, stage));
});

export const getStages = operation<GetStagesCommand>(GetStages$, (input, context) => {
  const { service } = context;
  const api = service.api(context, input.ApiId as string);
  service.settle(api);
  return page(service.stages.by.parent, partKey(api.id, ""), input, (row) => row.serial, shownStage);
});

export const updateStage = operation<UpdateStageCommand>(UpdateStage$, (input, context) => {
  const { service } = context;
  const { api, stage } = stageOf(context, input.ApiId as string, input.StageName as string);
  checkDeployment(context, api, input.DeploymentId);
  checkRouteKeys(service, api, input.RouteSettings);
  const before = stage.value;
  const value = patched<StageValue>(before, input, settings);
  if (input.DeploymentId && value.AutoDeploy === true) {
    throw badRequest("Deployment ID cannot be set on a stage with AutoDeploy enabled.");
  }
  if (input.StageVariables) value.StageVariables = mergedMap(before.StageVariables, input.StageVariables);
  if (input.DefaultRouteSettings) {
    value.DefaultRouteSettings = { ...before.DefaultRouteSettings, ...input.DefaultRouteSettings };
  }
  if (input.RouteSettings) value.RouteSettings = { ...before.RouteSettings, ...input.RouteSettings };
  if (input.AccessLogSettings) value.AccessLogSettings = { ...before.AccessLogSettings, ...input.AccessLogSettings };
  checkStage(api.value.ProtocolType, value, () => mayLog(context));
  const row = { ...stage, updatedMs: service.now, value };
  service.stages.put(row);
  return shownStage(row);
});

export const deleteStage = operation<DeleteStageCommand>(DeleteStage$, (input, context) => {
  const { service } = context;
  const { api, stage } = stageOf(context, input.ApiId as string, input.StageName as string);
  if (stage.value.ApiGatewayManaged === true) throw badRequest("Cannot delete a managed stage.");
  for (const mapping of service.deps.apis.domains.mappings.by.api.range(api.id)) {
    if (mapping.stage === stage.name) {
      throw badRequest("Please remove all API mappings related to the stage before deleting it.");
    }
  }
  service.stages.delete(partKey(api.id, stage.name));
  return {};
});

export const deleteAccessLogSettings = operation<DeleteAccessLogSettingsCommand>(
  DeleteAccessLogSettings$,
  (input, context) => {
    const { service } = context;
    const { stage } = stageOf(context, input.ApiId as string, input.StageName as string);
    const { AccessLogSettings: _gone, ...value } = stage.value;
    service.stages.put({ ...stage, updatedMs: service.now, value });
    return {};
  },
);

export const deleteRouteSettings = operation<DeleteRouteSettingsCommand>(DeleteRouteSettings$, (input, context) => {
  const { service } = context;
  const { stage } = stageOf(context, input.ApiId as string, input.StageName as string);
  const key = input.RouteKey as string;
  const { [key]: gone, ...rest } = stage.value.RouteSettings ?? {};
  if (gone === undefined) throw notFound(`Invalid route key specified ${key}`);
  service.stages.put({ ...stage, updatedMs: service.now, value: { ...stage.value, RouteSettings: rest } });
  return {};
});

export const resetAuthorizersCache = operation<ResetAuthorizersCacheCommand>(
  ResetAuthorizersCache$,
  (input, context) => {
    const { service } = context;
    const { api, stage } = stageOf(context, input.ApiId as string, input.StageName as string);
    service.gateway.authorizers.flush(api.id, stage.name);
    return {};
  },
);

function shownStage({ value, createdMs, updatedMs }: StageRow) {
  return { ...value, CreatedDate: new Date(createdMs), LastUpdatedDate: new Date(updatedMs) };
}
