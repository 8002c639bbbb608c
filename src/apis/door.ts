/** The door of API Gateway's data plane: finds the API that a request calls from its host and path. */
import type { Duplex } from "node:stream";
import type { Asked, Door, DoorAnswer, DoorRequest } from "../calls/door.ts";
import type { ApiCall, Apis } from "./apis.ts";
import { maxMappingSegments } from "./domains.ts";

/**
 * `http://localhost:4566/_aws/execute-api/{api}/{stage}/…`: reaches an API without a name that DNS would have to
 * resolve.
 */
export const pathPrefix = "/_aws/execute-api/";
/** `http://localhost:4566/restapis/{api}/{stage}/_user_request_/…`, an older form of it. */
const userRequest = /^\/restapis\/([^/]+)\/([^/]+)\/_user_request_(\/.*)?$/;
/** `{api}.execute-api.{anything}`, and for a VPC endpoint `{api}-{endpoint}.execute-api.…`. */
const apiHost = /^([a-z0-9_-]+?)(?:-vpce-[a-z0-9-]+)?\.execute-api\./i;

const jsonType = ["Content-Type", "application/json"];

export class ApiDoor implements Door {
  readonly name = "execute-api";
  /**
   * As on AWS, an API's own CORS settings decide which pages may call it. A page cannot reach one by accident, since it
   * has to know the API's id.
   */
  readonly forEveryOrigin = true;
  readonly #apis: Apis;

  constructor(apis: Apis) {
    this.#apis = apis;
  }

  claims({ host, path }: Asked): boolean {
    if (path.startsWith(pathPrefix)) return true;
    if (path.startsWith("/restapis/") && path.includes("/_user_request_")) return true;
    if (host.includes(".execute-api.")) return apiHost.test(host);
    return this.#apis.domains.size > 0 && this.#apis.domains.at(hostNameOf(host)) !== undefined;
  }

  serve(request: DoorRequest, answer: DoorAnswer): void | Promise<void> {
    const call = this.#callOf(request);
    if (call === undefined) {
      const headers = [...jsonType, "x-amzn-ErrorType", "ForbiddenException"];
      return answer.send(403, headers, '{"message":"Forbidden"}');
    }
    const served = this.#apis.of(call.apiId);
    if (served !== undefined) return served.serve(call, request, answer);
    const message = `The API id '${call.apiId}' does not correspond to a deployed API Gateway API`;
    answer.send(404, jsonType, JSON.stringify({ message }));
  }

  upgrade(request: DoorRequest, socket: Duplex, head: Buffer): boolean {
    const call = this.#callOf(request);
    if (call === undefined) return false;
    return this.#apis.of(call.apiId)?.upgrade?.(call, request, socket, head) ?? false;
  }

  /** Undefined for a custom domain without a mapping for the path. */
  #callOf(request: DoorRequest): ApiCall | undefined {
    const { host, path } = request;
    if (path.startsWith(pathPrefix)) {
      const slash = path.indexOf("/", pathPrefix.length);
      const apiId = slash < 0 ? path.slice(pathPrefix.length) : path.slice(pathPrefix.length, slash);
      return callByPath(apiId, slash < 0 ? "/" : path.slice(slash), host);
    }
    const old = userRequest.exec(path);
    if (old !== null) return callByPath(old[1] as string, `/${old[2]}${old[3] ?? "/"}`, host);
    const apiId = apiHost.exec(host)?.[1];
    if (apiId !== undefined) {
      // A VPC endpoint's own name serves any API; a header says which.
      const named = request.headers["x-apigw-api-id"];
      const id = apiId.startsWith("vpce-") && typeof named === "string" ? named : apiId.toLowerCase();
      return { apiId: id, path, stage: undefined, basePath: "", domainName: host, domainPrefix: id, via: "default" };
    }
    return this.#callByDomain(request);
  }

  #callByDomain({ host, path, headers }: DoorRequest): ApiCall | undefined {
    const { domains } = this.#apis;
    const domain = domains.at(hostNameOf(host));
    const segments = path.split("/", maxMappingSegments + 1).slice(1);
    const found = domain && domains.target(domain, segments, (name) => headers[name.toLowerCase()]);
    if (found === undefined) return undefined;
    const rest = found.strip === "" ? path : path.slice(found.strip.length + 1) || "/";
    return {
      apiId: found.apiId,
      path: rest,
      stage: found.stage || undefined,
      basePath: found.strip,
      domainName: host,
      domainPrefix: hostNameOf(host).split(".", 1)[0] as string,
      via: "custom domain",
    };
  }
}

/** An API called by path gets that path as its domain name, so that calling it back needs no DNS. */
function callByPath(apiId: string, path: string, host: string): ApiCall {
  const domainName = `${host}${pathPrefix}${apiId}`;
  return { apiId, path, stage: undefined, basePath: "", domainName, domainPrefix: apiId, via: "default" };
}

/** The host name in a Host header, in lower case and without the port. */
export function hostNameOf(host: string): string {
  const colon = host.lastIndexOf(":");
  return (colon > host.lastIndexOf("]") ? host.slice(0, colon) : host).toLowerCase();
}
