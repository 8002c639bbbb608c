/** How long messages were in flight, recently. */
import { expect, it } from "vitest";
import { ProcessingTime } from "../../../src/services/sqs/processing-time.ts";

const period = 5 * 60_000;
const start = 1000 * period;

it("adds up what was in flight", () => {
  const time = new ProcessingTime(start);
  time.pass(0, start + 1000);
  time.pass(2, start + 4000);
  time.pass(1, start + 5000);
  time.pass(7, start + 5000);
  expect(time.recentMs).toBe(7000);
});

it("remembers the period before the one under way, and no more", () => {
  const time = new ProcessingTime(start + 1000);
  time.pass(1, start + period + 3000);
  expect(time.recentMs).toBe(period + 2000);
  time.pass(0, start + 2 * period);
  expect(time.recentMs).toBe(3000);
  time.pass(0, start + 3 * period);
  expect(time.recentMs).toBe(0);
  time.pass(2, start + 9 * period + 10);
  expect(time.recentMs).toBe(2 * (period + 10));
  time.pass(0, start + 12 * period);
  expect(time.recentMs).toBe(0);
});

it("takes back what had ended before anybody looked, as far as it was counted", () => {
  const time = new ProcessingTime(start + 1000);
  time.pass(3, start + period + 1000);
  time.endedEarlier(start + period - 500);
  expect(time.recentMs).toBe(3 * period - 1500);
  time.endedEarlier(0);
  expect(time.recentMs).toBe(2 * period - 1500);
});

it("knows nothing of the time before the clock was put back", () => {
  const time = new ProcessingTime(start);
  time.pass(5, start + 1000);
  time.pass(5, start - 10 * period);
  expect(time.recentMs).toBe(0);
  time.pass(1, start - 10 * period + 7);
  expect(time.recentMs).toBe(7);
});
