/** Scheduler as its client sees it, with queues to run into. */
import { type CreateScheduleCommandInput, Scheduler, type Target } from "@aws-sdk/client-scheduler";
import type { BusbarOptions } from "../../src/index.ts";
import { Environment, type Started, type Storage, startBus } from "./environment.ts";

export const roleArn = "arn:aws:iam::000000000000:role/scheduler";
export const startTime = "2026-03-01T12:00:00Z";

export class SchedulerEnvironment extends Environment {
  readonly scheduler: Scheduler;

  private constructor(started: Started) {
    super(started);
    this.scheduler = new Scheduler({ ...this.bus.clientConfig(), maxAttempts: 1 });
  }

  /** A virtual clock at noon of 1 March 2026 by default. */
  static async start(storage: Storage = "memory", options: BusbarOptions = {}): Promise<SchedulerEnvironment> {
    const usual = { clock: "virtual", startTime, seed: "scheduler" } as const;
    return new SchedulerEnvironment(await startBus(storage, { ...usual, ...options }));
  }

  override stop(): Promise<void> {
    this.scheduler.destroy();
    return super.stop();
  }

  override name(prefix = "s"): string {
    return super.name(prefix);
  }

  /** Creates a schedule with no flexible window and gives its name. */
  async schedule(
    expression: string,
    target: Partial<Target>,
    more: Partial<CreateScheduleCommandInput> = {},
  ): Promise<string> {
    const Name = more.Name ?? this.name();
    await this.scheduler.createSchedule({
      FlexibleTimeWindow: { Mode: "OFF" },
      ...more,
      Name,
      ScheduleExpression: expression,
      Target: { Arn: undefined, RoleArn: roleArn, ...target },
    });
    return Name;
  }
}
