/** Deleting a schedule group: its schedules go first, a part at a time, then the group itself. */
import type { Scheduler } from "./scheduler.ts";
import { type GroupRow, schedulesKey } from "./tables.ts";

const timerKind = "scheduler.group-deletion";
/** Schedules deleted in one transaction, so that a large group does not block others. */
const maxAtOnce = 1000;
/** About how long AWS takes. */
const strictDelayMs = 30_000;

export class GroupDeletions {
  readonly #scheduler: Scheduler;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
    scheduler.deps.timers.on(timerKind, ({ payload }) => this.#goOn((payload as { arn: string }).arn));
  }

  /** Inside a transaction. */
  begin(group: GroupRow): void {
    const { now, deps } = this.#scheduler;
    this.#scheduler.groups.put({ ...group, state: "DELETING", modifiedMs: now });
    this.#schedule(group, now + (deps.options.strict ? strictDelayMs : 0));
  }

  #schedule({ arn, account }: GroupRow, dueMs: number): void {
    const id = `${timerKind} ${arn}`;
    this.#scheduler.deps.timers.schedule({ id, account, dueMs, kind: timerKind, payload: { arn } });
  }

  #goOn(arn: string): void {
    const { groups, schedules, runs, now } = this.#scheduler;
    const group = groups.get(arn);
    if (group?.state !== "DELETING") return;
    let deleted = 0;
    for (const { arn: schedule } of schedules.by.name.range(schedulesKey(group, group.name))) {
      if (deleted === maxAtOnce) {
        this.#schedule(group, now);
        return;
      }
      schedules.delete(schedule);
      runs.disarm(schedule);
      deleted += 1;
    }
    groups.delete(arn);
  }
}
