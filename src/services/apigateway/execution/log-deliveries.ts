/** Lines for log groups, or for a Firehose stream, handed to the delivery engine. */
import { formatArn } from "../../../calls/arn.ts";
import type { Surroundings } from "./backend.ts";
import type { RestCall } from "./call.ts";

export interface LogLines {
  /** ARN of a log group or of a Firehose stream. */
  readonly destination: string;
  readonly stream: string;
  readonly lines: readonly { readonly timeMs: number; readonly text: string }[];
}

/** Log groups are ours and are written at once. */
export function sendLog(
  call: RestCall,
  { store, delivery }: Surroundings,
  { destination, stream, lines }: LogLines,
): void {
  const { account, region } = call.place.api.snapshot;
  const isFirehose = destination.includes(":firehose:");
  const common = {
    account,
    region,
    service: "apigateway",
    source: call.methodArn,
    target: destination,
    retry: { phases: [] },
  };
  store.transaction(() => {
    for (const { timeMs, text } of lines) {
      if (isFirehose) delivery.submit({ ...common, kind: "firehose", parameters: {}, payload: `${text}\n` });
      else delivery.submit({ ...common, kind: "logs", parameters: { timestampMs: timeMs, stream }, payload: text });
    }
  });
}

/** The log group of a stage's executions. */
export function executionLogGroup({ place }: RestCall): string {
  const { account, region, apiId } = place.api.snapshot;
  return formatArn("logs", region, account, `log-group:API-Gateway-Execution-Logs_${apiId}/${place.stageName}`);
}
