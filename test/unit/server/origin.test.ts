import { expect, it } from "vitest";
import { originOf } from "../../../src/server/server.ts";

it.each([
  ["http", "localhost", 4566, "http://localhost:4566"],
  ["https", "127.0.0.1", 0, "https://127.0.0.1:0"],
  ["http", "::1", 4566, "http://[::1]:4566"],
  ["https", "fe80::1", 443, "https://[fe80::1]:443"],
] as const)("writes %s, %s and %i as a URL", (scheme, host, port, origin) => {
  expect(originOf(scheme, host, port)).toBe(origin);
});
