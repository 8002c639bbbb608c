/** API keys. */

import {
  CreateApiKey$,
  type CreateApiKeyCommand,
  DeleteApiKey$,
  type DeleteApiKeyCommand,
  GetApiKey$,
  type GetApiKeyCommand,
  GetApiKeys$,
  type GetApiKeysCommand,
  UpdateApiKey$,
  type UpdateApiKeyCommand,
} from "@aws-sdk/client-api-gateway";
import { defined } from "../../apis/members.ts";
import { type Place, placeKey } from "../../calls/place.ts";
import type { ApiKeyRow } from "./account-tables.ts";
import { type ApiGateway, type Context, operation } from "./apigateway.ts";
import { badRequest, conflict, limitExceeded, notFound } from "./errors.ts";
import { pageOf, pageOfList } from "./pages.ts";
import { listedErrors, PatchTable, rulesFor } from "./patch.ts";
import { childKey } from "./tables.ts";
import { checkedTags, shownTags } from "./tag-checks.ts";

const maxKeys = 10_000;
const maxNameLength = 1024;
const [minValueLength, maxValueLength] = [20, 128];
const generatedChars = 40;

export const createApiKey = operation<CreateApiKeyCommand>(CreateApiKey$, (input, context) => {
  const stageKeys = (input.stageKeys ?? []).map(({ restApiId = "", stageName = "" }) => `${restApiId}/${stageName}`);
  const key = newApiKey(context, { ...input, stageKeys, tags: checkedTags({}, input.tags) });
  return { ...described(key), value: key.value };
});

export const getApiKey = operation<GetApiKeyCommand>(GetApiKey$, (input, context) => {
  const key = apiKeyOf(context.service, context, input.apiKey);
  return { ...described(key), value: input.includeValue ? key.value : undefined };
});

export const getApiKeys = operation<GetApiKeysCommand>(GetApiKeys$, (input, context) => {
  const { service } = context;
  const { nameQuery, customerId } = input;
  const wanted = (key: ApiKeyRow) =>
    (nameQuery === undefined || (key.name ?? "").startsWith(nameQuery)) &&
    (customerId === undefined || key.customerId === customerId);
  const keys = service.apiKeys.by.place;
  const { rows, position } =
    nameQuery === undefined
      ? pageOf(keys, placeKey(context), input, { newestFirst: true, keep: wanted })
      : pageOfList([...keys.range(placeKey(context))].filter(wanted).sort(byName), input);
  const items = rows.map((key) => ({ ...described(key), value: input.includeValues ? key.value : undefined }));
  return { items, position };
});

export const updateApiKey = operation<UpdateApiKeyCommand>(UpdateApiKey$, (input, context) => {
  const { service } = context;
  const updated = patches.apply(apiKeyOf(service, context, input.apiKey), input.patchOperations);
  checkName(updated.name);
  const key = { ...updated, updatedMs: service.now };
  service.apiKeys.put(key);
  return { ...described(key), tags: key.tags };
});

export const deleteApiKey = operation<DeleteApiKeyCommand>(DeleteApiKey$, (input, context) => {
  const { service } = context;
  const { id } = apiKeyOf(service, context, input.apiKey);
  for (const { planId } of [...service.usagePlanKeys.by.key.range(id)]) service.deletePlanKey(planId, id);
  service.apiKeys.delete(id);
});

export interface ApiKeySettings {
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly enabled?: boolean | undefined;
  readonly value?: string | undefined;
  readonly customerId?: string | undefined;
  readonly stageKeys?: readonly string[];
  readonly tags: ApiKeyRow["tags"];
}

/**
 * Creates a key. Inside a transaction.
 * @throws AwsError BadRequestException, ConflictException, LimitExceededException
 */
export function newApiKey(context: Context, settings: ApiKeySettings): ApiKeyRow {
  const { service, account, region } = context;
  checkName(settings.name);
  const value = settings.value || service.deps.random.fork("key values").text(generatedChars);
  if (value.length < minValueLength) throw badRequest(`API Key value should be at least ${minValueLength} characters`);
  if (value.length > maxValueLength)
    throw badRequest(`API Key value exceeds maximum size of ${maxValueLength} characters`);
  if (service.apiKeys.by.value.size(`${placeKey(context)} ${value}`) > 0) throw conflict("API Key already exists");
  for (const stageKey of settings.stageKeys ?? []) checkStageKey(service, context, stageKey);
  if (service.apiKeys.by.place.size(placeKey(context)) >= maxKeys) throw limitExceeded("API keys for this account");
  const key: ApiKeyRow = {
    account,
    region,
    id: service.newId("keys", 10),
    serial: service.nextSerial(),
    value,
    ...defined({
      name: settings.name || undefined,
      description: settings.description || undefined,
      customerId: settings.customerId || undefined,
    }),
    enabled: settings.enabled ?? false,
    createdMs: service.now,
    updatedMs: service.now,
    stageKeys: settings.stageKeys ?? [],
    tags: settings.tags,
  };
  service.apiKeys.put(key);
  return key;
}

function checkName(name: string | undefined): void {
  if (name !== undefined && name.length > maxNameLength) {
    throw badRequest(`Invalid API Key name, can be at most ${maxNameLength} characters.`);
  }
}

function checkStageKey(service: ApiGateway, place: Place, stageKey: string): void {
  const [apiId = "", stage = ""] = stageKey.split("/");
  if (!service.hasApi(place, apiId) || !service.stages.has(childKey(apiId, stage))) {
    throw badRequest(`Invalid stage identifier specified`);
  }
}

function byName(a: ApiKeyRow, b: ApiKeyRow): number {
  const [left, right] = [a.name ?? "", b.name ?? ""];
  return left < right ? -1 : left > right ? 1 : a.serial - b.serial;
}

const rules = rulesFor<ApiKeyRow>();

const patches = new PatchTable<ApiKeyRow>(
  [
    rules.text("name"),
    rules.text("description"),
    rules.flag("enabled"),
    rules.text("customerId"),
    rules.items("stageKeys", "/stages", { keep: true }),
    // Labels are accepted but shown nowhere.
    { path: "/labels", ops: { add: () => {}, remove: () => {} } },
  ],
  listedErrors("/description", "/enabled", "/name", "/customerId"),
);

/** @throws AwsError NotFoundException */
export function apiKeyOf(service: ApiGateway, { account, region }: Place, id: string | undefined): ApiKeyRow {
  const key = service.apiKeys.get(id as string);
  if (key === undefined || key.account !== account || key.region !== region) {
    throw notFound("Invalid API Key identifier specified");
  }
  return key;
}

function described({ id, name, customerId, description, enabled, createdMs, updatedMs, stageKeys, tags }: ApiKeyRow) {
  return {
    id,
    name,
    customerId,
    description,
    enabled,
    createdDate: new Date(createdMs),
    lastUpdatedDate: new Date(updatedMs),
    stageKeys: [...stageKeys],
    tags: shownTags(tags),
  };
}
