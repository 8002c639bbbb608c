/** Tokens of API callers: signatures, times on the clock, and keys that are read when they are needed. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Tokens } from "../../../src/apis/tokens.ts";
import { Clock } from "../../../src/engine/clock.ts";

const issuer = "https://issuer.example/pool";
const startMs = Date.parse("2026-03-01T00:00:00Z");
const first = await generateKeyPair("RS256");
const second = await generateKeyPair("RS256");

let server: Server;
let published: object[];
let reads: number;
let url: string;
let clock: Clock;
let tokens: Tokens;

beforeEach(async () => {
  reads = 0;
  published = [{ ...(await exportJWK(first.publicKey)), kid: "one", alg: "RS256" }];
  server = createServer((_request, response) => {
    reads += 1;
    response.writeHead(200, { connection: "close" }).end(JSON.stringify({ keys: published }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`;
  clock = new Clock({ mode: "virtual", startMs });
  tokens = new Tokens(clock, { [issuer]: url });
});

afterEach(() => {
  server.close();
});

function signed(claims: JWTPayload = {}, key = first, kid = "one"): Promise<string> {
  return new SignJWT({ sub: "s1", ...claims })
    .setProtectedHeader({ alg: "RS256", kid })
    .setIssuer(issuer)
    .setExpirationTime(startMs / 1000 + 3600)
    .sign(key.privateKey);
}

describe("a token", () => {
  it("has its claims when an issuer's key has signed it, read once", async () => {
    const token = await signed({ scope: "a b" });
    expect(await tokens.verify(token, ["https://other.example", issuer])).toMatchObject({
      claims: { sub: "s1", scope: "a b" },
    });
    await tokens.verify(token, [issuer]);
    expect(reads).toBe(1);
  });

  it("ends by the clock", async () => {
    const token = await signed();
    await clock.advance(3_601_000);
    expect(await tokens.verify(token, [issuer])).toMatchObject({ refused: "expired" });
  });

  it.each([
    ["of another issuer", async () => [await signed(), ["https://other.example"]] as const],
    ["that another key has signed", async () => [await signed({}, second), [issuer]] as const],
    ["that is cut off", async () => [(await signed()).slice(0, -20), [issuer]] as const],
    ["that is no token", async () => ["abc", [issuer]] as const],
    ["that is endless", async () => ["a".repeat(1_000_000), [issuer]] as const],
    ["without a signature", async () => [`${(await signed()).split(".", 2).join(".")}.`, [issuer]] as const],
  ])("is refused %s", async (_name, made) => {
    const [token, issuers] = await made();
    expect(await tokens.verify(token, issuers)).toMatchObject({ refused: "invalid" });
  });

  it("of a key that is published later is verified after a while, without asking each time", async () => {
    const token = await signed({}, second, "two");
    await tokens.verify(await signed(), [issuer]);
    published.push({ ...(await exportJWK(second.publicKey)), kid: "two", alg: "RS256" });
    expect(await tokens.verify(token, [issuer])).toMatchObject({ refused: "invalid" });
    expect(reads).toBe(1);
    await clock.advance(6_000);
    expect(await tokens.verify(token, [issuer])).toHaveProperty("claims");
    expect(reads).toBe(2);
  });

  it("is refused when nobody has its issuer's keys", async () => {
    const nowhere = new Tokens(clock, { [issuer]: "http://127.0.0.1:1/" });
    expect(await nowhere.verify(await signed(), [issuer])).toMatchObject({ refused: "no keys" });
    published = [];
    expect(await tokens.verify(await signed(), [issuer])).toMatchObject({ refused: "invalid" });
  });
});
