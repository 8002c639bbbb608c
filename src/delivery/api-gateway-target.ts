/** Deliveries of kind `execute-api`: calls of an API's method, here or at the endpoint configured for API Gateway. */
import { parseArn } from "../calls/arn.ts";
import { type DeliverTo, DeliveryFailure } from "./types.ts";

/** EventBridge waits five seconds for an API; Pipes gets the same. */
export const apiTimeoutMs = 5_000;

export interface ApiTargets {
  /** Base URL of API Gateway (`--endpoint execute-api=url`), for APIs that are not here. */
  readonly endpoint: string | undefined;
  /** Takes deliveries of kind `http`. */
  readonly http: DeliverTo<"http">;
  /** Whether an API is here. */
  readonly isHere: (apiId: string) => boolean;
  /** Takes deliveries of kind `http` to APIs that are here. */
  readonly here: DeliverTo<"http">;
}

/** Sends `{METHOD} {endpoint}/{stage}/{path}` with the Host header of the API's invoke URL, as API Gateway would get it. */
export function apiGatewayTarget({ endpoint, http, isHere, here }: ApiTargets): DeliverTo<"execute-api"> {
  return async (delivery, invocation) => {
    const arn = parseArn(delivery.target);
    const [api, stage, method, ...resource] = arn?.resource.split("/") ?? [];
    if (!arn || !api || !stage || !method) {
      throw new DeliveryFailure("InvalidArn", `${delivery.target} names no method of an API.`, false);
    }
    const host = `${api}.execute-api.${arn.region}.amazonaws.com`;
    const isOurs = isHere(api);
    const base = isOurs ? `https://${host}` : endpoint?.replace(/\/$/, "");
    if (base === undefined) {
      const message = `There is no API ${api} here. Use --endpoint execute-api=url to say where other APIs are.`;
      throw new DeliveryFailure("UnsupportedTarget", message, false);
    }
    const { path, headers, query } = delivery.parameters;
    const values = [...path];
    const filled = resource.map((segment) => (segment === "*" ? encodeURIComponent(values.shift() ?? "") : segment));
    const url = new URL(`${base}/${[stage, ...filled].join("/")}`);
    for (const [name, value] of Object.entries(query)) url.searchParams.append(name, value);
    const parameters = {
      method: method === "*" ? "POST" : method,
      headers: { "content-type": "application/json", ...headers, host },
      timeoutMs: apiTimeoutMs,
    };
    return (isOurs ? here : http)({ ...delivery, kind: "http", target: url.href, parameters }, invocation);
  };
}
