/** Which limits a route has, and with whom it shares them. */
import { expect, it } from "vitest";
import { routeThrottle } from "../../../src/services/apigatewayv2/execution/route-settings.ts";
import type { StageRow } from "../../../src/services/apigatewayv2/tables.ts";

const stage = (DefaultRouteSettings: object, own: object): StageRow => ({
  apiId: "a",
  account: "1",
  name: "live",
  serial: 1,
  createdMs: 0,
  updatedMs: 0,
  deployedChanges: 0,
  value: { StageName: "live", DefaultRouteSettings, RouteSettings: { "GET /own": own } },
});

it.each<[string, object, object, string, object | undefined]>([
  ["none without limits", {}, { LoggingLevel: "INFO" }, "GET /own", undefined],
  ["the stage's", { ThrottlingRateLimit: 5 }, {}, "GET /other", { key: "a live ", rate: 5, burst: 5 }],
  [
    "the stage's beside settings of another kind",
    { ThrottlingRateLimit: 5, ThrottlingBurstLimit: 9 },
    { LoggingLevel: "INFO" },
    "GET /own",
    { key: "a live ", rate: 5, burst: 9 },
  ],
  [
    "its own rate",
    { ThrottlingRateLimit: 5, ThrottlingBurstLimit: 9 },
    { ThrottlingRateLimit: 1 },
    "GET /own",
    { key: "a live GET /own", rate: 1, burst: 9 },
  ],
  [
    "its own burst",
    { ThrottlingRateLimit: 5 },
    { ThrottlingBurstLimit: 2 },
    "GET /own",
    { key: "a live GET /own", rate: 5, burst: 2 },
  ],
])("a route has %s", (_case, defaults, own, routeKey, limit) => {
  expect(routeThrottle(stage(defaults, own), routeKey)).toEqual(limit);
});
