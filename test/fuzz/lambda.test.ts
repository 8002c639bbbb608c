/** Misbehaving handlers and runtimes: each is answered, and the next invocation works. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LambdaEnvironment } from "../support/lambda.ts";

const full = process.env["BUSBAR_TEST_FULL"] === "1";

const handler = `
const cyclic = () => { const value = {}; value.self = value; return value; };
const odd = {
  fine: () => "fine",
  nothing: () => undefined,
  aFunction: () => () => 1,
  aSymbol: () => Symbol("s"),
  bigInt: () => 10n,
  cyclic,
  deep: () => { let value = []; for (let n = 0; n < 50000; n++) value = [value]; return value; },
  loneSurrogate: () => "\\ud800",
  badToJson: () => ({ toJSON() { throw new Error("not to be written"); } }),
  getter: () => ({ get a() { throw new Error("not to be read"); } }),
  thenNumber: () => ({ then: 5 }),
  thenThrows: () => ({ then() { throw new Error("then"); } }),
  thenTwice: () => ({ then(resolve) { resolve(1); resolve(2); } }),
  throwsNull: () => { throw null; },
  throwsUndefined: () => { throw undefined; },
  throwsText: () => { throw "text"; },
  throwsFrozen: () => { throw Object.freeze(new Error("frozen")); },
  throwsCyclic: () => { throw Object.assign(new Error("with a circle"), { response: cyclic() }); },
  throwsBigInt: () => { throw Object.assign(new Error("with a number"), { count: 1n }); },
  throwsOddMessage: () => { const error = new Error("x"); error.message = { toString() { throw 1; } }; throw error; },
  throwsNoStack: () => { const error = new Error("no stack"); error.stack = undefined; throw error; },
  throwsProxy: () => { throw new Proxy({}, { has() { throw new Error("has"); } }); },
  rejectsLater: () => { Promise.reject(new Error("nobody waits")); return new Promise((resolve) => setTimeout(resolve, 5000)); },
  throwsLater: () => { setTimeout(() => { throw new Error("later"); }, 1); return new Promise((resolve) => setTimeout(resolve, 5000)); },
  neverSettles: () => new Promise(() => {}),
  exits: () => process.exit(0),
  exitsWith: () => process.exit(7),
  killsItself: () => process.kill(process.pid, "SIGKILL"),
  endsStdout: () => { process.stdout.end("bye"); return "ended"; },
  writesMuch: (event) => { process.stdout.write("x".repeat(event.bytes)); return "written"; },
  writesBytes: () => { process.stdout.write(Buffer.from([0xff, 0xfe, 0x00, 0x0a, 0xc3])); return "bytes"; },
  breaksConsole: () => { console.log = undefined; return "no console"; },
  huge: () => "h".repeat(7_000_000),
};
export const handler = async (event) => odd[event.kind](event);
export const streams = awslambda.streamifyResponse(async (event, stream) => {
  if (event.kind === "writesAfterEnd") { stream.end("done"); stream.write("more"); }
  if (event.kind === "destroys") { stream.write("some"); stream.destroy(new Error("destroyed")); }
  if (event.kind === "endsTwice") { stream.end("once"); stream.end("twice"); }
  if (event.kind === "writesObject") { try { stream.write({}); } catch { stream.end("caught"); } }
  if (event.kind === "fine") stream.end("fine");
});`;

type Expected = { readonly value: unknown } | { readonly error: string | RegExp };

const cases: readonly (readonly [string, Expected])[] = [
  ["nothing", { value: null }],
  ["aFunction", { value: null }],
  ["aSymbol", { value: null }],
  ["bigInt", { error: /BigInt/ }],
  ["cyclic", { error: /circular/i }],
  ["deep", { error: /.*/ }],
  ["loneSurrogate", { value: "\ud800" }],
  ["badToJson", { error: "not to be written" }],
  ["getter", { error: "not to be read" }],
  ["thenNumber", { value: { then: 5 } }],
  ["thenThrows", { error: "then" }],
  ["thenTwice", { value: 1 }],
  ["throwsNull", { error: "null" }],
  ["throwsUndefined", { error: "undefined" }],
  ["throwsText", { error: "text" }],
  ["throwsFrozen", { error: "frozen" }],
  ["throwsCyclic", { error: "with a circle" }],
  ["throwsBigInt", { error: "with a number" }],
  ["throwsOddMessage", { error: /.*/ }],
  ["throwsNoStack", { error: "no stack" }],
  ["throwsProxy", { error: /.*/ }],
  ["rejectsLater", { error: "Error: nobody waits" }],
  ["throwsLater", { error: "later" }],
  ["neverSettles", { error: /never settled/ }],
  ["exits", { error: /Runtime exited without providing a reason$/ }],
  ["exitsWith", { error: /exit status 7$/ }],
  ["killsItself", { error: /signal: killed$/ }],
  ["writesMuch", { value: "written" }],
  ["writesBytes", { value: "bytes" }],
  ["breaksConsole", { value: "no console" }],
  ["huge", { error: /payload size exceeded/ }],
  ["endsStdout", { value: "ended" }],
];

describe("misbehaving code", () => {
  let env: LambdaEnvironment;
  beforeAll(async () => {
    env = await LambdaEnvironment.start();
  });
  afterAll(() => env.stop());

  it("in a handler is answered, and does not affect others", async () => {
    const { FunctionName } = await env.create(handler, { Timeout: 8 });
    for (const [kind, expected] of cases) {
      const { value, error } = await env.invoke(FunctionName, { kind, bytes: full ? 100_000_000 : 10_000_000 });
      if ("value" in expected) expect([kind, value, error]).toEqual([kind, expected.value, undefined]);
      else {
        expect([kind, error]).toEqual([kind, "Unhandled"]);
        const { errorMessage } = value as { errorMessage: string };
        expect([kind, errorMessage]).toEqual([
          kind,
          typeof expected.error === "string" ? expected.error : expect.stringMatching(expected.error),
        ]);
      }
      // An invocation of a process whose stdout is closed may see it end.
      for (let tries = 0; kind === "endsStdout" && tries < 5; tries++) {
        if ((await env.invoke(FunctionName, { kind: "fine" })).error === undefined && tries > 0) break;
      }
      expect([kind, (await env.invoke(FunctionName, { kind: "fine" })).value]).toEqual([kind, "fine"]);
    }
  }, 60_000);

  it("in a stream ends", async () => {
    const { FunctionName } = await env.create(handler, { Timeout: 10, Handler: "index.streams" });
    const texts = { writesAfterEnd: "done", destroys: "some", endsTwice: "once", writesObject: "caught", fine: "fine" };
    for (const [kind, text] of Object.entries(texts)) {
      const { Payload } = await env.lambda.invoke({ FunctionName, Payload: JSON.stringify({ kind }) });
      expect([kind, Payload?.transformToString()]).toEqual([kind, text]);
    }
  }, 60_000);

  it("in a custom runtime gets errors, and continues", async () => {
    const bootstrap = `#!/usr/bin/env node
      const api = "http://" + process.env.AWS_LAMBDA_RUNTIME_API + "/2018-06-01/runtime/invocation/";
      const post = async (path, body, headers = {}) => (await fetch(api + path, { method: "POST", body, headers })).status;
      (async () => {
        for (;;) {
          const next = await fetch(api + "next");
          const id = next.headers.get("lambda-runtime-aws-request-id");
          const event = await next.json();
          if (event.kind === "fine") { await post(id + "/response", '"fine"'); continue; }
          const told = [];
          told.push(await post("00000000-0000-4000-8000-000000000000/response", "1"));
          told.push(await post("../../../response", "1"));
          told.push(await post("%00/error", "{"));
          if (event.kind === "garbage") await post(id + "/response", Buffer.from([0xff, 0x00, 0x7b]));
          else if (event.kind === "errorIsNoJson") await post(id + "/error", "not JSON");
          else await post(id + "/response", JSON.stringify(told));
          // Once more: it is over.
          const again = [await post(id + "/response", "2"), await post(id + "/error", "{}")];
          if (again.join() !== "400,400") process.exit(9);
        }
      })();`;
    const { FunctionName } = await env.create(
      { "bootstrap*": bootstrap },
      { Runtime: "provided.al2023", Handler: "h", Timeout: 20 },
    );
    expect((await env.invoke(FunctionName, { kind: "wrongIds" })).value).toEqual([400, 404, 400]);
    const invoke = (kind: string) => env.lambda.invoke({ FunctionName, Payload: JSON.stringify({ kind }) });
    expect([...((await invoke("garbage")).Payload ?? [])]).toEqual([0xff, 0x00, 0x7b]);
    const failed = await invoke("errorIsNoJson");
    expect([failed.FunctionError, failed.Payload?.transformToString()]).toEqual(["Unhandled", "not JSON"]);
    expect((await env.invoke(FunctionName, { kind: "fine" })).value).toBe("fine");
  }, 60_000);
});
