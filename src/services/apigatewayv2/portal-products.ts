/** Portal products: what portals show of APIs, and which accounts they are shared with. */
import {
  CreatePortalProduct$,
  type CreatePortalProductCommand,
  DeletePortalProduct$,
  type DeletePortalProductCommand,
  DeletePortalProductSharingPolicy$,
  type DeletePortalProductSharingPolicyCommand,
  GetPortalProduct$,
  type GetPortalProductCommand,
  GetPortalProductSharingPolicy$,
  type GetPortalProductSharingPolicyCommand,
  ListPortalProducts$,
  type ListPortalProductsCommand,
  PutPortalProductSharingPolicy$,
  type PutPortalProductSharingPolicyCommand,
  UpdatePortalProduct$,
  type UpdatePortalProductCommand,
} from "@aws-sdk/client-apigatewayv2";
import { parsePolicy } from "../../access/policy.ts";
import { given, operation, patched } from "./apigatewayv2.ts";
import { badRequest, notFound } from "./errors.ts";
import { arnOf, createRow, deleteRow, pageOfRows, rowOf, sharedProduct, updateRow } from "./portal-rows.ts";
import { type PortalRow, type ProductValue, portalGroup } from "./portal-tables.ts";
import { checkedTags } from "./tags.ts";

export const createPortalProduct = operation<CreatePortalProductCommand>(CreatePortalProduct$, (input, context) => {
  const value = given<ProductValue>(input, ["Description", "DisplayName"]);
  return shown(createRow(context, "portalproducts", { ...value, Tags: checkedTags(input.Tags ?? {}) }));
});

export const getPortalProduct = operation<GetPortalProductCommand>(GetPortalProduct$, (input, context) =>
  shown(sharedProduct(context, input, "GetPortalProduct").product),
);

/** Products shared by other accounts are not listed: clients know them by their ARN. */
export const listPortalProducts = operation<ListPortalProductsCommand>(ListPortalProducts$, (input, context) => {
  const { ResourceOwner: owner = "SELF" } = input;
  if (owner !== "SELF" && owner !== "OTHER_ACCOUNTS") {
    throw badRequest("Invalid resource owner specified. Must be one of [SELF, OTHER_ACCOUNTS]");
  }
  if (owner === "OTHER_ACCOUNTS") return { Items: [] };
  return pageOfRows(context, "portalproducts", input, (row) => {
    const { Description, DisplayName, DisplayOrder: _order, ...rest } = shown(row);
    return { ...rest, Description, DisplayName };
  });
});

export const updatePortalProduct = operation<UpdatePortalProductCommand>(UpdatePortalProduct$, (input, context) => {
  const row = rowOf(context, "portalproducts", input.PortalProductId);
  const value = patched<ProductValue>(row.value, input, ["Description", "DisplayName", "DisplayOrder"]);
  return shown(updateRow(context, row, value));
});

export const deletePortalProduct = operation<DeletePortalProductCommand>(DeletePortalProduct$, (input, context) => {
  const product = rowOf(context, "portalproducts", input.PortalProductId);
  for (const kind of ["productpages", "productrestendpointpages"] as const) {
    const group = portalGroup({ ...product, kind, parent: product.id });
    for (const row of [...context.service.portals.by.list.range(group)]) deleteRow(context, row);
  }
  deleteRow(context, product);
  return {};
});

export const putPortalProductSharingPolicy = operation<PutPortalProductSharingPolicyCommand>(
  PutPortalProductSharingPolicy$,
  (input, context) => {
    const row = rowOf(context, "portalproducts", input.PortalProductId);
    const policy = input.PolicyDocument as string;
    if (parsePolicy(policy) === undefined) throw badRequest("Invalid policy document. Please check the policy syntax.");
    context.service.portals.put({ ...row, value: { ...row.value, SharingPolicy: policy } });
    return {};
  },
);

export const getPortalProductSharingPolicy = operation<GetPortalProductSharingPolicyCommand>(
  GetPortalProductSharingPolicy$,
  (input, context) => {
    const { id, value } = rowOf(context, "portalproducts", input.PortalProductId);
    if (value.SharingPolicy === undefined) throw notFound(`No sharing policy found for portal product ${id}`);
    return { PolicyDocument: value.SharingPolicy, PortalProductId: id };
  },
);

export const deletePortalProductSharingPolicy = operation<DeletePortalProductSharingPolicyCommand>(
  DeletePortalProductSharingPolicy$,
  (input, context) => {
    const row = rowOf(context, "portalproducts", input.PortalProductId);
    const { SharingPolicy: _gone, ...value } = row.value;
    context.service.portals.put({ ...row, value });
    return {};
  },
);

function shown(row: PortalRow<ProductValue>) {
  const { SharingPolicy: _policy, ...value } = row.value;
  return {
    ...value,
    LastModified: new Date(row.modifiedMs),
    PortalProductArn: arnOf(row),
    PortalProductId: row.id,
  };
}
