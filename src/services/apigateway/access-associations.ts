/**
 * Domain name access associations: which VPC endpoints may reach a private domain name. They are stored but not
 * enforced.
 */
import {
  CreateDomainNameAccessAssociation$,
  type CreateDomainNameAccessAssociationCommand,
  DeleteDomainNameAccessAssociation$,
  type DeleteDomainNameAccessAssociationCommand,
  GetDomainNameAccessAssociations$,
  type GetDomainNameAccessAssociationsCommand,
  RejectDomainNameAccessAssociation$,
  type RejectDomainNameAccessAssociationCommand,
} from "@aws-sdk/client-api-gateway";
import { formatArn } from "../../calls/arn.ts";
import { type Place, placeKey } from "../../calls/place.ts";
import type { DomainNameAccessAssociationRow } from "./account-tables.ts";
import { type ApiGateway, operation } from "./apigateway.ts";
import { domainArn } from "./domain-names.ts";
import { badRequest, conflict, limitExceeded, notFound } from "./errors.ts";
import { pageOf } from "./pages.ts";
import { checkedTags, shownTags } from "./tag-checks.ts";

const maxAssociations = 100;

export const createDomainNameAccessAssociation = operation<CreateDomainNameAccessAssociationCommand>(
  CreateDomainNameAccessAssociation$,
  (input, context) => {
    const { service, account, region } = context;
    const domainNameArn = input.domainNameArn as string;
    const name = /:\/domainnames\/([^+/]+)\+[^+/]+$/.exec(domainNameArn)?.[1];
    const domain = name === undefined ? undefined : service.deps.apis.domains.rows.get(name);
    if (domain === undefined || domain.account !== account || domainArn(domain) !== domainNameArn) {
      throw notFound("Invalid domain name identifier specified");
    }
    const source = input.accessAssociationSource as string;
    if (!/^vpce-[a-z0-9]+$/.test(source)) throw badRequest("Invalid access association source specified");
    const path = `/domainnameaccessassociations/domainname/${name}/vpcesource/${source}`;
    const arn = formatArn("apigateway", region, account, path);
    if (service.accessAssociations.has(arn)) throw conflict("Domain name access association already exists");
    if (service.accessAssociations.by.place.size(placeKey(context)) >= maxAssociations) {
      throw limitExceeded("domain name access associations for this account");
    }
    const row: DomainNameAccessAssociationRow = {
      account,
      region,
      arn,
      serial: service.nextSerial(),
      domainNameArn,
      accessAssociationSource: source,
      tags: checkedTags({}, input.tags),
    };
    service.accessAssociations.put(row);
    return described(row);
  },
);

export const getDomainNameAccessAssociations = operation<GetDomainNameAccessAssociationsCommand>(
  GetDomainNameAccessAssociations$,
  (input, context) => {
    if (input.resourceOwner === "OTHER_ACCOUNTS") return { items: [] };
    const { rows, position } = pageOf(context.service.accessAssociations.by.place, placeKey(context), input);
    return { items: rows.map(described), position };
  },
);

export const deleteDomainNameAccessAssociation = operation<DeleteDomainNameAccessAssociationCommand>(
  DeleteDomainNameAccessAssociation$,
  (input, context) => {
    const { arn } = associationOf(context.service, context, input.domainNameAccessAssociationArn);
    context.service.accessAssociations.delete(arn);
  },
);

export const rejectDomainNameAccessAssociation = operation<RejectDomainNameAccessAssociationCommand>(
  RejectDomainNameAccessAssociation$,
  (input, context) => {
    const { arn, domainNameArn } = associationOf(context.service, context, input.domainNameAccessAssociationArn);
    if (domainNameArn !== input.domainNameArn) throw notFound("Invalid domain name identifier specified");
    context.service.accessAssociations.delete(arn);
  },
);

/** @throws AwsError NotFoundException */
function associationOf(service: ApiGateway, { account, region }: Place, arn: string | undefined) {
  const row = service.accessAssociations.get(arn || "-");
  if (row === undefined || row.account !== account || row.region !== region) {
    throw notFound("Invalid domain name access association identifier specified");
  }
  return row;
}

function described({ arn, domainNameArn, accessAssociationSource, tags }: DomainNameAccessAssociationRow) {
  const accessAssociationSourceType = "VPCE" as const;
  return {
    domainNameAccessAssociationArn: arn,
    domainNameArn,
    accessAssociationSourceType,
    accessAssociationSource,
    tags: shownTags(tags),
  };
}
