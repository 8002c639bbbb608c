/** Functions of zips, invoked through the SDK: real processes behind the Runtime API. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { functionArn, LambdaEnvironment } from "../../support/lambda.ts";
import { refusal, refused } from "../../support/refusal.ts";

const echo = `export const handler = async (event, context) => ({ event, name: context.functionName, env: process.env.GREETING });`;

describe.each(["memory", "disk"] as const)("functions of zips, %s", (storage) => {
  let env: LambdaEnvironment;
  beforeAll(async () => {
    env = await LambdaEnvironment.start(storage);
  });
  afterAll(() => env.stop());

  it("are created pending, and active at the next look", async () => {
    const made = await env.create(echo, { FunctionName: "hello" });
    expect(made).toMatchObject({
      FunctionArn: functionArn("hello"),
      State: "Pending",
      StateReason: "The function is being created.",
      StateReasonCode: "Creating",
      Version: "$LATEST",
      Timeout: 3,
      MemorySize: 128,
      LoggingConfig: { LogFormat: "Text", LogGroup: "/aws/lambda/hello" },
    });
    expect(made.LastUpdateStatus).toBeUndefined();
    const { Configuration, Code } = await env.lambda.getFunction({ FunctionName: "hello" });
    expect(Configuration).toMatchObject({
      State: "Active",
      LastUpdateStatus: "Successful",
      CodeSha256: made.CodeSha256,
    });
    expect(Configuration?.RevisionId).not.toBe(made.RevisionId);
    expect(Code?.RepositoryType).toBe("S3");
  });

  it("answer what their handler returns", async () => {
    const { FunctionName } = await env.create(echo, { Environment: { Variables: { GREETING: "hello" } } });
    const first = await env.invoke(FunctionName, { n: 1 });
    expect(first.value).toEqual({ event: { n: 1 }, name: FunctionName, env: "hello" });
    expect(first.version).toBe("$LATEST");
    expect(first.log).toMatch(/START RequestId: [0-9a-f-]{36} Version: \$LATEST\n/);
    expect(first.log).toMatch(/REPORT RequestId: .*\tInit Duration: [\d.]+ ms\t\n$/);
    const second = await env.invoke(FunctionName, [1, "two"]);
    expect(second.value).toMatchObject({ event: [1, "two"] });
    expect(second.log).not.toContain("Init Duration");
  });

  it("take events, and answer that they have", async () => {
    const { FunctionName } = await env.create(echo);
    const { StatusCode, Payload } = await env.lambda.invoke({
      FunctionName,
      InvocationType: "Event",
      Payload: "{}",
    });
    expect(StatusCode).toBe(202);
    expect(Payload ?? undefined).toBeUndefined();
    expect((await env.lambda.invoke({ FunctionName, InvocationType: "DryRun" })).StatusCode).toBe(204);
  });

  it("are not there when nobody made them", async () => {
    expect(await refused(env.lambda.invoke({ FunctionName: "nobody" }))).toEqual(
      refusal("ResourceNotFoundException", `Function not found: ${functionArn("nobody")}:$LATEST`, 404),
    );
  });
});
