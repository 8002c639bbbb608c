/** A deployment in the form it is executed in: compiled once, then looked up for each call. */
import { type FunctionIn, functionIn } from "../../../apis/function-uri.ts";
import { Models } from "../../../apis/request-models/models.ts";
import type {
  AuthorizerValue,
  DeploymentRow,
  IntegrationResponseValue,
  IntegrationValue,
  RouteResponseValue,
  RouteValue,
} from "../tables.ts";
import { type PathVariable, Router, variablesIn } from "./router.ts";

export interface CompiledRoute {
  readonly key: string;
  /** The path in the key, for HTTP APIs; empty for `$default`. */
  readonly path: string;
  readonly variables: readonly PathVariable[];
  readonly value: RouteValue;
  readonly integration: IntegrationValue | undefined;
  /** The ARN of the integration's function, if it is one, with the stage's variables. */
  readonly functionOf: FunctionIn;
  readonly integrationResponses: readonly IntegrationResponseValue[];
  readonly response: RouteResponseValue | undefined;
  readonly authorizer: AuthorizerValue | undefined;
}

export interface Snapshot {
  /** For HTTP APIs. */
  readonly router: Router<CompiledRoute>;
  /** By key, for WebSocket APIs. */
  readonly byKey: ReadonlyMap<string, CompiledRoute>;
  /** Models of messages, for WebSocket APIs. */
  readonly models: Models;
  readonly cors: DeploymentRow["definition"]["cors"];
  readonly routeSelectionExpression: string;
  readonly apiKeySelectionExpression: string;
}

const snapshots = new WeakMap<DeploymentRow, Snapshot>();

/** The compiled form of a deployment, which is immutable. */
export function snapshotOf(row: DeploymentRow): Snapshot {
  let snapshot = snapshots.get(row);
  if (snapshot === undefined) {
    snapshot = compile(row);
    snapshots.set(row, snapshot);
  }
  return snapshot;
}

function compile({ definition }: DeploymentRow): Snapshot {
  const integrations = new Map(definition.integrations.map((one) => [`integrations/${one.IntegrationId}`, one]));
  const authorizers = new Map(definition.authorizers.map((one) => [one.AuthorizerId, one]));
  const routes = definition.routes.map((value): CompiledRoute => {
    const key = value.RouteKey as string;
    const path = key.split(" ")[1] ?? "";
    const integration = value.Target === undefined ? undefined : integrations.get(value.Target);
    return {
      key,
      path,
      variables: variablesIn(path),
      value,
      integration,
      functionOf: functionIn(integration?.IntegrationUri ?? ""),
      integrationResponses: definition.integrationResponses[integration?.IntegrationId ?? ""] ?? [],
      response: definition.routeResponses[value.RouteId as string]?.[0],
      authorizer: value.AuthorizerId === undefined ? undefined : authorizers.get(value.AuthorizerId),
    };
  });
  return {
    router: new Router(routes),
    byKey: new Map(routes.map((route) => [route.key, route])),
    models: new Models(definition.models.map(({ Name = "", Schema = "" }) => ({ name: Name, schema: Schema }))),
    cors: definition.cors,
    routeSelectionExpression: definition.routeSelectionExpression,
    apiKeySelectionExpression: definition.apiKeySelectionExpression,
  };
}
