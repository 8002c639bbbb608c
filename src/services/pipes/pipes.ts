/** The state of Pipes: its tables and its lifecycle. */
import { formatArn } from "../../core/arn.ts";
import { operationsOf } from "../../core/operation.ts";
import type { ServiceDependencies } from "../../core/service.ts";
import { pipeDoesNotExist } from "./errors.ts";
import { Lifecycle } from "./lifecycle.ts";
import { cursorTable, type PipeRow, pipeTable } from "./tables.ts";

export interface Place {
  readonly account: string;
  readonly region: string;
}

export class Pipes {
  readonly deps: ServiceDependencies;
  readonly pipes;
  readonly cursors;
  readonly lifecycle: Lifecycle;

  constructor(dependencies: ServiceDependencies) {
    this.deps = dependencies;
    this.pipes = dependencies.store.table(pipeTable);
    this.cursors = dependencies.store.table(cursorTable);
    this.lifecycle = new Lifecycle(this);
  }

  get now(): number {
    return this.deps.clock.now();
  }

  arnOf({ account, region }: Place, name: string): string {
    return formatArn("pipes", region, account, `pipe/${name}`);
  }

  /** @throws AwsError NotFoundException */
  pipe(place: Place, name: string): PipeRow {
    const pipe = this.pipes.get(this.arnOf(place, name));
    if (pipe === undefined) throw pipeDoesNotExist(name);
    return pipe;
  }
}

export const operation = operationsOf<Pipes>();
