/**
 * Terraform against every resource type of our services: apply, a plan without a difference, a change of nearly all of
 * them, a plan without a difference, destroy. And with the file by which tflocal, LocalStack's wrapper, points it here.
 */
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { type Busbar, type BusbarOptions, createBusbar } from "../../src/index.ts";
import { ask } from "../support/apigatewayv2.ts";

const run = promisify(execFile);
const configuration = join(import.meta.dirname, "terraform");
/** Where a mirror of providers may be: a folder with one folder for each registry. */
const mirrorHomes = ["/opt", "/usr/local/share/terraform", "/usr/share/terraform", join(homedir(), ".terraform.d")];
/** Terraform waits for SQS's attributes by the clock, and the machine may be busy. */
const limitMs = 20 * 60_000;

async function hasTerraform(): Promise<boolean> {
  return run("terraform", ["version"]).then(
    () => true,
    () => false,
  );
}

/** The folder of the AWS provider's program in an unpacked mirror; undefined when there is none. */
async function provider(): Promise<string | undefined> {
  for (const home of mirrorHomes) {
    const folders = await readdir(home, { withFileTypes: true }).catch(() => []);
    for (const folder of [home, ...folders.filter((one) => one.isDirectory()).map(({ name }) => join(home, name))]) {
      for (const registry of await readdir(folder).catch((): string[] => [])) {
        const versions = join(folder, registry, "hashicorp", "aws", "5.100.0");
        const [platform] = await readdir(versions).catch((): string[] => []);
        if (platform !== undefined) return join(versions, platform);
      }
    }
  }
  return undefined;
}

/** Calls the REST and the HTTP API that were applied: the function behind both returns the same. */
async function callApis(bus: Busbar, outputs: string): Promise<void> {
  bus.registerFunction("worker", (event) => {
    const { path, rawPath, queryStringParameters: query } = event as Record<string, unknown>;
    return { statusCode: 201, headers: { "x-orders": "2" }, body: JSON.stringify({ path: path ?? rawPath, query }) };
  });
  const { rest, http } = JSON.parse(outputs) as Record<"rest" | "http", { value: string }>;
  for (const url of [`${rest.value}/orders?page=2`, `${http.value}/orders?page=2`]) {
    const { host: Host, pathname, search } = new URL(url);
    const { status, headers, text } = await ask(bus.endpoint, pathname + search, { headers: { Host } });
    expect([url, status, headers["x-orders"]]).toEqual([url, 201, "2"]);
    expect(JSON.parse(text)).toEqual({ path: "/orders", query: { page: "2" } });
  }
}

interface Terraform {
  /** The folder of its configuration. */
  readonly directory: string;
  readonly run: (...args: string[]) => Promise<{ readonly code: number; readonly text: string }>;
}

/** Gives Terraform in a directory of its own, and an emulator; says so where there is no Terraform. */
async function withTerraform(
  options: BusbarOptions,
  variables: (bus: Busbar) => Record<string, string>,
  use: (terraform: Terraform, bus: Busbar) => Promise<void>,
): Promise<void> {
  const program = await provider();
  if (!(await hasTerraform()) || program === undefined) {
    console.log("terraform or a mirror with hashicorp/aws 5.100.0 is not installed: not tried with it");
    return;
  }
  const directory = await mkdtemp(join(tmpdir(), "busbar-terraform-"));
  const bus = await createBusbar(options);
  try {
    const rc = join(directory, "cli.tfrc");
    // This way no init is needed, and 700 MB are not hashed for each command.
    const overrides = `dev_overrides {\n    "hashicorp/aws" = "${program}"\n  }`;
    await writeFile(rc, `provider_installation {\n  ${overrides}\n  direct {}\n}\n`);
    await mkdir(join(directory, "home"));
    const env = {
      PATH: `${process.env["PATH"]}:${dirname(process.execPath)}`,
      HOME: join(directory, "home"),
      TF_CLI_CONFIG_FILE: rc,
      TF_IN_AUTOMATION: "1",
      CHECKPOINT_DISABLE: "1",
      AWS_EC2_METADATA_DISABLED: "true",
      ...variables(bus),
    };
    const terraform = (...args: string[]) =>
      run("terraform", [...args, "-no-color"], { cwd: directory, env, maxBuffer: 64 * 1024 * 1024 }).then(
        ({ stdout }) => ({ code: 0, text: stdout }),
        ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({
          code,
          text: `${stdout}\n${stderr}`,
        }),
      );
    await use({ directory, run: terraform }, bus);
  } finally {
    await bus.close();
    await rm(directory, { recursive: true, force: true });
  }
}

const done = { code: 0, text: expect.any(String) as string };

it(
  "creates, updates and destroys every resource type without remaining differences",
  () =>
    withTerraform(
      { account: "111122223333", region: "eu-central-1", policies: "enforce" },
      (bus) => ({
        AWS_ACCESS_KEY_ID: "111122223333",
        AWS_SECRET_ACCESS_KEY: "any",
        AWS_REGION: "eu-central-1",
        AWS_ENDPOINT_URL: bus.endpoint,
      }),
      async ({ directory, run: terraform }, bus) => {
        await cp(configuration, directory, { recursive: true });
        // Providers wait for queues by the clock, so all are handled in parallel.
        const wide = ["-input=false", "-parallelism=60"];
        // The plan without a difference has just read everything.
        const known = [...wide, "-auto-approve", "-refresh=false"];
        for (const changed of [false, true]) {
          const variable = ["-var", `changed=${changed}`];
          expect(await terraform("apply", ...known, ...variable)).toEqual(done);
          if (!changed) await callApis(bus, (await terraform("output", "-json")).text);
          // 2 would be a difference.
          expect(await terraform("plan", "-detailed-exitcode", ...wide, ...variable)).toEqual(done);
        }
        expect(await terraform("destroy", ...known, "-var", "changed=true")).toEqual(done);
        expect((await terraform("state", "list")).text.trim()).toBe("");
        const faults = bus.requests().filter(({ status }) => status >= 500);
        expect(faults).toEqual([]);
      },
    ),
  limitMs,
);

/** What tflocal writes endpoints for: ours, by the provider's names, and many that Busbar does not have. */
const localServices = `acm amplify apigateway apigatewayv2 appconfig appsync athena autoscaling backup batch cloudformation
  cloudfront cloudtrail cloudwatch codecommit cognitoidentity cognitoidp config docdb dynamodb ec2 ecr ecs efs eks elasticache
  elasticbeanstalk elasticsearch elb elbv2 emr events firehose fis glacier glue iam iot kafka kinesis kinesisanalytics kms
  lakeformation lambda logs mediastore mq mwaa neptune opensearch organizations pipes qldb rds redshift redshiftdata
  resourcegroups resourcegroupstaggingapi route53 route53resolver s3 s3control sagemaker scheduler secretsmanager serverlessrepo
  servicediscovery ses sesv2 sns sqs ssm stepfunctions sts swf timestreamwrite transcribe transfer wafv2 xray`;

it(
  "works with the override file that tflocal writes, and says what Busbar does not have",
  () =>
    withTerraform(
      {},
      () => ({}),
      async ({ directory, run: terraform }, bus) => {
        const endpoints = localServices.split(/\s+/).map((name) => `    ${name} = "${bus.endpoint}"`);
        await writeFile(
          join(directory, "localstack_providers_override.tf"),
          `provider "aws" {
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  s3_use_path_style           = true
  endpoints {
${endpoints.join("\n")}
  }
}
`,
        );
        await writeFile(
          join(directory, "main.tf"),
          `terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
provider "aws" {
  region = "us-east-1"
}
data "aws_caller_identity" "me" {}
resource "aws_sns_topic" "placed" {
  name = "placed-\${data.aws_caller_identity.me.account_id}"
}
resource "aws_cloudwatch_event_bus" "shop" {
  name = "shop"
}
resource "aws_s3_bucket" "photos" {
  bucket     = "photos"
  depends_on = [aws_sns_topic.placed, aws_cloudwatch_event_bus.shop]
}
`,
        );
        const { code, text } = await terraform("apply", "-input=false", "-auto-approve");
        expect([code, text.replace(/[\s│]+/g, " ")]).toEqual([
          1,
          expect.stringContaining("Busbar has no s3. Set AWS_ENDPOINT_URL_S3"),
        ]);
        expect(bus.eventbridge.events("shop")).toEqual([]);
        expect(bus.requests({ operation: "CreateTopic" })).toMatchObject([
          { status: 200, parameters: { Name: "placed-000000000000" } },
        ]);
        expect(bus.requests({ service: "s3" })[0]).toMatchObject({ status: 501, operation: "CreateBucket" });
      },
    ),
  limitMs,
);
