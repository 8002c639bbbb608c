/** UpdateDomainName. */
import { UpdateDomainName$, type UpdateDomainNameCommand } from "@aws-sdk/client-api-gateway";
import type { DomainRow } from "../../apis/domains.ts";
import { operation } from "./apigateway.ts";
import { describedDomain, domainOf, mutualTlsOf, routingModeOf } from "./domain-names.ts";
import { badRequest } from "./errors.ts";
import { type Apply, listedErrors, PatchTable, type Rule } from "./patch.ts";
import { checkIpAddressType, isEndpointType } from "./rest-apis.ts";

export const updateDomainName = operation<UpdateDomainNameCommand>(UpdateDomainName$, (input, context) => {
  const { service } = context;
  const updated = patches.apply(domainOf(service, context, input), input.patchOperations);
  checkIpAddressType(updated.endpointType, updated.ipAddressType);
  service.deps.apis.domains.rows.put(updated);
  return describedDomain(updated);
});

/** A member that only this control plane has. */
function own(name: string): Rule<DomainRow> {
  const set: Apply<DomainRow> = (draft, { value }) => {
    const { [name]: _before, ...others } = draft.more;
    draft.more = value === "" ? others : { ...others, [name]: value };
  };
  return { path: `/${name}`, ops: { replace: set, add: set } };
}

function certificate(path: string): Rule<DomainRow> {
  const set: Apply<DomainRow> = (draft, { value }) => {
    draft.certificateArn = value || undefined;
  };
  return { path, ops: { replace: set, add: set } };
}

const setEndpointType: Apply<DomainRow> = (draft, { value }) => {
  if (!isEndpointType(value) || value === "PRIVATE") {
    throw badRequest("Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE");
  }
  draft.endpointType = value;
  const alias = draft.targetName.split(".", 1)[0];
  draft.targetName =
    value === "EDGE" ? `${alias}.cloudfront.net` : `${alias}.execute-api.${draft.region}.amazonaws.com`;
};

const patches = new PatchTable<DomainRow>(
  [
    own("certificateName"),
    certificate("/certificateArn"),
    own("regionalCertificateName"),
    certificate("/regionalCertificateArn"),
    own("ownershipVerificationCertificateArn"),
    own("endpointAccessMode"),
    own("managementPolicy"),
    own("policy"),
    {
      path: "/endpointConfiguration/types/{type}",
      ops: {
        replace: setEndpointType,
        add: setEndpointType,
        // A migration has both types for a while; here only the new one is kept.
        remove: () => {},
      },
    },
    {
      path: "/endpointConfiguration/ipAddressType",
      ops: {
        replace: (draft, { value }) => {
          if (value !== "ipv4" && value !== "dualstack") {
            throw badRequest("ipAddressType must be either ipv4 or dualstack.");
          }
          draft.ipAddressType = value;
        },
      },
    },
    {
      path: "/securityPolicy",
      ops: {
        replace: (draft, { value }) => {
          draft.securityPolicy = value;
        },
      },
    },
    {
      path: "/routingMode",
      ops: {
        replace: (draft, { value }) => {
          draft.routingMode = routingModeOf(value);
        },
      },
    },
    {
      path: "/mutualTlsAuthentication/truststoreUri",
      ops: {
        replace: (draft, { value }) => {
          draft.mutualTls = mutualTlsOf({ ...draft.mutualTls, truststoreUri: value });
        },
      },
    },
    {
      path: "/mutualTlsAuthentication/truststoreVersion",
      ops: {
        replace: (draft, { value }) => {
          draft.mutualTls = mutualTlsOf({ ...draft.mutualTls, truststoreVersion: value || undefined });
        },
      },
    },
  ],
  listedErrors(
    ...["/certificateName", "/certificateArn", "/regionalCertificateName", "/regionalCertificateArn"],
    ...["/endpointConfiguration/types", "/securityPolicy", "/mutualTlsAuthentication/truststoreUri"],
    ...[
      "/mutualTlsAuthentication/truststoreVersion",
      "/ownershipVerificationCertificateArn",
      "/policy",
      "/routingMode",
    ],
  ),
);
