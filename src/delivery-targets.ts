/** The kinds of deliveries that no service takes: HTTP, functions, log groups, APIs, and the mailbox. */
import type { Apis } from "./apis/apis.ts";
import { callApi } from "./apis/inner-call.ts";
import { apiGatewayTarget, apiTimeoutMs } from "./delivery/api-gateway-target.ts";
import type { DeliveryEngine } from "./delivery/engine.ts";
import { httpDeadline, httpTarget } from "./delivery/http-target.ts";
import type { Mailbox } from "./delivery/mailbox.ts";
import type { Random } from "./engine/random.ts";
import type { Functions } from "./functions/functions.ts";
import type { LogGroups } from "./logs/log-groups.ts";

export interface TargetParts {
  readonly random: Random;
  readonly functions: Functions;
  readonly mailbox: Mailbox;
  readonly logs: LogGroups;
  readonly apis: Apis;
  /** The API Gateway elsewhere, if there is one. */
  readonly apiEndpoint: string | undefined;
}

/** Registers them with the delivery engine, before it starts. */
export function registerTargets(
  delivery: DeliveryEngine,
  { random, functions, mailbox, logs, apis, apiEndpoint }: TargetParts,
): void {
  const http = httpTarget(random.fork("http"));
  delivery.register("http", http, httpDeadline);
  delivery.register("lambda", functions.target);
  for (const kind of ["mailbox", "firehose"] as const) delivery.registerLocal(kind, (one) => mailbox.deliver(one));
  delivery.registerLocal("logs", (one) => logs.deliver(one));
  const targets = {
    endpoint: apiEndpoint,
    http,
    isHere: (apiId: string) => apis.of(apiId) !== undefined,
    here: httpTarget(random.fork("http"), (url, request, invocation) => callApi(apis, url, request, invocation)),
  };
  delivery.register("execute-api", apiGatewayTarget(targets), () => apiTimeoutMs);
}
