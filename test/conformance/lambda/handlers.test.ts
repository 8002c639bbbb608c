/** Handlers that need no zip: registered in process, named as files, and directories that are run as they lie there. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { APIGatewayProxyHandler, Handler, SQSHandler } from "aws-lambda";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { functionArn, LambdaEnvironment, roleArn } from "../../support/lambda.ts";
import { refused } from "../../support/refusal.ts";

describe("handlers without a zip", () => {
  let env: LambdaEnvironment;
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "busbar-handlers-"));
    await writeFile(
      join(directory, "app.mjs"),
      `export const handler = async (event) => ["first", event, process.env.AWS_LAMBDA_FUNCTION_NAME];`,
    );
    await writeFile(join(directory, "app.py"), `def run(event, context):\n    return event["n"] + 1\n`);
    env = await LambdaEnvironment.start("memory", {
      functions: {
        named: `${join(directory, "app.mjs")}#handler`,
        snake: `${directory}/app.py#run`,
        whole: `${directory}#app.handler`,
      },
    });
  });
  afterAll(async () => {
    await env.stop();
    await rm(directory, { recursive: true, force: true });
  });

  it("are run as files, and anew after a change", async () => {
    expect((await env.invoke("named", { a: 1 })).value).toEqual(["first", { a: 1 }, "named"]);
    expect((await env.invoke("whole", 2)).value).toEqual(["first", 2, "whole"]);
    expect((await env.invoke("snake", { n: 1 })).value).toBe(2);
    await writeFile(join(directory, "app.mjs"), `export const handler = async (event) => "second version";`);
    expect((await env.invoke("named")).value).toBe("second version");
    expect((await env.invoke("whole")).value).toBe("second version");
  });

  it("are hot-reloaded from a directory, which a bucket of that name stands for", async () => {
    const other = await mkdtemp(join(tmpdir(), "busbar-hot-"));
    await writeFile(join(other, "index.mjs"), `export const handler = async () => 1;`);
    const { FunctionName } = await env.create("", { Code: { S3Bucket: "hot-reload", S3Key: other } });
    expect((await env.invoke(FunctionName)).value).toBe(1);
    await writeFile(join(other, "index.mjs"), `export const handler = async () => "two";`);
    expect((await env.invoke(FunctionName)).value).toBe("two");
    await rm(other, { recursive: true });
    const base = { FunctionName: env.name(), Runtime: "nodejs20.x", Handler: "index.handler", Role: roleArn } as const;
    const nowhere = env.lambda.createFunction({ ...base, Code: { S3Bucket: "hot-reload", S3Key: "no/where" } });
    expect((await refused(nowhere)).message).toMatch(/absolute path of a directory/);
  });

  it("that are registered come first, and leave created ones in place", async () => {
    const { FunctionName } = await env.create(`export const handler = async () => "created";`);
    env.bus.registerFunction(FunctionName, async () => "registered");
    expect((await env.invoke(FunctionName)).value).toBe("registered");
    expect(env.bus.unregisterFunction(FunctionName)).toBe(true);
    expect(env.bus.unregisterFunction(FunctionName)).toBe(false);
    expect((await env.invoke(FunctionName)).value).toBe("created");
  });

  it("may be whatever AWS's types call a handler, with the whole context", async () => {
    const callback: Handler<{ n: number }, number> = (event, context, done) => {
      context.callbackWaitsForEmptyEventLoop = false;
      setTimeout(() => done(null, event.n * 2), 1);
    };
    const queue: SQSHandler = async (event) => ({
      batchItemFailures: event.Records.map(({ messageId }) => ({ itemIdentifier: messageId })),
    });
    const web: APIGatewayProxyHandler = async (_event, context) => ({
      statusCode: 200,
      body: JSON.stringify([
        context.functionVersion,
        context.memoryLimitInMB,
        context.logGroupName,
        context.invokedFunctionArn,
        context.getRemainingTimeInMillis() > 0,
      ]),
    });
    env.bus.registerFunction("doubles", callback);
    env.bus.registerFunction("queue", queue);
    env.bus.registerFunction("web", web);
    env.bus.registerFunction("old", (_event, context) => context.fail("old ways"));
    expect((await env.invoke("doubles", { n: 4 })).value).toBe(8);
    expect((await env.invoke("queue", { Records: [{ messageId: "m" }] })).value).toEqual({
      batchItemFailures: [{ itemIdentifier: "m" }],
    });
    expect(
      JSON.parse(
        (await env.invoke("web:3")).value === undefined
          ? ""
          : ((await env.invoke("web:3")).value as { body: string }).body,
      ),
    ).toEqual(["3", "128", "/aws/lambda/web", `${functionArn("web")}:3`, true]);
    expect(await env.invoke("old")).toMatchObject({ error: "Unhandled", value: { errorMessage: "old ways" } });
  });

  it("of options are checked when the emulator starts", async () => {
    const start = (place: string) => LambdaEnvironment.start("memory", { functions: { f: place } });
    await expect(start("./no/such/file.mjs#handler")).rejects.toThrow(/neither a URL nor a handler file/);
    await writeFile(join(directory, "app.ts"), "");
    await expect(start(`${directory}/app.ts#handler`)).rejects.toThrow(/compile it first/);
  });
});
