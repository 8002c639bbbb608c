/** VPC links: names that integrations may use. There is no VPC, so what is behind a link is called directly. */
import {
  CreateVpcLink$,
  type CreateVpcLinkCommand,
  DeleteVpcLink$,
  type DeleteVpcLinkCommand,
  GetVpcLink$,
  type GetVpcLinkCommand,
  GetVpcLinks$,
  type GetVpcLinksCommand,
  UpdateVpcLink$,
  type UpdateVpcLinkCommand,
} from "@aws-sdk/client-apigatewayv2";
import { placeKey } from "../../calls/place.ts";
import { type Context, operation, patched } from "./apigatewayv2.ts";
import { unknownId } from "./errors.ts";
import { page } from "./pages.ts";
import type { VpcLinkRow } from "./tables.ts";
import { checkedTags } from "./tags.ts";

export const createVpcLink = operation<CreateVpcLinkCommand>(CreateVpcLink$, (input, context) => {
  const { service, account, region } = context;
  const id = service.newId(7);
  const value = {
    Name: input.Name as string,
    SecurityGroupIds: input.SecurityGroupIds ?? [],
    SubnetIds: input.SubnetIds as string[],
    Tags: checkedTags(input.Tags ?? {}),
    VpcLinkId: id,
    VpcLinkStatus: "AVAILABLE" as const,
    VpcLinkStatusMessage: "VPC link is ready to route traffic",
    VpcLinkVersion: "V2" as const,
  };
  const row = { id, account, region, serial: service.deps.store.nextSerial(), createdMs: service.now, value };
  service.vpcLinks.put(row);
  return shownLink(row);
});

function linkOf({ service, account, region }: Context, id: string): VpcLinkRow {
  const row = service.vpcLinks.get(id);
  if (row === undefined || row.account !== account || row.region !== region) throw unknownId("VpcLink", id);
  return row;
}

export const getVpcLink = operation<GetVpcLinkCommand>(GetVpcLink$, (input, context) =>
  shownLink(linkOf(context, input.VpcLinkId as string)),
);

export const getVpcLinks = operation<GetVpcLinksCommand>(GetVpcLinks$, (input, context) => {
  const { by } = context.service.vpcLinks;
  return page(by.serial, placeKey(context), input, (row) => row.serial, shownLink);
});

export const updateVpcLink = operation<UpdateVpcLinkCommand>(UpdateVpcLink$, (input, context) => {
  const row = linkOf(context, input.VpcLinkId as string);
  const changed = { ...row, value: patched(row.value, input, ["Name"]) };
  context.service.vpcLinks.put(changed);
  return shownLink(changed);
});

export const deleteVpcLink = operation<DeleteVpcLinkCommand>(DeleteVpcLink$, (input, context) => {
  context.service.vpcLinks.delete(linkOf(context, input.VpcLinkId as string).id);
  return {};
});

function shownLink({ value, createdMs }: VpcLinkRow) {
  return { ...value, CreatedDate: new Date(createdMs) };
}
