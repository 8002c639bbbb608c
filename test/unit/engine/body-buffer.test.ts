import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BodyBuffer } from "../../../src/engine/body-buffer.ts";

/** The body made of these chunks, and whether it was there at once. */
async function collected(chunks: readonly Buffer[], length: number): Promise<{ body: Buffer; isAtOnce: boolean }> {
  const buffer = new BodyBuffer(length);
  let received = 0;
  for (const chunk of chunks) {
    received += chunk.length;
    buffer.add(chunk, received);
  }
  let isAtOnce = true;
  return new Promise((resolve) => {
    buffer.take(received, (body) => resolve({ body, isAtOnce }));
    isAtOnce = false;
  });
}

describe("a body that arrives in pieces", () => {
  it("is whole, whatever their sizes, with and without a declared length", async () => {
    const source = randomBytes(3_000_000);
    const sizes = fc.array(fc.integer({ min: 1, max: 200_000 }), { minLength: 1, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(sizes, fc.boolean(), async (lengths, isDeclared) => {
        let at = 0;
        const chunks = lengths.map((length) => source.subarray(at, (at += Math.min(length, source.length - at))));
        const { body } = await collected(chunks, isDeclared ? at : Number.NaN);
        expect(body.equals(source.subarray(0, at))).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it("is copied while it arrives when its length is declared, so that its end takes no longer than what came before", async () => {
    const chunks = Array.from({ length: 100 }, () => randomBytes(65_536));
    const { body, isAtOnce } = await collected(chunks, 6_553_600);
    expect(isAtOnce).toBe(true);
    expect(body.equals(Buffer.concat(chunks))).toBe(true);
  });

  it("is copied in later turns when nobody said how long it would be", async () => {
    const chunks = Array.from({ length: 100 }, () => randomBytes(65_536));
    const { body, isAtOnce } = await collected(chunks, Number.NaN);
    expect(isAtOnce).toBe(false);
    expect(body.equals(Buffer.concat(chunks))).toBe(true);
  });
});
