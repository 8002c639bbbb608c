import { describe, expect, it } from "vitest";
import { Random } from "../../../src/engine/random.ts";

const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

function sample(random: Random): unknown[] {
  return [
    random.uuid(),
    random.float(),
    random.int(1000),
    [...random.bytes(7)],
    random.hex(9),
    random.text(12),
    random.int(2 ** 40),
  ];
}

it("makes UUIDs together as one by one", () => {
  const [together, alone] = [new Random("seed"), new Random("seed")];
  const ids = together.uuids(50);
  expect(ids.length).toBe(50);
  for (let place = 0; place < 50; place += 1) expect(ids.at(place)).toBe(alone.uuid());
  expect(together.uuids(0).length).toBe(0);
  expect(together.uuid()).toBe(alone.uuid());
});

describe.each([
  ["seeded", () => new Random("seed")],
  ["unseeded", () => new Random()],
])("%s Random", (_, make) => {
  it("makes version 4 UUIDs that differ", () => {
    const random = make();
    const uuids = Array.from({ length: 2000 }, () => random.uuid());
    for (const uuid of uuids) expect(uuid).toMatch(UUID_V4);
    expect(new Set(uuids).size).toBe(2000);
  });

  it("stays within the limits asked for and reaches all of them", () => {
    const random = make();
    const seen = new Set(Array.from({ length: 2000 }, () => random.int(6)));
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5]);
    for (let i = 0; i < 2000; i += 1) {
      const float = random.float();
      expect(float >= 0 && float < 1).toBe(true);
      const big = random.int(2 ** 50);
      expect(Number.isInteger(big) && big >= 0 && big < 2 ** 50).toBe(true);
    }
    expect(random.bytes(33)).toHaveLength(33);
    expect(random.hex(15)).toMatch(/^[0-9a-f]{15}$/);
    expect(random.text(40)).toMatch(/^[A-Za-z0-9]{40}$/);
    expect(random.text(30, "ab")).toMatch(/^[ab]{30}$/);
    expect(random.text(0)).toBe("");
  });

  it("spreads bytes and numbers evenly enough", () => {
    const random = make();
    const counts = new Array<number>(16).fill(0);
    for (const byte of random.bytes(64_000)) counts[byte >>> 4]! += 1;
    for (let i = 0; i < 64_000; i += 1) counts[random.int(16)]! += 1;
    // 8,000 expected in each, standard deviation under 90.
    for (const count of counts) expect(Math.abs(count - 8000)).toBeLessThan(800);
  });

  it("refuses a range with no number in it", () => {
    for (const below of [0, -1, 1.5, Number.NaN]) expect(() => make().int(below)).toThrow(RangeError);
  });
});

describe("Random", () => {
  it("repeats its sequence for the same seed only", () => {
    expect(sample(new Random("a"))).toEqual(sample(new Random("a")));
    expect(sample(new Random(7))).toEqual(sample(new Random(7)));
    expect(sample(new Random("a"))).not.toEqual(sample(new Random("b")));
    expect(sample(new Random())).not.toEqual(sample(new Random()));
  });
});
