/**
 * The services of one emulator. A late one gets its state when somebody asks for it: a call, a request at its door, or
 * the start, when the disk has rows of it.
 */
import type { Claim, Unclaimed, WireRequest } from "../protocols/protocol.ts";
import type { ServiceModel } from "../protocols/schema.ts";
import { getOwn } from "../protocols/unknown-json.ts";
import { type Catalog, isLate, type LateService, nameOf } from "./calls/catalog.ts";
import type { Door } from "./calls/door.ts";
import type { RunningService, Services } from "./calls/routes.ts";
import type { ServiceDefinition } from "./calls/service.ts";

export class RunningServices implements Services {
  readonly #catalog: Catalog;
  readonly #create: (definition: ServiceDefinition) => unknown;
  readonly #running = new Map<string, RunningService>();

  /** @param create makes a service's state in this emulator. */
  constructor(catalog: Catalog, create: (definition: ServiceDefinition) => unknown) {
    this.#catalog = catalog;
    this.#create = create;
  }

  /** @param unopened tables with rows that no running service has opened; a table is named `{service}.{rows}`. */
  start(unopened: () => readonly string[]): void {
    for (const entry of this.#catalog.entries) if (!isLate(entry)) this.running(nameOf(entry));
    for (const table of unopened()) this.running(table.slice(0, table.indexOf(".")));
  }

  running(name: string): RunningService | undefined {
    return this.#running.get(name) ?? this.#open(name);
  }

  claim(request: WireRequest): Claim | Unclaimed {
    return this.#catalog.claim(request);
  }

  modelsFor(request: WireRequest): readonly ServiceModel[] {
    return this.#catalog.modelsFor(request);
  }

  /** The services' entry points besides their APIs. */
  doors(): readonly Door[] {
    return this.#catalog.entries.flatMap((entry) => {
      if (isLate(entry)) return entry.door === undefined ? [] : this.#lateDoor(entry, entry.door);
      const { definition, state } = this.running(nameOf(entry)) as RunningService;
      return definition.door?.(state) ?? [];
    });
  }

  /** What a service's view shows; undefined when there is no such service, view or resource. */
  look(service: string, view: string, filter: object): unknown {
    const running = this.running(service);
    return getOwn(running?.definition.views ?? {}, view)?.(running?.state, filter);
  }

  /** A service's lever; undefined when it has none of that name. */
  lever(service: string, name: string) {
    const running = this.running(service);
    const pull = getOwn(running?.definition.levers ?? {}, name);
    return pull && ((body: Parameters<typeof pull>[1]) => pull(running?.state, body));
  }

  /** Lets go of what services keep besides their rows, for one account or for all. */
  reset(account: string | undefined): void {
    for (const { definition, state } of this.#running.values()) definition.reset?.(state, account);
  }

  stop(): void {
    for (const { definition, state } of this.#running.values()) definition.stop?.(state);
  }

  #open(name: string): RunningService | undefined {
    const definition = this.#catalog.definition(name);
    if (definition === undefined) return undefined;
    const running = { definition, state: this.#create(definition) };
    this.#running.set(name, running);
    return running;
  }

  #lateDoor({ name }: LateService, facts: NonNullable<LateService["door"]>): Door {
    let door: Door | undefined;
    return {
      ...facts,
      serve: (request, answer) => {
        const running = this.running(name);
        door ??= running?.definition.door?.(running.state);
        return door?.serve(request, answer);
      },
    };
  }
}
