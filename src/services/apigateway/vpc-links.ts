/** VPC links: names for load balancers. Links are accepted, but integrations call their URLs directly. */

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
} from "@aws-sdk/client-api-gateway";
import { defined } from "../../apis/members.ts";
import { type Place, placeKey } from "../../calls/place.ts";
import type { VpcLinkRow } from "./account-tables.ts";
import { type ApiGateway, operation } from "./apigateway.ts";
import { badRequest, limitExceeded, notFound } from "./errors.ts";
import { pageOf } from "./pages.ts";
import { listedErrors, PatchTable, rulesFor } from "./patch.ts";
import { childKey } from "./tables.ts";
import { checkedTags, shownTags } from "./tag-checks.ts";

const maxLinks = 20;

export const createVpcLink = operation<CreateVpcLinkCommand>(CreateVpcLink$, (input, context) => {
  const { service, account, region } = context;
  const targetArns = input.targetArns ?? [];
  for (const arn of targetArns) {
    if (!/^arn:[^:]+:[^:]+:[^:]*:[^:]*:.+$/.test(arn)) throw badRequest(`Invalid ARN. ARN is not well formed ${arn}`);
  }
  if (input.name === "") throw badRequest("Name cannot be empty");
  if (targetArns.length !== 1) throw badRequest("Exactly one target ARN must be specified");
  if (service.vpcLinks.by.place.size(placeKey(context)) >= maxLinks) throw limitExceeded("VPC links for this account");
  const link: VpcLinkRow = {
    account,
    region,
    id: service.newId("links", 6),
    serial: service.nextSerial(),
    name: input.name as string,
    ...defined({ description: input.description || undefined }),
    targetArns,
    tags: checkedTags({}, input.tags),
  };
  service.vpcLinks.put(link);
  return { ...described(link), status: "PENDING" };
});

export const getVpcLink = operation<GetVpcLinkCommand>(GetVpcLink$, (input, context) =>
  described(linkOf(context.service, context, input.vpcLinkId)),
);

export const getVpcLinks = operation<GetVpcLinksCommand>(GetVpcLinks$, (input, context) => {
  const { rows, position } = pageOf(context.service.vpcLinks.by.place, placeKey(context), input);
  return { items: rows.map(described), position };
});

export const updateVpcLink = operation<UpdateVpcLinkCommand>(UpdateVpcLink$, (input, context) => {
  const { service } = context;
  const link = patches.apply(linkOf(service, context, input.vpcLinkId), input.patchOperations);
  if (!link.name) throw badRequest("Name cannot be empty");
  service.vpcLinks.put(link);
  return described(link);
});

export const deleteVpcLink = operation<DeleteVpcLinkCommand>(DeleteVpcLink$, (input, context) => {
  const { service } = context;
  const { id } = linkOf(service, context, input.vpcLinkId);
  const users: string[] = [];
  for (const api of service.apis.by.place.range(placeKey(context))) {
    for (const { httpMethod, resourceId, integration } of service.methods.by.api.range(api.id)) {
      if (integration?.connectionId !== id) continue;
      users.push(`[Method: ${httpMethod} on ${service.resources.get(childKey(api.id, resourceId))?.path}]`);
    }
  }
  if (users.length > 0) {
    throw badRequest(
      `Cannot delete vpc link. Vpc link '${id}', is referenced in ${users.join(", ")} in format of [Method:Resource].`,
    );
  }
  service.vpcLinks.delete(id);
});

const rules = rulesFor<VpcLinkRow>();

const patches = new PatchTable<VpcLinkRow>(
  [rules.text("name"), rules.text("description")],
  listedErrors("/name", "/description"),
);

/** @throws AwsError NotFoundException */
function linkOf(service: ApiGateway, { account, region }: Place, id: string | undefined): VpcLinkRow {
  const link = service.vpcLinks.get(id as string);
  if (link === undefined || link.account !== account || link.region !== region) {
    throw notFound("Invalid Vpc Link identifier specified");
  }
  return link;
}

function described({ id, name, description, targetArns, tags }: VpcLinkRow) {
  const status: "AVAILABLE" | "PENDING" = "AVAILABLE";
  return { id, name, description, targetArns: [...targetArns], status, tags: shownTags(tags) };
}
