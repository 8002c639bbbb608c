/**
 * Records about failed batches for a mapping's destination (Lambda developer guide, "Kinesis on-failure destinations").
 */
import { functionVersion } from "../../../functions/names.ts";
import type { Failure } from "../../../sources/drain.ts";
import type { FailureDestination, LostBatch } from "../../../sources/shard-batches.ts";
import { partialFailure } from "./batches.ts";
import type { EventSources } from "./event-sources.ts";
import type { MappingRow } from "./tables.ts";

/** Undefined without a destination. */
export function failureDestination(sources: EventSources, row: MappingRow): FailureDestination | undefined {
  const arn = row.settings.DestinationConfig?.OnFailure?.Destination;
  if (arn === undefined || !/^arn:[^:]+:(sqs|sns):/.test(arn)) return undefined;
  const describe = (lost: LostBatch) => {
    const { condition, tries, batch, requestId = sources.deps.random.fork("requests").uuid() } = lost;
    return JSON.stringify({
      requestContext: { requestId, functionArn: row.functionArn, condition, approximateInvokeCount: tries },
      // Absent when the function was not called with the records, or they had become too old.
      responseContext:
        condition === "RecordAgeExceeded" || lost.failure === undefined ? undefined : responseOf(lost.failure, row),
      version: "1.0",
      timestamp: new Date(sources.now).toISOString(),
      KinesisBatchInfo: { ...batch, streamArn: row.source },
    });
  };
  return { arn, describe };
}

function responseOf({ code }: Failure, { functionArn }: MappingRow): object {
  return {
    statusCode: 200,
    executedVersion: functionVersion(functionArn),
    functionError: code === partialFailure ? null : code,
  };
}
