import { afterEach, describe, expect, it, vi } from "vitest";
import { Clock } from "../../../src/engine/clock.ts";

// These tests move the machine's own time, which the engine takes once, when it is loaded.
vi.mock("../../../src/engine/real-time.ts", async () => (await import("../../support/live-time.ts")).liveTime());

const START = Date.UTC(2030, 0, 1);
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

function virtual(onError?: (error: unknown) => void) {
  const clock = new Clock({ mode: "virtual", startMs: START, ...(onError && { onError }) });
  const fired: string[] = [];
  const at = (ms: number, name: string, action?: () => void) =>
    clock.at(START + ms, () => {
      fired.push(`${name}@${clock.now() - START}`);
      action?.();
    });
  return { clock, fired, at };
}

describe("virtual Clock", () => {
  it("stands still, and moves only by advance and set", async () => {
    const { clock, fired, at } = virtual();
    at(10, "a");
    await clock.quiet();
    expect(clock.now()).toBe(START);
    await clock.advance(9);
    expect(fired).toEqual([]);
    await clock.set(START + 10);
    expect(fired).toEqual(["a@10"]);
    expect(clock.now()).toBe(START + 10);
  });

  it("fires in (due, id) order, including timers that handlers add on the way", async () => {
    const { clock, fired, at } = virtual();
    at(30, "late");
    at(10, "b", () => {
      at(20, "added");
      at(10, "same time");
      at(5, "overdue");
      at(31, "beyond");
    });
    at(10, "c");
    at(5, "a");
    await clock.advance(30);
    expect(fired).toEqual(["a@5", "b@10", "overdue@10", "c@10", "same time@10", "added@20", "late@30"]);
    expect(clock.now()).toBe(START + 30);
    await clock.advance(1);
    expect(fired.at(-1)).toBe("beyond@31");
  });

  it("waits between two timers for the work the first began", async () => {
    const { clock, fired, at } = virtual();
    at(1, "begin", () => {
      void clock.track(
        (async () => {
          for (let i = 0; i < 5; i += 1) await turn();
          at(2, "by the work");
        })(),
      );
    });
    at(3, "after");
    await clock.advance(10);
    expect(fired).toEqual(["begin@1", "by the work@2", "after@3"]);
  });

  it("ends work once, and does not wait for timers of a later time", async () => {
    const { clock, fired, at } = virtual();
    const end = clock.begin();
    let quiet = false;
    const waiting = clock.quiet().then(() => {
      quiet = true;
    });
    for (let i = 0; i < 5; i += 1) await turn();
    expect(quiet).toBe(false);
    at(1000, "long poll");
    end();
    end();
    await waiting;
    clock.begin()();
    await clock.quiet();
    expect(fired).toEqual([]);
  });

  it("passes on what tracked work answers, and is quiet after work that failed", async () => {
    const { clock } = virtual();
    await expect(clock.track(Promise.resolve(7))).resolves.toBe(7);
    await expect(clock.track(Promise.reject(new Error("work")))).rejects.toThrow("work");
    await clock.quiet();
  });

  it("waits for others no longer than its patience lasts, and in vain for what has ended", async () => {
    const clock = new Clock({ mode: "virtual", startMs: START, patienceMs: 20 });
    const fired: string[] = [];
    let answer = (_value: string): void => {};
    clock.at(START + 1, () => {
      void clock.trackOutside(new Promise(() => {}));
      void clock.trackOutside(new Promise<string>((resolve) => (answer = resolve))).then((value) => fired.push(value));
    });
    clock.at(START + 2, () => fired.push("went on"));
    await clock.advance(2);
    expect(fired).toEqual(["went on"]);
    answer("late");
    await clock.quiet();
    expect(fired).toEqual(["went on", "late"]);
    await expect(clock.trackOutside(Promise.reject(new Error("work")))).rejects.toThrow("work");
    // What answers in time is waited for like any work.
    clock.at(START + 3, () => {
      void clock.trackOutside(turn()).then(() => fired.push("answered"));
    });
    clock.at(START + 4, () => fired.push("after"));
    await clock.advance(2);
    expect(fired.slice(2)).toEqual(["answered", "after"]);
  });

  it("fires what is due at once without being moved", async () => {
    const { clock, fired, at } = virtual();
    at(0, "now");
    at(-5, "overdue");
    at(1, "later");
    expect(fired).toEqual([]);
    await turn();
    await clock.quiet();
    await clock.quiet();
    expect(fired).toEqual(["overdue@0", "now@0"]);
  });

  it("makes moves one after the other", async () => {
    const { clock, fired, at } = virtual();
    for (let i = 1; i <= 6; i += 1) at(i, `t${i}`, () => void clock.track(turn()));
    await Promise.all([clock.advance(2), clock.advance(2), clock.set(START + 6)]);
    expect(fired).toEqual(["t1@1", "t2@2", "t3@3", "t4@4", "t5@5", "t6@6"]);
    expect(clock.now()).toBe(START + 6);
  });

  it("goes back only by set, firing nothing", async () => {
    const { clock, fired, at } = virtual();
    at(5, "a");
    await clock.set(START - 100);
    expect(clock.now()).toBe(START - 100);
    expect(fired).toEqual([]);
    await clock.advance(105);
    expect(fired).toEqual(["a@5"]);
    await expect(clock.advance(-1)).rejects.toThrow(RangeError);
    await expect(clock.advance(Number.NaN)).rejects.toThrow(RangeError);
    await expect(clock.set(Number.POSITIVE_INFINITY)).rejects.toThrow(RangeError);
    expect(() => clock.at(Number.NaN, () => {})).toThrow(RangeError);
  });

  it("reports what a handler throws and goes on", async () => {
    const errors: unknown[] = [];
    const { clock, fired, at } = virtual((error) => errors.push(error));
    const fault = new Error("fault");
    at(1, "a", () => {
      throw fault;
    });
    at(2, "b");
    await clock.advance(2);
    expect(errors).toEqual([fault]);
    expect(fired).toEqual(["a@1", "b@2"]);
  });

  it("goes on as well when there is no report, or the report throws", async () => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    for (const onError of [
      undefined,
      () => {
        throw new Error("fault");
      },
    ]) {
      const { clock, fired, at } = virtual(onError);
      at(1, "a", () => {
        throw new Error("fault");
      });
      at(2, "b");
      await clock.advance(2);
      expect(fired).toEqual(["a@1", "b@2"]);
    }
    expect(warn.mock.calls).toEqual([[new Error("fault")], [new Error("fault")]]);
    warn.mockRestore();
  });

  it("cancels any timer, in whatever order", async () => {
    const { clock, fired, at } = virtual();
    const timers = Array.from({ length: 200 }, (_, i) => at((i * 37) % 101, `${i}`));
    const kept: string[] = [];
    timers.forEach((timer, i) => {
      if (i % 3 === 0) kept.push(`${i}@${(i * 37) % 101}`);
      else {
        timer.cancel();
        timer.cancel();
      }
    });
    await clock.advance(200);
    expect([...fired].sort()).toEqual(kept.sort());
    const times = fired.map((name) => Number(name.split("@")[1]));
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  it("ends moves and drops timers when it is closed", async () => {
    const { clock, fired, at } = virtual();
    clock.begin();
    at(1, "a");
    const move = clock.advance(10);
    await turn();
    clock.close();
    await move;
    at(0, "b");
    await turn();
    await turn();
    expect(fired).toEqual([]);
  });

  it("tells its listeners of a move before a timer fires at the new time", async () => {
    const { clock, fired, at } = virtual();
    clock.onChange(() => fired.push(`told@${clock.now() - START}`));
    at(1, "a");
    at(1, "b");
    at(3, "c");
    await clock.advance(5);
    await clock.set(START);
    expect(fired).toEqual(["told@1", "a@1", "b@1", "told@3", "c@3", "told@5", "told@0"]);
  });
});

describe("real Clock", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  function real(startMs?: number) {
    vi.useFakeTimers({ now: START, toFake: ["Date", "performance", "setTimeout", "clearTimeout"] });
    const clock = new Clock(startMs === undefined ? {} : { startMs });
    const fired: string[] = [];
    const at = (ms: number, name: string, action?: () => void) =>
      clock.at(START + ms, () => {
        fired.push(`${name}@${clock.now() - START}`);
        action?.();
      });
    return { clock, fired, at };
  }

  it("follows the system's time, fires at the due time and survives waits beyond 2^31 ms", async () => {
    const { clock, fired, at } = real();
    at(2 ** 31 + 5, "far");
    at(100, "near");
    const cancelled = at(50, "cancelled");
    cancelled.cancel();
    vi.advanceTimersByTime(99);
    expect(fired).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(fired).toEqual(["near@100"]);
    vi.advanceTimersByTime(2 ** 31 - 96);
    expect(fired).toEqual(["near@100"]);
    vi.advanceTimersByTime(1);
    expect(fired).toEqual(["near@100", `far@${2 ** 31 + 5}`]);
    expect(clock.now()).toBe(Date.now());
  });

  it("never goes back when the system's time does", () => {
    const { clock } = real();
    vi.setSystemTime(START + 50);
    expect(clock.now()).toBe(START + 50);
    vi.setSystemTime(START - 5000);
    expect(clock.now()).toBe(START + 50);
    vi.setSystemTime(START + 60);
    expect(clock.now()).toBe(START + 60);
  });

  it("goes on when the system's clock is set back by an hour, and fires when what it waits for has passed", () => {
    const { clock, fired, at } = real();
    at(5000, "delay");
    at(3_700_000, "schedule");
    vi.advanceTimersByTime(1000);
    expect(clock.now()).toBe(START + 1000);
    vi.setSystemTime(START + 1000 - 3_600_000);
    expect(clock.now()).toBe(START + 1000);
    vi.advanceTimersByTime(3999);
    expect(fired).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(fired).toEqual(["delay@5000"]);
    expect(clock.now()).toBe(START + 5000);
    vi.advanceTimersByTime(3_695_000);
    expect(fired).toEqual(["delay@5000", "schedule@3700000"]);
    // Put right again: the hour is not counted twice.
    vi.setSystemTime(START + 3_700_500);
    expect(clock.now()).toBe(START + 3_700_500);
  });

  it("follows the system's clock over a sleep in which nothing passed", () => {
    const { clock, fired, at } = real();
    at(60_000, "wait");
    vi.setSystemTime(START + 8 * 3_600_000);
    expect(clock.now()).toBe(START + 8 * 3_600_000);
    vi.advanceTimersByTime(60_000);
    expect(fired).toHaveLength(1);
  });

  it("fires everything overdue, in order, after the event loop stalled", () => {
    const { fired, at } = real();
    at(30, "c");
    at(10, "a");
    at(20, "b");
    vi.setSystemTime(START + 5000);
    vi.advanceTimersByTime(10);
    expect(fired.map((name) => name[0])).toEqual(["a", "b", "c"]);
  });

  it("is moved like a virtual one, then goes on from there", async () => {
    const { clock, fired, at } = real();
    at(1000, "a", () => at(2000, "b"));
    at(9000, "c");
    await clock.advance(5000);
    expect(fired).toEqual(["a@1000", "b@2000"]);
    expect(clock.now()).toBe(START + 5000);
    vi.advanceTimersByTime(4000);
    expect(fired.at(-1)).toBe("c@9000");
    expect(clock.now()).toBe(START + 9000);
    await clock.set(START - 1);
    expect(clock.now()).toBe(START - 1);
  });

  it("does not let a timer that adds another at once hold the event loop", async () => {
    const { clock, fired, at } = real();
    let left = 50;
    const again = (): void => {
      if ((left -= 1) > 0) at(0, "again", again);
    };
    at(0, "again", again);
    await turn();
    expect(fired.length).toBeLessThan(5);
    while (left > 0) await turn();
    expect(fired).toHaveLength(50);
    clock.close();
  });

  it("changes its mode without a jump, keeping its timers", async () => {
    const { clock, fired, at } = real(START + 500);
    expect(clock.now()).toBe(START + 500);
    at(700, "a");
    clock.setMode("virtual");
    vi.advanceTimersByTime(1000);
    expect(clock.now()).toBe(START + 500);
    expect(fired).toEqual([]);
    clock.setMode("real");
    expect(clock.now()).toBe(START + 500);
    vi.advanceTimersByTime(200);
    expect(fired).toEqual(["a@700"]);
    expect(clock.mode).toBe("real");
  });

  it("takes up the state of another clock", async () => {
    const { clock } = real();
    await clock.advance(1000);
    const later = new Clock();
    later.restore(clock.state());
    expect(later.now()).toBe(clock.now());
    clock.setMode("virtual");
    vi.advanceTimersByTime(5000);
    later.restore(clock.state());
    expect(later.mode).toBe("virtual");
    expect(later.now()).toBe(START + 1000);
  });

  it("does not keep the process alive", () => {
    vi.useRealTimers();
    const clock = new Clock();
    const before = process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
    clock.at(clock.now() + 100_000, () => {});
    expect(process.getActiveResourcesInfo().filter((name) => name === "Timeout")).toHaveLength(before);
    clock.close();
  });
});
