/**
 * The rows of HTTP and WebSocket APIs. An API's parts are stored in the shape in which operations return them, keyed
 * under the API; `changes` counts an API's changes, so that stages with automatic deployment know whether they are
 * behind.
 */
import type {
  Api,
  Authorizer,
  Deployment,
  Integration,
  IntegrationResponse,
  Model,
  Route,
  RouteResponse,
  Stage,
  VpcLink,
} from "@aws-sdk/client-apigatewayv2";
import type { FromWire } from "../../../protocols/blob.ts";
import { type Place, placeKey } from "../../calls/place.ts";
import { defineTable } from "../../engine/table.ts";

/** The members of a shape that are stored as its value; ids and dates are members of the row. */
type Kept<Shape, Left extends keyof Shape = never> = Omit<FromWire<Shape>, "CreatedDate" | "LastUpdatedDate" | Left>;

export type ApiValue = Kept<Api, "ApiEndpoint" | "ApiId">;
export type RouteValue = Kept<Route>;
export type IntegrationValue = Kept<Integration>;
export type AuthorizerValue = Kept<Authorizer>;
export type ModelValue = Kept<Model>;
export type IntegrationResponseValue = Kept<IntegrationResponse>;
export type RouteResponseValue = Kept<RouteResponse>;
export type StageValue = Kept<Stage>;
export type DeploymentValue = Kept<Deployment>;
export type VpcLinkValue = Kept<VpcLink>;

export interface ApiRow extends Place {
  readonly id: string;
  readonly serial: number;
  readonly createdMs: number;
  /** Incremented by each change of the API or one of its parts. */
  readonly changes: number;
  readonly value: ApiValue;
}

export interface PartRow<Value> {
  readonly apiId: string;
  readonly account: string;
  readonly id: string;
  /** The route or integration it belongs to; empty if it belongs to the API itself. */
  readonly parent: string;
  readonly serial: number;
  readonly value: Value;
}

/** What was deployed: everything a call needs, as it was then. */
export interface Definition {
  readonly routes: readonly RouteValue[];
  readonly integrations: readonly IntegrationValue[];
  readonly authorizers: readonly AuthorizerValue[];
  readonly models: readonly ModelValue[];
  /** By the id of the route or integration. */
  readonly routeResponses: Readonly<Record<string, readonly RouteResponseValue[]>>;
  readonly integrationResponses: Readonly<Record<string, readonly IntegrationResponseValue[]>>;
  readonly cors: ApiValue["CorsConfiguration"];
  readonly routeSelectionExpression: string;
  readonly apiKeySelectionExpression: string;
}

export interface DeploymentRow extends PartRow<DeploymentValue> {
  readonly createdMs: number;
  readonly definition: Definition;
}

export interface StageRow {
  readonly apiId: string;
  readonly account: string;
  readonly name: string;
  readonly serial: number;
  readonly createdMs: number;
  readonly updatedMs: number;
  /** The API's `changes` at the last automatic deployment. */
  readonly deployedChanges: number;
  readonly value: StageValue;
}

export interface VpcLinkRow extends Place {
  readonly id: string;
  readonly serial: number;
  readonly createdMs: number;
  readonly value: VpcLinkValue;
}

export const apiTable = defineTable<ApiRow>()({
  name: "apigatewayv2.apis",
  key: (row) => row.id,
  account: (row) => row.account,
  indexes: { serial: { group: placeKey, order: (row) => row.serial } },
});

/** The key of a part, and of a group of parts. */
export function partKey(apiId: string, id: string): string {
  return `${apiId} ${id}`;
}

function partTable<Value>(name: string) {
  return defineTable<PartRow<Value>>()({
    name: `apigatewayv2.${name}`,
    key: (row) => partKey(row.apiId, row.id),
    account: (row) => row.account,
    indexes: { parent: { group: (row) => partKey(row.apiId, row.parent), order: (row) => row.serial } },
  });
}

export const integrationTable = partTable<IntegrationValue>("integrations");
export const authorizerTable = partTable<AuthorizerValue>("authorizers");
export const modelTable = partTable<ModelValue>("models");
export const integrationResponseTable = partTable<IntegrationResponseValue>("integrationResponses");
export const routeResponseTable = partTable<RouteResponseValue>("routeResponses");

export const routeTable = defineTable<PartRow<RouteValue>>()({
  name: "apigatewayv2.routes",
  key: (row) => partKey(row.apiId, row.id),
  account: (row) => row.account,
  indexes: {
    parent: { group: (row) => partKey(row.apiId, row.parent), order: (row) => row.serial },
    // By what a key matches, whatever its variables are called.
    form: { group: (row) => partKey(row.apiId, keyForm(row.value.RouteKey as string)), order: (row) => row.serial },
    target: {
      group: (row) => (row.value.Target === undefined ? undefined : partKey(row.apiId, row.value.Target)),
      order: (row) => row.serial,
    },
    authorizer: {
      group: (row) => (row.value.AuthorizerId === undefined ? undefined : partKey(row.apiId, row.value.AuthorizerId)),
      order: (row) => row.serial,
    },
  },
});

/** A route key with the names of its variables removed. */
export function keyForm(routeKey: string): string {
  return routeKey.startsWith("$") ? routeKey : routeKey.replace(/\{[^{}/]*?(\+?)\}/g, "{$1}");
}

export const deploymentTable = defineTable<DeploymentRow>()({
  name: "apigatewayv2.deployments",
  key: (row) => partKey(row.apiId, row.id),
  account: (row) => row.account,
  indexes: {
    parent: { group: (row) => partKey(row.apiId, row.parent), order: (row) => row.serial },
    auto: {
      group: (row) => (row.value.AutoDeployed === true ? row.apiId : undefined),
      order: (row) => row.serial,
    },
  },
});

export const stageTable = defineTable<StageRow>()({
  name: "apigatewayv2.stages",
  key: (row) => partKey(row.apiId, row.name),
  account: (row) => row.account,
  indexes: {
    parent: { group: (row) => partKey(row.apiId, ""), order: (row) => row.serial },
    auto: { group: (row) => (row.value.AutoDeploy === true ? row.apiId : undefined), order: (row) => row.serial },
    deployment: {
      group: (row) => (row.value.DeploymentId === undefined ? undefined : partKey(row.apiId, row.value.DeploymentId)),
      order: (row) => row.serial,
    },
  },
});

export const vpcLinkTable = defineTable<VpcLinkRow>()({
  name: "apigatewayv2.vpcLinks",
  key: (row) => row.id,
  account: (row) => row.account,
  indexes: { serial: { group: placeKey, order: (row) => row.serial } },
});
