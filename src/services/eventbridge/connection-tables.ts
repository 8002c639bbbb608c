/** The rows of connections and API destinations, and their indexes. */
import type {
  ApiDestinationHttpMethod,
  ConnectionAuthorizationType,
  ConnectionState,
  CreateConnectionAuthRequestParameters,
} from "@aws-sdk/client-eventbridge";
import { placeKey } from "../../calls/place.ts";
import { defineTable } from "../../engine/table.ts";
import { type NamedRow, namedTable, nameKey } from "./tables.ts";

/** A token of an OAuth endpoint. */
export interface AccessToken {
  readonly value: string;
  /** Epoch milliseconds; absent when the endpoint told no lifetime. */
  readonly expiresMs?: number | undefined;
}

export interface ConnectionRow extends NamedRow {
  readonly modifiedMs: number;
  readonly authorizedMs: number | undefined;
  readonly description: string | undefined;
  readonly type: ConnectionAuthorizationType;
  /** Including secrets; undefined after DeauthorizeConnection has dropped them. */
  readonly auth: CreateConnectionAuthRequestParameters | undefined;
  readonly connectivity: string | undefined;
  readonly kmsKey: string | undefined;
  readonly secretArn: string;
  readonly state: ConnectionState;
  readonly stateReason: string | undefined;
  readonly token: AccessToken | undefined;
  /** Increases with every change of the credentials, so that an answer to older ones is recognized. */
  readonly version: number;
}

export const connectionTable = defineTable<ConnectionRow>()({
  name: "events.connections",
  key: (row) => nameKey(row, row.name),
  account: (row) => row.account,
  indexes: {
    name: { group: placeKey, order: (row) => row.name },
    authorizing: { group: (row) => (row.state === "AUTHORIZING" ? "" : undefined), order: (row) => row.createdMs },
  },
});

export interface ApiDestinationRow extends NamedRow {
  readonly modifiedMs: number;
  readonly description: string | undefined;
  readonly connectionArn: string;
  readonly endpoint: string;
  readonly method: ApiDestinationHttpMethod;
  /** Undefined means AWS's 300, which are not enforced. */
  readonly perSecond: number | undefined;
}

export const apiDestinationTable = namedTable<ApiDestinationRow>("events.apiDestinations");
