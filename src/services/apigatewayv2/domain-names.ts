/** Custom domain names, shared with REST APIs. */
import {
  CreateDomainName$,
  type CreateDomainNameCommand,
  DeleteDomainName$,
  type DeleteDomainNameCommand,
  type DomainNameConfiguration,
  GetDomainName$,
  type GetDomainNameCommand,
  GetDomainNames$,
  type GetDomainNamesCommand,
  UpdateDomainName$,
  type UpdateDomainNameCommand,
} from "@aws-sdk/client-apigatewayv2";
import type { FromWire } from "../../../protocols/blob.ts";
import type { DomainRow } from "../../apis/domains.ts";
import { type Place, placeKey } from "../../calls/place.ts";
import { type ApiGatewayV2, type Context, operation, resourceArn } from "./apigatewayv2.ts";
import { badRequest, conflict, unknownId } from "./errors.ts";
import { page } from "./pages.ts";
import { checkedTags } from "./tags.ts";

/** The zone of API Gateway's regional endpoints in us-east-1. */
const hostedZoneId = "Z1UJRXOUMOOFQ8";

type Configuration = FromWire<DomainNameConfiguration>;

export const createDomainName = operation<CreateDomainNameCommand>(CreateDomainName$, (input, context) => {
  const { service, account, region } = context;
  const name = (input.DomainName as string).toLowerCase();
  if (!/^(\*\.)?([a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\.)+[a-z0-9-]+$/.test(name)) {
    throw badRequest("Invalid domain name identifier specified");
  }
  const { domains } = service.deps.apis;
  if (domains.rows.has(name)) throw conflict("The domain name you provided already exists.");
  const configuration = only(input.DomainNameConfigurations);
  if (configuration === undefined) throw badRequest("At least one domain name configuration must be provided.");
  if (!configuration.CertificateArn) throw badRequest("Certificate ARN must be provided");
  const row: DomainRow = {
    name,
    account,
    region,
    createdMs: service.now,
    endpointType: configuration.EndpointType ?? "REGIONAL",
    certificateArn: configuration.CertificateArn,
    securityPolicy: configuration.SecurityPolicy ?? "TLS_1_2",
    ipAddressType: configuration.IpAddressType ?? "ipv4",
    routingMode: input.RoutingMode ?? "API_MAPPING_ONLY",
    mutualTls: mutualTlsOf(input.MutualTlsAuthentication),
    tags: checkedTags(input.Tags ?? {}),
    targetName: `d-${service.newId(10)}.execute-api.${region}.amazonaws.com`,
    hostedZoneId,
    more: {},
  };
  domains.rows.put(row);
  return shownDomain(row);
});

function only(configurations: readonly Configuration[] | undefined): Configuration | undefined {
  if (configurations !== undefined && configurations.length > 1) {
    throw badRequest("Only one domain name configuration can be provided.");
  }
  return configurations?.[0];
}

function mutualTlsOf(
  given: { TruststoreUri?: string | undefined; TruststoreVersion?: string | undefined } | undefined,
): DomainRow["mutualTls"] {
  if (!given?.TruststoreUri) return undefined;
  return { truststoreUri: given.TruststoreUri, truststoreVersion: given.TruststoreVersion };
}

/** @throws AwsError NotFoundException */
export function domainOf(service: ApiGatewayV2, { account, region }: Place, name: string): DomainRow {
  const row = service.deps.apis.domains.rows.get(name.toLowerCase());
  if (row === undefined || row.account !== account || row.region !== region) throw unknownId("domain name");
  return row;
}

export const getDomainName = operation<GetDomainNameCommand>(GetDomainName$, (input, context) =>
  shownDomain(domainOf(context.service, context, input.DomainName as string)),
);

export const getDomainNames = operation<GetDomainNamesCommand>(GetDomainNames$, (input, context) => {
  const { by } = context.service.deps.apis.domains.rows;
  return page(by.name, placeKey(context), input, (row) => row.name, shownDomain);
});

export const updateDomainName = operation<UpdateDomainNameCommand>(UpdateDomainName$, (input, context) => {
  const { service } = context;
  const row = domainOf(service, context, input.DomainName as string);
  const configuration = only(input.DomainNameConfigurations);
  const { MutualTlsAuthentication: tls } = input;
  const changed: DomainRow = {
    ...row,
    certificateArn: configuration?.CertificateArn ?? row.certificateArn,
    securityPolicy: configuration?.SecurityPolicy ?? row.securityPolicy,
    endpointType: configuration?.EndpointType ?? row.endpointType,
    ipAddressType: configuration?.IpAddressType ?? row.ipAddressType,
    routingMode: input.RoutingMode ?? row.routingMode,
    mutualTls: tls === undefined ? row.mutualTls : mutualTlsOf(tls),
  };
  service.deps.apis.domains.rows.put(changed);
  return shownDomain(changed);
});

export const deleteDomainName = operation<DeleteDomainNameCommand>(DeleteDomainName$, (input, context) => {
  const { service }: Pick<Context, "service"> = context;
  const { name } = domainOf(service, context, input.DomainName as string);
  service.deps.apis.domains.delete(name);
  return {};
});

function shownDomain(row: DomainRow) {
  const { mutualTls } = row;
  return {
    ApiMappingSelectionExpression: "$request.basepath",
    DomainName: row.name,
    DomainNameArn: domainArn(row),
    DomainNameConfigurations: [
      {
        ApiGatewayDomainName: row.targetName,
        CertificateArn: row.certificateArn,
        DomainNameStatus: "AVAILABLE" as const,
        EndpointType: row.endpointType === "EDGE" ? ("EDGE" as const) : ("REGIONAL" as const),
        HostedZoneId: row.hostedZoneId,
        IpAddressType: row.ipAddressType as "ipv4",
        SecurityPolicy: row.securityPolicy as "TLS_1_2",
      },
    ],
    ...(mutualTls === undefined
      ? {}
      : {
          MutualTlsAuthentication: {
            TruststoreUri: mutualTls.truststoreUri,
            TruststoreVersion: mutualTls.truststoreVersion,
          },
        }),
    RoutingMode: row.routingMode,
    Tags: row.tags,
  };
}

export function domainArn(row: Pick<DomainRow, "region" | "name">): string {
  return resourceArn(row, `/domainnames/${row.name}`);
}
