/** What an API was when it was deployed, or is now: everything that execution needs, and nothing that changes under it. */
import { definePackedTable } from "../../engine/packed-table.ts";
import type {
  ApiSettings,
  AuthorizerDefinition,
  GatewayResponseDefinition,
  MethodDefinition,
  ModelDefinition,
  RequestValidatorDefinition,
} from "./definitions.ts";

export interface SnapshotResource {
  readonly id: string;
  /** Absent for the root. */
  readonly parentId?: string;
  /** `/pets/{petId}`; the root is `/`. */
  readonly path: string;
  /** By verb, `ANY` among them. */
  readonly methods: Readonly<Record<string, MethodDefinition>>;
}

/** Plain data: it is kept as JSON. Stage variables, API keys and usage plans are not part of it. */
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
  /** By type; types nobody has set are not there. */
  readonly gatewayResponses: Readonly<Record<string, GatewayResponseDefinition>>;
}

interface SnapshotRow {
  readonly serial: number;
  readonly account: string;
  /** JSON of an ApiSnapshot. */
  readonly text: string;
}

/** Snapshots of deployments, under the serial their deployment names. */
export const snapshotTable = definePackedTable<SnapshotRow>({
  name: "apigateway.snapshots",
  serial: (row) => row.serial,
  account: (row) => row.account,
  head: (row) => `${row.serial} ${row.account}`,
  text: (row) => row.text,
  row: (head, text) => {
    const [serial = "", account = ""] = head.split(" ");
    return { serial: Number(serial), account, text };
  },
});
