/** The control plane of functions, versions, aliases and what hangs on them, as recorded of AWS. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Runtime } from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { functionArn, LambdaEnvironment, roleArn, zipOf } from "../../support/lambda.ts";
import { rawHttp } from "../../support/raw-http.ts";
import { refusal, refused } from "../../support/refusal.ts";

const code = (answer: unknown) => `export const handler = async () => (${JSON.stringify(answer)});`;
const ipv = (message: string) => refusal("InvalidParameterValueException", message, 400);
const rnf = (message: string) => refusal("ResourceNotFoundException", message, 404);
const rce = (message: string) => refusal("ResourceConflictException", message, 409);

describe.each(["memory", "disk"] as const)("the control plane, %s", (storage) => {
  let env: LambdaEnvironment;
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "busbar-test-"));
    await mkdir(join(root, "bucket"));
    await writeFile(join(root, "bucket", "code.zip"), await zipOf({ "index.mjs": code("of S3") }));
    env = await LambdaEnvironment.start(storage, { s3Root: root });
  });
  afterAll(async () => {
    await env.stop();
    await rm(root, { recursive: true, force: true });
  });

  it("creates functions once, and reports what is wrong with others", async () => {
    const { lambda } = env;
    const { FunctionName } = await env.create(code(1), { Tags: { b: "2", a: "1" } });
    expect(await refused(env.create(code(1), { FunctionName }))).toEqual(
      rce(`Function already exist: ${FunctionName}`),
    );
    expect(await refused(env.create(code(1), { FunctionName: "x".repeat(65) }))).toEqual(
      ipv(
        `1 validation error detected: Value '${"x".repeat(65)}' at 'functionName' failed to satisfy constraint: Member must have length less than or equal to 64`,
      ),
    );
    const wrongRuntime = await refused(env.create(code(1), { Runtime: "NodeJS20.x" as "nodejs20.x" }));
    expect(wrongRuntime.message).toMatch(
      /^Value NodeJS20\.x at 'runtime' failed .* \[nodejs20\.x, python3\.14, .*\] or be a valid ARN$/,
    );
    expect((await refused(env.create(code(1), { Runtime: "nodejs14.x" }))).message).toMatch(
      /no longer supported for creating/,
    );
    expect(await refused(env.create(code(1), { Role: "nobody" }))).toMatchObject({ name: "ValidationException" });
    expect(await refused(lambda.createFunction({ ...base(), Code: { ZipFile: Buffer.from("no zip") } }))).toEqual(
      ipv("Could not unzip uploaded file. Please check your file, then try to upload again."),
    );
    expect(await refused(lambda.createFunction({ ...base(), Code: { S3Bucket: "none", S3Key: "k" } }))).toEqual(
      ipv(
        "Error occurred while GetObject. S3 Error Code: NoSuchBucket. S3 Error Message: The specified bucket does not exist",
      ),
    );
    expect(await refused(lambda.createFunction({ ...base(), Code: { S3Bucket: "bucket", S3Key: "../x" } }))).toEqual(
      ipv(
        "Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not exist.",
      ),
    );
    const image = lambda.createFunction({ ...base(), PackageType: "Image", Code: { ImageUri: "repo:tag" } });
    expect((await refused(image)).message).toMatch(/has no containers/);
    const big = { Environment: { Variables: { BIG: "x".repeat(4100) } } };
    expect((await refused(env.create(code(1), big))).message).toMatch(
      /exceeded the 4KB limit\. String measured: \{"BIG":"x/,
    );
    const taken = { Environment: { Variables: { AWS_REGION: "here", OTHER: "1" } } };
    expect((await refused(env.create(code(1), taken))).message).toMatch(
      /Reserved keys used in this request: AWS_REGION$/,
    );
  });

  it("takes code of S3's stand-in", async () => {
    const { FunctionName } = await env.create(code(0), { Code: { S3Bucket: "bucket", S3Key: "code.zip" } });
    expect((await env.invoke(FunctionName)).value).toBe("of S3");
  });

  it("names functions in every way", async () => {
    const { FunctionName } = await env.create(code("named"));
    const arn = functionArn(FunctionName);
    for (const name of [
      FunctionName,
      arn,
      `function:${FunctionName}`,
      `000000000000:function:${FunctionName}`,
      `${FunctionName}:$LATEST`,
    ]) {
      expect((await env.invoke(name)).value).toBe("named");
    }
    const { lambda } = env;
    expect((await lambda.getFunction({ FunctionName, Qualifier: "$LATEST" })).Configuration?.FunctionArn).toBe(
      `${arn}:$LATEST`,
    );
    expect(await refused(lambda.getFunction({ FunctionName: `${FunctionName}:1`, Qualifier: "2" }))).toEqual(
      ipv("The derived qualifier from the function name does not match the specified qualifier."),
    );
    expect(await refused(lambda.getFunction({ FunctionName: arn.replace("us-east-1", "eu-west-1") }))).toEqual(
      rnf("Functions from 'eu-west-1' are not reachable in this region ('us-east-1')"),
    );
    expect(
      await refused(lambda.getFunction({ FunctionName: arn.replace("000000000000", "111122223333") })),
    ).toMatchObject({
      name: "AccessDeniedException",
      status: 403,
    });
    expect(await refused(lambda.getFunction({ FunctionName, Qualifier: "live" }))).toEqual(
      rnf(`Cannot find alias arn: ${arn}:live`),
    );
    expect(await refused(lambda.getFunction({ FunctionName, Qualifier: "7" }))).toEqual(
      rnf(`Function not found: ${arn}:7`),
    );
  });

  it("updates configuration and code, each with two revisions", async () => {
    const { lambda } = env;
    const { FunctionName } = await env.create(`export const handler = async () => process.env.ONE ?? "none";`);
    const set = await lambda.updateFunctionConfiguration({
      FunctionName,
      Timeout: 5,
      Environment: { Variables: { ONE: "1" } },
    });
    expect(set).toMatchObject({
      State: "Active",
      LastUpdateStatus: "InProgress",
      LastUpdateStatusReasonCode: "Creating",
      Timeout: 5,
    });
    expect(set.LastModified).toMatch(/\.000\+0000$/);
    const after = await lambda.getFunctionConfiguration({ FunctionName });
    expect(after).toMatchObject({ LastUpdateStatus: "Successful", MemorySize: 128 });
    expect(after.RevisionId).not.toBe(set.RevisionId);
    expect((await env.invoke(FunctionName)).value).toBe("1");
    const stale = lambda.updateFunctionConfiguration({ FunctionName, RevisionId: set.RevisionId, Timeout: 6 });
    expect(await refused(stale)).toEqual(
      refusal(
        "PreconditionFailedException",
        "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id",
        412,
      ),
    );
    const ZipFile = await zipOf({ "index.mjs": code("new code") });
    await lambda.updateFunctionCode({ FunctionName, ZipFile, DryRun: true });
    expect((await env.invoke(FunctionName)).value).toBe("1");
    await lambda.updateFunctionCode({ FunctionName, ZipFile });
    expect((await env.invoke(FunctionName)).value).toBe("new code");
    const cleared = await lambda.updateFunctionConfiguration({ FunctionName, Environment: { Variables: {} } });
    expect(cleared.Environment).toEqual({ Variables: {} });
  });

  it("publishes versions, and the same one while nothing changes", async () => {
    const { lambda } = env;
    const made = await env.create(code("one"), { Publish: true });
    const { FunctionName } = made;
    expect(made).toMatchObject({ Version: "1", FunctionArn: functionArn(FunctionName) });
    const again = await lambda.publishVersion({ FunctionName });
    expect(again).toMatchObject({ Version: "1", FunctionArn: `${functionArn(FunctionName)}:1` });
    expect(await refused(lambda.publishVersion({ FunctionName, CodeSha256: "other" }))).toEqual(
      ipv(
        `CodeSHA256 (other) is different from current CodeSHA256 in $LATEST (${made.CodeSha256}). Please try again with the CodeSHA256 in $LATEST.`,
      ),
    );
    const next = await lambda.updateFunctionCode({
      FunctionName,
      ZipFile: await zipOf({ "index.mjs": code("two") }),
      Publish: true,
    });
    expect(next).toMatchObject({ Version: "2", State: "Pending" });
    await lambda.updateFunctionConfiguration({ FunctionName, Description: "changed" });
    expect(await lambda.publishVersion({ FunctionName, Description: "third" })).toMatchObject({
      Version: "3",
      Description: "third",
    });
    const { Versions } = await lambda.listVersionsByFunction({ FunctionName });
    expect(Versions?.map(({ Version }) => Version)).toEqual(["$LATEST", "1", "2", "3"]);
    expect(Versions?.[0]?.State).toBeUndefined();
    expect((await env.invoke(FunctionName, {}, { Qualifier: "1" })).value).toBe("one");
    expect((await env.invoke(`${FunctionName}:2`)).value).toBe("two");
    expect(await refused(lambda.deleteFunction({ FunctionName, Qualifier: "$LATEST" }))).toEqual(
      ipv("$LATEST version cannot be deleted without deleting the function."),
    );
    await lambda.deleteFunction({ FunctionName, Qualifier: "3" });
    await lambda.updateFunctionConfiguration({ FunctionName, Description: "again" });
    expect((await lambda.publishVersion({ FunctionName })).Version).toBe("4");
  });

  it("keeps aliases, with a share for another version", async () => {
    const { lambda } = env;
    const { FunctionName } = await env.create(code("old"), { Publish: true });
    await lambda.updateFunctionCode({
      FunctionName,
      ZipFile: await zipOf({ "index.mjs": code("new") }),
      Publish: true,
    });
    const arn = `${functionArn(FunctionName)}:live`;
    const alias = await lambda.createAlias({ FunctionName, Name: "live", FunctionVersion: "1" });
    expect(alias).toMatchObject({ AliasArn: arn, Name: "live", FunctionVersion: "1", Description: "" });
    expect(alias.RoutingConfig).toBeUndefined();
    expect(await refused(lambda.createAlias({ FunctionName, Name: "live", FunctionVersion: "1" }))).toEqual(
      rce(`Alias already exists: ${arn}`),
    );
    const routed = (weights: Record<string, number>, version?: string) =>
      lambda.updateAlias({
        FunctionName,
        Name: "live",
        ...(version === undefined ? {} : { FunctionVersion: version }),
        RoutingConfig: { AdditionalVersionWeights: weights },
      });
    expect(await refused(routed({ "1": 0.5 }))).toEqual(
      ipv("Invalid function version 1. Function version 1 is already included in routing configuration."),
    );
    expect(await refused(routed({ "2": 0.5, "3": 0.5 }))).toEqual(
      ipv("Number of items in AdditionalVersionWeights cannot be greater than 1"),
    );
    expect(await refused(routed({ "9": 0.5 }))).toEqual(rnf(`Function not found: ${functionArn(FunctionName)}:9`));
    expect(await refused(routed({ "2": 0.5 }, "$LATEST"))).toEqual(
      ipv("$LATEST is not supported for an alias pointing to more than 1 version"),
    );
    const wrong = await refused(routed({ "2": 2 }));
    expect(wrong).toMatchObject({ name: "ValidationException" });
    expect(wrong.message).toMatch(/Value '\{2=2\.0\}' at 'routingConfig\.additionalVersionWeights' failed/);
    await routed({ "2": 1 });
    expect(await env.invoke(`${FunctionName}:live`)).toMatchObject({ value: "new", version: "2" });
    await lambda.updateAlias({ FunctionName, Name: "live", RoutingConfig: {} });
    expect(await env.invoke(`${FunctionName}:live`)).toMatchObject({ value: "old", version: "1" });
    expect(await refused(lambda.deleteFunction({ FunctionName, Qualifier: "1" }))).toMatchObject({ status: 409 });
    await lambda.createAlias({ FunctionName, Name: "beta", FunctionVersion: "2" });
    const names = async (FunctionVersion?: string) =>
      (
        await lambda.listAliases({ FunctionName, ...(FunctionVersion === undefined ? {} : { FunctionVersion }) })
      ).Aliases?.map(({ Name }) => Name);
    expect(await names()).toEqual(["beta", "live"]);
    expect(await names("2")).toEqual(["beta"]);
    expect((await lambda.listAliases({ FunctionName, MaxItems: 1 })).NextMarker).toBe("beta");
    await lambda.deleteAlias({ FunctionName, Name: "live" });
    await lambda.deleteAlias({ FunctionName, Name: "never" });
    expect(await refused(lambda.getAlias({ FunctionName, Name: "live" }))).toEqual(
      rnf(`Cannot find alias arn: ${arn}`),
    );
  });

  it("truncates fractions before they are checked, and accepts a trailing slash", async () => {
    const [FunctionName, other] = [env.name(), env.name()];
    const given = { Runtime: "nodejs20.x", Handler: "index.handler", Role: roleArn };
    const Code = { ZipFile: (await zipOf({ "index.mjs": code(1) })).toString("base64") };
    const create = (more: object) =>
      rawHttp(env.bus.endpoint, "/2015-03-31/functions/", {
        method: "POST",
        body: JSON.stringify({ ...given, Code, ...more }),
      });
    const made = await create({ FunctionName, Timeout: 4.7, MemorySize: 128.9 });
    expect([made.status, JSON.parse(made.text)]).toEqual([
      201,
      expect.objectContaining({ Timeout: 4, MemorySize: 128 }),
    ]);
    expect((await create({ FunctionName: other, Timeout: 900.9 })).status).toBe(201);
    expect(JSON.parse((await create({ FunctionName: env.name(), Timeout: 0.9 })).text).message).toBe(
      "1 validation error detected: Value '0' at 'timeout' failed to satisfy constraint: Member must have value greater than or equal to 1",
    );
  });

  it("writes errors in bodies of their class's shape", async () => {
    const { FunctionName } = await env.create(code(1));
    const body = async (path: string, alias?: object) => {
      const call = alias === undefined ? {} : { method: "POST", body: JSON.stringify(alias) };
      return JSON.parse((await rawHttp(env.bus.endpoint, `/2015-03-31/functions/${path}`, call)).text);
    };
    const message = expect.any(String);
    expect(await body("nobody")).toEqual({ Type: "User", Message: message });
    expect(await body("a%20b")).toEqual({ message });
    expect(await body(`${FunctionName}:1?Qualifier=2`)).toEqual({ Type: "User", message });
    const weighted = { FunctionVersion: "$LATEST", RoutingConfig: { AdditionalVersionWeights: { 1: 0.5 } } };
    expect(await body(`${FunctionName}/aliases`, { Name: "w", ...weighted })).toEqual({ message });
    expect(await body("arn:aws:lambda:us-east-1:111122223333:function:f/configuration")).toEqual({ Message: null });
  });

  it("lists functions by pages, and all their versions", async () => {
    const { lambda } = env;
    const prefix = "listed";
    for (const name of ["a", "b"]) await env.create(code(name), { FunctionName: `${prefix}-${name}`, Publish: true });
    const all: string[] = [];
    for (let Marker: string | undefined, more = true; more; more = Marker !== undefined) {
      const page = await lambda.listFunctions({
        FunctionVersion: "ALL",
        MaxItems: 3,
        ...(Marker === undefined ? {} : { Marker }),
      });
      all.push(...(page.Functions ?? []).map(({ FunctionArn = "" }) => FunctionArn));
      Marker = page.NextMarker;
    }
    const arns = all.filter((arn) => arn.includes(prefix));
    expect(arns).toEqual(
      ["a", "b"].flatMap((name) => ["$LATEST", "1"].map((version) => `${functionArn(`${prefix}-${name}`)}:${version}`)),
    );
    const { Functions = [] } = await lambda.listFunctions({});
    expect(
      Functions.filter(({ FunctionName = "" }) => FunctionName.startsWith(prefix)).map(
        ({ FunctionArn }) => FunctionArn,
      ),
    ).toEqual([functionArn(`${prefix}-a`), functionArn(`${prefix}-b`)]);
    expect(await refused(lambda.listFunctions({ Marker: "?" }))).toEqual(ipv("Invalid pagination key."));
  });

  it("tags functions, which makes a revision", async () => {
    const { lambda } = env;
    const { FunctionName } = await env.create(code(1), { Tags: { b: "2" } });
    const Resource = functionArn(FunctionName);
    const before = await lambda.getFunctionConfiguration({ FunctionName });
    await lambda.tagResource({ Resource, Tags: { a: "1", c: "" } });
    await lambda.untagResource({ Resource, TagKeys: ["b", "unknown"] });
    expect((await lambda.listTags({ Resource })).Tags).toEqual({ a: "1", c: "" });
    expect((await lambda.getFunction({ FunctionName })).Tags).toEqual({ a: "1", c: "" });
    expect((await lambda.getFunctionConfiguration({ FunctionName })).RevisionId).not.toBe(before.RevisionId);
    expect(await refused(lambda.listTags({ Resource: `${Resource}:1` }))).toEqual(
      ipv("Tags on function aliases and versions are not supported. Please specify a function ARN."),
    );
  });

  it("keeps policies with a revision of their own", async () => {
    const { lambda } = env;
    const { FunctionName } = await env.create(code(1));
    const arn = functionArn(FunctionName);
    const statement = {
      FunctionName,
      StatementId: "s3",
      Action: "lambda:InvokeFunction",
      Principal: "s3.amazonaws.com",
      SourceArn: "arn:aws:s3:::b",
      SourceAccount: "111122223333",
    };
    const { Statement } = await lambda.addPermission(statement);
    expect(JSON.parse(Statement ?? "")).toEqual({
      Sid: "s3",
      Effect: "Allow",
      Principal: { Service: "s3.amazonaws.com" },
      Action: "lambda:InvokeFunction",
      Resource: arn,
      Condition: {
        StringEquals: { "AWS:SourceAccount": "111122223333" },
        ArnLike: { "AWS:SourceArn": "arn:aws:s3:::b" },
      },
    });
    expect(await refused(lambda.addPermission(statement))).toEqual(
      rce(
        "The statement id (s3) provided already exists. Please provide a new statement id, or remove the existing statement.",
      ),
    );
    const first = await lambda.getPolicy({ FunctionName });
    await lambda.addPermission({
      FunctionName,
      StatementId: "acct",
      Action: "lambda:InvokeFunction",
      Principal: "111122223333",
    });
    const second = await lambda.getPolicy({ FunctionName });
    expect(second.RevisionId).not.toBe(first.RevisionId);
    expect(JSON.parse(second.Policy ?? "")).toMatchObject({
      Version: "2012-10-17",
      Id: "default",
      Statement: [{ Sid: "s3" }, { Sid: "acct", Principal: { AWS: "arn:aws:iam::111122223333:root" } }],
    });
    expect(
      await refused(lambda.removePermission({ FunctionName, StatementId: "acct", RevisionId: first.RevisionId })),
    ).toMatchObject({
      status: 412,
    });
    expect(await refused(lambda.removePermission({ FunctionName, StatementId: "none" }))).toEqual(
      rnf("Statement none is not found in resource policy."),
    );
    expect(
      await refused(lambda.addPermission({ ...statement, StatementId: "x", Principal: "nobody at all" })),
    ).toMatchObject({ status: 400 });
    expect(await refused(lambda.addPermission({ ...statement, StatementId: "x", Qualifier: "$LATEST" }))).toEqual(
      ipv("We currently do not support adding policies for $LATEST."),
    );
    for (const StatementId of ["s3", "acct"]) await lambda.removePermission({ FunctionName, StatementId });
    expect(await refused(lambda.getPolicy({ FunctionName }))).toEqual(
      rnf("The resource you requested does not exist."),
    );
  });

  it("reserves concurrency, and throttles beyond it", async () => {
    const { lambda } = env;
    const { FunctionName } = await env.create(
      `export const handler = () => new Promise((resolve) => setTimeout(resolve, 700));`,
      { Publish: true },
    );
    expect(
      (await lambda.getFunctionConcurrency({ FunctionName })).ReservedConcurrentExecutions ?? undefined,
    ).toBeUndefined();
    expect(await lambda.putFunctionConcurrency({ FunctionName, ReservedConcurrentExecutions: 1 })).toMatchObject({
      ReservedConcurrentExecutions: 1,
    });
    expect((await lambda.getFunction({ FunctionName })).Concurrency).toEqual({ ReservedConcurrentExecutions: 1 });
    const running = env.invoke(FunctionName);
    const throttled = refused(env.invoke(`${FunctionName}:1`));
    expect(await throttled).toMatchObject({ name: "TooManyRequestsException", message: "Rate Exceeded.", status: 429 });
    expect((await running).error).toBeUndefined();
    expect(await refused(lambda.putFunctionConcurrency({ FunctionName, ReservedConcurrentExecutions: 950 }))).toEqual(
      ipv(
        "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [100].",
      ),
    );
    expect((await lambda.getAccountSettings({})).AccountLimit).toMatchObject({ UnreservedConcurrentExecutions: 999 });
    expect(
      await refused(
        lambda.putFunctionConcurrency({ FunctionName: `${FunctionName}:1`, ReservedConcurrentExecutions: 1 }),
      ),
    ).toMatchObject({
      message: expect.stringMatching(/^This operation is permitted on Lambda functions only\./) as string,
    });
    await lambda.putFunctionConcurrency({ FunctionName, ReservedConcurrentExecutions: 0 });
    expect(await refused(env.invoke(FunctionName))).toMatchObject({ status: 429 });
    await lambda.deleteFunctionConcurrency({ FunctionName });
    expect((await env.invoke(FunctionName)).error).toBeUndefined();
  });

  it("provisions concurrency for versions and aliases", async () => {
    const { lambda } = env;
    const { FunctionName } = await env.create(
      `export const handler = async () => process.env.AWS_LAMBDA_INITIALIZATION_TYPE;`,
      {
        Publish: true,
      },
    );
    const none = { FunctionName, Qualifier: "1" };
    expect(await refused(lambda.getProvisionedConcurrencyConfig(none))).toMatchObject({
      name: "ProvisionedConcurrencyConfigNotFoundException",
      status: 404,
    });
    const put = await lambda.putProvisionedConcurrencyConfig({ ...none, ProvisionedConcurrentExecutions: 1 });
    expect(put).toMatchObject({ Status: "IN_PROGRESS", AvailableProvisionedConcurrentExecutions: 0 });
    expect(await lambda.getProvisionedConcurrencyConfig(none)).toMatchObject({
      Status: "READY",
      AvailableProvisionedConcurrentExecutions: 1,
    });
    expect((await env.invoke(`${FunctionName}:1`)).value).toBe("provisioned-concurrency");
    await lambda.createAlias({ FunctionName, Name: "live", FunctionVersion: "1" });
    const onAlias = { FunctionName, Qualifier: "live", ProvisionedConcurrentExecutions: 1 };
    expect(await refused(lambda.putProvisionedConcurrencyConfig(onAlias))).toEqual(
      rce("Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version"),
    );
    expect(await refused(lambda.putProvisionedConcurrencyConfig({ ...onAlias, Qualifier: "$LATEST" }))).toEqual(
      ipv("Provisioned Concurrency Configs cannot be applied to unpublished function versions."),
    );
    expect(
      (await lambda.listProvisionedConcurrencyConfigs({ FunctionName })).ProvisionedConcurrencyConfigs,
    ).toMatchObject([{ FunctionArn: `${functionArn(FunctionName)}:1` }]);
    await lambda.deleteProvisionedConcurrencyConfig(none);
    expect((await lambda.listProvisionedConcurrencyConfigs({ FunctionName })).ProvisionedConcurrencyConfigs).toEqual(
      [],
    );
  });

  it("configures how events are taken", async () => {
    const { lambda } = env;
    const { FunctionName } = await env.create(code(1));
    const arn = `${functionArn(FunctionName)}:$LATEST`;
    expect(await refused(lambda.getFunctionEventInvokeConfig({ FunctionName }))).toEqual(
      rnf(`The function ${arn} doesn't have an EventInvokeConfig`),
    );
    expect(await refused(lambda.putFunctionEventInvokeConfig({ FunctionName }))).toEqual(
      ipv("You must specify at least one of error handling or destination setting."),
    );
    const put = await lambda.putFunctionEventInvokeConfig({ FunctionName, MaximumRetryAttempts: 0 });
    expect(put).toMatchObject({
      FunctionArn: arn,
      MaximumRetryAttempts: 0,
      DestinationConfig: { OnSuccess: {}, OnFailure: {} },
    });
    const { arn: queue } = await env.queue();
    const merged = await lambda.updateFunctionEventInvokeConfig({
      FunctionName,
      DestinationConfig: { OnFailure: { Destination: queue } },
    });
    expect(merged).toMatchObject({ MaximumRetryAttempts: 0, DestinationConfig: { OnFailure: { Destination: queue } } });
    const { FunctionEventInvokeConfigs } = await lambda.listFunctionEventInvokeConfigs({ FunctionName });
    expect(FunctionEventInvokeConfigs).toHaveLength(1);
    await lambda.deleteFunctionEventInvokeConfig({ FunctionName });
    expect(await refused(lambda.deleteFunctionEventInvokeConfig({ FunctionName }))).toMatchObject({ status: 404 });
  });

  it("configures URLs", async () => {
    const { lambda } = env;
    const { FunctionName } = await env.create(code(1));
    expect(await refused(lambda.createFunctionUrlConfig({ FunctionName: "nobody", AuthType: "NONE" }))).toEqual(
      rnf("Function does not exist"),
    );
    const made = await lambda.createFunctionUrlConfig({
      FunctionName,
      AuthType: "NONE",
      Cors: { AllowOrigins: ["*"] },
    });
    expect(made.FunctionUrl).toMatch(/^http:\/\/[a-z2-7]{32}\.lambda-url\.us-east-1\./);
    expect(made.InvokeMode).toBeUndefined();
    expect(await refused(lambda.createFunctionUrlConfig({ FunctionName, AuthType: "NONE" }))).toEqual(
      rce(
        `Failed to create function url config for [functionArn = ${functionArn(FunctionName)}]. Error message:  FunctionUrlConfig exists for this Lambda function`,
      ),
    );
    await lambda.updateFunctionUrlConfig({ FunctionName, AuthType: "AWS_IAM" });
    expect(await lambda.getFunctionUrlConfig({ FunctionName })).toMatchObject({
      AuthType: "AWS_IAM",
      InvokeMode: "BUFFERED",
      Cors: { AllowOrigins: ["*"] },
      FunctionUrl: made.FunctionUrl,
    });
    expect((await lambda.listFunctionUrlConfigs({ FunctionName })).FunctionUrlConfigs).toHaveLength(1);
    expect(await refused(lambda.getFunctionUrlConfig({ FunctionName, Qualifier: "1" }))).toMatchObject({
      name: "ValidationException",
    });
    await lambda.deleteFunctionUrlConfig({ FunctionName });
    expect(await refused(lambda.getFunctionUrlConfig({ FunctionName }))).toEqual(
      rnf("The resource you requested does not exist."),
    );
  });

  it("keeps layers that functions use", async () => {
    const { lambda } = env;
    const LayerName = env.name("layer");
    const layer = (text: string) =>
      zipOf({ "nodejs/node_modules/greeting/index.js": `module.exports = ${JSON.stringify(text)};` });
    const first = await lambda.publishLayerVersion({
      LayerName,
      Content: { ZipFile: await layer("one") },
      CompatibleRuntimes: ["nodejs20.x"],
    });
    expect(first).toMatchObject({ Version: 1, Description: "", CompatibleRuntimes: ["nodejs20.x"] });
    const CompatibleRuntimes = ["nodejs4.3", "cobol"] as Runtime[];
    const Content = { ZipFile: await layer("none") };
    expect(await refused(lambda.publishLayerVersion({ LayerName, Content, CompatibleRuntimes }))).toMatchObject({
      name: "ValidationException",
      message: expect.stringMatching(
        /^1 validation error detected: Value '\[nodejs4\.3, cobol\]' at 'compatibleRuntimes' /,
      ),
    });
    const second = await lambda.publishLayerVersion({ LayerName, Content: { ZipFile: await layer("two") } });
    const LayerVersionArn = second.LayerVersionArn as string;
    const handler = `import { createRequire } from "node:module"; export const handler = async () => createRequire(import.meta.url)("greeting");`;
    const { FunctionName, Layers } = await env.create(handler, { Layers: [LayerVersionArn] });
    expect(Layers).toMatchObject([{ Arn: LayerVersionArn }]);
    expect((await env.invoke(FunctionName)).value).toBe("two");
    const both = env.create(handler, { Layers: [LayerVersionArn, first.LayerVersionArn as string] });
    expect((await refused(both)).message).toMatch(/^Two different versions of the same layer are not allowed/);
    expect(await refused(env.create(handler, { Layers: [`${first.LayerArn}:9`] }))).toEqual(
      ipv(`Layer version ${first.LayerArn}:9 does not exist.`),
    );
    await lambda.deleteLayerVersion({ LayerName, VersionNumber: 2 });
    await lambda.deleteLayerVersion({ LayerName, VersionNumber: 2 });
    await lambda.updateFunctionConfiguration({ FunctionName, Layers: [LayerVersionArn], Timeout: 9 });
    expect((await env.invoke(FunctionName)).value).toBe("two");
    expect(await refused(lambda.getLayerVersion({ LayerName, VersionNumber: 0 }))).toEqual(
      ipv("Layer Version Cannot be less than 1"),
    );
    const third = await lambda.publishLayerVersion({ LayerName, Content: { ZipFile: await layer("three") } });
    expect(third.Version).toBe(3);
    expect((await lambda.listLayerVersions({ LayerName })).LayerVersions?.map(({ Version }) => Version)).toEqual([
      3, 1,
    ]);
    const { Layers: fitting = [] } = await lambda.listLayers({ CompatibleRuntime: "nodejs20.x" });
    expect(fitting.find((one) => one.LayerName === LayerName)?.LatestMatchingVersion?.Version).toBe(1);
    expect(await lambda.getLayerVersionByArn({ Arn: first.LayerVersionArn })).toMatchObject({ Version: 1 });
    const shared = {
      LayerName,
      VersionNumber: 1,
      StatementId: "all",
      Action: "lambda:GetLayerVersion",
      Principal: "*",
    };
    await lambda.addLayerVersionPermission(shared);
    expect(JSON.parse((await lambda.getLayerVersionPolicy(shared)).Policy ?? "")).toMatchObject({
      Statement: [{ Principal: "*" }],
    });
    await lambda.removeLayerVersionPermission(shared);
    expect(await refused(lambda.getLayerVersionPolicy(shared))).toMatchObject({ status: 404 });
  });

  it("keeps code signing, recursion and runtime management", async () => {
    const { lambda } = env;
    const profile = "arn:aws:signer:us-east-1:000000000000:/signing-profiles/p/1234567890";
    const made = await lambda.createCodeSigningConfig({ AllowedPublishers: { SigningProfileVersionArns: [profile] } });
    const CodeSigningConfigArn = made.CodeSigningConfig?.CodeSigningConfigArn as string;
    const { FunctionName } = await env.create(code(1), { CodeSigningConfigArn });
    expect(await lambda.getFunctionCodeSigningConfig({ FunctionName })).toMatchObject({
      CodeSigningConfigArn,
      FunctionName,
    });
    expect((await lambda.listFunctionsByCodeSigningConfig({ CodeSigningConfigArn })).FunctionArns).toEqual([
      functionArn(FunctionName),
    ]);
    expect(await refused(lambda.deleteCodeSigningConfig({ CodeSigningConfigArn }))).toMatchObject({ status: 409 });
    await lambda.deleteFunctionCodeSigningConfig({ FunctionName });
    expect(
      (await lambda.getFunctionCodeSigningConfig({ FunctionName })).CodeSigningConfigArn ?? undefined,
    ).toBeUndefined();
    await lambda.putFunctionCodeSigningConfig({ FunctionName, CodeSigningConfigArn });
    await lambda.updateCodeSigningConfig({ CodeSigningConfigArn, Description: "new" });
    expect((await lambda.getCodeSigningConfig({ CodeSigningConfigArn })).CodeSigningConfig?.Description).toBe("new");
    expect((await lambda.listCodeSigningConfigs({})).CodeSigningConfigs).toHaveLength(1);
    await lambda.deleteFunction({ FunctionName });
    await lambda.deleteCodeSigningConfig({ CodeSigningConfigArn });
    const other = (await env.create(code(1))).FunctionName;
    expect(await lambda.getFunctionRecursionConfig({ FunctionName: other })).toMatchObject({
      RecursiveLoop: "Terminate",
    });
    await lambda.putFunctionRecursionConfig({ FunctionName: other, RecursiveLoop: "Allow" });
    expect(await lambda.getFunctionRecursionConfig({ FunctionName: other })).toMatchObject({ RecursiveLoop: "Allow" });
    expect(await lambda.getRuntimeManagementConfig({ FunctionName: other })).toMatchObject({ UpdateRuntimeOn: "Auto" });
    await lambda.putRuntimeManagementConfig({ FunctionName: other, UpdateRuntimeOn: "FunctionUpdate" });
    expect(await lambda.getRuntimeManagementConfig({ FunctionName: other })).toMatchObject({
      UpdateRuntimeOn: "FunctionUpdate",
    });
  });

  it("deletes a function with everything that belongs to it", async () => {
    const { lambda } = env;
    const { FunctionName } = await env.create(code(1), { Publish: true });
    await lambda.createAlias({ FunctionName, Name: "live", FunctionVersion: "1" });
    await lambda.addPermission({ FunctionName, StatementId: "a", Action: "lambda:InvokeFunction", Principal: "*" });
    await lambda.deleteFunction({ FunctionName });
    expect(await refused(lambda.deleteFunction({ FunctionName }))).toEqual(
      rnf(`Function not found: ${functionArn(FunctionName)}`),
    );
    await env.create(code(2), { FunctionName });
    expect((await lambda.listAliases({ FunctionName })).Aliases).toEqual([]);
    expect(await refused(lambda.getPolicy({ FunctionName }))).toMatchObject({ status: 404 });
    expect((await lambda.listVersionsByFunction({ FunctionName })).Versions).toHaveLength(1);
  });

  function base() {
    return { FunctionName: env.name(), Runtime: "nodejs20.x", Handler: "index.handler", Role: roleArn } as const;
  }
});
