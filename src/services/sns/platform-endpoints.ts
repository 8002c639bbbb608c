/** Platform endpoints: one app on one device. */
import {
  CreatePlatformEndpoint$,
  type CreatePlatformEndpointCommand,
  DeleteEndpoint$,
  type DeleteEndpointCommand,
  GetEndpointAttributes$,
  type GetEndpointAttributesCommand,
  ListEndpointsByPlatformApplication$,
  type ListEndpointsByPlatformApplicationCommand,
  SetEndpointAttributes$,
  type SetEndpointAttributesCommand,
} from "@aws-sdk/client-sns";
import type { OperationContext } from "../../calls/operation.ts";
import { encodeToken, takePage } from "../../calls/page.ts";
import { invalidParameter, notFound } from "./errors.ts";
import { applicationOf } from "./platform-applications.ts";
import { checkHere, operation, pageAfter, pageSize, type Sns } from "./sns.ts";
import type { PlatformEndpointRow } from "./tables.ts";

const maxUserDataBytes = 2048;

export const createPlatformEndpoint = operation<CreatePlatformEndpointCommand>(
  CreatePlatformEndpoint$,
  (input, context) => {
    const { service } = context;
    const application = applicationOf(context, input.PlatformApplicationArn);
    const token = input.Token ?? "";
    if (token === "") throw invalidParameter("Token", "cannot be empty");
    const given: Record<string, string> = { ...(input.Attributes as Record<string, string> | undefined) };
    if (input.CustomUserData !== undefined) given["CustomUserData"] = input.CustomUserData;
    checkAttributes(given);
    const attributes = { Enabled: "true", Token: token, ...lowerEnabled(given) };
    const existing = service.endpoints.by.token.first(`${application.arn}\n${token}`);
    if (existing) {
      if (!sameAttributes(existing.attributes, attributes)) {
        throw invalidParameter(
          "Token",
          `Endpoint ${existing.arn} already exists with the same Token, but different attributes.`,
        );
      }
      return { EndpointArn: existing.arn };
    }
    const arn = `${application.arn.replace(":app/", ":endpoint/")}/${service.deps.random.uuid()}`;
    const serial = service.deps.store.nextSerial();
    service.endpoints.put({ arn, account: application.account, applicationArn: application.arn, attributes, serial });
    return { EndpointArn: arn };
  },
);

export const getEndpointAttributes = operation<GetEndpointAttributesCommand>(
  GetEndpointAttributes$,
  (input, context) => ({ Attributes: { ...endpointOf(context, input.EndpointArn).attributes } }),
);

export const setEndpointAttributes = operation<SetEndpointAttributesCommand>(
  SetEndpointAttributes$,
  (input, context) => {
    const { service } = context;
    const endpoint = endpointOf(context, input.EndpointArn);
    const given = (input.Attributes ?? {}) as Record<string, string>;
    checkAttributes(given);
    service.endpoints.put({ ...endpoint, attributes: { ...endpoint.attributes, ...lowerEnabled(given) } });
  },
);

export const deleteEndpoint = operation<DeleteEndpointCommand>(DeleteEndpoint$, (input, context) => {
  checkHere(input.EndpointArn, "EndpointArn", context);
  context.service.endpoints.delete(input.EndpointArn as string);
});

export const listEndpointsByPlatformApplication = operation<ListEndpointsByPlatformApplicationCommand>(
  ListEndpointsByPlatformApplication$,
  (input, context) => {
    const { service } = context;
    const application = applicationOf(context, input.PlatformApplicationArn);
    const rows = service.endpoints.by.application.range(application.arn, pageAfter(input.NextToken));
    const { items, more } = takePage(rows, pageSize);
    return {
      Endpoints: items.map(({ arn, attributes }) => ({ EndpointArn: arn, Attributes: { ...attributes } })),
      NextToken: more ? encodeToken(items.at(-1)?.serial) : undefined,
    };
  },
);

/** @throws AwsError InvalidParameter, NotFound */
function endpointOf(context: OperationContext<Sns>, arn: string | undefined): PlatformEndpointRow {
  checkHere(arn, "EndpointArn", context);
  const endpoint = context.service.endpoints.get(arn as string);
  if (endpoint) return endpoint;
  throw notFound("Endpoint");
}

function checkAttributes(given: Readonly<Record<string, string>>): void {
  const unknown = Object.keys(given).find((name) => !["Token", "Enabled", "CustomUserData"].includes(name));
  if (unknown !== undefined) throw invalidParameter("Attributes", `Unknown attribute: ${unknown}`);
  const { Enabled, CustomUserData, Token } = given;
  if (Enabled !== undefined && !/^(true|false)$/i.test(Enabled)) {
    throw invalidParameter("Attributes", "Invalid value for attribute: Enabled: must be true or false");
  }
  if (Token === "") throw invalidParameter("Attributes", "Invalid value for attribute: Token: cannot be empty");
  if (CustomUserData !== undefined && Buffer.byteLength(CustomUserData) > maxUserDataBytes) {
    throw invalidParameter("CustomUserData", "must be at most 2048 bytes long in UTF-8 encoding");
  }
}

function lowerEnabled(given: Readonly<Record<string, string>>): Record<string, string> {
  const { Enabled } = given;
  return Enabled === undefined ? { ...given } : { ...given, Enabled: Enabled.toLowerCase() };
}

function sameAttributes(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  return ["Token", "Enabled", "CustomUserData"].every((name) => (a[name] ?? "") === (b[name] ?? ""));
}
