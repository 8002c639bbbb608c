/** An API as it was deployed, or as it is now: everything execution needs, and nothing that changes under it. */
import { defineTextTable } from "../../engine/packed-table.ts";
import type {
  ApiSettings,
  AuthorizerDefinition,
  GatewayResponseDefinition,
  MethodDefinition,
  ModelDefinition,
  RequestValidatorDefinition,
} from "./definitions.ts";
import { limitExceeded } from "./errors.ts";

export interface SnapshotResource {
  readonly id: string;
  /** Absent for the root. */
  readonly parentId?: string;
  /** `/pets/{petId}`; the root is `/`. */
  readonly path: string;
  /** By verb, `ANY` among them. */
  readonly methods: Readonly<Record<string, MethodDefinition>>;
}

/** Plain data, stored as JSON. Stage variables, API keys and usage plans are not part of it. */
export interface ApiSnapshot {
  readonly apiId: string;
  readonly account: string;
  readonly region: string;
  readonly settings: ApiSettings;
  /** Ordered by path. */
  readonly resources: readonly SnapshotResource[];
  /** By name. */
  readonly models: Readonly<Record<string, ModelDefinition>>;
  /** By id. */
  readonly validators: Readonly<Record<string, RequestValidatorDefinition>>;
  /** By id. */
  readonly authorizers: Readonly<Record<string, AuthorizerDefinition>>;
  /** By type; only customized ones. */
  readonly gatewayResponses: Readonly<Record<string, GatewayResponseDefinition>>;
}

/** Characters of a deployment's JSON. AWS has no such limit, but an imported definition has at most 6 MB. */
const maxSnapshotLength = 64 * 1024 * 1024;

/**
 * The JSON of a snapshot, written piece by piece, so that one that is too large is refused before it is complete.
 * @throws AwsError
 */
export function snapshotText({ resources, ...rest }: ApiSnapshot): string {
  const pieces: string[] = [];
  let length = 0;
  const add = (piece: string) => {
    length += piece.length;
    if (length > maxSnapshotLength) throw limitExceeded("characters for this deployment");
    pieces.push(piece);
  };
  const head = JSON.stringify(rest);
  add(`${head.slice(0, -1)},"resources":[`);
  for (const [at, resource] of resources.entries()) add((at === 0 ? "" : ",") + JSON.stringify(resource));
  add("]}");
  return pieces.join("");
}

/** Snapshots of deployments, as JSON of ApiSnapshot, by the serial in `DeploymentRow.snapshot`. */
export const snapshotTable = defineTextTable("apigateway.snapshots");
