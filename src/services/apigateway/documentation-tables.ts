/** The rows of an API's documentation. */
import { defineTable } from "../../engine/table.ts";
import { type Child, childKey } from "./tables.ts";

export interface DocumentationLocation {
  readonly type: string;
  readonly path?: string;
  readonly method?: string;
  readonly statusCode?: string;
  readonly name?: string;
}

export interface DocumentationPartRow extends Child {
  readonly id: string;
  readonly serial: number;
  readonly location: DocumentationLocation;
  /** JSON text. */
  readonly properties: string;
}

export interface DocumentationVersionRow extends Child {
  readonly version: string;
  readonly serial: number;
  readonly createdMs: number;
  readonly description?: string;
}

export const documentationPartTable = defineTable<DocumentationPartRow>()({
  name: "apigateway.documentation-parts",
  key: (row) => childKey(row.apiId, row.id),
  account: (row) => row.account,
  indexes: { api: { group: (row) => row.apiId, order: (row) => row.serial } },
});

export const documentationVersionTable = defineTable<DocumentationVersionRow>()({
  name: "apigateway.documentation-versions",
  key: (row) => childKey(row.apiId, row.version),
  account: (row) => row.account,
  indexes: { api: { group: (row) => row.apiId, order: (row) => row.serial } },
});
