/**
 * Access logs of a stage: a line in the stage's own format for each call (developer guide, access logging variables).
 */

import type { ExecutionDeps } from "./backend.ts";
import type { RestCall } from "./call.ts";
import { sendLog } from "./log-deliveries.ts";
import type { Outcome } from "./outcome.ts";
import { PlainText } from "./plain-text.ts";

export class AccessLog {
  readonly #destination: string;
  readonly #format: PlainText;

  constructor(destination: string, format: string) {
    this.#destination = destination;
    this.#format = new PlainText(format);
  }

  /** Writes the line for a call that has been answered. */
  write(call: RestCall, outcome: Outcome, deps: ExecutionDeps): void {
    const nowMs = deps.clock.now();
    const { integrated, ids, error } = call;
    const integration = {
      error: integrated.error ?? error?.log,
      integrationStatus: integrated.status,
      latency: integrated.latencyMs,
      requestId: integrated.requestId,
      status: integrated.status,
    };
    const authorizer = call.context()["authorizer"];
    const context = {
      ...call.context(),
      ...(authorizer === undefined ? {} : { authorize: { status: "200" } }),
      status: outcome.status,
      responseLatency: nowMs - ids.receivedMs,
      responseLength: typeof outcome.body === "string" ? Buffer.byteLength(outcome.body) : outcome.body.length,
      integration,
      integrationErrorMessage: integration.error,
      integrationLatency: integrated.latencyMs,
      integrationStatus: integrated.status,
      customDomain: { basePathMatched: call.place.address.basePath || undefined },
    };
    const line = this.#format.fill(context, call.place.variables, "-");
    sendLog(call, deps, {
      destination: this.#destination,
      stream: streamOf(call),
      lines: [{ timeMs: nowMs, text: line }],
    });
  }
}

/** All lines of a stage go to one stream. */
function streamOf({ place }: RestCall): string {
  return `${place.api.snapshot.apiId}/${place.stageName}`;
}
