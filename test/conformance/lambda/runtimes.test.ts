/** What runtimes promise handlers: forms, contexts, errors, logs and ends. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { isOnPath } from "../../../src/functions/runtime/requirements.ts";
import { functionArn, LambdaEnvironment } from "../../support/lambda.ts";
import { refused } from "../../support/refusal.ts";

const python = "python3.12" as const;

describe("runtimes", () => {
  let env: LambdaEnvironment;
  beforeAll(async () => {
    env = await LambdaEnvironment.start();
  });
  afterAll(() => env.stop());

  const errorOf = async (files: string | Record<string, string>, more = {}) => {
    const { FunctionName } = await env.create(files, more);
    const { value, error, log } = await env.invoke(FunctionName);
    expect(error).toBe("Unhandled");
    return { ...(value as Record<string, unknown>), log };
  };

  it("of Node support handlers with callbacks, and wait for the empty event loop by default", async () => {
    const waits = `let at = 0;
      exports.handler = (event, context, callback) => {
        context.callbackWaitsForEmptyEventLoop = event.waits;
        setTimeout(() => { at += 1; }, 300);
        callback(null, { at: () => at, toJSON: () => ({ at }) });
      };`;
    const { FunctionName } = await env.create({ "index.cjs": waits });
    expect((await env.invoke(FunctionName, { waits: true })).value).toEqual({ at: 1 });
    expect((await env.invoke(FunctionName, { waits: false })).value).toEqual({ at: 1 });
    const none = await env.create({ "index.js": "exports.handler = () => {};" });
    expect((await env.invoke(none.FunctionName)).value).toBeNull();
    const refuses = await env.create({
      "index.js": "exports.handler = (e, c, callback) => callback(new TypeError('no'));",
    });
    expect(await env.invoke(refuses.FunctionName)).toMatchObject({
      error: "Unhandled",
      value: { errorType: "TypeError", errorMessage: "no" },
    });
  });

  it("of Node find modules of packages and nested exports", async () => {
    const files = {
      "package.json": '{"type":"module"}',
      "src/app.js": `import { three } from "dep"; export const api = { v1: { run: async () => three } };`,
      "node_modules/dep/package.json": '{"name":"dep","type":"module","exports":"./index.js"}',
      "node_modules/dep/index.js": "export const three = 3;",
    };
    const { FunctionName } = await env.create(files, { Handler: "src/app.api.v1.run" });
    expect((await env.invoke(FunctionName)).value).toBe(3);
  });

  it("give a context that knows the time left and the alias", async () => {
    const code = `export const handler = async (event, context) => ({ ...context, left: context.getRemainingTimeInMillis() });`;
    const { FunctionName } = await env.create(code, { Publish: true, Timeout: 20, MemorySize: 256 });
    await env.lambda.createAlias({ FunctionName, Name: "live", FunctionVersion: "1" });
    const client = { custom: { a: "é" }, env: {}, client: {} };
    const { value } = await env.invoke(
      `${FunctionName}:live`,
      {},
      { ClientContext: Buffer.from(JSON.stringify(client)).toString("base64") },
    );
    expect(value).toMatchObject({
      functionName: FunctionName,
      functionVersion: "1",
      invokedFunctionArn: `${functionArn(FunctionName)}:live`,
      memoryLimitInMB: "256",
      logGroupName: `/aws/lambda/${FunctionName}`,
      clientContext: client,
    });
    const { left } = value as { left: number };
    expect(left).toBeGreaterThan(5000);
    expect(left).toBeLessThanOrEqual(20_000);
  });

  it("report errors of Node as AWS's own does", async () => {
    expect(await errorOf(`export const handler = async () => { throw new RangeError("far"); };`)).toMatchObject({
      errorType: "RangeError",
      errorMessage: "far",
      trace: expect.arrayContaining(["RangeError: far"]) as string[],
      log: expect.stringMatching(/\tERROR\tInvoke Error \t\{"errorType":"RangeError"/) as string,
    });
    expect(await errorOf(`export const handler = async () => { throw "text"; };`)).toMatchObject({
      errorType: "string",
      errorMessage: "text",
      trace: [],
    });
    expect(await errorOf(`import "./nowhere.mjs"; export const handler = 1;`)).toMatchObject({
      errorType: "Runtime.ImportModuleError",
    });
    expect(await errorOf({ "index.cjs": "exports.handler = = 1;" })).toMatchObject({
      errorType: "Runtime.UserCodeSyntaxError",
    });
    expect(await errorOf(`export const other = 1;`)).toMatchObject({
      errorType: "Runtime.HandlerNotFound",
      errorMessage: "index.handler is undefined or not exported",
    });
    expect(await errorOf(`export const handler = async () => 1;`, { Handler: "index" })).toMatchObject({
      errorType: "Runtime.MalformedHandlerName",
      errorMessage: "Bad handler",
    });
    expect(await errorOf(`export const handler = async () => process.exit(0);`)).toMatchObject({
      errorType: "Runtime.ExitError",
      errorMessage: expect.stringMatching(
        /^RequestId: [0-9a-f-]{36} Error: Runtime exited without providing a reason$/,
      ) as string,
    });
    expect(await errorOf(`export const handler = async () => process.exit(3);`)).toMatchObject({
      errorMessage: expect.stringMatching(/Runtime exited with error: exit status 3$/) as string,
    });
    expect(await errorOf(`process.exit(7); export const handler = 1;`)).toMatchObject({
      errorMessage: expect.stringMatching(/exit status 7$/) as string,
    });
    expect(await errorOf(`export const handler = () => new Promise(() => {});`)).toMatchObject({
      errorType: "Runtime.NodeJsExit",
    });
    expect(
      await errorOf(
        `export const handler = async () => { setTimeout(() => { throw new Error("late"); }, 1); await new Promise((r) => setTimeout(r, 500)); };`,
      ),
    ).toMatchObject({
      errorMessage: "late",
    });
  });

  it("end what takes longer than its time-out, and start again", async () => {
    const code = `let runs = 0; export const handler = async (event) => { runs += 1; if (event.hang) for (;;); return runs; };`;
    const { FunctionName } = await env.create(code, { Timeout: 1 });
    expect((await env.invoke(FunctionName)).value).toBe(1);
    const { value, error, log } = await env.invoke(FunctionName, { hang: true });
    expect(error).toBe("Unhandled");
    expect(value).toEqual({
      errorType: "Sandbox.Timedout",
      errorMessage: expect.stringMatching(/^RequestId: \S+ Error: Task timed out after 1\.00 seconds$/) as string,
    });
    expect(log).toMatch(/\tStatus: timeout\n$/);
    expect((await env.invoke(FunctionName)).value).toBe(1);
  });

  it("end with an error between two events, and start again", async () => {
    const code = `export const handler = async (event) => {
      if (event.late) setTimeout(() => { throw new Error("late"); }, 20);
      return process.pid;
    };`;
    const { FunctionName } = await env.create(code);
    const pid = Number((await env.invoke(FunctionName, { late: true })).value);
    await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow("ESRCH"), { timeout: 20_000 });
    const next = await env.invoke(FunctionName);
    expect(next).toMatchObject({ error: undefined, value: expect.any(Number) as number });
    expect(next.value).not.toBe(pid);
  });

  it("log what handlers write, and cut the tail to four kilobytes", async () => {
    const code = `export const handler = async (event) => { console.log("a\\nb", { c: 1 }); console.warn("w"); process.stdout.write("raw\\n"); if (event.much) console.log("é".repeat(4000)); };`;
    const { FunctionName } = await env.create(code);
    const { log } = await env.invoke(FunctionName);
    expect(log).toMatch(/Z\t[0-9a-f-]{36}\tINFO\ta\nb \{ c: 1 \}\n/);
    expect(log).toMatch(/\tWARN\tw\nraw\nEND RequestId: /);
    const events = env.bus.logs({ group: `/aws/lambda/${FunctionName}` });
    expect(events.at(-1)?.message).toMatch(/^INIT_START /);
    expect(events[0]?.message).toMatch(/^REPORT /);
    expect(events[0]?.stream).toMatch(/^\d{4}\/\d\d\/\d\d\/\[\$LATEST\][0-9a-f]{32}$/);
    const much = await env.invoke(FunctionName, { much: true });
    expect(Buffer.byteLength(much.log)).toBeLessThanOrEqual(4100);
  });

  it("log as JSON when asked", async () => {
    const { FunctionName } = await env.create(`export const handler = async () => { console.info({ a: 1 }); };`, {
      LoggingConfig: { LogFormat: "JSON" },
    });
    const { log } = await env.invoke(FunctionName);
    const lines = log
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toMatchObject([
      { type: "platform.start" },
      { level: "INFO", message: { a: 1 } },
      { type: "platform.report", record: { status: "success" } },
    ]);
  });

  it("run several processes for several events at a time", async () => {
    const { FunctionName } = await env.create(
      `export const handler = async () => { await new Promise((r) => setTimeout(r, 600)); return process.pid; };`,
      { Timeout: 20 },
    );
    const pids = await Promise.all([1, 2, 3].map(async () => (await env.invoke(FunctionName)).value));
    expect(new Set(pids).size).toBe(3);
  });

  it("refuse answers of more than six megabytes", async () => {
    const { FunctionName } = await env.create(`export const handler = async (event) => "x".repeat(event.size);`, {
      Timeout: 20,
    });
    expect((await env.invoke(FunctionName, { size: 6_000_000 })).error).toBeUndefined();
    expect(await env.invoke(FunctionName, { size: 6_400_000 })).toMatchObject({
      error: "Unhandled",
      value: {
        errorType: "Function.ResponseSizeTooLarge",
        errorMessage: "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
      },
    });
    expect(await refused(env.invoke(FunctionName, "x".repeat(7_000_000)))).toMatchObject({ status: 413 });
    expect(await refused(env.invoke(FunctionName, "{"))).toMatchObject({
      name: "InvalidRequestContentException",
      message: expect.stringMatching(
        /^Could not parse request body into json: Could not parse payload into json: Unexpected end-of-input/,
      ) as string,
    });
  });

  it("of Python run handlers, with their errors and logs", async () => {
    const code = `import logging, os
logging.getLogger().setLevel(logging.INFO)
def handler(event, context):
    logging.info("seen %s", event)
    print("printed")
    if event.get("fail"):
        raise ValueError("bad")
    return {"name": context.function_name, "left": context.get_remaining_time_in_millis() > 0, "region": os.environ["AWS_REGION"]}
`;
    const { FunctionName } = await env.create(code, { Runtime: python, Timeout: 20 });
    const { value, log } = await env.invoke(FunctionName, { a: 1 });
    expect(value).toEqual({ name: FunctionName, left: true, region: "us-east-1" });
    expect(log).toMatch(/\[INFO\]\t\d{4}-\S+Z\t[0-9a-f-]{36}\tseen \{'a': 1\}\nprinted\n/);
    const failed = await env.invoke(FunctionName, { fail: true });
    expect(failed).toMatchObject({ error: "Unhandled", value: { errorType: "ValueError", errorMessage: "bad" } });
    const { stackTrace, requestId } = failed.value as { stackTrace: string[]; requestId: string };
    expect(stackTrace).toHaveLength(1);
    expect(stackTrace[0]).toMatch(/^ {2}File ".*index\.py", line 7, in handler\n/);
    expect(failed.log).toContain(`RequestId: ${requestId}`);
    expect(await errorOf("import nowhere", { Runtime: python })).toMatchObject({
      errorType: "Runtime.ImportModuleError",
      errorMessage: "Unable to import module 'index': No module named 'nowhere'",
    });
    expect(await errorOf("other = 1", { Runtime: python })).toMatchObject({
      errorType: "Runtime.HandlerNotFound",
      errorMessage: "Handler 'handler' missing on module 'index'",
    });
    expect(await errorOf("def handler(e, c):\n    return {1, 2}\n", { Runtime: python })).toMatchObject({
      errorType: "Runtime.MarshalError",
    });
  });

  it("of Ruby run handlers, where there is a ruby", async () => {
    if (!isOnPath("ruby")) {
      console.log("No ruby on the PATH: its functions are not tried.");
      return;
    }
    const code = `require "json"
def handler(event:, context:)
  puts "seen #{event["a"]}"
  raise ArgumentError, "bad" if event["fail"]
  { name: context.function_name, left: context.get_remaining_time_in_millis > 0 }
end
`;
    const { FunctionName } = await env.create({ "index.rb": code }, { Runtime: "ruby3.3", Timeout: 20 });
    const { value, log } = await env.invoke(FunctionName, { a: 1 });
    expect(value).toEqual({ name: FunctionName, left: true });
    expect(log).toContain("\nseen 1\n");
    const failed = await env.invoke(FunctionName, { fail: true });
    expect(failed).toMatchObject({
      error: "Unhandled",
      value: { errorType: "Function<ArgumentError>", errorMessage: "bad" },
    });
    const bad = await env.create({ "index.rb": "def other; end" }, { Runtime: "ruby3.3", Timeout: 20 });
    expect((await env.invoke(bad.FunctionName)).value).toMatchObject({ errorType: "Function<NameError>" });
  });

  it("of Java run handlers by the runtime client that their code brings, where there is a JDK", async () => {
    if (!isOnPath("java") || !isOnPath("javac")) {
      console.log("No JDK on the PATH: Java functions are not tried.");
      return;
    }
    const folder = mkdtempSync(join(tmpdir(), "busbar-java-"));
    const client = fileURLToPath(new URL("../../support/java/AWSLambda.java", import.meta.url));
    const handler = join(folder, "Handler.java");
    writeFileSync(
      handler,
      `package app;
public class Handler implements java.util.function.UnaryOperator<String> {
  public String apply(String event) {
    System.out.println("seen " + event);
    if (event.contains("fail")) throw new IllegalArgumentException("bad");
    long megabytes = Runtime.getRuntime().maxMemory() >> 20;
    return "{\\"name\\":\\"" + System.getenv("AWS_LAMBDA_FUNCTION_NAME") + "\\",\\"megabytes\\":" + megabytes + "}";
  }
}
`,
    );
    await promisify(execFile)("javac", ["-d", folder, client, handler]);
    const classes = ["app/Handler.class", "com/amazonaws/services/lambda/runtime/api/client/AWSLambda.class"];
    const files = Object.fromEntries(classes.map((name) => [name, readFileSync(join(folder, name))]));
    rmSync(folder, { recursive: true });
    const java = { Runtime: "java21", Handler: "app.Handler", Timeout: 30, MemorySize: 256 } as const;
    const { FunctionName } = await env.create(files, java);
    const { value, log } = await env.invoke(FunctionName, { a: 1 });
    expect(value).toEqual({ name: FunctionName, megabytes: expect.closeTo(256, -2) as number });
    expect(log).toContain('\nseen {"a":1}\n');
    expect(await env.invoke(FunctionName, { fail: true })).toMatchObject({
      error: "Unhandled",
      value: { errorType: "java.lang.IllegalArgumentException", errorMessage: "bad" },
    });
  });

  it("of a zip's own are its bootstrap", async () => {
    const bootstrap = `#!/bin/sh
while true; do
  headers=$(mktemp)
  event=$(curl -sS -D "$headers" "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/next")
  id=$(grep -i lambda-runtime-aws-request-id "$headers" | tr -d '[:space:]' | cut -d: -f2)
  rm "$headers"
  curl -sS -X POST "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/$id/response" -d "{\\"echo\\":$event,\\"handler\\":\\"$_HANDLER\\"}" > /dev/null
done`;
    const { FunctionName } = await env.create(
      { "bootstrap*": bootstrap },
      { Runtime: "provided.al2023", Handler: "mine" },
    );
    expect((await env.invoke(FunctionName, { a: 1 })).value).toEqual({ echo: { a: 1 }, handler: "mine" });
    expect((await env.invoke(FunctionName, { a: 2 })).value).toEqual({ echo: { a: 2 }, handler: "mine" });
    expect(await errorOf({ readme: "no bootstrap" }, { Runtime: "provided.al2023" })).toMatchObject({
      errorType: "Runtime.InvalidEntrypoint",
    });
  });

  it.each([
    [
      "ends",
      "exit 7",
      { errorType: "Runtime.ExitError", errorMessage: /Error: Runtime exited with error: exit status 7$/ },
    ],
    [
      "ends well",
      "exit 0",
      { errorType: "Runtime.ExitError", errorMessage: /Runtime exited without providing a reason$/ },
    ],
    [
      "tells why and ends",
      `curl -sS -d '{"errorMessage":"m","errorType":"T"}' http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/init/error; exit 1`,
      { errorType: "T", errorMessage: /^m$/ },
    ],
  ])(
    "of a zip's own whose bootstrap %s before it asks for an event",
    async (_what, script, { errorType, errorMessage }) => {
      const told = await errorOf({ "bootstrap*": `#!/bin/sh\n${script}\n` }, { Runtime: "provided.al2023" });
      expect(told).toMatchObject({ errorType, errorMessage: expect.stringMatching(errorMessage) });
    },
  );

  it("that cannot run here say so", async () => {
    const runtimes = { dotnet: "dotnet8", java: "java21", ruby: "ruby3.3" } as const;
    const missing = Object.entries(runtimes).find(([interpreter]) => !isOnPath(interpreter));
    if (missing === undefined) {
      console.log("This machine runs everything: nothing is missing that could be told.");
      return;
    }
    const [interpreter, runtime] = missing;
    expect(await errorOf({ "index.txt": "" }, { Runtime: runtime })).toMatchObject({
      errorMessage: expect.stringContaining(`${runtime} needs ${interpreter}, which is not on the PATH`) as string,
    });
  });

  it("run wrappers that users name", async () => {
    const wrapper = `#!/bin/sh\nexport WRAPPED=yes\nexec "$@"\n`;
    const files = { "index.mjs": `export const handler = async () => process.env.WRAPPED;`, "wrap*": wrapper };
    const { FunctionName } = await env.create(files, {
      Environment: { Variables: { AWS_LAMBDA_EXEC_WRAPPER: "/var/task/wrap" } },
    });
    expect((await env.invoke(FunctionName)).value).toBe("yes");
    expect(
      await errorOf(files, { Environment: { Variables: { AWS_LAMBDA_EXEC_WRAPPER: "/opt/none" } } }),
    ).toMatchObject({
      errorMessage: expect.stringMatching(/exit status 127$/) as string,
    });
  });

  it("stream what handlers write, through the API that streams and the one that does not", async () => {
    const code = `export const handler = awslambda.streamifyResponse(async (event, stream, context) => {
      stream.setContentType("text/plain");
      for (const part of ["one ", "two ", "three"]) { stream.write(part); await new Promise((r) => setTimeout(r, 50)); }
      if (event.fail) throw new Error("late");
      stream.end();
    });`;
    const { FunctionName } = await env.create(code);
    const read = async (name: string, event: object) => {
      const { EventStream, ExecutedVersion } = await env.lambda.invokeWithResponseStream({
        FunctionName: name,
        Payload: JSON.stringify(event),
        LogType: "Tail",
      });
      const chunks: string[] = [];
      let end: { ErrorCode?: string | undefined; LogResult?: string | undefined } | undefined;
      for await (const { PayloadChunk, InvokeComplete } of EventStream ?? []) {
        if (PayloadChunk?.Payload !== undefined) chunks.push(Buffer.from(PayloadChunk.Payload).toString());
        if (InvokeComplete !== undefined) end = InvokeComplete;
      }
      return { chunks, end, ExecutedVersion };
    };
    const streamed = await read(FunctionName, {});
    expect(streamed.chunks.length).toBeGreaterThan(1);
    expect(streamed.chunks.join("")).toBe("one two three");
    expect(streamed.ExecutedVersion).toBe("$LATEST");
    expect(Buffer.from(streamed.end?.LogResult ?? "", "base64").toString()).toMatch(/REPORT RequestId/);
    const late = await read(FunctionName, { fail: true });
    expect(late.chunks.join("")).toBe("one two three");
    expect(late.end?.ErrorCode).toBeUndefined();
    const whole = await env.lambda.invoke({ FunctionName, Payload: "{}" });
    expect(whole.Payload?.transformToString()).toBe("one two three");
    const plain = await env.create(`export const handler = async () => ({ a: 1 });`);
    expect((await read(plain.FunctionName, {})).chunks).toEqual(['{"a":1}']);
    const fails = await env.create(`export const handler = async () => { throw new Error("no"); };`);
    expect((await read(fails.FunctionName, {})).end?.ErrorCode).toBe("Unhandled");
    expect(await refused(env.lambda.invokeWithResponseStream({ FunctionName: "nobody" }))).toMatchObject({
      status: 404,
    });
  });

  it("call us back by the SDK's own settings", async () => {
    const code = `import boto3
def handler(event, context):
    return boto3.client("sqs").get_queue_url(QueueName=event["name"])["QueueUrl"]
`;
    const { url } = await env.queue();
    const { FunctionName } = await env.create(code, { Runtime: python, Timeout: 30 });
    expect((await env.invoke(FunctionName, { name: url.split("/").pop() })).value).toBe(url);
  });
});
