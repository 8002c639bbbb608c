/** Sends archived events to their bus again, one minute of event time per step, driven by durable timers. */

import { archivePosition, positionMs, type ReplayRow } from "./archive-tables.ts";
import { readEvent, replayedText } from "./event.ts";
import type { EventBridge } from "./eventbridge.ts";
import { busName } from "./names.ts";
import { nameKey } from "./tables.ts";

const timerKind = "events.replay";
const windowMs = 60_000;
/** Time between two steps, on the emulator's clock. */
const stepMs = 100;
/** Events sent per step; a fuller minute continues in the next step. */
const maxAtOnce = 250;

export class Replayer {
  readonly #service: EventBridge;

  constructor(service: EventBridge) {
    this.#service = service;
    service.deps.timers.on(timerKind, ({ id }) => this.#step(id.slice(timerKind.length + 1)));
  }

  begin(replay: ReplayRow): void {
    this.#service.replays.put(replay);
    this.#goOn(replay);
  }

  #goOn(replay: ReplayRow): void {
    const key = nameKey(replay, replay.name);
    const dueMs = this.#service.now + stepMs;
    const { account } = replay;
    this.#service.deps.timers.schedule({
      id: `${timerKind} ${key}`,
      account,
      dueMs,
      kind: timerKind,
      payload: undefined,
    });
  }

  #step(key: string): void {
    const service = this.#service;
    const replay = service.replays.get(key);
    if (replay === undefined) return;
    const obstacle = this.#obstacle(replay);
    if (replay.state === "CANCELLING") {
      this.#end(replay, "CANCELLED");
    } else if (obstacle !== undefined) {
      this.#end(replay, "FAILED", obstacle);
    } else {
      const running: ReplayRow = { ...replay, state: "RUNNING" };
      const cursor = this.#replayWindow(running);
      if (cursor === undefined) {
        this.#end(running, "COMPLETED");
        return;
      }
      const after = { ...running, cursor };
      service.replays.put(after);
      this.#goOn(after);
    }
  }

  /** Why a replay cannot continue, as a sentence. */
  #obstacle(replay: ReplayRow): string | undefined {
    const service = this.#service;
    const archive = service.archives.get(replay.archive);
    if (archive === undefined || archive.serial !== replay.archiveSerial) {
      return "The archive does not exist any more.";
    }
    if (service.bus(busName(replay.destination, replay)) === undefined) return "The event bus does not exist any more.";
    return undefined;
  }

  /**
   * Replays from the cursor to the end of the next event's minute.
   * @returns the new cursor, unless there was no event.
   */
  #replayWindow(replay: ReplayRow): string | undefined {
    const service = this.#service;
    const bounds = {
      lt: archivePosition(replay.toMs, 0),
      ...(replay.cursor === undefined ? { gte: archivePosition(replay.fromMs, 0) } : { gt: replay.cursor }),
    };
    const only = replay.filterArns === undefined ? undefined : new Set(replay.filterArns);
    const bus = busName(replay.destination, replay);
    let cursor: string | undefined;
    let windowEndMs = Number.POSITIVE_INFINITY;
    let sent = 0;
    for (const event of service.archivedEvents.range(replay.archive, bounds)) {
      const { position } = event;
      const eventMs = positionMs(position);
      if (eventMs >= windowEndMs || sent === maxAtOnce) break;
      if (cursor === undefined) windowEndMs = (Math.floor(eventMs / windowMs) + 1) * windowMs;
      const text = service.archivedEvents.textOf(event);
      service.router.publish(readEvent(replayedText(text, replay.name)), bus, undefined, only);
      cursor = position;
      sent += 1;
    }
    return cursor;
  }

  #end(replay: ReplayRow, state: "COMPLETED" | "CANCELLED" | "FAILED", stateReason?: string): void {
    this.#service.replays.put({ ...replay, state, stateReason, endedMs: this.#service.now });
  }
}
