/** Values of Scheduler's keywords. */
export interface SchedulerInputContext {
  scheduleArn: string;
  /** The planned time of the invocation, milliseconds since 1970. */
  scheduledTimeMs: number;
  executionId: string;
  /** 1 for the first attempt. */
  attemptNumber: number;
}

const keyword = /<aws\.scheduler\.(schedule-arn|scheduled-time|execution-id|attempt-number)>/g;

/**
 * A schedule's Input with its context attributes filled in wherever they occur (Scheduler user guide, "Adding context
 * attributes").
 */
export function applySchedulerContext(input: string, context: SchedulerInputContext): string {
  const values: Record<string, string> = {
    "schedule-arn": context.scheduleArn,
    "scheduled-time": new Date(context.scheduledTimeMs).toISOString().replace(/\.\d+Z$/, "Z"),
    "execution-id": context.executionId,
    "attempt-number": String(context.attemptNumber),
  };
  return input.replace(keyword, (_, name: string) => values[name] as string);
}
