/** Which method a path leads to. */
import { describe, expect, it } from "vitest";
import { Router } from "../../../src/services/apigateway/execution/router.ts";

function router(...routes: string[]): (route: string) => unknown {
  const made = new Router<string>();
  for (const route of routes) {
    const [verb = "", path = ""] = route.split(" ");
    made.add(path, verb, route);
  }
  return (route) => {
    const [verb = "", path = ""] = route.split(" ");
    const found = made.find(path, verb);
    return found && [found.method, { ...found.parameters }];
  };
}

describe("a route", () => {
  const find = router(
    "GET /",
    "GET /pets",
    "GET /pets/mine",
    "GET /pets/{id}",
    "DELETE /pets/{id}",
    "GET /pets/{id}/toys/{toy}",
    "ANY /files/{path+}",
    "POST /test",
    "OPTIONS /{proxy+}",
  );

  it.each<[string, unknown]>([
    ["GET /", ["GET /", {}]],
    ["GET /pets/", ["GET /pets", {}]],
    ["GET /pets/mine", ["GET /pets/mine", {}]],
    ["GET /pets/7", ["GET /pets/{id}", { id: "7" }]],
    ["DELETE /pets/mine", ["DELETE /pets/{id}", { id: "mine" }]],
    ["GET /pets/a%20b/toys/%2F", ["GET /pets/{id}/toys/{toy}", { id: "a b", toy: "/" }]],
    ["PUT /files/a/b", ["ANY /files/{path+}", { path: "a/b" }]],
    ["PUT /files/a/b/", ["ANY /files/{path+}", { path: "a/b/" }]],
    ["OPTIONS /test", ["OPTIONS /{proxy+}", { proxy: "test" }]],
    ["OPTIONS /pets/7/x", ["OPTIONS /{proxy+}", { proxy: "pets/7/x" }]],
    ["GET /files", undefined],
    ["GET /files/", undefined],
    ["GET //", undefined],
    ["GET /pets//toys/x", undefined],
    ["GET /nope", undefined],
    ["PUT /pets", undefined],
    ["GET /pets/%zz", ["GET /pets/{id}", { id: "%zz" }]],
    ["OPTIONS /__proto__", ["OPTIONS /{proxy+}", { proxy: "__proto__" }]],
  ])("for %s", (asked, found) => {
    expect(find(asked)).toEqual(found);
  });
});
