/** Documentation parts: texts about parts of an API. */
import {
  CreateDocumentationPart$,
  type CreateDocumentationPartCommand,
  DeleteDocumentationPart$,
  type DeleteDocumentationPartCommand,
  type DocumentationPartType,
  GetDocumentationPart$,
  type GetDocumentationPartCommand,
  GetDocumentationParts$,
  type GetDocumentationPartsCommand,
  UpdateDocumentationPart$,
  type UpdateDocumentationPartCommand,
} from "@aws-sdk/client-api-gateway";
import type { Place } from "../../calls/place.ts";
import { type ApiGateway, operation } from "./apigateway.ts";
import {
  type DocumentationLocation,
  type DocumentationPartRow,
  locationKey,
  locationMembers,
} from "./documentation-tables.ts";
import { badRequest, conflict, limitExceeded, notFound } from "./errors.ts";
import { pageOf } from "./pages.ts";
import { listedErrors, PatchTable } from "./patch.ts";
import { childKey } from "./tables.ts";

const maxParts = 2_000;

export const createDocumentationPart = operation<CreateDocumentationPartCommand>(
  CreateDocumentationPart$,
  (input, context) => {
    const { service } = context;
    const api = service.api(context, input.restApiId);
    // Empty members count as absent: Terraform sends all of them.
    const members = Object.entries(input.location ?? {}).filter(([, value]) => value !== "" && value !== undefined);
    const location = Object.fromEntries(members) as unknown as DocumentationLocation;
    return described(newPart(service, { apiId: api.id, account: api.account }, location, input.properties as string));
  },
);

export const getDocumentationPart = operation<GetDocumentationPartCommand>(GetDocumentationPart$, (input, context) =>
  described(partOf(context.service, context, input)),
);

export const getDocumentationParts = operation<GetDocumentationPartsCommand>(
  GetDocumentationParts$,
  (input, context) => {
    const { service } = context;
    const api = service.api(context, input.restApiId);
    const { type, nameQuery, path, locationStatus } = input;
    const keep = ({ location }: DocumentationPartRow) =>
      (type === undefined || location.type === type) &&
      (nameQuery === undefined || (location.name ?? "").includes(nameQuery)) &&
      (path === undefined || (location.path ?? "/").startsWith(path)) &&
      locationStatus !== "UNDOCUMENTED";
    const { rows, position } = pageOf(service.documentationParts.by.api, api.id, input, { keep });
    return { items: rows.map(described), position };
  },
);

export const updateDocumentationPart = operation<UpdateDocumentationPartCommand>(
  UpdateDocumentationPart$,
  (input, context) => {
    const { service } = context;
    const updated = patches.apply(partOf(service, context, input), input.patchOperations);
    checkProperties(updated.properties);
    service.documentationParts.put(updated);
    return described(updated);
  },
);

export const deleteDocumentationPart = operation<DeleteDocumentationPartCommand>(
  DeleteDocumentationPart$,
  (input, context) => {
    const { apiId, id } = partOf(context.service, context, input);
    context.service.documentationParts.delete(childKey(apiId, id));
  },
);

/**
 * Creates a part. Inside a transaction.
 * @throws AwsError BadRequestException, ConflictException, LimitExceededException
 */
export function newPart(
  service: ApiGateway,
  api: { readonly apiId: string; readonly account: string },
  location: DocumentationLocation,
  properties: string,
): DocumentationPartRow {
  checkProperties(properties);
  const members = locationMembers(location.type);
  for (const name of Object.keys(location)) {
    if (members === undefined || (name !== "type" && !members.includes(name as keyof DocumentationLocation))) {
      throw badRequest(`Invalid location: a documentation part of type ${location.type} has no ${name}`);
    }
  }
  if (service.documentationParts.by.location.size(locationKey(api.apiId, location)) > 0) {
    throw conflict("Documentation part already exists for the specified location");
  }
  if (service.documentationParts.by.api.size(api.apiId) >= maxParts) {
    throw limitExceeded("documentation parts for this API");
  }
  const part: DocumentationPartRow = {
    ...api,
    id: service.newId("documentation", 6),
    serial: service.nextSerial(),
    location,
    properties,
  };
  service.documentationParts.put(part);
  return part;
}

/** Replaces the properties of the part at a location, if there is one. Inside a transaction. */
export function replacePart(
  service: ApiGateway,
  { apiId }: { readonly apiId: string },
  location: DocumentationLocation,
  properties: string,
): DocumentationPartRow | undefined {
  const part = service.documentationParts.by.location.first(locationKey(apiId, location));
  if (part === undefined) return undefined;
  checkProperties(properties);
  const replaced = { ...part, properties };
  service.documentationParts.put(replaced);
  return replaced;
}

function checkProperties(properties: string): void {
  if (properties === "") throw badRequest("Documentation part properties must be non-empty");
}

const patches = new PatchTable<DocumentationPartRow>(
  [
    {
      path: "/properties",
      ops: {
        replace: (draft, { value }) => {
          draft.properties = value;
        },
      },
    },
  ],
  listedErrors("/properties"),
);

/** @throws AwsError NotFoundException */
function partOf(
  service: ApiGateway,
  place: Place,
  {
    restApiId,
    documentationPartId,
  }: { readonly restApiId?: string | undefined; readonly documentationPartId?: string | undefined },
): DocumentationPartRow {
  const api = service.api(place, restApiId);
  const part = service.documentationParts.get(childKey(api.id, documentationPartId as string));
  if (part === undefined) throw notFound("Invalid Documentation part identifier specified");
  return part;
}

function described({ id, location, properties }: DocumentationPartRow) {
  return { id, location: { ...location, type: location.type as DocumentationPartType }, properties };
}
