/** ImportRestApi, PutRestApi and ImportDocumentationParts. */

import {
  ImportDocumentationParts$,
  type ImportDocumentationPartsCommand,
  ImportRestApi$,
  type ImportRestApiCommand,
  PutRestApi$,
  type PutRestApiCommand,
} from "@aws-sdk/client-api-gateway";
import { AwsError } from "../../../protocols/error.ts";
import { isObject } from "../../../protocols/unknown-json.ts";
import { defined } from "../../apis/members.ts";
import { partitionOf } from "../../calls/arn.ts";
import { inTransaction } from "../../calls/operation.ts";
import { type Context, operation } from "./apigateway.ts";
import { bodyText } from "./body.ts";
import type { ApiSettings } from "./definitions.ts";
import { newPart, replacePart } from "./documentation-parts.ts";
import { badRequest } from "./errors.ts";
import { applyDefinition, existingIds } from "./import/apply.ts";
import {
  documentationOf,
  type ImportedPart,
  type ImportedSettings,
  type ImportParameters,
  importedDefinition,
  importedSettings,
} from "./import/definition.ts";
import { parsed, readDocument } from "./import/document.ts";
import { Reader } from "./import/reader.ts";
import { storedPolicy } from "./policies.ts";
import { checkCompressionSize, checkIpAddressType, describedApi, endpointTypeOf, newApi } from "./rest-apis.ts";
import { childKey, type RestApiRow } from "./tables.ts";
import { checkedTags } from "./tag-checks.ts";

export const importRestApi = operation<ImportRestApiCommand>(ImportRestApi$, async (input, context) => {
  const reader = await readerOf(input.body, context);
  return inTransaction(context, () => imported(context, reader, input.parameters ?? {}, input.failOnWarnings ?? false));
});

function imported(context: Context, reader: Reader, parameters: ImportParameters, failOnWarnings: boolean) {
  const { endpoint, tags, ...settings } = importedSettings(reader, parameters);
  if (settings.name === undefined) throw badRequest("Errors found during import:\n\tAPI Name cannot be blank");
  const api = newApi(context, { ...settings, name: settings.name }, { endpoint, tags: checkedTags({}, tags) });
  define(context, api, reader, parameters);
  reader.finish(failOnWarnings);
  return answer(api, reader);
}

export const putRestApi = operation<PutRestApiCommand>(PutRestApi$, async (input, context) => {
  context.service.api(context, input.restApiId);
  const reader = await readerOf(input.body, context);
  return inTransaction(context, () => replaced(context, reader, input));
});

interface PutInput {
  readonly restApiId: string | undefined;
  readonly mode?: string | undefined;
  readonly failOnWarnings?: boolean | undefined;
  readonly parameters?: ImportParameters | undefined;
}

function replaced(context: Context, reader: Reader, input: PutInput) {
  const { service } = context;
  const { parameters = {} } = input;
  const api = service.api(context, input.restApiId);
  const settings = importedSettings(reader, parameters);
  const before = existingIds(service, api.id);
  let updated: RestApiRow;
  if (input.mode === "overwrite") {
    const parts = [...service.documentationParts.by.api.range(api.id)];
    const versions = [...service.documentationVersions.by.api.range(api.id)];
    service.emptyApi(api.id);
    service.resources.put({
      apiId: api.id,
      account: api.account,
      id: api.rootResourceId,
      serial: service.nextSerial(),
      path: "/",
    });
    // With `ignore=documentation` the import does not touch the documentation.
    if (parameters["ignore"] === "documentation") for (const part of parts) service.documentationParts.put(part);
    for (const version of versions) service.documentationVersions.put(version);
    const kept: RestApiRow = {
      ...unset(api),
      apiKeySource: "HEADER",
      disableExecuteApiEndpoint: false,
    };
    updated = withSettings(kept, settings);
  } else updated = withSettings(api, settings);
  service.apis.put(updated);
  applyDefinition(
    context,
    updated,
    reader,
    importedDefinition(reader, api.id, () => service.newId("model names", 6), parameters),
    before,
  );
  reader.finish(input.failOnWarnings ?? false);
  return answer(updated, reader, { tags: true });
}

export const importDocumentationParts = operation<ImportDocumentationPartsCommand>(
  ImportDocumentationParts$,
  async (input, context) => {
    context.service.api(context, input.restApiId);
    const { root } = await parsed(bodyText(input.body), context.service.deps.clock.turns);
    const parts = isObject(root) ? documentationOf(root) : [];
    if (parts.length === 0) throw badRequest("Unable to find documentation parts in the document");
    return inTransaction(context, () => importedParts(context, parts, input));
  },
);

interface PartsInput {
  readonly restApiId: string | undefined;
  readonly mode?: string | undefined;
  readonly failOnWarnings?: boolean | undefined;
}

function importedParts(context: Context, parts: readonly ImportedPart[], input: PartsInput) {
  const { service } = context;
  const api = service.api(context, input.restApiId);
  const owner = { apiId: api.id, account: api.account };
  if (input.mode === "overwrite") {
    for (const { id } of [...service.documentationParts.by.api.range(api.id)])
      service.documentationParts.delete(childKey(api.id, id));
  }
  const ids: string[] = [];
  const warnings: string[] = [];
  for (const { location, properties } of parts) {
    try {
      ids.push((replacePart(service, owner, location, properties) ?? newPart(service, owner, location, properties)).id);
    } catch (error) {
      if (!(error instanceof AwsError) || input.failOnWarnings) throw error;
      warnings.push(error.message);
    }
  }
  return { ids, warnings: warnings.length > 0 ? warnings : undefined };
}

async function readerOf(body: unknown, { service, region, account }: Context): Promise<Reader> {
  const document = await readDocument(bodyText(body), service.deps.clock.turns);
  return new Reader(document, { region, account, partition: partitionOf(region) });
}

/** Applies the document to a new API. */
function define(context: Context, api: RestApiRow, reader: Reader, parameters: ImportParameters): void {
  const { service } = context;
  const newName = () => service.newId("model names", 6);
  const definition = importedDefinition(reader, api.id, newName, parameters);
  applyDefinition(context, api, reader, definition, existingIds(service, api.id));
}

/** The API without the settings a document can have; its id, endpoint type and tags stay. */
function unset({ id, account, region, serial, createdMs, rootResourceId, tags, ...settings }: RestApiRow) {
  const { name, endpointType, ipAddressType, apiKeySource, disableExecuteApiEndpoint, securityPolicy } = settings;
  const kept = { name, endpointType, ipAddressType, apiKeySource, disableExecuteApiEndpoint };
  return { id, account, region, serial, createdMs, rootResourceId, tags, ...kept, ...defined({ securityPolicy }) };
}

function withSettings(api: RestApiRow, { endpoint, tags, policy, ...settings }: ImportedSettings): RestApiRow {
  checkCompressionSize(settings.minimumCompressionSize);
  const endpointType = endpoint.types === undefined ? api.endpointType : endpointTypeOf(endpoint.types);
  const ipAddressType = (endpoint.ipAddressType ?? api.ipAddressType) as ApiSettings["ipAddressType"];
  checkIpAddressType(endpointType, ipAddressType);
  return {
    ...api,
    ...settings,
    ...defined({
      policy: policy === undefined ? undefined : storedPolicy(policy, api),
      vpcEndpointIds: endpoint.vpcEndpointIds,
    }),
    endpointType,
    ipAddressType,
    tags: checkedTags(api.tags, tags),
  };
}

function answer(api: RestApiRow, { warnings }: Reader, always?: { readonly tags: boolean }) {
  return { ...describedApi(api, always), warnings: warnings.length > 0 ? warnings : undefined };
}
