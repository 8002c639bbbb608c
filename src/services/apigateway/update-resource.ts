/** UpdateResource: gives a resource another name or parent, and everything below it new paths. */
import { UpdateResource$, type UpdateResourceCommand } from "@aws-sdk/client-api-gateway";
import { operation } from "./apigateway.ts";
import { badRequest, notFound } from "./errors.ts";
import { listedErrors, PatchTable } from "./patch.ts";
import { checkPathPart, describedResource, pathBelow, subtree } from "./resources.ts";
import { childKey, type ResourceRow } from "./tables.ts";

export const updateResource = operation<UpdateResourceCommand>(UpdateResource$, (input, context) => {
  const { service } = context;
  const resource = service.resource(context, input.restApiId, input.resourceId);
  const { apiId, id } = resource;
  const updated = patches.apply(resource, input.patchOperations);
  if (updated.parentId !== resource.parentId || updated.pathPart !== resource.pathPart) {
    if (resource.parentId === undefined) throw badRequest("Root resource cannot be updated.");
    const below = subtree(service, resource);
    if (below.some((row) => row.id === updated.parentId)) throw badRequest("Resources cannot be cyclical.");
    const parent = service.resources.get(childKey(apiId, updated.parentId as string));
    if (parent === undefined) throw notFound("Invalid Resource identifier specified");
    checkPathPart(service, parent, updated.pathPart as string, resource);
    const paths = new Map([[id, pathBelow(parent.path, updated.pathPart as string)]]);
    service.resources.put({ ...updated, path: paths.get(id) as string });
    for (const row of below.slice(1)) {
      const path = pathBelow(paths.get(row.parentId as string) as string, row.pathPart as string);
      paths.set(row.id, path);
      service.resources.put({ ...row, path });
    }
  }
  return describedResource(service, service.resources.get(childKey(apiId, id)) as ResourceRow, []);
});

const patches = new PatchTable<ResourceRow>(
  [
    {
      path: "/parentId",
      ops: {
        replace: (draft, { value }) => {
          draft.parentId = value;
        },
      },
    },
    {
      path: "/pathPart",
      ops: {
        replace: (draft, { value }) => {
          draft.pathPart = value;
        },
      },
    },
  ],
  listedErrors("/parentId", "/pathPart"),
);
