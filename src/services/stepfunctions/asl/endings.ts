/** Ending threads and executions before their states have ended. */
import type { ExecutionStatus, ThreadFrame } from "./execution.ts";
import { errorDetails } from "./history.ts";
import type { Run } from "./run.ts";
import { visibleVariables } from "./scope.ts";

/** Stops a thread and everything it waits for. With `visible`, its state and those below get their Aborted events. */
function haltThread(run: Run, thread: ThreadFrame, visible: boolean): void {
  if (thread.halted) return;
  thread.halted = true;
  closeWork(run, thread);
  haltChildren(run, thread, visible);
  const type = run.node(thread).type;
  if (visible && thread.phase !== "enter" && ["Task", "Wait", "Parallel", "Map"].includes(type)) {
    run.emitFor(thread, `${type}StateAborted`);
  }
}

/** {@link haltThread} for the branches or iterations of a thread that are still running. */
export function haltChildren(run: Run, thread: ThreadFrame, visible: boolean): void {
  if (thread.inner === undefined || thread.phase !== "fan") return;
  const fan = run.fan(thread.inner);
  for (const index of fan.active) {
    const child = run.thread(`${fan.id}.${index}`);
    if (!child || child.halted) continue;
    haltThread(run, child, visible);
    if (visible && run.node(thread).type === "Map") {
      run.emit("MapIterationAborted", child.previous, { name: thread.state, index });
    }
  }
}

/** Cancels the timer, task or map run that a thread waits for. */
function closeWork(run: Run, thread: ThreadFrame): void {
  if (thread.phase === "wait" || thread.phase === "retry") {
    run.effects.push({ type: "cancelTimer", timerId: `${thread.id}:${thread.phase}` });
  }
  if (thread.phase === "task" && thread.task) {
    cancelTaskTimers(run, thread);
    run.effects.push({ type: "cancelTask", taskId: thread.task.id });
  }
  if (thread.phase === "mapRun" && thread.mapRun) {
    run.effects.push({ type: "cancelMapRun", mapRunId: thread.mapRun.id });
  }
}

/** Cancels the timeout and heartbeat timers of the task that a thread waits for. */
export function cancelTaskTimers(run: Run, thread: ThreadFrame): void {
  const task = thread.task;
  if (!task) return;
  if (task.timeoutSeconds !== undefined) run.effects.push({ type: "cancelTimer", timerId: `${task.id}:timeout` });
  if (task.heartbeatSeconds !== undefined) run.effects.push({ type: "cancelTimer", timerId: `${task.id}:heartbeat` });
}

/** Stops everything that is still running, without events. */
export function endThreads(run: Run): void {
  const pending = ["0"];
  while (pending.length > 0) {
    const thread = run.thread(pending.pop()!);
    if (!thread) continue;
    if (!thread.halted) closeWork(run, thread);
    thread.halted = true;
    if (thread.inner === undefined || thread.phase !== "fan") continue;
    const fan = run.fan(thread.inner);
    for (const index of fan.active) pending.push(`${fan.id}.${index}`);
  }
  run.head.ready.length = 0;
}

const terminalEvents = {
  FAILED: "ExecutionFailed",
  ABORTED: "ExecutionAborted",
  TIMED_OUT: "ExecutionTimedOut",
} as const;

/** Ends the execution unsuccessfully: the last event and the `finish` effect. Its frames stay, for a redrive. */
export function endExecution(
  run: Run,
  status: Exclude<ExecutionStatus, "RUNNING" | "SUCCEEDED">,
  previous: number,
  failure: { error?: string | undefined; cause?: string | undefined },
): void {
  const details = errorDetails(failure.error, failure.cause);
  const probe = run.env.probe;
  run.head.status = status;
  if (probe) {
    probe.ended({ status: "FAILED", variables: visibleVariables(run, run.thread("0")!), ...details });
    return;
  }
  run.emitLast(terminalEvents[status], previous, details);
  run.effects.push({ type: "cancelTimer", timerId: "execution" });
  run.effects.push({ type: "finish", status, ...(status === "TIMED_OUT" ? {} : details) });
}
