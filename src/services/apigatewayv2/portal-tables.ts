/** Rows of developer portals: portals, portal products and pages of products, which only differ in their values. */
import type {
  EndpointConfigurationResponse,
  GetPortalProductResponse,
  GetPortalResponse,
  GetProductPageResponse,
  GetProductRestEndpointPageResponse,
} from "@aws-sdk/client-apigatewayv2";
import type { FromWire } from "../../../protocols/blob.ts";
import type { Place } from "../../calls/place.ts";
import { defineTable } from "../../engine/table.ts";

type Dates = "LastModified" | "LastPublished";

export type PortalValue = Omit<
  FromWire<GetPortalResponse>,
  Dates | "PortalId" | "PortalArn" | "EndpointConfiguration"
> & {
  readonly EndpointConfiguration?: EndpointConfigurationResponse;
};
export type ProductValue = Omit<FromWire<GetPortalProductResponse>, Dates | "PortalProductId" | "PortalProductArn"> & {
  readonly SharingPolicy?: string;
};
export type PageValue = Omit<FromWire<GetProductPageResponse>, Dates | "ProductPageId" | "ProductPageArn">;
export type EndpointPageValue = Omit<
  FromWire<GetProductRestEndpointPageResponse>,
  Dates | "ProductRestEndpointPageId" | "ProductRestEndpointPageArn"
>;

export interface PortalValues {
  readonly portals: PortalValue;
  readonly portalproducts: ProductValue;
  readonly productpages: PageValue;
  readonly productrestendpointpages: EndpointPageValue;
}

/** Named as in paths and ARNs. */
export type PortalKind = keyof PortalValues;

export interface PortalRow<Value = PortalValues[PortalKind]> extends Place {
  readonly kind: PortalKind;
  readonly id: string;
  /** The product of a page; otherwise empty. */
  readonly parent: string;
  readonly serial: number;
  readonly modifiedMs: number;
  readonly publishedMs?: number | undefined;
  readonly value: Value;
}

export const portalTable = defineTable<PortalRow>()({
  name: "apigatewayv2.portals",
  key: (row) => `${row.kind} ${row.id}`,
  account: (row) => row.account,
  indexes: { list: { group: portalGroup, order: (row) => row.serial } },
});

/** The group of rows that are listed together. */
export function portalGroup({
  kind,
  parent,
  account,
  region,
}: Omit<PortalRow, "id" | "serial" | "modifiedMs" | "value">) {
  return `${account} ${region} ${kind} ${parent}`;
}
