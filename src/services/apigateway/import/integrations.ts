/** `x-amazon-apigateway-integration`. */
import { defined, unlessEmpty } from "../../../apis/members.ts";
import type {
  ContentHandling,
  IntegrationDefinition,
  IntegrationResponseDefinition,
  IntegrationType,
} from "../definitions.ts";
import { type IntegrationSettings, newIntegration } from "../integrations.ts";
import type { Members } from "./document.ts";
import { type Reader, textsIn } from "./reader.ts";

const types = new Set(["HTTP", "HTTP_PROXY", "AWS", "AWS_PROXY", "MOCK"]);

/** Where an operation is in the document, for messages. */
export interface OperationPlace {
  readonly path: string;
  readonly verb: string;
}

/** The integration of an operation; undefined if there is none, or it is invalid. */
export function importedIntegration(
  reader: Reader,
  place: OperationPlace,
  operation: Members,
): IntegrationDefinition | undefined {
  const value = operation["x-amazon-apigateway-integration"];
  if (value === undefined || value === null) return undefined;
  const members = reader.object(value);
  const type = members && reader.text(members["type"])?.toUpperCase();
  if (members === undefined || type === undefined || !types.has(type)) {
    reader.fail(`Unable to parse API definition because of a malformed integration at path ${place.path}`);
    return undefined;
  }
  const text = (name: string) => reader.text(members[name]) || undefined;
  const timeout = Number(text("timeoutInMillis") ?? Number.NaN);
  const tls = reader.object(members["tlsConfig"]);
  const settings = {
    httpMethod: text("httpMethod")?.toUpperCase(),
    uri: text("uri"),
    connectionType: text("connectionType")?.toUpperCase(),
    connectionId: text("connectionId"),
    credentials: text("credentials"),
    requestParameters: reader.texts(members["requestParameters"], wrongEntry(reader, place, "requestParameters")),
    requestTemplates: reader.texts(members["requestTemplates"], wrongEntry(reader, place, "requestTemplates")),
    passthroughBehavior: text("passthroughBehavior")?.toUpperCase(),
    cacheNamespace: text("cacheNamespace"),
    cacheKeyParameters: textsIn(members["cacheKeyParameters"]),
    contentHandling: contentHandling(reader, members),
    timeoutInMillis: Number.isNaN(timeout) ? undefined : Math.trunc(timeout),
    tlsConfig: tls && { insecureSkipVerification: tls["insecureSkipVerification"] === true },
    responseTransferMode: text("responseTransferMode")?.toUpperCase(),
    integrationTarget: text("integrationTarget"),
  } as IntegrationSettings;
  const responses = reader.entries(members["responses"]).flatMap(([pattern, response]) => {
    const found = reader.object(response);
    return found === undefined ? [] : [importedResponse(reader, place, pattern, found)];
  });
  return {
    ...newIntegration(type as IntegrationType, { resourceId: "" }, settings),
    responses: Object.fromEntries(responses.map((response) => [response.statusCode, response])),
  };
}

function importedResponse(
  reader: Reader,
  place: OperationPlace,
  pattern: string,
  members: Members,
): IntegrationResponseDefinition {
  return {
    statusCode: reader.text(members["statusCode"]) ?? "200",
    ...defined({
      selectionPattern: pattern === "default" ? undefined : reader.text(pattern) || undefined,
      responseParameters: unlessEmpty(
        reader.texts(members["responseParameters"], wrongEntry(reader, place, "responseParameters")),
      ),
      responseTemplates: unlessEmpty(
        reader.texts(members["responseTemplates"], wrongEntry(reader, place, "responseTemplates")),
      ),
      contentHandling: contentHandling(reader, members),
    }),
  };
}

function contentHandling(reader: Reader, members: Members): ContentHandling | undefined {
  const value = reader.text(members["contentHandling"])?.toUpperCase();
  return value === "CONVERT_TO_BINARY" || value === "CONVERT_TO_TEXT" ? value : undefined;
}

function wrongEntry(reader: Reader, { path, verb }: OperationPlace, member: string) {
  return (name: string, value: unknown) =>
    reader.warn(
      `Invalid format for '${member}'. Expected type string for property '${name}' of resource '${path}' and method '${verb}' but got '${reader.text(value) ?? JSON.stringify(value)}'`,
    );
}
