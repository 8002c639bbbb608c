/** Base path mappings: which API a path prefix of a custom domain leads to. The rows are those of `apis/`. */
import {
  CreateBasePathMapping$,
  type CreateBasePathMappingCommand,
  DeleteBasePathMapping$,
  type DeleteBasePathMappingCommand,
  GetBasePathMapping$,
  type GetBasePathMappingCommand,
  GetBasePathMappings$,
  type GetBasePathMappingsCommand,
  UpdateBasePathMapping$,
  type UpdateBasePathMappingCommand,
} from "@aws-sdk/client-api-gateway";
import { type MappingRow, mappingKey } from "../../apis/domains.ts";
import type { Place } from "../../calls/place.ts";
import { type ApiGateway, operation } from "./apigateway.ts";
import { domainOf } from "./domain-names.ts";
import { badRequest, conflict, limitExceeded, notFound } from "./errors.ts";
import { pageOfList } from "./pages.ts";
import { listedErrors, PatchTable } from "./patch.ts";
import { childKey } from "./tables.ts";

const maxMappings = 300;
/** AWS's name for the empty base path. */
const none = "(none)";

export const createBasePathMapping = operation<CreateBasePathMappingCommand>(
  CreateBasePathMapping$,
  (input, context) => {
    const { service } = context;
    const { mappings } = service.deps.apis.domains;
    const { name } = domainOf(service, context, input);
    const path = pathOf(input.basePath);
    const mapping: MappingRow = {
      domain: name,
      account: context.account,
      id: service.newId("mappings", 6),
      path,
      apiId: input.restApiId as string,
      stage: input.stage ?? "",
    };
    checkTarget(service, context, mapping);
    if (mappings.has(mappingKey(name, path))) throw conflict("Base path already exists for this domain name");
    if (mappings.by.path.size(name) >= maxMappings) throw limitExceeded("base path mappings for this domain name");
    mappings.put(mapping);
    return described(mapping);
  },
);

export const getBasePathMapping = operation<GetBasePathMappingCommand>(GetBasePathMapping$, (input, context) =>
  described(mappingOf(context.service, context, input)),
);

export const getBasePathMappings = operation<GetBasePathMappingsCommand>(GetBasePathMappings$, (input, context) => {
  const { service } = context;
  const { name } = domainOf(service, context, input);
  // Only HTTP APIs have mappings of several segments.
  const own = [...service.deps.apis.domains.mappings.by.path.range(name)].filter(({ path }) => !path.includes("/"));
  const { rows, position } = pageOfList(own, input);
  return { items: rows.map(described), position };
});

export const updateBasePathMapping = operation<UpdateBasePathMappingCommand>(
  UpdateBasePathMapping$,
  (input, context) => {
    const { service } = context;
    const { mappings } = service.deps.apis.domains;
    const before = mappingOf(service, context, input);
    const updated = patches.apply(before, input.patchOperations);
    checkTarget(service, context, updated);
    if (updated.path !== before.path) {
      if (mappings.has(mappingKey(updated.domain, updated.path))) {
        throw conflict("Base path already exists for this domain name");
      }
      mappings.delete(mappingKey(before.domain, before.path));
    }
    mappings.put(updated);
    return described(updated);
  },
);

export const deleteBasePathMapping = operation<DeleteBasePathMappingCommand>(
  DeleteBasePathMapping$,
  (input, context) => {
    const { domain, path } = mappingOf(context.service, context, input);
    context.service.deps.apis.domains.mappings.delete(mappingKey(domain, path));
  },
);

const patches = new PatchTable<MappingRow>(
  [
    ...["/basePath", "/basepath"].map((path) => ({
      path,
      ops: {
        replace: (draft: { path: string }, { value }: { readonly value: string }) => {
          draft.path = pathOf(value);
        },
      },
    })),
    ...["/restapiId", "/restApiId"].map((path) => ({
      path,
      ops: {
        replace: (draft: { apiId: string }, { value }: { readonly value: string }) => {
          draft.apiId = value;
        },
      },
    })),
    {
      path: "/stage",
      ops: {
        replace: (draft, { value }) => {
          draft.stage = value;
        },
      },
    },
  ],
  listedErrors("/basePath", "/restapiId", "/stage"),
);

/**
 * @throws AwsError BadRequestException for an invalid base path, such as one of several segments, which only HTTP APIs
 * have.
 */
function pathOf(basePath: string | undefined): string {
  if (basePath === undefined || basePath === "" || basePath === none) return "";
  if (!/^[A-Za-z0-9$_.+!*'()-]{1,300}$/.test(basePath)) {
    throw badRequest(
      "API Gateway V1 doesn't support the slash character (/) in base path mappings, only letters, numbers and $-_.+!*'()",
    );
  }
  return basePath;
}

/** @throws AwsError NotFoundException, BadRequestException */
function checkTarget(service: ApiGateway, place: Place, { apiId, stage }: MappingRow): void {
  if (!service.hasApi(place, apiId)) throw notFound("Invalid REST API identifier specified");
  if (stage !== "" && !service.stages.has(childKey(apiId, stage))) {
    throw badRequest("Invalid stage identifier specified");
  }
}

interface MappingAddress {
  readonly domainName: string | undefined;
  readonly domainNameId?: string | undefined;
  readonly basePath: string | undefined;
}

/** @throws AwsError NotFoundException */
function mappingOf(service: ApiGateway, place: Place, address: MappingAddress): MappingRow {
  const { name } = domainOf(service, place, address);
  const path = address.basePath === none ? "" : (address.basePath ?? "");
  const mapping = service.deps.apis.domains.mappings.get(mappingKey(name, path));
  if (mapping === undefined) throw notFound("Invalid base path mapping identifier specified");
  return mapping;
}

function described({ path, apiId, stage }: MappingRow) {
  return { basePath: path || none, restApiId: apiId, stage: stage || undefined };
}
