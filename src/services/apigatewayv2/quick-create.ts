/** Quick create: creates an HTTP API's integration, route and stage from a target. */
import type { CreateApiCommandInput } from "@aws-sdk/client-apigatewayv2";
import { functionOf } from "../../apis/function-uri.ts";
import { type ApiGatewayV2, patched } from "./apigatewayv2.ts";
import { badRequest } from "./errors.ts";
import { checkIntegration } from "./integration-checks.ts";
import { addIntegration } from "./integrations.ts";
import { putRoute } from "./routes.ts";
import { type ApiRow, type IntegrationValue, partKey } from "./tables.ts";

type QuickCreate = Pick<CreateApiCommandInput, "Target" | "RouteKey" | "CredentialsArn">;

const managed = { ApiGatewayManaged: true } as const;

/** Calls a function with payload 2.0, anything else with the client's method. @throws AwsError BadRequestException */
function integrationTo(target: string): Partial<IntegrationValue> {
  if (functionOf(target) !== undefined) {
    return {
      IntegrationMethod: "POST",
      IntegrationType: "AWS_PROXY",
      IntegrationUri: target,
      PayloadFormatVersion: "2.0",
    };
  }
  if (!/^https?:\/\//.test(target)) throw badRequest(`Invalid target specified: ${target}`);
  return {
    IntegrationMethod: "ANY",
    IntegrationType: "HTTP_PROXY",
    IntegrationUri: target,
    PayloadFormatVersion: "1.0",
  };
}

/**
 * Creates the integration, route and automatically deployed stage for a new API's target. Inside a transaction.
 * @throws AwsError
 */
export function quickCreate(service: ApiGatewayV2, api: ApiRow, { Target, RouteKey, CredentialsArn }: QuickCreate) {
  if (Target === undefined) {
    if (RouteKey !== undefined) throw badRequest("RouteKey can only be set together with Target.");
    return;
  }
  const integration = patched(integrationTo(Target), { CredentialsArn }, ["CredentialsArn"]);
  const { IntegrationId } = addIntegration(service, api, { ...managed, ...integration });
  const RouteId = service.newId(7);
  const route = {
    ...managed,
    ApiKeyRequired: false,
    AuthorizationType: "NONE" as const,
    RouteId,
    RouteKey: RouteKey ?? "$default",
    Target: `integrations/${IntegrationId}`,
  };
  putRoute(service, api, service.newPart(api, route, RouteId));
  service.stages.put({
    apiId: api.id,
    account: api.account,
    name: "$default",
    serial: service.deps.store.nextSerial(),
    createdMs: service.now,
    updatedMs: service.now,
    deployedChanges: -1,
    value: {
      ...managed,
      AutoDeploy: true,
      DefaultRouteSettings: { DetailedMetricsEnabled: false },
      RouteSettings: {},
      StageName: "$default",
      StageVariables: {},
      Tags: {},
    },
  });
}

/**
 * Changes the target, the route key or the role of an API made by quick create. Inside a transaction.
 * @throws AwsError
 */
export function updateQuickCreated(service: ApiGatewayV2, api: ApiRow, input: QuickCreate): void {
  const { Target, RouteKey, CredentialsArn } = input;
  if (Target === undefined && RouteKey === undefined && CredentialsArn === undefined) return;
  const isManaged = ({ value }: { readonly value: { ApiGatewayManaged?: boolean | undefined } }) =>
    value.ApiGatewayManaged === true;
  const integration = [...service.integrations.by.parent.range(partKey(api.id, ""))].find(isManaged);
  const route = [...service.routes.by.parent.range(partKey(api.id, ""))].find(isManaged);
  if (integration === undefined || route === undefined) {
    throw badRequest("Target, RouteKey and CredentialsArn can only be updated for APIs created with quick create.");
  }
  if (RouteKey !== undefined) putRoute(service, api, { ...route, value: { ...route.value, RouteKey } });
  const to = Target === undefined ? {} : integrationTo(Target);
  const value = patched({ ...integration.value, ...to }, { CredentialsArn }, ["CredentialsArn"]);
  checkIntegration(api.value.ProtocolType, value);
  service.integrations.put({ ...integration, value });
  service.changed(api);
}
