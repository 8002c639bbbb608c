/** The state of Pipes: its tables and its lifecycle. */

import { formatArn } from "../../calls/arn.ts";
import { Cause } from "../../calls/cause.ts";
import { Invocation } from "../../calls/invocation.ts";
import { operationsOf } from "../../calls/operation.ts";
import type { Place } from "../../calls/place.ts";
import type { ServiceDependencies } from "../../calls/service.ts";
import type { SourceRecord } from "../../sources/drain.ts";
import { Running } from "../../sources/running.ts";
import { pipeDoesNotExist } from "./errors.ts";
import { Lifecycle } from "./lifecycle.ts";
import { cursorTable, type PipeRow, pipeTable } from "./tables.ts";

export class Pipes {
  readonly deps: ServiceDependencies;
  readonly pipes;
  readonly cursors;
  readonly lifecycle: Lifecycle;
  readonly #running = new Running();

  constructor(dependencies: ServiceDependencies) {
    this.deps = dependencies;
    this.pipes = dependencies.store.table(pipeTable);
    this.cursors = dependencies.store.table(cursorTable);
    this.lifecycle = new Lifecycle(this);
  }

  /** `deps.call` on behalf of a pipe. Never settles once the emulator has stopped. */
  call(service: string, operation: string, input: object, pipe: PipeRow): Promise<object> {
    return this.whileRunning(this.deps.call(service, operation, input, this.invocation(pipe)));
  }

  /** A call made by a pipe. @param record that it is about; the first one when there are several. */
  invocation(pipe: PipeRow, record?: SourceRecord): Invocation {
    const cause =
      record?.cause === undefined
        ? Cause.beginning("pipe", pipe.arn, this.now)
        : Cause.from(record.cause).next("message", record.ids[0] ?? "");
    return Invocation.ofService("pipes", pipe.arn, pipe, cause.next("pipe", pipe.arn));
  }

  /** Wraps what a pipe waits for, see `Running.guard`. */
  whileRunning<T>(work: Promise<T>): Promise<T> {
    return this.#running.guard(work);
  }

  stop(): void {
    this.#running.stop();
    this.lifecycle.stopReaders();
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
