/** Runs functions that consist of code as processes of their runtime: from a call to its answer and log. */
import { AwsError } from "../../../protocols/error.ts";
import { formatArn } from "../../calls/arn.ts";
import type { Clock } from "../../engine/clock.ts";
import type { Processes } from "../../engine/processes.ts";
import type { Random } from "../../engine/random.ts";
import type { FunctionAnswer, FunctionCall } from "../types.ts";
import { FunctionLog, type LogLine } from "./function-log.ts";
import type { RuntimeSpec, Workshop } from "./launch.ts";
import { NoProcess, type Ran, RuntimePools } from "./pools.ts";

/** Receives the log of an invocation. */
export type WriteLog = (log: {
  readonly account: string;
  readonly region: string;
  readonly group: string;
  readonly stream: string;
  /** ARN of the function. */
  readonly source: string;
  readonly lines: readonly LogLine[];
}) => void;

export interface FunctionRuntimeDependencies {
  readonly clock: Clock;
  readonly random: Random;
  readonly processes: Processes;
  readonly workshop: Workshop;
  readonly writeLog: WriteLog;
}

export class FunctionRuntime {
  readonly pools: RuntimePools;
  readonly #clock: Clock;
  readonly #writeLog: WriteLog;

  constructor({ writeLog, ...around }: FunctionRuntimeDependencies) {
    this.#clock = around.clock;
    this.#writeLog = writeLog;
    this.pools = new RuntimePools(around);
  }

  /**
   * Runs one event to its end: an answer, a function error, or a time-out, in real time.
   * @param trace header passed to the function.
   * @throws AwsError TooManyRequestsException when the maximum number of processes is busy.
   */
  async invoke(spec: RuntimeSpec, call: FunctionCall, trace = call.invocation.trace): Promise<FunctionAnswer> {
    const { requestId, payload, arn, clientContext, sink } = call;
    const log = new FunctionLog(spec, requestId, () => this.#clock.now());
    const event = {
      requestId,
      payload: payload === "" ? "{}" : payload,
      arn,
      trace,
      clientContext,
      sink,
      executedVersion: spec.version,
      timeoutMs: spec.timeoutMs,
      onLine: (line: string) => log.add(line),
    };
    let ran: Ran;
    try {
      ran = await this.pools.run(spec, event, () => log.start());
    } catch (error) {
      if (!(error instanceof NoProcess)) throw error;
      throw AwsError.unmodeled({ name: "TooManyRequestsException", status: 429, message: error.message });
    }
    log.end(ran);
    const { account, region, name, logGroup: group } = spec;
    const source = formatArn("lambda", region, account, `function:${name}`);
    const { lines } = log;
    // The caller comes first: writing the log takes a tenth of what we do for an invocation.
    this.#clock.turns.soon(() => this.#writeLog({ account, region, group, stream: ran.logStream, source, lines }));
    const { functionError, bytes, contentType } = ran;
    return {
      payload: ran.payload,
      bytes,
      contentType,
      functionError,
      requestId,
      trace,
      executedVersion: spec.version,
      logTail: log.tail(),
    };
  }
}
