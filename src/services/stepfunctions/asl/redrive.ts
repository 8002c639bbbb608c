import type { ThreadFrame } from "./execution.ts";
import type { Run } from "./run.ts";

/**
 * Continues an execution that did not succeed from where it stopped (Step Functions, Redriving executions): failed and
 * aborted branches and iterations run again, finished ones keep their outputs, retries count from zero.
 */
export function redrive(run: Run, atMs: number): void {
  const { head } = run.execution;
  if (head.status === "RUNNING" || head.status === "SUCCEEDED") return;
  const last = head.lastEventId;
  head.status = "RUNNING";
  head.redriveCount++;
  head.redrivenAtMs = atMs;
  head.ready.length = 0;
  const redriven = run.emit("ExecutionRedriven", last, { redriveCount: head.redriveCount });
  const pending = ["0"];
  while (pending.length > 0) {
    const thread = run.thread(pending.shift()!);
    if (thread) pending.push(...resume(run, thread, redriven));
  }
}

/** Resumes a thread; returns the ids of threads below it to resume as well. */
function resume(run: Run, thread: ThreadFrame, redriven: number): string[] {
  thread.halted = false;
  thread.retries = [];
  delete thread.task;
  if (thread.phase === "fan" && thread.inner !== undefined) {
    const fan = run.fan(thread.inner);
    run.ready(thread);
    return fan.active.map((index) => `${fan.id}.${index}`);
  }
  thread.previous = redriven;
  if (thread.phase === "mapRun" && thread.mapRun) {
    const { id, arn } = thread.mapRun;
    const details = { mapRunArn: arn, redriveCount: run.head.redriveCount };
    thread.mapRun.started = run.emitFor(thread, "MapRunRedriven", details);
    run.effects.push({ type: "redriveMapRun", mapRunId: id, mapRunArn: arn });
    return [];
  }
  const entered = thread.phase !== "enter" && run.node(thread).type === "Task";
  thread.phase = entered ? "run" : "enter";
  run.ready(thread);
  return [];
}
