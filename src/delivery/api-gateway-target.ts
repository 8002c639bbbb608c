/** Deliveries of kind `execute-api`: calls of a REST API's method, at the endpoint that stands for API Gateway. */
import { parseArn } from "../calls/arn.ts";
import { type DeliverTo, DeliveryFailure } from "./types.ts";

/** EventBridge waits five seconds for an API; Pipes gets the same. */
export const apiTimeoutMs = 5_000;

/**
 * Sends `{METHOD} {endpoint}/{stage}/{path}` with the Host header of the API's invoke URL, as API Gateway would get it.
 * @param endpoint base URL that stands for API Gateway (`--endpoint execute-api=url`).
 * @param http takes deliveries of kind `http`.
 */
export function apiGatewayTarget(endpoint: string | undefined, http: DeliverTo<"http">): DeliverTo<"execute-api"> {
  return async (delivery, invocation) => {
    if (endpoint === undefined) {
      const message = "Busbar has no API Gateway: say where it is with --endpoint execute-api=url.";
      throw new DeliveryFailure("UnsupportedTarget", message, false);
    }
    const arn = parseArn(delivery.target);
    const [api, stage, method, ...resource] = arn?.resource.split("/") ?? [];
    if (!arn || !api || !stage || !method) {
      throw new DeliveryFailure("InvalidArn", `${delivery.target} names no method of an API.`, false);
    }
    const { path, headers, query } = delivery.parameters;
    const values = [...path];
    const filled = resource.map((segment) => (segment === "*" ? encodeURIComponent(values.shift() ?? "") : segment));
    const url = new URL(`${endpoint.replace(/\/$/, "")}/${[stage, ...filled].join("/")}`);
    for (const [name, value] of Object.entries(query)) url.searchParams.append(name, value);
    const host = `${api}.execute-api.${arn.region}.amazonaws.com`;
    const parameters = {
      method: method === "*" ? "POST" : method,
      headers: { "content-type": "application/json", ...headers, host },
      timeoutMs: apiTimeoutMs,
    };
    return http({ ...delivery, kind: "http", target: url.href, parameters }, invocation);
  };
}
