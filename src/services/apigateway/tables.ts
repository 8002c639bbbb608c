/** The rows of REST APIs, with their indexes. Whatever belongs to an API is keyed under its id. */
import { type Place, placeKey } from "../../calls/place.ts";
import { defineTable } from "../../engine/table.ts";
import type {
  ApiSettings,
  AuthorizerDefinition,
  CacheClusterSize,
  CanaryDefinition,
  GatewayResponseDefinition,
  MethodDefinition,
  MethodSettingDefinition,
  ModelDefinition,
  RequestValidatorDefinition,
  Texts,
} from "./definitions.ts";

export interface RestApiRow extends Place, ApiSettings {
  readonly id: string;
  /** Rises with each API. */
  readonly serial: number;
  readonly createdMs: number;
  readonly rootResourceId: string;
  readonly tags: Texts;
}

/** What every row that belongs to an API has. */
export interface Child {
  readonly apiId: string;
  readonly account: string;
}

export interface ResourceRow extends Child {
  readonly id: string;
  readonly serial: number;
  /** Absent for the root, as is the path part. */
  readonly parentId?: string;
  readonly pathPart?: string;
  /** The path parts from the root on. */
  readonly path: string;
}

export interface MethodRow extends Child, MethodDefinition {
  readonly resourceId: string;
}

export interface ModelRow extends Child, ModelDefinition {
  readonly serial: number;
}

export interface RequestValidatorRow extends Child, RequestValidatorDefinition {
  readonly serial: number;
}

export interface AuthorizerRow extends Child, AuthorizerDefinition {
  readonly serial: number;
}

export interface GatewayResponseRow extends Child, GatewayResponseDefinition {}

export interface DeploymentRow extends Child {
  readonly id: string;
  readonly serial: number;
  readonly createdMs: number;
  readonly description?: string;
  /** The serial of its snapshot in the packed table. */
  readonly snapshot: number;
}

export interface StageRow extends Child {
  readonly region: string;
  readonly stageName: string;
  readonly serial: number;
  readonly createdMs: number;
  readonly updatedMs: number;
  readonly deploymentId: string;
  readonly description?: string;
  readonly clientCertificateId?: string;
  readonly cacheClusterEnabled: boolean;
  /** Gigabytes. */
  readonly cacheClusterSize?: CacheClusterSize;
  readonly cacheClusterStatus: "AVAILABLE" | "NOT_AVAILABLE";
  /** By `pets/GET` or `*` + `/*`. */
  readonly methodSettings: Readonly<Record<string, MethodSettingDefinition>>;
  readonly variables?: Texts;
  readonly documentationVersion?: string;
  readonly accessLogSettings?: { readonly destinationArn?: string; readonly format?: string };
  readonly canarySettings?: CanaryDefinition;
  readonly tracingEnabled: boolean;
  readonly tags: Texts;
}

export const restApiTable = defineTable<RestApiRow>()({
  name: "apigateway.apis",
  key: (row) => row.id,
  account: (row) => row.account,
  indexes: { place: { group: placeKey, order: (row) => row.serial } },
});

export const resourceTable = defineTable<ResourceRow>()({
  name: "apigateway.resources",
  key: (row) => childKey(row.apiId, row.id),
  account: (row) => row.account,
  indexes: {
    api: { group: (row) => row.apiId, order: (row) => row.serial },
    parent: {
      group: (row) => (row.parentId === undefined ? undefined : childKey(row.apiId, row.parentId)),
      order: (row) => row.pathPart ?? "",
    },
  },
});

export const methodTable = defineTable<MethodRow>()({
  name: "apigateway.methods",
  key: (row) => methodKey(row.apiId, row.resourceId, row.httpMethod),
  account: (row) => row.account,
  indexes: {
    api: { group: (row) => row.apiId, order: (row) => `${row.resourceId} ${row.httpMethod}` },
    resource: { group: (row) => childKey(row.apiId, row.resourceId), order: (row) => row.httpMethod },
  },
});

export const modelTable = defineTable<ModelRow>()({
  name: "apigateway.models",
  key: (row) => childKey(row.apiId, row.name),
  account: (row) => row.account,
  indexes: { api: { group: (row) => row.apiId, order: (row) => row.serial } },
});

export const requestValidatorTable = defineTable<RequestValidatorRow>()({
  name: "apigateway.request-validators",
  key: (row) => childKey(row.apiId, row.id),
  account: (row) => row.account,
  indexes: { api: { group: (row) => row.apiId, order: (row) => row.serial } },
});

export const authorizerTable = defineTable<AuthorizerRow>()({
  name: "apigateway.authorizers",
  key: (row) => childKey(row.apiId, row.id),
  account: (row) => row.account,
  indexes: { api: { group: (row) => row.apiId, order: (row) => row.serial } },
});

export const gatewayResponseTable = defineTable<GatewayResponseRow>()({
  name: "apigateway.gateway-responses",
  key: (row) => childKey(row.apiId, row.responseType),
  account: (row) => row.account,
  indexes: { api: { group: (row) => row.apiId, order: (row) => row.responseType } },
});

export const deploymentTable = defineTable<DeploymentRow>()({
  name: "apigateway.deployments",
  key: (row) => childKey(row.apiId, row.id),
  account: (row) => row.account,
  indexes: { api: { group: (row) => row.apiId, order: (row) => row.serial } },
});

export const stageTable = defineTable<StageRow>()({
  name: "apigateway.stages",
  key: (row) => childKey(row.apiId, row.stageName),
  account: (row) => row.account,
  indexes: { api: { group: (row) => row.apiId, order: (row) => row.serial } },
});

/** The key of something with an id or a name within an API. No API id contains a blank. */
export function childKey(apiId: string, id: string): string {
  return `${apiId} ${id}`;
}

export function methodKey(apiId: string, resourceId: string, verb: string): string {
  return `${apiId} ${resourceId} ${verb}`;
}
