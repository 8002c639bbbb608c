/** The state of API Gateway's REST APIs: their tables, and the lookups that operations share. */
import { ServiceUnavailableException$ } from "@aws-sdk/client-api-gateway";
import { AwsError } from "../../../protocols/error.ts";
import { type OperationContext, operationsOf } from "../../calls/operation.ts";
import type { Place } from "../../calls/place.ts";
import type { ServiceDependencies } from "../../calls/service.ts";
import * as accountTables from "./account-tables.ts";
import * as documentationTables from "./documentation-tables.ts";
import { invalidApi, notFound } from "./errors.ts";
import type { Execution } from "./execution-port.ts";
import { KeySettings } from "./key-settings.ts";
import { Quotas } from "./quotas.ts";
import { type ApiSnapshot, snapshotTable, snapshotText } from "./snapshot.ts";
import * as tables from "./tables.ts";

const idCharacters = "abcdefghijklmnopqrstuvwxyz0123456789";

export class ApiGateway {
  readonly deps: ServiceDependencies;
  readonly apis;
  readonly resources;
  readonly methods;
  readonly models;
  readonly requestValidators;
  readonly authorizers;
  readonly gatewayResponses;
  readonly deployments;
  readonly stages;
  readonly documentationParts;
  readonly documentationVersions;
  readonly apiKeys;
  readonly usagePlans;
  readonly usagePlanKeys;
  readonly usage;
  readonly accessAssociations;
  readonly vpcLinks;
  readonly clientCertificates;
  readonly accounts;
  readonly quotas: Quotas;
  readonly keySettings: KeySettings;
  readonly #snapshots;
  /** Executes APIs. Set by whoever creates the service. */
  execution: Execution | undefined;

  constructor(dependencies: ServiceDependencies) {
    const { store } = dependencies;
    this.deps = dependencies;
    this.apis = store.table(tables.restApiTable);
    this.resources = store.table(tables.resourceTable);
    this.methods = store.table(tables.methodTable);
    this.models = store.table(tables.modelTable);
    this.requestValidators = store.table(tables.requestValidatorTable);
    this.authorizers = store.table(tables.authorizerTable);
    this.gatewayResponses = store.table(tables.gatewayResponseTable);
    this.deployments = store.table(tables.deploymentTable);
    this.stages = store.table(tables.stageTable);
    this.documentationParts = store.table(documentationTables.documentationPartTable);
    this.documentationVersions = store.table(documentationTables.documentationVersionTable);
    this.apiKeys = store.table(accountTables.apiKeyTable);
    this.usagePlans = store.table(accountTables.usagePlanTable);
    this.usagePlanKeys = store.table(accountTables.usagePlanKeyTable);
    this.usage = store.table(accountTables.usageTable);
    this.accessAssociations = store.table(accountTables.accessAssociationTable);
    this.vpcLinks = store.table(accountTables.vpcLinkTable);
    this.clientCertificates = store.table(accountTables.clientCertificateTable);
    this.accounts = store.table(accountTables.accountTable);
    this.quotas = new Quotas(this);
    this.keySettings = new KeySettings(this);
    dependencies.apis.account = this.keySettings;
    this.#snapshots = store.packedTable(snapshotTable);
  }

  get now(): number {
    return this.deps.clock.now();
  }

  /** A new id of lower-case letters and digits. @param purpose names the sequence that the id is drawn from. */
  newId(purpose: string, chars: number): string {
    return this.deps.random.fork(purpose).text(chars, idCharacters);
  }

  nextSerial(): number {
    return this.deps.store.nextSerial();
  }

  /** @throws AwsError NotFoundException */
  api({ account, region }: Place, apiId: string | undefined): tables.RestApiRow {
    const api = this.apis.get(apiId as string);
    if (api === undefined || api.account !== account || api.region !== region) {
      throw invalidApi(account, apiId ?? "");
    }
    return api;
  }

  /** A resource of an API, which may not exist itself. @throws AwsError NotFoundException */
  resource(place: Place, apiId: string | undefined, resourceId: string | undefined): tables.ResourceRow {
    const resource = this.hasApi(place, apiId)
      ? this.resources.get(tables.childKey(apiId as string, resourceId as string))
      : undefined;
    if (resource === undefined) throw notFound("Invalid Resource identifier specified");
    return resource;
  }

  /** @throws AwsError NotFoundException if the resource or the method does not exist. */
  method(place: Place, { restApiId, resourceId, httpMethod }: MethodAddress): tables.MethodRow {
    const resource = this.resource(place, restApiId, resourceId);
    const method = this.methods.get(tables.methodKey(resource.apiId, resource.id, httpMethod as string));
    if (method === undefined) throw notFound("Invalid Method identifier specified");
    return method;
  }

  hasApi({ account, region }: Place, apiId: string | undefined): boolean {
    const api = this.apis.get(apiId as string);
    return api !== undefined && api.account === account && api.region === region;
  }

  /** Removes a key from a plan, with its usage. Inside a transaction. */
  deletePlanKey(planId: string, keyId: string): void {
    const key = accountTables.planKeyKey(planId, keyId);
    for (const { day } of [...this.usage.by.planKey.range(key)]) this.usage.delete(`${key} ${day}`);
    this.usagePlanKeys.delete(key);
  }

  /** `GET//pets`: a method as AWS names it when it refuses to delete something the method uses. */
  methodName({ apiId, resourceId, httpMethod }: tables.MethodRow): string {
    return `${httpMethod}/${this.resources.get(tables.childKey(apiId, resourceId))?.path}`;
  }

  /** Executes APIs. @throws AwsError ServiceUnavailableException if nothing does. */
  get executor(): Execution {
    if (this.execution === undefined) throw AwsError.of(ServiceUnavailableException$, "Nothing executes APIs here.");
    return this.execution;
  }

  /** The snapshot of a deployment. It is parsed each time, since execution keeps what it builds from it. */
  snapshotOf(deployment: tables.DeploymentRow): ApiSnapshot {
    const row = this.#snapshots.get(deployment.snapshot);
    if (row === undefined) throw new Error(`Deployment ${deployment.id} of ${deployment.apiId} has lost its snapshot.`);
    const snapshot: unknown = JSON.parse(row.text);
    return snapshot as ApiSnapshot;
  }

  /** Stores a snapshot and returns its serial. Inside a transaction. @throws AwsError LimitExceededException */
  putSnapshot(snapshot: ApiSnapshot): number {
    const serial = this.nextSerial();
    this.#snapshots.put({ serial, account: snapshot.account, text: snapshotText(snapshot) });
    return serial;
  }

  /** Inside a transaction. */
  deleteDeployment(deployment: tables.DeploymentRow): void {
    this.#snapshots.delete(deployment.snapshot);
    this.deployments.delete(tables.childKey(deployment.apiId, deployment.id));
  }

  /** Deletes everything that defines an API, but not its stages and deployments. Inside a transaction. */
  emptyApi(apiId: string): void {
    for (const row of [...this.resources.by.api.range(apiId)]) this.resources.delete(tables.childKey(apiId, row.id));
    for (const { resourceId, httpMethod } of [...this.methods.by.api.range(apiId)]) {
      this.methods.delete(tables.methodKey(apiId, resourceId, httpMethod));
    }
    for (const row of [...this.models.by.api.range(apiId)]) this.models.delete(tables.childKey(apiId, row.name));
    for (const table of [this.requestValidators, this.authorizers, this.documentationParts]) {
      for (const row of [...table.by.api.range(apiId)]) table.delete(tables.childKey(apiId, row.id));
    }
    for (const { responseType } of [...this.gatewayResponses.by.api.range(apiId)]) {
      this.gatewayResponses.delete(tables.childKey(apiId, responseType));
    }
    for (const { version } of [...this.documentationVersions.by.api.range(apiId)]) {
      this.documentationVersions.delete(tables.childKey(apiId, version));
    }
  }

  /** The API as it is now, deployed or not. */
  currentSnapshot(api: tables.RestApiRow): ApiSnapshot {
    const {
      id,
      account,
      region,
      serial: _serial,
      createdMs: _createdMs,
      rootResourceId: _root,
      tags: _tags,
      ...settings
    } = api;
    const resources = [...this.resources.by.api.range(id)].sort((a, b) => (a.path < b.path ? -1 : 1));
    return {
      apiId: id,
      account,
      region,
      settings,
      resources: resources.map((resource) => ({
        id: resource.id,
        parentId: resource.parentId,
        path: resource.path,
        methods: byKey(this.methods.by.resource.range(tables.childKey(id, resource.id)), methodOf, "httpMethod"),
      })),
      models: byKey(this.models.by.api.range(id), withoutRow, "name"),
      validators: byKey(this.requestValidators.by.api.range(id), withoutRow, "id"),
      authorizers: byKey(this.authorizers.by.api.range(id), withoutRow, "id"),
      gatewayResponses: byKey(this.gatewayResponses.by.api.range(id), withoutRow, "responseType"),
    };
  }
}

export interface MethodAddress {
  readonly restApiId: string | undefined;
  readonly resourceId: string | undefined;
  readonly httpMethod: string | undefined;
}

export const operation = operationsOf<ApiGateway>();
export type Context = OperationContext<ApiGateway>;

/** A row without the API it belongs to. */
function withoutRow<Row extends tables.Child & { readonly serial?: number }>(row: Row) {
  const { apiId: _apiId, account: _account, serial: _serial, ...definition } = row;
  return definition;
}

function methodOf(row: tables.MethodRow) {
  const { resourceId: _resourceId, ...method } = withoutRow(row);
  return method;
}

function byKey<Row, Value>(
  rows: Iterable<Row>,
  definitionOf: (row: Row) => Value,
  key: keyof Row,
): Record<string, Value> {
  return Object.fromEntries([...rows].map((row) => [row[key] as string, definitionOf(row)]));
}
