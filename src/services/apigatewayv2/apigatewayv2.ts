/** The state of API Gateway v2: its tables, lookups in them, and deployments. */

import { extendedId } from "../../apis/request-context.ts";
import { formatArn } from "../../calls/arn.ts";
import { type OperationContext, operationsOf } from "../../calls/operation.ts";
import type { Place } from "../../calls/place.ts";
import type { ServiceDependencies } from "../../calls/service.ts";
import type { Table } from "../../engine/table.ts";
import { unknownId } from "./errors.ts";
import { Gateway } from "./execution/gateway.ts";
import { portalTable } from "./portal-tables.ts";
import {
  type ApiRow,
  apiTable,
  authorizerTable,
  type Definition,
  type DeploymentRow,
  deploymentTable,
  integrationResponseTable,
  integrationTable,
  modelTable,
  type PartRow,
  partKey,
  routeResponseTable,
  routeTable,
  type StageRow,
  stageTable,
  vpcLinkTable,
} from "./tables.ts";

const idAlphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
/** Automatic deployments kept although no stage uses them any more; older ones are deleted. */
const keptAutoDeployments = 10;

type AnyPartTable<Value> = Table<PartRow<Value>, "parent">;

export class ApiGatewayV2 {
  readonly deps: ServiceDependencies;
  readonly apis;
  readonly routes;
  readonly integrations;
  readonly authorizers;
  readonly models;
  readonly integrationResponses;
  readonly routeResponses;
  readonly deployments;
  readonly stages;
  readonly vpcLinks;
  readonly portals;
  /** The data plane of its APIs. */
  readonly gateway: Gateway;

  constructor(dependencies: ServiceDependencies) {
    const { store } = dependencies;
    this.deps = dependencies;
    this.apis = store.table(apiTable);
    this.routes = store.table(routeTable);
    this.integrations = store.table(integrationTable);
    this.authorizers = store.table(authorizerTable);
    this.models = store.table(modelTable);
    this.integrationResponses = store.table(integrationResponseTable);
    this.routeResponses = store.table(routeResponseTable);
    this.deployments = store.table(deploymentTable);
    this.stages = store.table(stageTable);
    this.vpcLinks = store.table(vpcLinkTable);
    this.portals = store.table(portalTable);
    this.gateway = new Gateway(this);
    dependencies.apis.register(this.gateway);
  }

  get now(): number {
    return this.deps.clock.now();
  }

  /** @throws AwsError NotFoundException */
  api({ account, region }: Place, id: string): ApiRow {
    const row = this.apis.get(id);
    if (row === undefined || row.account !== account || row.region !== region) throw unknownId("API", id);
    return row;
  }

  /** A part of an API. @param kind AWS's name for it in messages. @throws AwsError NotFoundException */
  part<Value>(table: AnyPartTable<Value>, kind: string, apiId: string, id: string, parent = ""): PartRow<Value> {
    const row = table.get(partKey(apiId, id));
    if (row === undefined || row.parent !== parent) throw unknownId(kind, id);
    return row;
  }

  /** @throws AwsError NotFoundException */
  stage(apiId: string, name: string): StageRow {
    const row = this.stages.get(partKey(apiId, name));
    if (row === undefined) throw unknownId("Stage", name);
    return row;
  }

  /** Ten characters, as APIs have; seven for their parts. */
  newId(chars: 7 | 10): string {
    return this.deps.random.fork("ids").text(chars, idAlphabet);
  }

  newPart<Value>(api: ApiRow, value: Value, id: string, parent = ""): PartRow<Value> {
    return { apiId: api.id, account: api.account, id, parent, serial: this.deps.store.nextSerial(), value };
  }

  newRequestId(): string {
    return extendedId(this.deps.random.fork("requests"));
  }

  /** Notes that the API or one of its parts has changed. Inside a transaction. */
  changed({ id }: Pick<ApiRow, "id">): void {
    const row = this.apis.get(id);
    if (row !== undefined) this.apis.put({ ...row, changes: row.changes + 1 });
  }

  /**
   * The stage with its deployment. A stage with automatic deployment that is behind its API is deployed now, so many
   * changes in a row make one deployment.
   */
  current(api: ApiRow, stage: StageRow): StageRow {
    if (stage.value.AutoDeploy !== true || stage.deployedChanges === api.changes) return stage;
    return this.deps.store.transaction(() => this.#autoDeploy(api, stage));
  }

  #autoDeploy(api: ApiRow, stage: StageRow): StageRow {
    const hasRoutes = this.routes.by.parent.size(partKey(api.id, "")) > 0;
    const deployment = hasRoutes ? this.deploy(api, true, undefined) : undefined;
    const message = deployment
      ? `Successfully deployed stage with deployment ID '${deployment.id}'`
      : "Deployment attempt failed: Unable to deploy API because no routes exist in this API";
    const value = { ...stage.value, LastDeploymentStatusMessage: message };
    if (deployment !== undefined) value.DeploymentId = deployment.id;
    const row = { ...stage, deployedChanges: api.changes, value };
    this.stages.put(row);
    this.#forgetOldDeployments(api.id);
    return row;
  }

  /** Makes the automatic deployments that are due, since they are only made when somebody looks. */
  settle(api: ApiRow): void {
    for (const stage of this.stages.by.auto.range(api.id)) this.current(api, stage);
  }

  /** Deploys the API as it is now. Inside a transaction. */
  deploy(api: ApiRow, auto: boolean, description: string | undefined): DeploymentRow {
    const value = {
      AutoDeployed: auto,
      DeploymentStatus: "DEPLOYED" as const,
      ...(description === undefined ? {} : { Description: description }),
    };
    const part = this.newPart(api, value, this.newId(7));
    const row = { ...part, createdMs: this.now, definition: this.definition(api) };
    this.deployments.put(row);
    return row;
  }

  /** The API as it is now, with all its parts. */
  definition({ id, value }: ApiRow): Definition {
    const all = <Value>(table: AnyPartTable<Value>): Value[] =>
      [...table.by.parent.range(partKey(id, ""))].map((row) => row.value);
    const under = <Value>(table: AnyPartTable<Value>, parents: readonly (string | undefined)[]) =>
      Object.fromEntries(
        parents.map((parent) => [
          parent as string,
          [...table.by.parent.range(partKey(id, parent as string))].map((row) => row.value),
        ]),
      );
    const routes = all(this.routes);
    const integrations = all(this.integrations);
    return {
      routes,
      integrations,
      authorizers: all(this.authorizers),
      models: all(this.models),
      routeResponses: under(
        this.routeResponses,
        routes.map((route) => route.RouteId),
      ),
      integrationResponses: under(
        this.integrationResponses,
        integrations.map((integration) => integration.IntegrationId),
      ),
      cors: value.CorsConfiguration,
      routeSelectionExpression: value.RouteSelectionExpression as string,
      apiKeySelectionExpression: value.ApiKeySelectionExpression as string,
    };
  }

  #forgetOldDeployments(apiId: string): void {
    let surplus = this.deployments.by.auto.size(apiId) - keptAutoDeployments;
    for (const { id } of this.deployments.by.auto.range(apiId)) {
      if (surplus <= 0) return;
      surplus -= 1;
      if (this.stages.by.deployment.size(partKey(apiId, id)) === 0) this.deployments.delete(partKey(apiId, id));
    }
  }

  /** Deletes an API's parts, or the parts of one of its parts. Inside a transaction. */
  deleteParts(table: AnyPartTable<unknown>, apiId: string, parent = ""): void {
    for (const { id } of table.by.parent.range(partKey(apiId, parent))) table.delete(partKey(apiId, id));
  }
}

export const operation = operationsOf<ApiGatewayV2>();
export type Context = OperationContext<ApiGatewayV2>;

/** ARN of a resource of API Gateway, which names no account: `arn:aws:apigateway:us-east-1::/apis/a1b2c3`. */
export function resourceArn({ region }: Pick<Place, "region">, path: string): string {
  return formatArn("apigateway", region, "", path);
}

/**
 * A value with the members of an update. An empty text removes a member.
 * @param members the members of the input that belong to the value.
 */
export function patched<Value extends object>(
  value: Value,
  input: object,
  members: readonly (keyof Value & string)[],
): Value {
  const result: Record<string, unknown> = { ...(value as Record<string, unknown>) };
  for (const member of members) {
    const given = (input as Record<string, unknown>)[member];
    if (given === undefined || given === null) continue;
    if (given === "") delete result[member];
    else result[member] = given;
  }
  return result as Value;
}

/** The members of an input that have a value. */
export function given<Value extends object>(input: object, members: readonly (keyof Value & string)[]): Partial<Value> {
  return patched<Partial<Value>>({}, input, members as readonly (keyof Partial<Value> & string)[]);
}

/** A map with entries added, replaced, or removed by empty texts. */
export function mergedMap<Value>(
  map: Readonly<Record<string, Value>> | undefined,
  changes: Readonly<Record<string, Value>>,
  isRemoval: (value: Value) => boolean = (value) => (value as unknown) === "",
): Record<string, Value> {
  const merged: Record<string, Value> = { ...map };
  for (const [key, value] of Object.entries(changes)) {
    if (isRemoval(value)) delete merged[key];
    else merged[key] = value;
  }
  return merged;
}
