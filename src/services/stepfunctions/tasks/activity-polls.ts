/** GetActivityTask calls that wait for tasks, in the order in which they arrived. */
import type { TaskRequest } from "../asl/execution.ts";
import { readJson, writeJson } from "../asl/json.ts";
import { activityDoesNotExist } from "../errors.ts";
import type { StepFunctions } from "../stepfunctions.ts";

/** How long a poll waits. */
const pollMs = 60_000;

export interface ActivityTask {
  readonly taskToken: string;
  /** JSON text. */
  readonly input: string;
}

interface Poll {
  readonly workerName: string | undefined;
  readonly finish: (task: ActivityTask | Error | undefined) => void;
}

export class ActivityPolls {
  readonly #sfn: StepFunctions;
  readonly #waiting = new Map<string, Set<Poll>>();
  #stopped = false;

  constructor(sfn: StepFunctions) {
    this.#sfn = sfn;
  }

  /** The number of polls that wait for tasks of an activity. */
  size(activity: string): number {
    return this.#waiting.get(activity)?.size ?? 0;
  }

  /** Inside a transaction: takes the task that has waited longest. */
  take(activity: string, workerName: string | undefined): ActivityTask | undefined {
    const { tasks } = this.#sfn.runner;
    for (const open of tasks.rows.by.waiting.range(activity)) {
      const { execution, taskId } = open;
      tasks.setWaiting(execution, taskId);
      this.#sfn.runner.signal(execution, {
        type: "taskStarted",
        taskId,
        ...(workerName === undefined ? {} : { workerName }),
      });
      const taken = tasks.get(execution, taskId);
      if (taken === undefined) continue;
      const { parameters } = readJson(open.request) as TaskRequest;
      return { taskToken: taken.token as string, input: writeJson(parameters) };
    }
    return undefined;
  }

  /**
   * Waits up to a minute for a task; undefined if the time runs out, or the client or the emulator stops.
   * @throws AwsError ActivityDoesNotExist when the activity is deleted in the meantime.
   */
  wait(activity: string, workerName: string | undefined, signal: AbortSignal): Promise<ActivityTask | undefined> {
    if (this.#stopped || signal.aborted) return Promise.resolve(undefined);
    const { clock } = this.#sfn.deps;
    return new Promise((resolve, reject) => {
      const polls = this.#waiting.get(activity) ?? new Set();
      this.#waiting.set(activity, polls);
      const poll: Poll = {
        workerName,
        finish: (task) => {
          deadline.cancel();
          signal.removeEventListener("abort", leave);
          polls.delete(poll);
          if (polls.size === 0 && this.#waiting.get(activity) === polls) this.#waiting.delete(activity);
          if (task instanceof Error) reject(task);
          else resolve(task);
        },
      };
      const leave = () => poll.finish(undefined);
      const deadline = clock.at(clock.now() + pollMs, leave);
      signal.addEventListener("abort", leave);
      polls.add(poll);
    });
  }

  /** Hands an activity's waiting tasks to its polls. */
  check(activity: string): void {
    for (const poll of this.#waiting.get(activity) ?? []) {
      const task = this.#sfn.deps.store.transaction(() => this.take(activity, poll.workerName));
      if (task === undefined) return;
      poll.finish(task);
    }
  }

  /** Ends the polls of a deleted activity: they do not apply to one that is created later with the same name. */
  deleted(activity: string): void {
    for (const poll of this.#waiting.get(activity) ?? []) poll.finish(activityDoesNotExist(activity));
  }

  /** Ends all polls without a task; with `account`, those of its activities. */
  endAll(account?: string): void {
    for (const [activity, polls] of [...this.#waiting]) {
      if (account !== undefined && activity.split(":")[4] !== account) continue;
      for (const poll of [...polls]) poll.finish(undefined);
    }
  }

  stop(): void {
    this.#stopped = true;
    this.endAll();
  }
}
