/** The state of Step Functions: its tables and its runners, and what all operations share. */
import { operationsOf } from "../../calls/operation.ts";
import type { ServiceDependencies } from "../../calls/service.ts";
import type { Clock } from "../../engine/clock.ts";
import { machineArnOf } from "./arns.ts";
import type { Signal } from "./asl/execution.ts";
import type { HistoryEvent } from "./asl/history.ts";
import { childMachine, type Machine } from "./asl/machine.ts";
import { parseDefinition } from "./asl/validation/definition.ts";
import { machineDoesNotExist } from "./errors.ts";
import { ExpressRunner } from "./executions/express-runner.ts";
import { logEvents } from "./executions/logs.ts";
import { Runner } from "./executions/runner.ts";
import { statusEvent } from "./executions/status-events.ts";
import { TimeLimit } from "./executions/time-limit.ts";
import { MapRuns } from "./map-runs/map-runs.ts";
import {
  activityTable,
  aliasTable,
  type ExecutionRow,
  type MachineRow,
  machineTable,
  type RevisionRow,
  revisionTable,
  versionTable,
} from "./tables.ts";
import { ActivityPolls } from "./tasks/activity-polls.ts";
import { Mocks } from "./tasks/mocks.ts";
import { Performer } from "./tasks/performer.ts";

/** How many parsed definitions are cached. */
const maxParsed = 500;

export class StepFunctions {
  readonly deps: ServiceDependencies;
  readonly machines;
  readonly revisions;
  readonly versions;
  readonly aliases;
  readonly activities;
  readonly turns: Clock["turns"];
  readonly mocks: Mocks;
  readonly performer: Performer;
  readonly polls: ActivityPolls;
  readonly mapRuns: MapRuns;
  readonly runner: Runner;
  readonly timeLimit: TimeLimit;
  readonly express: ExpressRunner;
  readonly #parsed = new Map<string, Machine>();

  constructor(dependencies: ServiceDependencies) {
    const { store } = dependencies;
    this.deps = dependencies;
    this.machines = store.table(machineTable);
    this.revisions = store.table(revisionTable);
    this.versions = store.table(versionTable);
    this.aliases = store.table(aliasTable);
    this.activities = store.table(activityTable);
    this.turns = dependencies.clock.turns;
    this.mocks = new Mocks(dependencies.options.mocks);
    this.performer = new Performer(this);
    this.polls = new ActivityPolls(this);
    this.mapRuns = new MapRuns(this);
    this.runner = new Runner(this);
    this.timeLimit = new TimeLimit(this);
    this.express = new ExpressRunner(this);
    // The other services do not exist yet, and what was under way in an earlier run may need them.
    dependencies.clock.at(dependencies.clock.now(), () => {
      this.runner.recover();
      this.mapRuns.recover();
    });
  }

  get now(): number {
    return this.deps.clock.now();
  }

  /** The machine in an ARN, whatever version, alias or test case follows. @throws AwsError StateMachineDoesNotExist */
  machineNamed(arn: string): MachineRow {
    const machine = this.machines.get(machineArnOf(arn).arn);
    if (machine === undefined) throw machineDoesNotExist(arn);
    return machine;
  }

  revisionOf(key: string): RevisionRow {
    return this.revisions.get(key) as RevisionRow;
  }

  /** What an execution runs: its revision's definition, or the part that a distributed Map's children run. */
  machineOf(row: Pick<ExecutionRow, "revision" | "mapState">): Machine {
    const whole = this.#machineOfRevision(row.revision);
    return row.mapState === undefined ? whole : childMachine(whole, row.mapState);
  }

  #machineOfRevision(key: string): Machine {
    let machine = this.#parsed.get(key);
    if (machine === undefined) {
      const { definition, type } = this.revisionOf(key);
      machine = parseDefinition(definition, type).machine as Machine;
      if (this.#parsed.size >= maxParsed) this.#parsed.clear();
      this.#parsed.set(key, machine);
    }
    return machine;
  }

  /** The name of a labelled machine includes its label. */
  machineNameOf({ machine }: Pick<ExecutionRow, "machine">): string {
    return machine.slice(machine.indexOf(":stateMachine:") + ":stateMachine:".length);
  }

  /** Inside a transaction: deletes a revision that is not used any more. */
  dropRevision(key: string): void {
    const revision = this.revisions.get(key);
    if (revision === undefined) return;
    if (this.machines.get(revision.machine)?.revision === key) return;
    if (this.versions.by.revision.size(key) > 0 || this.runner.executions.by.revision.size(key) > 0) return;
    this.revisions.delete(key);
    this.#parsed.delete(key);
  }

  /** Passes a signal to an execution, standard or express. */
  signal(arn: string, signal: Signal): void {
    if (this.express.has(arn)) this.express.signal(arn, signal);
    else this.runner.signal(arn, signal);
  }

  log(row: ExecutionRow, events: readonly HistoryEvent[], redriveCount: number): void {
    const { logging, tracing = false } = this.revisions.get(row.revision) ?? {};
    if (logging === undefined || logging.level === "OFF") return;
    logEvents(this.deps, logging, row, events, { redriveCount, tracing });
  }

  /** Inside a transaction: call it when an execution's status has changed. */
  statusChanged(row: ExecutionRow): void {
    if (row.mapRun === undefined || !row.arn.includes(":express:")) statusEvent(this, row);
  }

  reset(account?: string): void {
    this.runner.reset();
    this.express.reset(account);
    this.mapRuns.reset();
    this.polls.endAll(account);
    this.performer.cancelAll(account);
  }

  stop(): void {
    this.express.reset();
    this.polls.stop();
    this.performer.cancelAll();
  }
}

export const operation = operationsOf<StepFunctions>();
