/** The services of one emulator: their views and levers by name, and what happens to all of them together. */
import { getOwn } from "../protocols/unknown-json.ts";
import type { Door } from "./calls/door.ts";
import type { RunningService } from "./calls/routes.ts";

export class RunningServices {
  readonly #all: RunningService[] = [];

  add(service: RunningService): void {
    this.#all.push(service);
  }

  /** The services' entry points besides their APIs. */
  doors(): readonly Door[] {
    return this.#all.flatMap(({ definition, state }) => definition.door?.(state) ?? []);
  }

  /** What a service's view shows; undefined when there is no such service, view or resource. */
  look(service: string, view: string, filter: object): unknown {
    const running = this.#named(service);
    return getOwn(running?.definition.views ?? {}, view)?.(running?.state, filter);
  }

  /** A service's lever; undefined when it has none of that name. */
  lever(service: string, name: string) {
    const running = this.#named(service);
    const pull = getOwn(running?.definition.levers ?? {}, name);
    return pull && ((body: Parameters<typeof pull>[1]) => pull(running?.state, body));
  }

  /** Lets go of what services keep besides their rows, for one account or for all. */
  reset(account: string | undefined): void {
    for (const { definition, state } of this.#all) definition.reset?.(state, account);
  }

  stop(): void {
    for (const { definition, state } of this.#all) definition.stop?.(state);
  }

  #named(service: string): RunningService | undefined {
    return this.#all.find(({ definition }) => definition.model.name === service);
  }
}
