/** Documentation versions: named snapshots of an API's documentation. */

import {
  CreateDocumentationVersion$,
  type CreateDocumentationVersionCommand,
  DeleteDocumentationVersion$,
  type DeleteDocumentationVersionCommand,
  GetDocumentationVersion$,
  type GetDocumentationVersionCommand,
  GetDocumentationVersions$,
  type GetDocumentationVersionsCommand,
  UpdateDocumentationVersion$,
  type UpdateDocumentationVersionCommand,
} from "@aws-sdk/client-api-gateway";
import { defined } from "../../apis/members.ts";
import type { Place } from "../../calls/place.ts";
import { type ApiGateway, operation } from "./apigateway.ts";
import type { DocumentationVersionRow } from "./documentation-tables.ts";
import { badRequest, conflict, limitExceeded, notFound } from "./errors.ts";
import { pageOf } from "./pages.ts";
import { listedErrors, PatchTable, rulesFor } from "./patch.ts";
import { stageOf } from "./stages.ts";
import { childKey } from "./tables.ts";

const maxVersions = 2_000;

export const createDocumentationVersion = operation<CreateDocumentationVersionCommand>(
  CreateDocumentationVersion$,
  (input, context) => {
    const { service } = context;
    const api = service.api(context, input.restApiId);
    const version = input.documentationVersion as string;
    if (version === "") throw badRequest("Documentation version must be non-empty");
    if (service.documentationVersions.has(childKey(api.id, version))) {
      throw conflict("Documentation version already exists");
    }
    if (service.documentationVersions.by.api.size(api.id) >= maxVersions) {
      throw limitExceeded("documentation versions for this API");
    }
    const row: DocumentationVersionRow = {
      apiId: api.id,
      account: api.account,
      version,
      serial: service.nextSerial(),
      createdMs: service.now,
      ...defined({ description: input.description || undefined }),
    };
    service.documentationVersions.put(row);
    if (input.stageName) {
      const stage = stageOf(service, context, { restApiId: api.id, stageName: input.stageName });
      service.stages.put({ ...stage, documentationVersion: version, updatedMs: service.now });
    }
    return described(row);
  },
);

export const getDocumentationVersion = operation<GetDocumentationVersionCommand>(
  GetDocumentationVersion$,
  (input, context) => described(versionOf(context.service, context, input)),
);

export const getDocumentationVersions = operation<GetDocumentationVersionsCommand>(
  GetDocumentationVersions$,
  (input, context) => {
    const { service } = context;
    const api = service.api(context, input.restApiId);
    const { rows, position } = pageOf(service.documentationVersions.by.api, api.id, input);
    return { items: rows.map(described), position };
  },
);

export const updateDocumentationVersion = operation<UpdateDocumentationVersionCommand>(
  UpdateDocumentationVersion$,
  (input, context) => {
    const { service } = context;
    const updated = patches.apply(versionOf(service, context, input), input.patchOperations);
    service.documentationVersions.put(updated);
    return described(updated);
  },
);

export const deleteDocumentationVersion = operation<DeleteDocumentationVersionCommand>(
  DeleteDocumentationVersion$,
  (input, context) => {
    const { service } = context;
    const { apiId, version } = versionOf(service, context, input);
    for (const { documentationVersion, stageName } of service.stages.by.api.range(apiId)) {
      if (documentationVersion === version) {
        throw badRequest(`Cannot delete documentation version '${version}', is referenced in stage: ${stageName}`);
      }
    }
    service.documentationVersions.delete(childKey(apiId, version));
  },
);

const patches = new PatchTable<DocumentationVersionRow>(
  [rulesFor<DocumentationVersionRow>().text("description")],
  listedErrors("/description"),
);

/** @throws AwsError NotFoundException */
function versionOf(
  service: ApiGateway,
  place: Place,
  address: { readonly restApiId?: string | undefined; readonly documentationVersion?: string | undefined },
): DocumentationVersionRow {
  const api = service.api(place, address.restApiId);
  const row = service.documentationVersions.get(childKey(api.id, address.documentationVersion as string));
  if (row === undefined) throw notFound("Invalid Documentation version specified");
  return row;
}

function described({ version, createdMs, description }: DocumentationVersionRow) {
  return { version, createdDate: new Date(createdMs), description };
}
