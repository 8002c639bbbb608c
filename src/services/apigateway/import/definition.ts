/** Reads a whole document as the definition of an API. */

import { isObject } from "../../../../protocols/unknown-json.ts";
import { defined, unlessEmpty } from "../../../apis/members.ts";
import type { AuthorizerSettings } from "../authorizers.ts";
import type { ApiSettings, GatewayResponseDefinition, Texts } from "../definitions.ts";
import type { DocumentationLocation } from "../documentation-tables.ts";
import { gatewayResponseStatuses } from "../gateway-responses.ts";
import type { Members } from "./document.ts";
import { type ImportedPath, Operations } from "./operations.ts";
import { type Reader, textsIn } from "./reader.ts";
import { type ImportedModel, Schemas } from "./schemas.ts";
import { Security } from "./security.ts";

/** Parameters of an import request: `basepath`, `ignore`, `endpointConfigurationTypes`, … */
export type ImportParameters = Readonly<Record<string, string>>;

/** The settings in a document; those it does not mention are absent. */
export interface ImportedSettings extends Partial<Omit<ApiSettings, "endpointType" | "ipAddressType">> {
  readonly endpoint: {
    readonly types?: readonly string[] | undefined;
    readonly ipAddressType?: string | undefined;
    readonly vpcEndpointIds?: readonly string[] | undefined;
  };
  readonly tags: Texts;
}

export interface ImportedValidator {
  readonly name: string;
  readonly validateRequestBody: boolean;
  readonly validateRequestParameters: boolean;
}

export interface ImportedPart {
  readonly location: DocumentationLocation;
  readonly properties: string;
}

export interface ImportedDefinition {
  readonly models: readonly ImportedModel[];
  readonly validators: readonly ImportedValidator[];
  readonly authorizers: readonly AuthorizerSettings[];
  readonly gatewayResponses: readonly GatewayResponseDefinition[];
  readonly paths: readonly ImportedPath[];
  readonly documentation: readonly ImportedPart[];
}

export function importedSettings(reader: Reader, parameters: ImportParameters): ImportedSettings {
  const { root, document } = reader;
  const info = isObject(root["info"]) ? root["info"] : {};
  const keySource = reader.text(root["x-amazon-apigateway-api-key-source"])?.toUpperCase();
  const compression = Number(reader.text(root["x-amazon-apigateway-minimum-compression-size"]) ?? Number.NaN);
  const policy = root["x-amazon-apigateway-policy"];
  const endpoint = endpointOf(reader);
  const types = parameters["endpointConfigurationTypes"];
  const vpcEndpointIds = parameters["vpcEndpointIds"]?.split(",") ?? textsIn(endpoint["vpcEndpointIds"]);
  const disabled = endpoint["disableExecuteApiEndpoint"] ?? parameters["disableExecuteApiEndpoint"];
  return {
    ...defined({
      name: reader.text(info["title"]) || undefined,
      description: reader.text(info["description"]) || undefined,
      version: document.infoVersion || undefined,
      binaryMediaTypes: optionalList(root["x-amazon-apigateway-binary-media-types"]),
      minimumCompressionSize: Number.isNaN(compression) ? undefined : compression,
      apiKeySource: keySource === "HEADER" || keySource === "AUTHORIZER" ? keySource : undefined,
      policy: isObject(policy) ? reader.text(JSON.stringify(policy)) : reader.text(policy) || undefined,
      disableExecuteApiEndpoint: disabled === undefined ? undefined : disabled === true || disabled === "true",
    }),
    endpoint: {
      types: types?.split(","),
      ipAddressType: reader.text(endpoint["ipAddressType"]),
      vpcEndpointIds: vpcEndpointIds.length > 0 ? vpcEndpointIds : undefined,
    },
    tags: tagsOf(reader),
  };
}

function endpointOf(reader: Reader): Members {
  const servers = reader.root["servers"];
  const first = Array.isArray(servers) ? reader.object(servers[0]) : undefined;
  const name = "x-amazon-apigateway-endpoint-configuration";
  return reader.object(reader.root[name]) ?? reader.object(first?.[name]) ?? {};
}

function optionalList(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) ? textsIn(value) : undefined;
}

function tagsOf(reader: Reader): Texts {
  const { tags } = reader.root;
  const entries = (Array.isArray(tags) ? (tags as unknown[]) : []).flatMap((value) => {
    const tag = reader.object(value);
    const name = reader.text(tag?.["name"]);
    const text = reader.text(tag?.["x-amazon-apigateway-tag-value"]);
    return name === undefined || text === undefined ? [] : [[name, text] as const];
  });
  return Object.fromEntries(entries);
}

/** @param newName makes the suffix for the names of unnamed models. */
export function importedDefinition(
  reader: Reader,
  apiId: string,
  newName: () => string,
  parameters: ImportParameters,
): ImportedDefinition {
  const schemas = new Schemas(reader, apiId, newName);
  const security = new Security(reader);
  const paths = new Operations(reader, schemas, security).paths(basePathOf(reader, parameters["basepath"]));
  return {
    // By now the operations have added their inline schemas.
    models: schemas.models,
    validators: validatorsOf(reader),
    authorizers: security.authorizers,
    gatewayResponses: gatewayResponsesOf(reader),
    paths,
    documentation: parameters["ignore"] === "documentation" ? [] : documentationOf(reader.root),
  };
}

/** The prefix of all paths: none, the document's base path, or that without its first segment. */
function basePathOf(reader: Reader, mode = "ignore"): string {
  if (mode !== "prepend" && mode !== "split") return "";
  const segments = documentBasePath(reader)
    .split("/")
    .filter((segment) => segment !== "");
  return (mode === "split" ? segments.slice(1) : segments).map((segment) => `/${segment}`).join("");
}

function documentBasePath(reader: Reader): string {
  const { root, document } = reader;
  if (document.version === 2) return reader.text(root["basePath"]) ?? "";
  const servers = root["servers"];
  const first = Array.isArray(servers) ? reader.object(servers[0]) : undefined;
  const variables = reader.object(first?.["variables"]) ?? {};
  const own = reader.text(reader.object(variables["basePath"])?.["default"]);
  if (own !== undefined) return own;
  const url = reader.text(first?.["url"]) ?? "";
  return url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/]*/i, "").replace(/[?#].*$/, "");
}

function validatorsOf(reader: Reader): ImportedValidator[] {
  return reader.entries(reader.root["x-amazon-apigateway-request-validators"]).map(([name, value]) => {
    const validator = reader.object(value) ?? {};
    return {
      name,
      validateRequestBody: validator["validateRequestBody"] === true,
      validateRequestParameters: validator["validateRequestParameters"] === true,
    };
  });
}

function gatewayResponsesOf(reader: Reader): GatewayResponseDefinition[] {
  return reader.entries(reader.root["x-amazon-apigateway-gateway-responses"]).flatMap(([responseType, value]) => {
    const response = reader.object(value);
    if (response === undefined || !Object.hasOwn(gatewayResponseStatuses, responseType)) {
      reader.fail(`Unable to put gateway response '${responseType}': Invalid gateway response type specified`);
      return [];
    }
    return [
      {
        responseType,
        ...defined({
          statusCode: reader.text(response["statusCode"]) || undefined,
          responseParameters: unlessEmpty(reader.texts(response["responseParameters"])),
          responseTemplates: unlessEmpty(reader.texts(response["responseTemplates"])),
        }),
      },
    ];
  });
}

/** The documentation parts of a document, which need not contain anything else. */
export function documentationOf(root: Members): ImportedPart[] {
  const documentation = isObject(root["x-amazon-apigateway-documentation"])
    ? root["x-amazon-apigateway-documentation"]
    : root;
  const parts = documentation["documentationParts"];
  return (Array.isArray(parts) ? (parts as unknown[]) : []).flatMap((part) => {
    if (!isObject(part) || !isObject(part["location"]) || part["properties"] === undefined) return [];
    const { location, properties } = part;
    const texts = Object.entries(location).filter(
      ([, value]) => typeof value === "string" || typeof value === "number",
    );
    return [
      {
        location: { type: "", ...Object.fromEntries(texts.map(([name, value]) => [name, `${value as string}`])) },
        properties: typeof properties === "string" ? properties : JSON.stringify(properties),
      },
    ];
  });
}
