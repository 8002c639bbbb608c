/** Custom domain names, shared with HTTP APIs: the rows are those of `apis/`. */

import {
  CreateDomainName$,
  type CreateDomainNameCommand,
  DeleteDomainName$,
  type DeleteDomainNameCommand,
  type DomainName,
  type EndpointAccessMode,
  GetDomainName$,
  type GetDomainNameCommand,
  GetDomainNames$,
  type GetDomainNamesCommand,
  type SecurityPolicy,
} from "@aws-sdk/client-api-gateway";
import type { FromWire } from "../../../protocols/blob.ts";
import { textOf } from "../../../protocols/unknown-json.ts";
import type { DomainRow, RoutingMode } from "../../apis/domains.ts";
import { defined } from "../../apis/members.ts";
import { formatArn } from "../../calls/arn.ts";
import { type Place, placeKey } from "../../calls/place.ts";
import { type ApiGateway, operation } from "./apigateway.ts";
import { badRequest, limitExceeded, notFound } from "./errors.ts";
import { pageOfList } from "./pages.ts";
import { checkIpAddressType, endpointTypeOf } from "./rest-apis.ts";
import { checkedTags, shownTags } from "./tag-checks.ts";

const maxDomains = 120;
/** The zone of CloudFront's distributions, and that of regional endpoints in us-east-1. */
const distributionZoneId = "Z2FDTNDATAQYW2";
const regionalZoneId = "Z1UJRXOUMOOFQ8";
const domainForm = /^(?:\*\.)?(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)+[a-z0-9-]+$/;
const maxDomainLength = 255;

export const createDomainName = operation<CreateDomainNameCommand>(CreateDomainName$, (input, context) => {
  const { service, account, region } = context;
  const { domains } = service.deps.apis;
  const name = (input.domainName as string).toLowerCase();
  if (name.length > maxDomainLength || !domainForm.test(name))
    throw badRequest("Invalid domain name identifier specified");
  if (domains.rows.has(name)) throw badRequest("The domain name you provided already exists.");
  if (domains.rows.by.name.size(placeKey(context)) >= maxDomains) throw limitExceeded("domain names for this account");
  const endpointType = endpointTypeOf(input.endpointConfiguration?.types);
  const ipAddressType =
    input.endpointConfiguration?.ipAddressType ?? (endpointType === "PRIVATE" ? "dualstack" : "ipv4");
  checkIpAddressType(endpointType, ipAddressType);
  const alias = `d-${service.newId("domains", 10)}`;
  const isEdge = endpointType === "EDGE";
  const certificateArn = isEdge || endpointType === "PRIVATE" ? input.certificateArn : input.regionalCertificateArn;
  const row: DomainRow = {
    name,
    account,
    region,
    createdMs: service.now,
    endpointType,
    certificateArn: certificateArn || undefined,
    securityPolicy: input.securityPolicy ?? "TLS_1_2",
    ipAddressType,
    routingMode: routingModeOf(input.routingMode),
    mutualTls: mutualTlsOf(input.mutualTlsAuthentication ?? {}),
    tags: checkedTags({}, input.tags),
    targetName: isEdge ? `${alias}.cloudfront.net` : `${alias}.execute-api.${region}.amazonaws.com`,
    hostedZoneId: isEdge ? distributionZoneId : regionalZoneId,
    more: defined({
      domainNameId: endpointType === "PRIVATE" ? service.newId("domains", 10) : undefined,
      certificateName: input.certificateName,
      regionalCertificateName: input.regionalCertificateName,
      ownershipVerificationCertificateArn: input.ownershipVerificationCertificateArn,
      endpointAccessMode: input.endpointAccessMode,
      policy: input.policy || undefined,
    }),
  };
  domains.rows.put(row);
  return describedDomain(row);
});

export const getDomainName = operation<GetDomainNameCommand>(GetDomainName$, (input, context) =>
  describedDomain(domainOf(context.service, context, input)),
);

export const getDomainNames = operation<GetDomainNamesCommand>(GetDomainNames$, (input, context) => {
  if (input.resourceOwner === "OTHER_ACCOUNTS") return { items: [] };
  const all = [...context.service.deps.apis.domains.rows.by.name.range(placeKey(context))];
  const { rows, position } = pageOfList(all, input);
  return { items: rows.map(describedDomain), position };
});

export const deleteDomainName = operation<DeleteDomainNameCommand>(DeleteDomainName$, (input, context) => {
  const { service } = context;
  service.deps.apis.domains.delete(domainOf(service, context, input).name);
});

interface DomainAddress {
  readonly domainName: string | undefined;
  readonly domainNameId?: string | undefined;
}

/** @throws AwsError NotFoundException */
export function domainOf(
  service: ApiGateway,
  { account, region }: Place,
  { domainName, domainNameId }: DomainAddress,
): DomainRow {
  const row = service.deps.apis.domains.rows.get((domainName as string).toLowerCase());
  if (row === undefined || row.account !== account || row.region !== region) throw unknownDomain();
  if (domainNameId !== undefined && domainNameId !== row.more["domainNameId"]) throw unknownDomain();
  return row;
}

function unknownDomain() {
  return notFound("Invalid domain name identifier specified");
}

/** REST APIs' names for the routing modes. */
const routingModes: Readonly<Record<RoutingMode, NonNullable<DomainName["routingMode"]>>> = {
  API_MAPPING_ONLY: "BASE_PATH_MAPPING_ONLY",
  ROUTING_RULE_ONLY: "ROUTING_RULE_ONLY",
  ROUTING_RULE_THEN_API_MAPPING: "ROUTING_RULE_THEN_BASE_PATH_MAPPING",
};

/** @throws AwsError BadRequestException */
export function routingModeOf(mode: string | undefined): RoutingMode {
  if (!mode) return "API_MAPPING_ONLY";
  const found = Object.entries(routingModes).find(([, name]) => name === mode);
  if (found === undefined) throw badRequest("Invalid routing mode specified");
  return found[0] as RoutingMode;
}

export function mutualTlsOf(settings: {
  readonly truststoreUri?: string | undefined;
  readonly truststoreVersion?: string | undefined;
}): DomainRow["mutualTls"] {
  const { truststoreUri, truststoreVersion } = settings;
  return truststoreUri ? { truststoreUri, truststoreVersion } : undefined;
}

/** The ARN of a domain name; that of a private one contains its account and id. */
export function domainArn({ name, account, region, endpointType, more }: DomainRow): string {
  return endpointType === "PRIVATE"
    ? formatArn("apigateway", region, account, `/domainnames/${name}+${textOf(more["domainNameId"])}`)
    : formatArn("apigateway", region, "", `/domainnames/${name}`);
}

export function describedDomain(row: DomainRow): FromWire<DomainName> {
  const more = row.more as Readonly<Record<string, string | undefined>>;
  const { endpointType, mutualTls, certificateArn, createdMs } = row;
  const isRegional = endpointType === "REGIONAL";
  const uploaded = certificateArn === undefined ? undefined : new Date(createdMs);
  return {
    domainName: row.name,
    domainNameId: more["domainNameId"],
    domainNameArn: domainArn(row),
    certificateName: more["certificateName"],
    certificateArn: isRegional ? undefined : certificateArn,
    certificateUploadDate: uploaded,
    regionalDomainName: isRegional ? row.targetName : undefined,
    regionalHostedZoneId: isRegional ? row.hostedZoneId : undefined,
    regionalCertificateName: more["regionalCertificateName"],
    regionalCertificateArn: isRegional ? certificateArn : undefined,
    distributionDomainName: endpointType === "EDGE" ? row.targetName : undefined,
    distributionHostedZoneId: endpointType === "EDGE" ? row.hostedZoneId : undefined,
    endpointConfiguration: { types: [endpointType], ipAddressType: row.ipAddressType as "ipv4" },
    domainNameStatus: "AVAILABLE",
    securityPolicy: row.securityPolicy as SecurityPolicy,
    endpointAccessMode: more["endpointAccessMode"] as EndpointAccessMode | undefined,
    tags: shownTags(row.tags) as Record<string, string> | undefined,
    mutualTlsAuthentication: mutualTls && { ...mutualTls },
    ownershipVerificationCertificateArn: more["ownershipVerificationCertificateArn"],
    managementPolicy: more["managementPolicy"],
    policy: more["policy"],
    routingMode: routingModes[row.routingMode],
  };
}
