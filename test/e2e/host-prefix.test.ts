/**
 * StartSyncExecution and TestState, for which clients put `sync-` before the name of the endpoint, with unmodified
 * clients that are told of the endpoint by variables alone.
 */
import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Lambda } from "@aws-sdk/client-lambda";
import { SFN } from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Busbar, createBusbar } from "../../src/index.ts";
import { zipOf } from "../support/lambda.ts";

const run = promisify(execFile);
const role = "arn:aws:iam::000000000000:role/r";
const definition = JSON.stringify({ StartAt: "A", States: { A: { Type: "Pass", Result: "done", End: true } } });
const machine = "arn:aws:states:us-east-1:000000000000:stateMachine:m";

let bus: Busbar;

beforeAll(async () => {
  bus = await createBusbar();
  const sfn = new SFN(bus.clientConfig());
  await sfn.createStateMachine({ name: "m", type: "EXPRESS", roleArn: role, definition });
});
afterAll(() => bus.close());

const environment = {
  PATH: process.env["PATH"] ?? "",
  HOME: process.env["HOME"] ?? tmpdir(),
  AWS_ACCESS_KEY_ID: "000000000000",
  AWS_SECRET_ACCESS_KEY: "any",
  AWS_REGION: "us-east-1",
  AWS_DEFAULT_REGION: "us-east-1",
  AWS_CONFIG_FILE: join(tmpdir(), "busbar-no-such-config"),
  AWS_SHARED_CREDENTIALS_FILE: join(tmpdir(), "busbar-no-such-credentials"),
  AWS_EC2_METADATA_DISABLED: "true",
};

/** Endpoints, and the names that the machine must resolve for them. */
const endpoints: readonly (readonly [host: string, known: RegExp, works: boolean])[] = [
  // As LocalStack's public DNS resolves it.
  ["localhost.localstack.cloud", /^(sync-)?localhost\.localstack\.cloud$/, true],
  // RFC 6761, 6.3: systemd's resolver and nss-myhostname do it.
  ["busbar.localhost", /(^|\.)localhost$/, true],
  // With the line in /etc/hosts, or an alias of a container network.
  ["localhost", /^(sync-)?localhost$/, true],
  ["busbar", /^(sync-)?busbar$/, true],
  ["localhost", /^localhost$/, false],
  ["127.0.0.1", /^127\.0\.0\.1$/, false],
];

it("are found by the SDK for JavaScript if the name with the prefix can be resolved", async () => {
  const script = `
    import dns from "node:dns";
    import { SFN } from "@aws-sdk/client-sfn";
    const { lookup } = dns;
    let known;
    dns.lookup = (name, ...others) => lookup(known.test(name) ? "127.0.0.1" : "unknown.invalid", ...others);
    const answers = [];
    for (const [host, regex] of [${endpoints.map(([host, known]) => `["${host}", ${known}]`)}]) {
      known = regex;
      process.env.AWS_ENDPOINT_URL = "http://" + host + ":${new URL(bus.endpoint).port}";
      const sfn = new SFN({ maxAttempts: 1 });
      const started = sfn.startSyncExecution({ stateMachineArn: "${machine}" }).then(({ output }) => output);
      const tested = sfn.testState({ definition: '{"Type":"Succeed"}', roleArn: "${role}" }).then(({ status }) => status);
      answers.push(await Promise.all([started, tested].map((answer) => answer.catch(({ code }) => code))));
    }
    console.log(JSON.stringify(answers));`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", script], {
    cwd: new URL("../..", import.meta.url),
    env: environment,
  });
  const done = ['"done"', "SUCCEEDED"];
  expect(JSON.parse(stdout)).toEqual(endpoints.map(([, , works]) => (works ? done : ["ENOTFOUND", "ENOTFOUND"])));
});

it("are found by boto3 at localhost and at an address, with AWS_DISABLE_HOST_PREFIX_INJECTION", async () => {
  const script = `
import json, os, sys
try:
    import boto3
    from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES as variables
except ImportError:
    variables = {}
if "disable_host_prefix_injection" not in variables:
    sys.exit(print("[]"))
answers = []
for host in ["127.0.0.1", "localhost"]:
    os.environ["AWS_ENDPOINT_URL"] = "http://%s:${new URL(bus.endpoint).port}" % host
    sfn = boto3.client("stepfunctions")
    answers.append(sfn.start_sync_execution(stateMachineArn="${machine}")["output"])
    answers.append(sfn.test_state(definition='{"Type":"Succeed"}', roleArn="${role}")["status"])
print(json.dumps(answers))`;
  const env = { ...environment, AWS_DISABLE_HOST_PREFIX_INJECTION: "true" };
  const stdout = await run("python3", ["-c", script], { env }).then(
    ({ stdout }) => stdout,
    (error: NodeJS.ErrnoException) => (error.code === "ENOENT" ? "[]" : Promise.reject(error)),
  );
  if (stdout.trim() === "[]") {
    console.log("no boto3 is installed that reads AWS_DISABLE_HOST_PREFIX_INJECTION: not tried with it");
    return;
  }
  expect(JSON.parse(stdout)).toEqual(['"done"', "SUCCEEDED", '"done"', "SUCCEEDED"]);
});

it("are found by functions in JavaScript", async () => {
  const require = JSON.stringify(new URL("../../package.json", import.meta.url).href);
  const code = `
    import { createRequire } from "node:module";
    const { SFN } = createRequire(${require})("@aws-sdk/client-sfn");
    export const handler = async () =>
      (await new SFN({}).startSyncExecution({ stateMachineArn: "${machine}" })).output;`;
  const lambda = new Lambda(bus.clientConfig());
  await lambda.createFunction({
    FunctionName: "starter",
    Role: role,
    Runtime: "nodejs22.x",
    Handler: "index.handler",
    Timeout: 60,
    Code: { ZipFile: await zipOf({ "index.mjs": code }) },
  });
  const { Payload } = await lambda.invoke({ FunctionName: "starter" });
  expect(JSON.parse(Payload?.transformToString() ?? "")).toBe('"done"');
});
