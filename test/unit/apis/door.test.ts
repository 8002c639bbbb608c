/** Which API a request is for: hosts, paths and custom domains. */
import { beforeEach, describe, expect, it } from "vitest";
import { type ApiCall, Apis } from "../../../src/apis/apis.ts";
import type { DomainRow, MappingRow, RoutingRuleRow } from "../../../src/apis/domains.ts";
import { ApiDoor } from "../../../src/apis/door.ts";
import type { DoorAnswer, DoorRequest } from "../../../src/calls/door.ts";
import { Identities } from "../../../src/calls/identity.ts";
import { Clock } from "../../../src/engine/clock.ts";
import { Store } from "../../../src/engine/store.ts";

let apis: Apis;
let store: Store;
let door: ApiDoor;
let served: ApiCall[];
let refused: { status: number; body: string }[];

beforeEach(() => {
  store = Store.memory();
  const clock = new Clock({ mode: "virtual" });
  apis = new Apis({ store, clock, identities: new Identities(store, clock, "us-east-1") });
  door = new ApiDoor(apis);
  served = [];
  refused = [];
  apis.register({ has: (id) => id.startsWith("api"), serve: (call) => void served.push(call) });
});

function ask(host: string, path: string, headers: Record<string, string> = {}): ApiCall | undefined {
  const asked = { method: "GET", host, path };
  if (!door.claims(asked)) return undefined;
  const send = (status: number, _headers: unknown, body: string) => void refused.push({ status, body });
  void door.serve({ ...asked, headers } as unknown as DoorRequest, { send } as unknown as DoorAnswer);
  return served.pop();
}

function domain(name: string, routingMode: DomainRow["routingMode"], ...rows: object[]): void {
  store.transaction(() => {
    apis.domains.rows.put({ name, account: "000000000000", region: "us-east-1", routingMode } as DomainRow);
    for (const [index, row] of rows.entries()) {
      const whole = { domain: name, account: "000000000000", id: String(index), stage: "prod", ...row };
      if ("priority" in row) apis.domains.rules.put(whole as RoutingRuleRow);
      else apis.domains.mappings.put(whole as MappingRow);
    }
  });
}

describe("the door of APIs", () => {
  it.each([
    ["api1.execute-api.us-east-1.amazonaws.com", "/dev/x", "api1", "/dev/x"],
    ["api1.execute-api.localhost.localstack.cloud:4566", "/dev/x", "api1", "/dev/x"],
    ["API1.execute-api.localhost:4566", "/", "api1", "/"],
    ["api1-vpce-0123abc.execute-api.us-east-1.amazonaws.com", "/dev", "api1", "/dev"],
    ["localhost:4566", "/_aws/execute-api/api1/dev/a%2Fb", "api1", "/dev/a%2Fb"],
    ["localhost:4566", "/_aws/execute-api/api1", "api1", "/"],
    ["localhost:4566", "/restapis/api1/dev/_user_request_/a//b/", "api1", "/dev/a//b/"],
    ["localhost:4566", "/restapis/api1/dev/_user_request_", "api1", "/dev/"],
  ])("finds %s %s", (host, path, apiId, rest) => {
    expect(ask(host, path)).toMatchObject({ apiId, path: rest, stage: undefined, via: "default" });
  });

  it.each([
    ["localhost:4566", "/restapis/api1/stages/dev"],
    ["execute-api.us-east-1.amazonaws.com", "/@connections/x"],
    ["sqs.us-east-1.amazonaws.com", "/"],
    ["api.example.com", "/"],
  ])("leaves %s %s to others", (host, path) => {
    expect(door.claims({ method: "GET", host, path })).toBe(false);
  });

  it("answers for an unknown API", () => {
    expect(ask("localhost", "/_aws/execute-api/zz/dev/x")).toBeUndefined();
    const message = "The API id 'zz' does not correspond to a deployed API Gateway API";
    expect(refused).toEqual([{ status: 404, body: JSON.stringify({ message }) }]);
  });

  it("names the API so that it can be called again", () => {
    expect(ask("localhost:4566", "/_aws/execute-api/api1/dev")?.domainName).toBe(
      "localhost:4566/_aws/execute-api/api1",
    );
    expect(ask("api1.execute-api.localhost:4566", "/dev")?.domainName).toBe("api1.execute-api.localhost:4566");
  });

  it("follows the longest mapping of whole segments, then the empty one", () => {
    domain(
      "api.example.com",
      "API_MAPPING_ONLY",
      { path: "orders/v1", apiId: "api1" },
      { path: "orders", apiId: "api2" },
      { path: "", apiId: "api3", stage: "" },
    );
    expect(ask("api.example.com:4566", "/orders/v1/items")).toMatchObject({
      apiId: "api1",
      path: "/items",
      stage: "prod",
    });
    expect(ask("API.example.com", "/orders/v1")).toMatchObject({ apiId: "api1", path: "/", basePath: "orders/v1" });
    expect(ask("api.example.com", "/orders/v12")).toMatchObject({ apiId: "api2", path: "/v12" });
    expect(ask("api.example.com", "/ordersx/y")).toMatchObject({ apiId: "api3", path: "/ordersx/y", stage: undefined });
    expect(ask("api.example.com", "/")).toMatchObject({ apiId: "api3", via: "custom domain" });
  });

  it("answers 403 where a custom domain leads nowhere", () => {
    domain("*.example.com", "API_MAPPING_ONLY", { path: "a", apiId: "api1" });
    expect(ask("x.example.com", "/a/b")).toMatchObject({ apiId: "api1", domainPrefix: "x" });
    expect(ask("x.example.com", "/b")).toBeUndefined();
    expect(refused).toEqual([{ status: 403, body: '{"message":"Forbidden"}' }]);
  });

  it("asks rules first, the lowest priority before others", () => {
    const header = (Header: string, ValueGlob: string) => ({ Header, ValueGlob });
    const beta = { MatchHeaders: { AnyOf: [header("X-Version", "beta*"), header("x-tester", "*")] } };
    const german = { MatchHeaders: { AnyOf: [header("Accept-Language", "*de*")] } };
    const under = (...AnyOf: string[]) => ({ MatchBasePaths: { AnyOf } });
    const whole = { stripBasePath: false };
    domain(
      "api.example.com",
      "ROUTING_RULE_THEN_API_MAPPING",
      { priority: 20, apiId: "api1", conditions: [under("a", "b/c")], stripBasePath: true },
      { ...whole, priority: 10, apiId: "api2", conditions: [beta] },
      { ...whole, priority: 5, apiId: "api4", conditions: [beta, german, under("a")] },
      { path: "", apiId: "api3" },
    );
    expect(ask("api.example.com", "/a/b")).toMatchObject({ apiId: "api1", path: "/b" });
    expect(ask("api.example.com", "/b/c/d")).toMatchObject({ apiId: "api1", path: "/d" });
    expect(ask("api.example.com", "/a/b", { "x-version": "beta-2" })).toMatchObject({ apiId: "api2", path: "/a/b" });
    expect(ask("api.example.com", "/a/b", { "x-tester": "me" })).toMatchObject({ apiId: "api2", path: "/a/b" });
    const both = { "x-tester": "me", "accept-language": "en, de" };
    expect(ask("api.example.com", "/a/b", both)).toMatchObject({ apiId: "api4", path: "/a/b" });
    expect(ask("api.example.com", "/c", both)).toMatchObject({ apiId: "api2" });
    expect(ask("api.example.com", "/c")).toMatchObject({ apiId: "api3" });
  });

  it("handles long paths without much work", () => {
    domain("api.example.com", "API_MAPPING_ONLY", { path: "", apiId: "api3" });
    expect(ask("api.example.com", "/a".repeat(100_000))).toMatchObject({ apiId: "api3" });
  });
});
