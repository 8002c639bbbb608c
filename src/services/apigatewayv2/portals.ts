/** Developer portals. They are stored, but there is no web site for them. */
import {
  type Authorization,
  CreatePortal$,
  type CreatePortalCommand,
  DeletePortal$,
  type DeletePortalCommand,
  DisablePortal$,
  type DisablePortalCommand,
  type EndpointConfigurationRequest,
  GetPortal$,
  type GetPortalCommand,
  ListPortals$,
  type ListPortalsCommand,
  PreviewPortal$,
  type PreviewPortalCommand,
  PublishPortal$,
  type PublishPortalCommand,
  UpdatePortal$,
  type UpdatePortalCommand,
} from "@aws-sdk/client-apigatewayv2";
import { type Context, given, operation, patched } from "./apigatewayv2.ts";
import { badRequest } from "./errors.ts";
import { arnOf, createRow, deleteRow, pageOfRows, rowOf, updateRow } from "./portal-rows.ts";
import type { PortalRow, PortalValue } from "./portal-tables.ts";
import { checkedTags } from "./tags.ts";

const settings = ["Authorization", "IncludedPortalProductArns", "PortalContent", "RumAppMonitorName"] as const;
/** AWS's zone for the names of portals, in every region. */
const hostedZoneId = "Z2FDTNDATAQYW2";

export const createPortal = operation<CreatePortalCommand>(CreatePortal$, (input, context) => {
  const { service, region } = context;
  checkAuthorization(input.Authorization);
  checkProducts(context, input.IncludedPortalProductArns);
  const name = `${service.newId(10)}.portals.apigateway.${region}.amazonaws.com`;
  const value: PortalValue = {
    IncludedPortalProductArns: [],
    ...given<PortalValue>(input, settings),
    EndpointConfiguration: endpointOf(name, input.EndpointConfiguration),
    PublishStatus: "DISABLED",
    Tags: checkedTags(input.Tags ?? {}),
  };
  return shown(createRow(context, "portals", value));
});

/** @throws AwsError BadRequestException unless it has exactly one of the two forms. */
function checkAuthorization(authorization: Authorization | undefined): void {
  if (authorization === undefined) return;
  const forms = [authorization.CognitoConfig, authorization.None].filter((form) => form !== undefined);
  if (forms.length !== 1) throw badRequest("Authorization must be one of cognitoConfig and none");
}

function endpointOf(
  portalDomain: string,
  settings: EndpointConfigurationRequest | undefined,
): NonNullable<PortalValue["EndpointConfiguration"]> {
  const { AcmManaged: managed, None: none } = settings ?? {};
  if ((managed === undefined) === (none === undefined)) {
    throw badRequest("Endpoint configuration must be one of acmManaged and none");
  }
  const own = managed && { CertificateArn: managed.CertificateArn, DomainName: managed.DomainName };
  return { PortalDefaultDomainName: portalDomain, PortalDomainHostedZoneId: hostedZoneId, ...own };
}

/** Products of other accounts are allowed too; whether they are shared is checked when they are read. */
function checkProducts(context: Context, arns: readonly string[] = []): void {
  for (const arn of arns) {
    const [, account, id] = /^arn:[^:]+:apigateway:[^:]+:(\d{12}):\/portalproducts\/([^/]+)$/.exec(arn) ?? [];
    if (id === undefined) throw badRequest(`Invalid portal product ARN: ${arn}`);
    if (account === context.account) rowOf(context, "portalproducts", id);
  }
}

export const getPortal = operation<GetPortalCommand>(GetPortal$, (input, context) =>
  shown(rowOf(context, "portals", input.PortalId)),
);

export const listPortals = operation<ListPortalsCommand>(ListPortals$, (input, context) =>
  pageOfRows(context, "portals", input, (row) => {
    const { Authorization, EndpointConfiguration, IncludedPortalProductArns, PortalContent, ...rest } = shown(row);
    return { ...rest, Authorization, EndpointConfiguration, IncludedPortalProductArns, PortalContent };
  }),
);

export const updatePortal = operation<UpdatePortalCommand>(UpdatePortal$, (input, context) => {
  const row = rowOf(context, "portals", input.PortalId);
  checkAuthorization(input.Authorization);
  checkProducts(context, input.IncludedPortalProductArns);
  const value = patched<PortalValue>(row.value, input, settings);
  const { PortalDefaultDomainName: name = "" } = row.value.EndpointConfiguration ?? {};
  const endpoint = input.EndpointConfiguration && {
    EndpointConfiguration: endpointOf(name, input.EndpointConfiguration),
  };
  return shown(updateRow(context, row, { ...value, ...endpoint }));
});

export const deletePortal = operation<DeletePortalCommand>(DeletePortal$, (input, context) => {
  deleteRow(context, rowOf(context, "portals", input.PortalId));
  return {};
});

export const previewPortal = operation<PreviewPortalCommand>(PreviewPortal$, (input, context) => {
  const row = rowOf(context, "portals", input.PortalId);
  const { PortalDefaultDomainName: name } = row.value.EndpointConfiguration ?? {};
  const Preview = { PreviewStatus: "PREVIEW_READY" as const, PreviewUrl: `https://${name}/preview` };
  context.service.portals.put({ ...row, value: { ...row.value, Preview } });
  return {};
});

export const publishPortal = operation<PublishPortalCommand>(PublishPortal$, (input, context) => {
  const row = rowOf(context, "portals", input.PortalId);
  const { LastPublishedDescription: _before, ...rest } = row.value;
  const said = input.Description === undefined ? {} : { LastPublishedDescription: input.Description };
  const value: PortalValue = { ...rest, ...said, PublishStatus: "PUBLISHED" };
  context.service.portals.put({ ...row, publishedMs: context.service.now, value });
  return {};
});

export const disablePortal = operation<DisablePortalCommand>(DisablePortal$, (input, context) => {
  const row = rowOf(context, "portals", input.PortalId);
  context.service.portals.put({ ...row, value: { ...row.value, PublishStatus: "DISABLED" } });
  return {};
});

function shown(row: PortalRow<PortalValue>) {
  return {
    ...row.value,
    LastModified: new Date(row.modifiedMs),
    LastPublished: row.publishedMs === undefined ? undefined : new Date(row.publishedMs),
    PortalArn: arnOf(row),
    PortalId: row.id,
  };
}
