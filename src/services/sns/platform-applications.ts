/** Platform applications: an account's credentials for mobile push services. */

import {
  CreatePlatformApplication$,
  type CreatePlatformApplicationCommand,
  DeletePlatformApplication$,
  type DeletePlatformApplicationCommand,
  GetPlatformApplicationAttributes$,
  type GetPlatformApplicationAttributesCommand,
  ListPlatformApplications$,
  type ListPlatformApplicationsCommand,
  SetPlatformApplicationAttributes$,
  type SetPlatformApplicationAttributesCommand,
} from "@aws-sdk/client-sns";
import { formatArn } from "../../calls/arn.ts";
import type { OperationContext } from "../../calls/operation.ts";
import { encodeToken, takePage } from "../../calls/page.ts";
import { placeKey } from "../../calls/place.ts";
import { invalidParameter, missingMember, notFound } from "./errors.ts";
import { checkHere, operation, pageAfter, pageSize, type Sns } from "./sns.ts";
import type { PlatformApplicationRow } from "./tables.ts";

const platforms = new Set(
  "ADM APNS APNS_SANDBOX APNS_VOIP APNS_VOIP_SANDBOX MACOS MACOS_SANDBOX BAIDU GCM MPNS WNS".split(" "),
);

/** Secrets are stored but never returned. */
const secret = /^(PlatformCredential|PlatformPrincipal)$/;
const known = new Set([
  "PlatformCredential",
  "PlatformPrincipal",
  "EventEndpointCreated",
  "EventEndpointDeleted",
  "EventEndpointUpdated",
  "EventDeliveryFailure",
  "SuccessFeedbackRoleArn",
  "FailureFeedbackRoleArn",
  "SuccessFeedbackSampleRate",
  "Enabled",
  "ApplePlatformTeamID",
  "ApplePlatformBundleID",
  "AuthenticationMethod",
]);

export const createPlatformApplication = operation<CreatePlatformApplicationCommand>(
  CreatePlatformApplication$,
  (input, context) => {
    const { service, account, region } = context;
    const name = input.Name ?? "";
    checkName(name);
    const platform = input.Platform ?? "";
    if (!platforms.has(platform)) throw invalidParameter("Platform", `${platform} is not supported`);
    const given = (input.Attributes ?? {}) as Record<string, string>;
    checkAttributes(given);
    checkCredentials(platform, given);
    const arn = formatArn("sns", region, account, `app/${platform}/${name}`);
    const existing = service.applications.get(arn);
    const attributes = { Enabled: "true", ...existing?.attributes, ...given };
    const serial = existing?.serial ?? service.deps.store.nextSerial();
    service.applications.put({ arn, account, region, platform, attributes, serial });
    return { PlatformApplicationArn: arn };
  },
);

export const getPlatformApplicationAttributes = operation<GetPlatformApplicationAttributesCommand>(
  GetPlatformApplicationAttributes$,
  (input, context) => {
    const { attributes } = applicationOf(context, input.PlatformApplicationArn);
    const shown = Object.fromEntries(Object.entries(attributes).filter(([name]) => !secret.test(name)));
    return { Attributes: { SuccessFeedbackSampleRate: "100", ...shown } };
  },
);

export const setPlatformApplicationAttributes = operation<SetPlatformApplicationAttributesCommand>(
  SetPlatformApplicationAttributes$,
  (input, context) => {
    const { service } = context;
    // Checks the form of the ARN, the attributes, and last whether the application exists.
    checkHere(input.PlatformApplicationArn, "PlatformApplicationArn", context);
    if (input.Attributes === undefined) throw missingMember("attributes");
    const application = applicationOf(context, input.PlatformApplicationArn);
    const given = input.Attributes as Record<string, string>;
    checkAttributes(given);
    service.applications.put({ ...application, attributes: { ...application.attributes, ...given } });
  },
);

export const deletePlatformApplication = operation<DeletePlatformApplicationCommand>(
  DeletePlatformApplication$,
  (input, context) => {
    const { service } = context;
    const arn = input.PlatformApplicationArn;
    checkHere(arn, "PlatformApplicationArn", context);
    for (const endpoint of service.endpoints.by.application.range(arn as string))
      service.endpoints.delete(endpoint.arn);
    service.applications.delete(arn as string);
  },
);

export const listPlatformApplications = operation<ListPlatformApplicationsCommand>(
  ListPlatformApplications$,
  (input, { service, account, region }) => {
    const rows = service.applications.by.place.range(placeKey({ account, region }), pageAfter(input.NextToken));
    const { items, more } = takePage(rows, pageSize);
    return {
      PlatformApplications: items.map(({ arn, attributes }) => ({
        PlatformApplicationArn: arn,
        Attributes: Object.fromEntries(Object.entries(attributes).filter(([name]) => !secret.test(name))),
      })),
      NextToken: more ? encodeToken(items.at(-1)?.serial) : undefined,
    };
  },
);

/** @throws AwsError InvalidParameter, NotFound */
export function applicationOf(context: OperationContext<Sns>, arn: string | undefined): PlatformApplicationRow {
  checkHere(arn, "PlatformApplicationArn", context);
  const application = context.service.applications.get(arn as string);
  if (application) return application;
  throw notFound("PlatformApplication");
}

function checkName(name: string): void {
  if (name === "") throw invalidParameter("", "cannot be empty");
  if (name.length > 256) throw invalidParameter(name, "must be at most 256 characters long");
  if (!/^[A-Za-z0-9_.-]+$/.test(name)) {
    throw invalidParameter(name, "must contain only characters 'a'-'z', 'A'-'Z', '0'-'9', '_', '-', and '.'");
  }
}

function checkAttributes(given: Readonly<Record<string, string>>): void {
  const unknown = Object.keys(given).find((name) => !known.has(name));
  if (unknown !== undefined) throw invalidParameter("Attributes", `Unknown attribute: ${unknown}`);
  if (given["Enabled"] !== undefined && !/^(true|false)$/.test(given["Enabled"])) {
    throw invalidParameter("Attributes", "Invalid value for attribute: Enabled: must be true or false");
  }
}

function checkCredentials(
  platform: string,
  { PlatformCredential, PlatformPrincipal }: Readonly<Record<string, string>>,
): void {
  if (PlatformPrincipal !== undefined && PlatformCredential === undefined) {
    throw invalidParameter("Attributes", "PlatformPrincipal attribute provided without PlatformCredential");
  }
  if (platform === "ADM" && PlatformCredential !== undefined && PlatformPrincipal === undefined) {
    throw invalidParameter("Attributes", "PlatformCredential attribute provided without PlatformPrincipal");
  }
}
