/** Creates, finds, lists and deletes the rows of portals. */
import { AccessDeniedException$ } from "@aws-sdk/client-apigatewayv2";
import { AwsError } from "../../../protocols/error.ts";
import { decide } from "../../access/evaluate.ts";
import { parsePolicy } from "../../access/policy.ts";
import { formatArn } from "../../calls/arn.ts";
import type { Context } from "./apigatewayv2.ts";
import { unknownId } from "./errors.ts";
import { page } from "./pages.ts";
import { type PortalKind, type PortalRow, type PortalValues, type ProductValue, portalGroup } from "./portal-tables.ts";

/** AWS's names in its not-found message. */
const names: Readonly<Record<PortalKind, string>> = {
  portals: "Portal",
  portalproducts: "PortalProduct",
  productpages: "ProductPage",
  productrestendpointpages: "ProductRestEndpointPage",
};

type RowOf<Kind extends PortalKind> = PortalRow<PortalValues[Kind]>;

/** @param parent id of the product of a page. */
export function createRow<Kind extends PortalKind>(
  { service, account, region }: Context,
  kind: Kind,
  value: PortalValues[Kind],
  parent = "",
): RowOf<Kind> {
  const id = service.newId(10);
  const serial = service.deps.store.nextSerial();
  const row = { kind, id, parent, account, region, serial, modifiedMs: service.now, value };
  service.portals.put(row);
  return row;
}

/** @throws AwsError NotFoundException */
export function rowOf<Kind extends PortalKind>(
  { service, account, region }: Pick<Context, "service" | "account" | "region">,
  kind: Kind,
  id: string | undefined,
  parent = "",
): RowOf<Kind> {
  const row = service.portals.get(`${kind} ${id}`);
  const isIt = row !== undefined && row.parent === parent && row.account === account && row.region === region;
  if (!isIt) throw unknownId(names[kind], id);
  return row as RowOf<Kind>;
}

/** Stores a changed value. */
export function updateRow<Kind extends PortalKind>(
  { service }: Context,
  row: RowOf<Kind>,
  value: PortalValues[Kind],
): RowOf<Kind> {
  const changed = { ...row, modifiedMs: service.now, value };
  service.portals.put(changed);
  return changed;
}

export function deleteRow({ service }: Context, { kind, id }: PortalRow): void {
  service.portals.delete(`${kind} ${id}`);
}

export function pageOfRows<Kind extends PortalKind, Item>(
  { service, account, region }: Pick<Context, "service" | "account" | "region">,
  kind: Kind,
  input: { readonly MaxResults?: string | undefined; readonly NextToken?: string | undefined },
  show: (row: RowOf<Kind>) => Item,
  parent = "",
) {
  const group = portalGroup({ kind, parent, account, region });
  return page(
    service.portals.by.list,
    group,
    input,
    (row) => row.serial,
    (row) => show(row as RowOf<Kind>),
  );
}

/** `arn:aws:apigateway:us-east-1:123456789012:/portalproducts/a1b2c3d4e5/productpages/f6g7h8i9j0` */
export function arnOf({ kind, id, parent, account, region }: PortalRow): string {
  const path = parent === "" ? "" : `/portalproducts/${parent}`;
  return formatArn("apigateway", region, account, `${path}/${kind}/${id}`);
}

/**
 * The product, which may belong to another account that shares it.
 * @throws AwsError NotFoundException, AccessDeniedException if the product's sharing policy does not allow it to be
 * read.
 */
export function sharedProduct(
  context: Context,
  input: { readonly PortalProductId?: string | undefined; readonly ResourceOwnerAccountId?: string | undefined },
  action: string,
): { place: Pick<Context, "service" | "account" | "region">; product: PortalRow<ProductValue> } {
  const { service, account, region, invocation } = context;
  const owner = input.ResourceOwnerAccountId ?? account;
  const place = { service, account: owner, region };
  const product = rowOf(place, "portalproducts", input.PortalProductId);
  if (owner === account) return { place, product };
  const policy = product.value.SharingPolicy === undefined ? undefined : parsePolicy(product.value.SharingPolicy);
  const { arn, userId } = invocation.principal;
  const resource = arnOf(product);
  const access = {
    account,
    principal: { arn, userId },
    action: `apigateway:${action}`,
    resource,
    keys: new Map(),
  };
  if (policy === undefined || decide(policy, access) !== "allowed") {
    throw AwsError.of(
      AccessDeniedException$,
      `User: ${arn} is not authorized to perform: apigateway:${action} on resource: ${resource}`,
    );
  }
  return { place, product };
}
