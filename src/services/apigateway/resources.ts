/** CreateResource, GetResource, GetResources and DeleteResource. */
import {
  CreateResource$,
  type CreateResourceCommand,
  DeleteResource$,
  type DeleteResourceCommand,
  GetResource$,
  type GetResourceCommand,
  GetResources$,
  type GetResourcesCommand,
} from "@aws-sdk/client-api-gateway";
import { type ApiGateway, operation } from "./apigateway.ts";
import { badRequest, conflict, limitExceeded } from "./errors.ts";
import { describedMethod } from "./methods.ts";
import { pageOf } from "./pages.ts";
import { childKey, methodKey, type ResourceRow } from "./tables.ts";

/** AWS allows 300, and more on request. */
const maxResources = 2_000;

export const createResource = operation<CreateResourceCommand>(CreateResource$, (input, context) => {
  const { service } = context;
  const parent = service.resource(context, input.restApiId, input.parentId);
  return describedResource(service, putResource(service, parent, input.pathPart as string), []);
});

export const getResource = operation<GetResourceCommand>(GetResource$, (input, context) => {
  const { service } = context;
  const resource = service.resource(context, input.restApiId, input.resourceId);
  return describedResource(service, resource, input.embed);
});

export const getResources = operation<GetResourcesCommand>(GetResources$, (input, context) => {
  const { service } = context;
  const api = service.api(context, input.restApiId);
  const { rows, position } = pageOf(service.resources.by.api, api.id, input);
  return { items: rows.map((row) => describedResource(service, row, input.embed)), position };
});

export const deleteResource = operation<DeleteResourceCommand>(DeleteResource$, (input, context) => {
  const { service } = context;
  const resource = service.resource(context, input.restApiId, input.resourceId);
  if (resource.parentId === undefined) throw badRequest("Root resource cannot be deleted.");
  deleteTree(service, resource);
});

/**
 * Creates a resource below another one. Inside a transaction.
 * @param id the id of a resource that was there before, if any.
 * @throws AwsError BadRequestException, ConflictException, LimitExceededException
 */
export function putResource(service: ApiGateway, parent: ResourceRow, pathPart: string, id?: string): ResourceRow {
  checkPathPart(service, parent, pathPart);
  if (service.resources.by.api.size(parent.apiId) >= maxResources) throw limitExceeded("resources for this API");
  const resource: ResourceRow = {
    apiId: parent.apiId,
    account: parent.account,
    id: id ?? service.newId("resources", 6),
    serial: service.nextSerial(),
    parentId: parent.id,
    pathPart,
    path: pathBelow(parent.path, pathPart),
  };
  service.resources.put(resource);
  return resource;
}

export function pathBelow(parentPath: string, pathPart: string): string {
  return parentPath === "/" ? `/${pathPart}` : `${parentPath}/${pathPart}`;
}

/**
 * @param self the resource that is moved or renamed, which does not count as a sibling.
 * @throws AwsError BadRequestException, ConflictException
 */
export function checkPathPart(service: ApiGateway, parent: ResourceRow, pathPart: string, self?: ResourceRow): void {
  if (pathPart === "") throw badRequest("Resource's path part must be specified");
  if (!/^(?:[a-zA-Z0-9._:-]+|\{[a-zA-Z0-9._-]+\+?\})$/.test(pathPart)) {
    throw badRequest(
      "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly braces at the beginning and the end.",
    );
  }
  if (/\+\}$/.test(parent.path)) {
    throw badRequest(`Cannot create a child of a resource with a greedy path variable: ${parent.path}`);
  }
  const siblings = childKey(parent.apiId, parent.id);
  for (const sibling of service.resources.by.parent.range(siblings, { gte: pathPart, lte: pathPart })) {
    if (sibling.id !== self?.id) {
      throw conflict(`Another resource with the same parent already has this name: ${pathPart}`);
    }
  }
  if (!pathPart.startsWith("{")) return;
  for (const sibling of service.resources.by.parent.range(siblings, { gte: "{", lt: "|" })) {
    if (sibling.id !== self?.id && isGreedy(sibling.pathPart ?? "") === isGreedy(pathPart)) {
      throw badRequest(
        `A sibling (${sibling.id}) of this resource already has a variable path part -- only one is allowed`,
      );
    }
  }
}

export function isGreedy(pathPart: string): boolean {
  return pathPart.endsWith("+}");
}

/** Deletes the resource and everything below it, with their methods. Inside a transaction. */
function deleteTree(service: ApiGateway, resource: ResourceRow): void {
  const { apiId } = resource;
  for (const { id } of subtree(service, resource)) {
    for (const { httpMethod } of [...service.methods.by.resource.range(childKey(apiId, id))]) {
      service.methods.delete(methodKey(apiId, id, httpMethod));
    }
    service.resources.delete(childKey(apiId, id));
  }
}

/** The resource and everything below it, parents first. */
export function subtree(service: ApiGateway, resource: ResourceRow): ResourceRow[] {
  const rows = [resource];
  for (let i = 0; i < rows.length; i++) {
    rows.push(...service.resources.by.parent.range(childKey(resource.apiId, rows[i]!.id)));
  }
  return rows;
}

export function describedResource(
  service: ApiGateway,
  { apiId, id, parentId, pathPart, path }: ResourceRow,
  embed: readonly string[] | undefined,
) {
  const methods = [...service.methods.by.resource.range(childKey(apiId, id))];
  const whole = embed?.includes("methods") ?? false;
  const resourceMethods = Object.fromEntries(
    methods.map((method) => [method.httpMethod, whole ? describedMethod(method) : {}]),
  );
  return { id, parentId, pathPart, path, resourceMethods: methods.length > 0 ? resourceMethods : undefined };
}
