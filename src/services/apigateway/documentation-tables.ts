/** The rows of an API's documentation. */

import { getOwn } from "../../../protocols/unknown-json.ts";
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

/** The members that locations of each type have. */
const locations: Readonly<Record<string, readonly (keyof DocumentationLocation)[]>> = {
  API: [],
  AUTHORIZER: ["name"],
  MODEL: ["name"],
  RESOURCE: ["path"],
  METHOD: ["path", "method"],
  PATH_PARAMETER: ["path", "method", "name"],
  QUERY_PARAMETER: ["path", "method", "name"],
  REQUEST_HEADER: ["path", "method", "name"],
  REQUEST_BODY: ["path", "method"],
  RESPONSE: ["path", "method", "statusCode"],
  RESPONSE_HEADER: ["path", "method", "statusCode", "name"],
  RESPONSE_BODY: ["path", "method", "statusCode"],
};
/** What an absent member means. */
const defaults: Partial<Record<keyof DocumentationLocation, string>> = { path: "/", method: "*", statusCode: "*" };

/** The members a location of a type can have; undefined for an unknown type. */
export function locationMembers(type: string): readonly (keyof DocumentationLocation)[] | undefined {
  return getOwn(locations, type);
}

/** A location within an API as one text, equal for equal locations. */
export function locationKey(apiId: string, location: DocumentationLocation): string {
  const members = locationMembers(location.type) ?? [];
  return JSON.stringify([apiId, location.type, ...members.map((name) => location[name] ?? defaults[name] ?? "")]);
}

export const documentationPartTable = defineTable<DocumentationPartRow>()({
  name: "apigateway.documentation-parts",
  key: (row) => childKey(row.apiId, row.id),
  account: (row) => row.account,
  indexes: {
    api: { group: (row) => row.apiId, order: (row) => row.serial },
    location: { group: (row) => locationKey(row.apiId, row.location), order: (row) => row.serial },
  },
});

export const documentationVersionTable = defineTable<DocumentationVersionRow>()({
  name: "apigateway.documentation-versions",
  key: (row) => childKey(row.apiId, row.version),
  account: (row) => row.account,
  indexes: { api: { group: (row) => row.apiId, order: (row) => row.serial } },
});
