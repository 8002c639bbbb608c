/** Extensions in layers and in the runtime's own process, and what they hear by the Telemetry API. */
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LambdaEnvironment, zipOf } from "../../support/lambda.ts";
import { until } from "../../support/until.ts";

/** Registers, listens to telemetry, and writes down whatever it hears. */
const program = `#!/usr/bin/env node
const { appendFileSync } = require("node:fs");
const { createServer } = require("node:http");
const { basename } = require("node:path");
const api = "http://" + process.env.AWS_LAMBDA_RUNTIME_API;
const note = (value) => appendFileSync(process.env.LEDGER, JSON.stringify(value) + "\\n");
(async () => {
  const registered = await fetch(api + "/2020-01-01/extension/register", {
    method: "POST",
    headers: { "Lambda-Extension-Name": basename(__filename), "Lambda-Extension-Accept-Feature": "accountId" },
    body: JSON.stringify({ events: ["INVOKE", "SHUTDOWN"] }),
  });
  note(await registered.json());
  const id = { "Lambda-Extension-Identifier": registered.headers.get("lambda-extension-identifier") };
  const isTcp = process.env.PROTOCOL === "TCP";
  const server = isTcp
    ? require("node:net").createServer((socket) => {
        let text = "";
        socket.on("data", (chunk) => (text += chunk));
        socket.on("end", () => {
          for (const line of text.split("\\n").filter(Boolean)) note(JSON.parse(line));
          socket.end();
        });
      })
    : createServer((request, response) => {
        let text = "";
        request.on("data", (chunk) => (text += chunk));
        request.on("end", () => {
          for (const { type, record } of JSON.parse(text)) note({ type, record });
          response.end();
        });
      });
  await new Promise((resolve) => server.listen(0, resolve));
  const { port } = server.address();
  const subscribed = await fetch(api + "/2022-07-01/telemetry", {
    method: "PUT",
    headers: id,
    body: JSON.stringify({
      schemaVersion: "2022-12-13",
      types: ["platform", "function"],
      buffering: { timeoutMs: 25, maxItems: 1000, maxBytes: 262144 },
      destination: isTcp ? { protocol: "TCP", port } : { protocol: "HTTP", URI: "http://sandbox.localdomain:" + port },
    }),
  });
  note({ subscribed: subscribed.status });
  console.log("an extension's line");
  for (;;) {
    const event = await (await fetch(api + "/2020-01-01/extension/event/next", { headers: id })).json();
    if (process.env.SLOW) await new Promise((resolve) => setTimeout(resolve, 300));
    note(event);
    if (process.env.CRASH) process.exit(4);
    if (event.eventType === "SHUTDOWN") process.exit(0);
  }
})();
`;
const handler = `export const handler = async (event) => {
  console.log("the function's line");
  if (event.hang) await new Promise(() => setTimeout(() => {}, 60000));
  return event;
};`;

describe("extensions", () => {
  let env: LambdaEnvironment;
  let directory: string;
  let layer: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "busbar-extensions-"));
    env = await LambdaEnvironment.start();
    const Content = { ZipFile: await zipOf({ "extensions/listener*": program }) };
    const { LayerVersionArn } = await env.lambda.publishLayerVersion({ LayerName: "listener", Content });
    layer = LayerVersionArn as string;
  });
  afterAll(async () => {
    await env.stop();
    await rm(directory, { recursive: true, force: true });
  });

  const create = async (variables: Record<string, string> = {}, more = {}) => {
    const LEDGER = join(directory, env.name("ledger"));
    const { FunctionName } = await env.create(handler, {
      Layers: [layer],
      Timeout: 20,
      ...more,
      Environment: { Variables: { LEDGER, ...variables } },
    });
    const heard = () =>
      existsSync(LEDGER)
        ? readFileSync(LEDGER, "utf8")
            .split("\n")
            .filter((line) => line.endsWith("}"))
            .map((line) => JSON.parse(line))
        : [];
    return { FunctionName, heard };
  };

  it("of layers get invocations, telemetry, and the shutdown", async () => {
    const { FunctionName, heard } = await create();
    const { value, log } = await env.invoke(FunctionName, { a: 1 });
    expect(value).toEqual({ a: 1 });
    expect(log).toContain("an extension's line\n");
    expect(heard()[0]).toEqual({
      functionName: FunctionName,
      functionVersion: "$LATEST",
      handler: "index.handler",
      accountId: "000000000000",
    });
    expect(heard()).toContainEqual({ subscribed: 200 });
    await env.invoke(FunctionName, { a: 2 });
    const ofType = (type: string) => heard().filter((one) => one.type === type);
    await until(() => ofType("platform.report").length === 2);
    const invoked = heard().filter(({ eventType }) => eventType === "INVOKE");
    expect(invoked).toHaveLength(2);
    expect(invoked[0]).toMatchObject({
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      invokedFunctionArn: expect.stringContaining(`:function:${FunctionName}`),
      tracing: { type: "X-Amzn-Trace-Id", value: expect.stringMatching(/^Root=/) },
      deadlineMs: expect.any(Number),
    });
    const { requestId } = invoked[0];
    expect(ofType("platform.start")[0]?.record).toMatchObject({ requestId, version: "$LATEST" });
    expect(ofType("platform.runtimeDone")[0]?.record).toMatchObject({ requestId, status: "success" });
    expect(ofType("platform.report")[0]?.record).toMatchObject({
      requestId,
      metrics: { memorySizeMB: 128, billedDurationMs: expect.any(Number), initDurationMs: expect.any(Number) },
    });
    expect(ofType("function")[0]?.record).toMatch(/the function's line\n$/);
    expect(ofType("platform.initRuntimeDone")).toHaveLength(1);
    expect(ofType("extension")).toEqual([]);
    await env.lambda.updateFunctionConfiguration({ FunctionName, Description: "another" });
    await until(() => heard().some(({ shutdownReason }) => shutdownReason === "spindown"));
  });

  it("may get telemetry as lines over TCP", async () => {
    const { FunctionName, heard } = await create({ PROTOCOL: "TCP" });
    const { value } = await env.invoke(FunctionName, { a: 1 });
    expect(value).toEqual({ a: 1 });
    const ofType = (type: string) => heard().filter((one) => one.type === type);
    await until(() => ofType("platform.report").length === 1);
    expect(heard()).toContainEqual({ subscribed: 200 });
    expect(ofType("function")).toEqual([
      expect.objectContaining({ time: expect.any(String), record: expect.stringMatching(/the function's line\n$/) }),
    ]);
    expect(ofType("platform.start")).toHaveLength(1);
  });

  it("hold the environment until they wait again", async () => {
    const { FunctionName, heard } = await create({ SLOW: "1" }, { Timeout: 20 });
    await env.invoke(FunctionName);
    await until(() => heard().filter(({ eventType }) => eventType === "INVOKE").length === 1);
    await env.invoke(FunctionName);
    await until(() => heard().filter(({ eventType }) => eventType === "INVOKE").length === 2);
  });

  it("that end take the environment with them", async () => {
    const { FunctionName, heard } = await create({ CRASH: "1" });
    await env.invoke(FunctionName);
    await until(() => heard().some(({ eventType }) => eventType === "INVOKE"));
    // The next gets an environment of its own.
    expect((await env.invoke(FunctionName, { a: 3 })).value).toEqual({ a: 3 });
  });

  it("are notified that an invocation took too long", async () => {
    const { FunctionName, heard } = await create({}, { Timeout: 2 });
    expect(await env.invoke(FunctionName, { hang: true })).toMatchObject({ error: "Unhandled" });
    await until(() => heard().some(({ shutdownReason }) => shutdownReason === "timeout"));
  });

  it("that cannot be started fail the invocation, in words", async () => {
    const Content = { ZipFile: await zipOf({ "extensions/bad*": "#!/bin/sh\nexit 3\n" }) };
    const { LayerVersionArn } = await env.lambda.publishLayerVersion({ LayerName: "bad", Content });
    const { FunctionName } = await create({}, { Layers: [LayerVersionArn] });
    expect(await env.invoke(FunctionName)).toMatchObject({
      error: "Unhandled",
      value: { errorType: "Extension.Crash", errorMessage: "Extension bad ended: exit status 3" },
    });
  });

  it("in the runtime's process register for invocations alone, while it begins", async () => {
    const code = `
      const api = "http://" + process.env.AWS_LAMBDA_RUNTIME_API + "/2020-01-01/extension";
      const register = (name, events) => fetch(api + "/register", {
        method: "POST", headers: name ? { "Lambda-Extension-Name": name } : {}, body: JSON.stringify({ events }),
      });
      const answers = [];
      for (const [name, events] of [["", ["INVOKE"]], ["own", ["SHUTDOWN"]], ["own", ["LUNCH"]], ["own", ["INVOKE"]]]) {
        const answer = await register(name, events);
        answers.push([answer.status, (await answer.json()).errorType]);
        if (answer.ok) {
          const headers = { "Lambda-Extension-Identifier": answer.headers.get("lambda-extension-identifier") };
          const next = () => fetch(api + "/event/next", { headers }).then((one) => one.json()).then((event) => { seen.push(event.eventType); next(); }, () => {});
          var seen = [];
          next();
        }
      }
      answers.push((await fetch(api + "/event/next", { headers: { "Lambda-Extension-Identifier": "x" } })).status);
      export const handler = async () => {
        const late = await register("late", ["INVOKE"]);
        await new Promise((resolve) => setTimeout(resolve, 50));
        return [answers, late.status, seen];
      };`;
    const { FunctionName } = await env.create(code, { Timeout: 20 });
    expect((await env.invoke(FunctionName)).value).toEqual([
      [
        [400, "Extension.InvalidExtensionName"],
        [400, "Extension.ShutdownEventNotSupportedForInternalExtension"],
        [400, "Extension.InvalidEventType"],
        [200, null],
        403,
      ],
      403,
      ["INVOKE"],
    ]);
  });
});
