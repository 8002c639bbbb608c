import { describe, expect, it } from "vitest";
import { Clock } from "../../../src/engine/clock.ts";
import { beforeWork, turnMs } from "../../../src/engine/turns.ts";
import { EndlessWork } from "../../../src/engine/work.ts";

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

function work(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end; );
}

describe("Turns", () => {
  it("come after what must not wait for them", async () => {
    const { turns } = new Clock();
    const order: string[] = [];
    turns.soon(() => {
      order.push("work");
      beforeWork(() => order.push("second answer"));
    });
    beforeWork(() => order.push("answer"));
    for (let round = 0; round < 3; round++) await turn();
    expect(order).toEqual(["answer", "work", "second answer"]);
  });

  it("let the event loop go round under a chain of promises that never ends", async () => {
    const { turns } = new Clock();
    let steps = 0;
    let over = false;
    const chain = async (): Promise<void> => {
      while (!over) {
        await turns.rest();
        await Promise.resolve();
        steps += 1;
      }
    };
    const chains = [chain(), chain(), chain()];
    for (let round = 0; round < 10; round++) await turn();
    over = true;
    await Promise.all(chains);
    expect(steps).toBeGreaterThan(1000);
  });

  it("let the event loop go round under actions that always add another, and end each after its time", async () => {
    const { turns } = new Clock();
    let steps = 0;
    let over = false;
    const again = (): void => {
      steps += 1;
      work(turnMs / 2);
      if (!over) turns.soon(again);
    };
    turns.soon(again);
    let rounds = 0;
    for (; steps < 12; rounds++) await turn();
    over = true;
    expect(rounds).toBeGreaterThanOrEqual(4);
  });

  it("let the event loop go round several times after a piece of work that took long", async () => {
    const { turns } = new Clock();
    const rounds: number[] = [];
    let round = 0;
    for (let piece = 0; piece < 3; piece++) {
      turns.soon(() => {
        rounds.push(round);
        work(4 * turnMs);
      });
    }
    for (; rounds.length < 3; round++) await turn();
    const [first = 0, second = 0, third = 0] = rounds;
    expect([second - first, third - second]).toEqual([4, 4]);
  });

  it("resume those who rest one after the other, and no more of them than there is time", async () => {
    const { turns } = new Clock();
    expect(turns.rest()).toBeUndefined();
    work(turnMs);
    const order: number[] = [];
    const rests = [0, 1, 2, 3].map(async (place) => {
      await turns.rest();
      await Promise.resolve();
      order.push(place);
      work(turnMs);
    });
    await turn();
    await turn();
    expect(order.length).toBeLessThan(4);
    await Promise.all(rests);
    expect(order).toEqual([0, 1, 2, 3]);
  });

  it("leave what comes from sockets next a time of its own", async () => {
    const { turns } = new Clock();
    await new Promise<void>((resolve) => {
      turns.soon(() => {
        // Due when the work ends, it fires before what comes next in turns, as requests are read before it.
        setTimeout(resolve, 0);
        work(turnMs);
      });
    });
    expect(turns.rest()).toBeUndefined();
  });

  it("hold the clock, report what an action throws and go on", async () => {
    const errors: unknown[] = [];
    const clock = new Clock({ mode: "virtual", onError: (error) => errors.push(error) });
    let done = false;
    clock.turns.soon(() => {
      throw new Error("a bug");
    });
    clock.turns.soon(() => {
      done = true;
    });
    await clock.quiet();
    expect(done).toBe(true);
    expect(errors).toEqual([new Error("a bug")]);
  });

  it("do nothing any more once they are stopped, and hold nobody up", async () => {
    const clock = new Clock();
    let ran = false;
    const action = (): void => {
      ran = true;
    };
    clock.turns.soon(action);
    clock.turns.stop();
    clock.turns.soon(action);
    await clock.quiet();
    expect(ran).toBe(false);
  });
});

describe("work without end", () => {
  it.each(["virtual", "real"] as const)(
    "fails a move of a %s clock, and the next moves when it ended",
    async (mode) => {
      const clock = new Clock({ mode, endlessMs: 50 });
      let over = false;
      const loop = async (): Promise<void> => {
        while (!over) await clock.turns.rest();
      };
      const looping = clock.track(loop());
      const before = clock.now();
      await expect(clock.advance(1000)).rejects.toThrow(EndlessWork);
      if (mode === "virtual") expect(clock.now()).toBe(before);
      over = true;
      await looping;
      await clock.advance(1000);
      expect(clock.now()).toBeGreaterThanOrEqual(before + 1000);
    },
  );

  it("fails a move when timers always add another for the same time", async () => {
    const clock = new Clock({ mode: "virtual", endlessMs: 50 });
    let over = false;
    const again = (): void => {
      if (!over) clock.at(clock.now(), again);
    };
    clock.at(clock.now() + 10, again);
    await expect(clock.advance(1000)).rejects.toThrow(/^Work has gone on for 0.05 s at /);
    over = true;
    await clock.advance(10);
  });

  it("is none of long work that goes on in time", async () => {
    const clock = new Clock({ mode: "virtual", endlessMs: 50 });
    let fired = 0;
    const again = (): void => {
      fired += 1;
      work(10);
      clock.at(clock.now() + 10, again);
    };
    clock.at(clock.now() + 10, again);
    await clock.advance(100);
    expect(fired).toBe(10);
  });
});
