import { deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { decoded } from "../../../src/outside/content-coding.ts";

const text = Buffer.from("a text that is long enough to be packed ".repeat(50));

describe("a content coding", () => {
  it.each([
    ["gzip", gzipSync(text)],
    [" GZip", gzipSync(text)],
    ["deflate", deflateSync(text)],
    ["deflate", deflateRawSync(text)],
    ["identity", text],
    [undefined, text],
    ["br", text],
  ])("%s is taken off", async (coding, body) => {
    expect(await decoded(body, coding, 1_000_000)).toEqual(text);
  });

  it.each(["gzip", "deflate"])("%s of something else stays as it came", async (coding) => {
    const body = Buffer.from("no such thing");
    expect(await decoded(body, coding, 1000)).toEqual(body);
  });

  it("is read up to the bound, and as far as an answer came", async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    expect(await decoded(bomb, "gzip", 1000)).toHaveLength(1000);
    const cut = gzipSync(Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) % 251))).subarray(0, 200);
    const some = await decoded(cut, "gzip", 1_000_000);
    expect(some.subarray(0, 3)).toEqual(Buffer.from([0, 7919 % 251, (2 * 7919) % 251]));
  });
});
