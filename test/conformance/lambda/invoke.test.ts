/** Functions of zips, invoked through the SDK: real processes behind the Runtime API. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { functionArn, LambdaEnvironment } from "../../support/lambda.ts";
import { rawHttp } from "../../support/raw-http.ts";
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
    expect(first.log).toMatch(
      /^INIT_START Runtime Version: nodejs20\.x\tRuntime Version ARN: arn:aws:lambda:us-east-1::runtime:[0-9a-f]{64}\n/,
    );
    expect(first.log).toMatch(/START RequestId: [0-9a-f-]{36} Version: \$LATEST\n/);
    expect(first.log).toMatch(/REPORT RequestId: .*\tInit Duration: [\d.]+ ms\t\n$/);
    const second = await env.invoke(FunctionName, [1, "two"]);
    expect(second.value).toMatchObject({ event: [1, "two"] });
    expect(second.log).not.toContain("Init Duration");
  });

  it("answer with the trace their handler saw; events with what was sent, in lower case", async () => {
    const { FunctionName } = await env.create(`export const handler = async () => process.env._X_AMZN_TRACE_ID;`);
    const path = `/2015-03-31/functions/${FunctionName}/invocations`;
    const sent = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
    const ask = (headers: Record<string, string>) =>
      rawHttp(env.bus.endpoint, path, { method: "POST", body: "{}", headers });
    const answer = await ask({});
    const trace = answer.header("x-amzn-trace-id");
    expect(trace).toMatch(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0;Lineage=1:[0-9a-f]{8}:0$/);
    expect(JSON.parse(answer.text)).toBe(trace);
    const again = await ask({ "x-amzn-trace-id": `${sent};Lineage=4:01234567:3` });
    expect(again.header("x-amzn-trace-id")).toMatch(new RegExp(`^${sent};Lineage=5:[0-9a-f]{8}:4$`));
    const event = await ask({ "x-amz-invocation-type": "Event", "x-amzn-trace-id": `${sent};Lineage=4:01234567:3` });
    expect([event.status, event.text, event.header("x-amzn-trace-id")]).toEqual([
      202,
      "",
      sent.replace(/[RPS]/g, (c) => c.toLowerCase()),
    ]);
    for (const { headers } of [again, event].map((one) => ({ headers: one }))) {
      expect(headers.header("x-amzn-remapped-content-length")).toBe("0");
    }
    expect(event.header("content-type")).toBeUndefined();
  });

  it("accept events of old clients, and answer nothing", async () => {
    const { FunctionName } = await env.create(echo);
    const ask = (name: string, body: string) =>
      rawHttp(env.bus.endpoint, `/2014-11-13/functions/${name}/invoke-async`, { method: "POST", body });
    for (const name of [FunctionName, `${FunctionName}:$LATEST`]) {
      const answer = await ask(name, "{}");
      expect([answer.status, answer.text]).toEqual([202, ""]);
    }
    const large = await ask(FunctionName, JSON.stringify("x".repeat(262_198)));
    expect([large.status, large.header("x-amzn-errortype"), JSON.parse(large.text).message]).toEqual([
      413,
      "RequestEntityTooLargeException",
      "262200 byte payload is too large for the Event invocation type (limit 262144 bytes)",
    ]);
  });

  it.each([
    ["RequestResponse", 6_291_456],
    ["Event", 1_048_576],
  ] as const)("refuse a payload that is too large, %s", async (InvocationType, most) => {
    const { FunctionName } = await env.create(echo);
    const Payload = JSON.stringify("x".repeat(most - 1));
    expect(await refused(env.lambda.invoke({ FunctionName, InvocationType, Payload }))).toEqual(
      refusal(
        "RequestEntityTooLargeException",
        `Request must be smaller than ${most} bytes for the InvokeFunction operation`,
        413,
      ),
    );
  });

  const token = "was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')";
  it.each<[string, string, number]>([
    ["{a:1}", "Unexpected character ('a' (code 97)): was expecting double-quote to start field name", 2],
    ["nope", `Unrecognized token 'nope': ${token}`, 5],
    ['{"a":maybe}', `Unrecognized token 'maybe': ${token}`, 11],
    ["[1 2]", "Unexpected character ('2' (code 50)): was expecting comma to separate Array entries", 4],
  ])("refuse %s in the words of AWS's parser", async (text, sentence, column) => {
    const { FunctionName } = await env.create(echo);
    for (const InvocationType of ["RequestResponse", "Event"] as const) {
      const { name, message } = await refused(env.lambda.invoke({ FunctionName, InvocationType, Payload: text }));
      expect(name).toBe("InvalidRequestContentException");
      expect(message).toBe(
        `Could not parse request body into json: Could not parse payload into json: ${sentence}\n at [Source: REDACTED (\`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION\` disabled); line: 1, column: ${column}]`,
      );
    }
  });

  it.each([
    ["many values", "1 ".repeat(500_000), "No content to map due to end-of-input"],
    [
      "many values in a list that is not closed",
      `[${"1,".repeat(1_000_000)}1`,
      "Unexpected end-of-input: expected close",
    ],
    ["a string that is not closed", `{"a":"${"x".repeat(2_000_000)}`, "Unexpected end-of-input"],
  ])("refuse %s", async (_name, Payload, sentence) => {
    const { FunctionName } = await env.create(echo);
    const { name, message } = await refused(env.lambda.invoke({ FunctionName, Payload }));
    expect(name).toBe("InvalidRequestContentException");
    expect(message).toContain(`Could not parse payload into json: ${sentence}`);
  });

  it("take many values", async () => {
    const { FunctionName } = await env.create("export const handler = async (event) => event.length;");
    const Payload = ` [${"1,".repeat(1_500_000)}1] `;
    expect(new TextDecoder().decode((await env.lambda.invoke({ FunctionName, Payload })).Payload)).toBe("1500001");
  });

  it("accept events, and say so", async () => {
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

  it("do not exist unless created", async () => {
    expect(await refused(env.lambda.invoke({ FunctionName: "nobody" }))).toEqual(
      refusal("ResourceNotFoundException", `Function not found: ${functionArn("nobody")}:$LATEST`, 404),
    );
  });
});
