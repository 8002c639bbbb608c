/** Log records of a pipe (Pipes user guide, "Log schema reference"), sent to wherever its LogConfiguration says. */
import type { LogLevel } from "@aws-sdk/client-pipes";
import type { Failure } from "../../sources/drain.ts";
import type { Pipes } from "./pipes.ts";
import type { PipeRow } from "./tables.ts";

type Level = Exclude<LogLevel, "OFF">;

const rank: Readonly<Record<LogLevel, number>> = { OFF: 0, ERROR: 1, INFO: 2, TRACE: 3 };
const maxDataChars = 256 * 1024;

/** What a step of an execution did; its data is included only if the pipe logs execution data. */
export interface Step {
  readonly payload?: string | undefined;
  readonly request?: string | undefined;
  readonly response?: string | undefined;
  readonly failure?: Failure | undefined;
}

/** One execution: a batch passing through a pipe. */
export class ExecutionLog {
  readonly #pipes: Pipes;
  readonly #pipe: PipeRow;
  readonly #rank: number;
  #executionId: string | undefined;

  constructor(pipes: Pipes, pipe: PipeRow) {
    this.#pipes = pipes;
    this.#pipe = pipe;
    this.#rank = rank[pipe.logConfiguration?.Level ?? "OFF"];
  }

  write(level: Level, messageType: string, step: () => Step = () => ({})): void {
    if (this.#rank < rank[level]) return;
    const { deps, now } = this.#pipes;
    const pipe = this.#pipe;
    this.#executionId ??= deps.random.fork("executions").uuid();
    const { failure, payload, request, response } = step();
    const included = pipe.logConfiguration?.IncludeExecutionData?.includes("ALL") === true;
    const record: Record<string, unknown> = {
      executionId: this.#executionId,
      timestamp: now,
      messageType,
      resourceArn: pipe.arn,
      logLevel: level,
    };
    const truncated: string[] = [];
    for (const [name, text] of Object.entries({ payload, awsRequest: request, awsResponse: response })) {
      if (!included || text === undefined) continue;
      if (text.length > maxDataChars) truncated.push(name);
      record[name] = text.slice(0, maxDataChars);
    }
    if (truncated.length > 0) record["truncatedFields"] = truncated;
    if (failure !== undefined) record["error"] = { message: failure.message, details: failure.code };
    this.#send(JSON.stringify(record));
  }

  #send(payload: string): void {
    const { arn, account, region, name, logConfiguration } = this.#pipe;
    const { delivery, store } = this.#pipes.deps;
    const request = { account, region, service: "pipes", source: arn, payload, retry: { phases: [] } };
    const parameters = { timestampMs: this.#pipes.now, stream: name };
    const group = logConfiguration?.CloudwatchLogsLogDestination?.LogGroupArn;
    const stream = logConfiguration?.FirehoseLogDestination?.DeliveryStreamArn;
    const bucket = logConfiguration?.S3LogDestination;
    store.transaction(() => {
      if (group !== undefined) delivery.submit({ ...request, target: group, kind: "logs", parameters });
      if (stream !== undefined) delivery.submit({ ...request, target: stream, kind: "firehose", parameters: {} });
      if (bucket !== undefined) {
        const target = `s3://${bucket.BucketName}/${bucket.Prefix ?? ""}`;
        delivery.submit({ ...request, target, kind: "mailbox", parameters: { channel: "s3" } });
      }
    });
  }
}
