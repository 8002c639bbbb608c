/**
 * What extensions are told about the phases of an environment (Lambda developer guide, "Telemetry API Event schema").
 */
import type { Ending, EventToRun, Outcome } from "./runs.ts";
import type { Telemetry } from "./telemetry.ts";

export function reportInit(telemetry: Telemetry, durationMs: number): void {
  const phase = { initializationType: "on-demand", phase: "init" };
  telemetry.platform("initRuntimeDone", { ...phase, status: "success" });
  telemetry.platform("initReport", { ...phase, metrics: { durationMs } });
}

export function reportStart(telemetry: Telemetry, { requestId, trace }: EventToRun, version: string): void {
  telemetry.platform("start", { requestId, version, tracing: { type: "X-Amzn-Trace-Id", value: trace } });
}

export function reportEnd(
  telemetry: Telemetry,
  requestId: string,
  { functionError, timedOut, payload }: Ending,
  { durationMs, initMs, peakBytes }: Pick<Outcome, "durationMs" | "initMs" | "peakBytes">,
  memorySizeMB: number,
): void {
  if (!telemetry.isHeard) return;
  const status = timedOut ? "timeout" : functionError === undefined ? "success" : "error";
  const producedBytes = Buffer.byteLength(payload);
  telemetry.platform("runtimeDone", { requestId, status, metrics: { durationMs, producedBytes } });
  const metrics = {
    durationMs,
    billedDurationMs: Math.ceil(durationMs),
    memorySizeMB,
    maxMemoryUsedMB: Math.ceil((peakBytes ?? 0) / (1024 * 1024)),
    ...(initMs === undefined ? {} : { initDurationMs: initMs }),
  };
  telemetry.platform("report", { requestId, status, metrics });
}
