/** Code of functions and layers that lies in an S3 elsewhere, and code that lacks what its runtime needs. */
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { LambdaEnvironment, roleArn, zipOf } from "../../support/lambda.ts";
import { refused } from "../../support/refusal.ts";
import { webServer } from "../../support/web-server.ts";

const ipv = (code: string, message: string) => ({
  name: "InvalidParameterValueException",
  status: 400,
  message: `Error occurred while GetObject. S3 Error Code: ${code}. S3 Error Message: ${message}`,
});
const xml = (code: string, message: string) =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message><RequestId>1</RequestId></Error>`;

describe("code in S3", () => {
  const objects = new Map<string, Buffer>();
  let store: Awaited<ReturnType<typeof webServer>>;
  let env: LambdaEnvironment;
  beforeAll(async () => {
    store = await webServer(({ url }) => {
      const object = objects.get(url);
      if (object !== undefined) return { body: object };
      if (url.startsWith("/private/")) return { status: 403, body: xml("AccessDenied", "Access Denied") };
      if (url.startsWith("/broken/")) return { status: 503, body: "<html>no</html>" };
      return url.startsWith("/artifacts/")
        ? { status: 404, body: xml("NoSuchKey", "The specified key does not exist.") }
        : { status: 404, body: xml("NoSuchBucket", "The specified bucket does not exist") };
    });
    env = await LambdaEnvironment.start("memory", { endpoints: { s3: `${store.url}/` } });
    const functionOf = (text: string) => zipOf({ "index.mjs": `export const handler = async () => "${text}";` });
    objects.set("/artifacts/one.zip", await functionOf("one"));
    objects.set("/artifacts/a%20b/%C3%BC%2B.zip?versionId=v%261", await functionOf("a version"));
    objects.set("/artifacts/text.zip", Buffer.from("no zip"));
    objects.set(
      "/artifacts/layer.zip",
      await zipOf({ "nodejs/node_modules/of-layer/index.js": "module.exports = 7;" }),
    );
  });
  afterAll(async () => {
    await env.stop();
    await store.close();
  });

  it("is fetched for functions, their updates and layers", async () => {
    const { FunctionName, CodeSize } = await env.create("", { Code: { S3Bucket: "artifacts", S3Key: "one.zip" } });
    expect(CodeSize).toBe(objects.get("/artifacts/one.zip")?.length);
    expect((await env.invoke(FunctionName)).value).toBe("one");
    const S3Bucket = "artifacts";
    await env.lambda.updateFunctionCode({ FunctionName, S3Bucket, S3Key: "a b/ü+.zip", S3ObjectVersion: "v&1" });
    expect((await env.invoke(FunctionName)).value).toBe("a version");
    const Content = { S3Bucket, S3Key: "layer.zip" };
    const { LayerVersionArn = "" } = await env.lambda.publishLayerVersion({ LayerName: "seven", Content });
    for (const { headers } of store.heard) {
      expect(headers.authorization).toMatch(
        /^AWS4-HMAC-SHA256 Credential=000000000000\/\d{8}\/us-east-1\/s3\/aws4_request, /,
      );
      expect(headers["x-amz-date"]).toMatch(/^\d{8}T\d{6}Z$/);
      expect(headers["x-amz-content-sha256"]).toBe("UNSIGNED-PAYLOAD");
    }
    expect(store.heard).toHaveLength(3);
    const code = `module.exports.handler = async () => require("of-layer");`;
    const layered = await env.create({ "index.js": code }, { Layers: [LayerVersionArn] });
    expect((await env.invoke(layered.FunctionName)).value).toBe(7);
  });

  it.each([
    ["a bucket that is not there", "nowhere", "x.zip", ipv("NoSuchBucket", "The specified bucket does not exist")],
    ["a key that is not there", "artifacts", "x.zip", ipv("NoSuchKey", "The specified key does not exist.")],
    ["a bucket of others", "private", "x.zip", ipv("AccessDenied", "Access Denied")],
    ["a store that is broken", "broken", "x.zip", ipv("Status 503", "S3 does not give the object.")],
    [
      "what is no zip",
      "artifacts",
      "text.zip",
      {
        name: "InvalidParameterValueException",
        status: 400,
        message: "Could not unzip uploaded file. Please check your file, then try to upload again.",
      },
    ],
  ])("%s is refused in AWS's words", async (_name, S3Bucket, S3Key, error) => {
    const made = { Runtime: "nodejs20.x", Handler: "index.handler", Role: roleArn } as const;
    const name = env.name();
    const create = env.lambda.createFunction({ ...made, FunctionName: name, Code: { S3Bucket, S3Key } });
    expect(await refused(create)).toMatchObject(error);
    const layer = env.lambda.publishLayerVersion({ LayerName: "none", Content: { S3Bucket, S3Key } });
    expect(await refused(layer)).toMatchObject(error);
    const { FunctionName } = await env.create(`export const handler = async () => 1;`);
    expect(await refused(env.lambda.updateFunctionCode({ FunctionName, S3Bucket, S3Key }))).toMatchObject(error);
  });

  it("cannot be had from an S3 that does not answer", async () => {
    const gone = await LambdaEnvironment.start("memory", { endpoints: { s3: "http://127.0.0.1:9" } });
    const create = gone.create("", { Code: { S3Bucket: "bucket", S3Key: "k" } });
    expect((await refused(create)).message).toMatch(/The S3 at http:\/\/127\.0\.0\.1:9\/bucket\/k does not answer/);
    await gone.stop();
  });
});

describe("a function without what its runtime needs", () => {
  let tools: string;
  let before: string | undefined;
  let env: LambdaEnvironment;
  const warnings: string[] = [];
  const listen = (warning: Error) => warnings.push(warning.message);
  beforeAll(async () => {
    // Interpreters that are there and do nothing but say that they were begun.
    tools = await mkdtemp(join(tmpdir(), "busbar-tools-"));
    for (const name of ["java", "dotnet"]) {
      await writeFile(join(tools, name), `#!/bin/sh\necho "begun $*"\nexit 3\n`);
      await chmod(join(tools, name), 0o755);
    }
    before = process.env["PATH"];
    process.env["PATH"] = `${tools}${delimiter}${before}`;
    process.on("warning", listen);
    env = await LambdaEnvironment.start();
  });
  afterAll(async () => {
    await env.stop();
    process.off("warning", listen);
    process.env["PATH"] = before;
    await rm(tools, { recursive: true });
  });

  const java = { Runtime: "java21", Handler: "app.Handler::handleRequest" } as const;
  const dotnet = { Runtime: "dotnet8", Handler: "App" } as const;

  it.each([
    [
      "java",
      java,
      { "app/Handler.class": "", "lib/gson.jar": "PK" },
      /java21 runs here by AWS's runtime interface client, which neither .* Add com\.amazonaws:aws-lambda-java-runtime-interface-client to/,
    ],
    [
      "dotnet",
      dotnet,
      { "App.dll": "" },
      /dotnet8 runs here by Amazon\.Lambda\.RuntimeSupport, which neither .* Add the NuGet package/,
    ],
  ] as const)("of %s says so when it is created and when it is invoked", async (_name, made, files, words) => {
    const { FunctionName } = await env.create(files, made);
    const { value, error } = await env.invoke(FunctionName);
    expect(error).toBe("Unhandled");
    expect(value).toEqual({ errorType: "Runtime.Unavailable", errorMessage: expect.stringMatching(words) as string });
    await vi.waitFor(() => expect(warnings.some((text) => text.includes(FunctionName) && words.test(text))).toBe(true));
  });

  const client = "com/amazonaws/services/lambda/runtime/api/client/AWSLambda.class";
  it.each([
    ["a class of a fat jar", java, { [client]: "" }],
    ["a jar in lib", java, { "lib/aws-lambda-java-runtime-interface-client-2.6.0.jar": "PK" }],
    ["a jar that has it among others", java, { "lib/all.jar": `PK..${client}..` }],
    ["an assembly", dotnet, { "App.dll": "", "Amazon.Lambda.RuntimeSupport.dll": "" }],
  ] as const)("is started with %s", async (_name, made, files) => {
    const { FunctionName } = await env.create(files as Record<string, string>, made);
    const { log, value } = await env.invoke(FunctionName);
    expect(log).toContain("begun ");
    expect(value).toMatchObject({ errorMessage: expect.stringContaining("exit status 3") as string });
    expect(warnings.filter((text) => text.includes(`${FunctionName} `))).toEqual([]);
  });
});
