import { expect, it } from "vitest";
import { fromLocalstack } from "../../src/localstack-environment.ts";

it.each<[Record<string, string>, object]>([
  [{ GATEWAY_LISTEN: "0.0.0.0:4510,0.0.0.0:443" }, { host: "0.0.0.0", port: "4510" }],
  [{ GATEWAY_LISTEN: "[::]:4566" }, { host: "::", port: "4566" }],
  [{ GATEWAY_LISTEN: "127.0.0.1" }, { host: "127.0.0.1" }],
  [{ LOCALSTACK_HOST: "Stack.example:4566" }, { hostName: "stack.example" }],
  [{ DEBUG: "1" }, { logLevel: "debug" }],
  [{ DEBUG: "express:*" }, {}],
  [{ EAGER_SERVICE_LOADING: "" }, {}],
])("%j means %j", (environment, meant) => {
  expect(fromLocalstack(environment)).toEqual({ ...meant, notices: [] });
});

it.each(["PERSISTENCE", "SERVICES", "EAGER_SERVICE_LOADING"])("%s is answered by a line", (name) => {
  const { notices, ...meant } = fromLocalstack({ [name]: "1" });
  expect(meant).toEqual({});
  expect(notices).toEqual([
    expect.stringMatching(new RegExp(`^${name} is LocalStack's and does nothing here: .+\\.$`)),
  ]);
});
