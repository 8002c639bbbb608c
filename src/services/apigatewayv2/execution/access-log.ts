/** Access logs of HTTP and WebSocket APIs: a line in the stage's format for each call. */

import { sendLogLines } from "../../../apis/log-lines.ts";
import { formatArn } from "../../../calls/arn.ts";
import type { ServiceDependencies } from "../../../calls/service.ts";
import type { ApiRow, StageRow } from "../tables.ts";

type Find = (name: string) => string | undefined;

/** Fills in a format; variables without a value print as `-`. */
export function accessLine(format: string, find: Find): string {
  return format.replace(/\$\{?context\.([A-Za-z0-9_.-]+[A-Za-z0-9_-])\}?/g, (_all, name: string) => find(name) ?? "-");
}

/** Writes a line to the stage's log group or Firehose stream, if it has one. */
export function writeAccessLog(
  deps: Pick<ServiceDependencies, "store" | "delivery" | "clock">,
  api: ApiRow,
  stage: StageRow,
  find: Find,
): void {
  const { DestinationArn: destination, Format: format } = stage.value.AccessLogSettings ?? {};
  if (destination === undefined || format === undefined) return;
  sendLogLines(deps, {
    account: api.account,
    region: api.region,
    service: "apigatewayv2",
    source: formatArn("apigateway", api.region, "", `/apis/${api.id}/stages/${stage.name}`),
    destination,
    stream: stage.name,
    lines: [{ timeMs: deps.clock.now(), text: accessLine(format, find) }],
  });
}
