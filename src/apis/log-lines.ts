/**
 * Log lines of APIs, handed to the delivery engine for a log group (one of ours, written at once) or a Firehose stream.
 */
import type { Place } from "../calls/place.ts";
import type { ServiceDependencies } from "../calls/service.ts";

export interface LogLines extends Pick<Place, "account" | "region"> {
  /** Which of API Gateway's services writes. */
  readonly service: "apigateway" | "apigatewayv2";
  /** ARN of what was called. */
  readonly source: string;
  /** ARN of a log group or of a Firehose stream. */
  readonly destination: string;
  readonly stream: string;
  readonly lines: readonly { readonly timeMs: number; readonly text: string }[];
}

/** Submits a delivery for each line. */
export function sendLogLines(
  { store, delivery }: Pick<ServiceDependencies, "store" | "delivery">,
  { account, region, service, source, destination, stream, lines }: LogLines,
): void {
  const common = { account, region, service, source, target: destination, retry: { phases: [] } };
  const isFirehose = destination.includes(":firehose:");
  store.transaction(() => {
    for (const { timeMs, text } of lines) {
      if (isFirehose) delivery.submit({ ...common, kind: "firehose", parameters: {}, payload: `${text}\n` });
      else delivery.submit({ ...common, kind: "logs", parameters: { timestampMs: timeMs, stream }, payload: text });
    }
  });
}
