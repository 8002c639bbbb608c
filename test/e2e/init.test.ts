/** Resource files, scripts and modules that are run while the command starts and stops. */
import { spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createBusbar, type Resources } from "../../src/index.ts";
import { cliFile, type RunningCli, runCli, startCli, stopAll } from "../support/cli.ts";

let directory: string;
let made = 0;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "busbar-init-"));
});
afterEach(() => stopAll());
afterAll(() => rm(directory, { recursive: true, force: true }));

/** A directory with these files. */
async function files(contents: Readonly<Record<string, string>>): Promise<string> {
  const root = join(directory, `files-${++made}`);
  for (const [name, text] of Object.entries(contents)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
  return root;
}

async function get(cli: RunningCli, path: string): Promise<{ status: number; body: Record<string, unknown> }> {
  const answer = await fetch(`${cli.endpoint}${path}`);
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}

const isReady = async (cli: RunningCli) => (await get(cli, "/_busbar/health")).status === 200;

const shop = `
queues:
  - QueueName: orders
    VisibilityTimeout: 45
    RedrivePolicy: { deadLetterTargetArn: "arn:aws:sqs:\${AWS::Region}:\${AWS::AccountId}:orders-dead", maxReceiveCount: 3 }
    Tags: { team: shop }
  - QueueName: orders-dead
topics:
  - TopicName: placed
    DisplayName: Placed
subscriptions:
  - TopicArn: arn:aws:sns:\${AWS::Region}:\${AWS::AccountId}:placed
    Protocol: sqs
    Endpoint: arn:aws:sqs:\${AWS::Region}:\${AWS::AccountId}:orders
    RawMessageDelivery: true
    FilterPolicy: { kind: [book] }
streams:
  - { Name: clicks, ShardCount: 2, RetentionPeriodHours: 48 }
buses:
  - Name: shop
rules:
  - Name: big
    EventBusName: shop
    EventPattern: { source: [shop] }
    Targets: [{ Id: q, Arn: "arn:aws:sqs:\${AWS::Region}:\${AWS::AccountId}:orders" }]
schedules:
  - Name: nightly
    ScheduleExpression: rate(1 day)
    Target: { Arn: "arn:aws:sqs:\${AWS::Region}:\${AWS::AccountId}:orders", RoleArn: "arn:aws:iam::\${AWS::AccountId}:role/r", Input: { a: 1 } }
stateMachines:
  - StateMachineName: flow
    Definition: { StartAt: P, States: { P: { Type: Pass, End: true } } }
`;

describe("a resource file", () => {
  it("is applied before the server says that it is ready, and again after a restart", async () => {
    const root = await files({ "busbar.yaml": shop });
    const data = join(root, "data");
    for (const visibility of ["45", "60"]) {
      await writeFile(
        join(root, "busbar.yaml"),
        shop.replace("VisibilityTimeout: 45", `VisibilityTimeout: ${visibility}`),
      );
      const cli = await startCli(["--init", join(root, "busbar.yaml"), "--data-dir", data]);
      const { body } = await get(cli, "/_busbar/state");
      expect(body["tables"]).toMatchObject({
        "sqs.queues": 2,
        "sns.topics": 1,
        "sns.subscriptions": 1,
        "kinesis.streams": 1,
        "states.machines": 1,
        "scheduler.schedules": 1,
      });
      const { GetQueueAttributesCommand, SQSClient } = await import("@aws-sdk/client-sqs");
      const credentials = { accessKeyId: "x", secretAccessKey: "x" };
      const sqs = new SQSClient({ endpoint: cli.endpoint, region: "us-east-1", credentials });
      const QueueUrl = `${cli.endpoint}/000000000000/orders`;
      const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }));
      expect(Attributes).toMatchObject({
        VisibilityTimeout: visibility,
        RedrivePolicy: expect.stringContaining("orders-dead"),
      });
      cli.kill("SIGTERM");
      expect((await cli.ended).code).toBe(0);
    }
  });

  it("that cannot be applied ends the start with the entry's name", async () => {
    const root = await files({
      "wrong.yaml": "queues:\n  - QueueName: a b\n",
      "unknown.yaml": "tables: []\n",
      "broken.yaml": "queues: [",
      "nameless.yaml": "streams: [{ ShardCount: 1 }]",
    });
    const failures: Record<string, RegExp> = {
      "wrong.yaml": /wrong\.yaml: queues\[0\]: InvalidParameterValue/,
      "unknown.yaml": /unknown\.yaml has tables; what it can have is queues, /,
      "broken.yaml": /The resources in .*broken\.yaml cannot be read/,
      "nameless.yaml": /streams\[0\]: it needs StreamName or Name\./,
    };
    for (const [name, message] of Object.entries(failures)) {
      const { code, stderr } = await runCli(["--init", join(root, name), "--port", "0"]);
      expect(stderr).toMatch(message);
      expect(code).toBe(1);
    }
    const missing = await runCli(["--init", join(root, "none.yaml")]);
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining("is not there") });
  });

  it("can be given to createBusbar, as a file or as an object", async () => {
    const root = await files({ "busbar.yaml": shop });
    const bus = await createBusbar({
      port: false,
      account: "111122223333",
      region: "eu-west-1",
      resources: join(root, "busbar.yaml"),
    });
    expect(bus.sqs.messages("arn:aws:sqs:eu-west-1:111122223333:orders")).toEqual([]);
    expect(bus.kinesis.records("clicks")).toHaveLength(2);
    await bus.close();
    const resources: Resources = { queues: [{ QueueName: "q" }] };
    const other = await createBusbar({ port: false, resources });
    expect(other.sqs.messages("q")).toEqual([]);
    await other.close();
    await expect(createBusbar({ port: false, resources: { queues: [{}] } })).rejects.toThrow(
      "resources: queues[0]: it needs QueueName.",
    );
    await expect(createBusbar({ resources: [] as never })).rejects.toThrow(RangeError);
  });
});

describe("hooks", () => {
  it("run in their stages, can call the server and are reported", async () => {
    const root = await files({
      "init/boot.d/01.sh": `#!/bin/sh\necho "boot $AWS_REGION" >>"$TRACE"\n`,
      "init/start.d/01-queue.mjs": `export default async (bus) => {
        const { appendFile } = await import("node:fs/promises");
        await appendFile(process.env.TRACE, "start " + Object.keys(bus.clientConfig()).includes("endpoint") + "\\n");
      };\n`,
      "init/ready.d/01-first.sh": `#!/bin/sh\nset -e\nawslocal sqs create-queue --queue-name q >>"$TRACE"\nif [ -n "$AWS_ENDPOINT_URL" ]; then echo "ready $AWS_ACCESS_KEY_ID" >>"$TRACE"; fi\n`,
      "init/ready.d/02-fails.sh": "exit 3\n",
      "init/ready.d/03-bash.sh": `#!/usr/bin/env bash\n[[ 1 == 1 ]] && echo "last" >>"$TRACE"\n`,
      "init/shutdown.d/01.sh": `echo "shutdown" >>"$TRACE"\n`,
      "bin/aws": `#!/bin/sh\necho "aws $*"\n`,
    });
    await chmod(join(root, "bin/aws"), 0o755);
    const TRACE = join(root, "trace");
    const env = { TRACE, PATH: `${join(root, "bin")}:${process.env["PATH"]}` };
    const cli = await startCli(["--init", join(root, "init"), "--default-region", "eu-west-1"], env);
    await until(() => isReady(cli));
    const trace = async () => (await readFile(TRACE, "utf8")).trim().split("\n");
    const endpoint = `http://localhost:${cli.port}`;
    expect(await trace()).toEqual([
      "boot eu-west-1",
      "start true",
      `aws --endpoint-url ${endpoint} sqs create-queue --queue-name q`,
      "ready 000000000000",
      "last",
    ]);
    expect((await get(cli, "/_localstack/init")).body).toEqual({
      completed: { BOOT: true, START: true, READY: true, SHUTDOWN: false },
      scripts: [
        { stage: "BOOT", name: "01.sh", state: "SUCCESSFUL" },
        { stage: "START", name: "01-queue.mjs", state: "SUCCESSFUL" },
        { stage: "READY", name: "01-first.sh", state: "SUCCESSFUL" },
        { stage: "READY", name: "02-fails.sh", state: "ERROR" },
        { stage: "READY", name: "03-bash.sh", state: "SUCCESSFUL" },
        { stage: "SHUTDOWN", name: "01.sh", state: "UNKNOWN" },
      ],
    });
    cli.kill("SIGTERM");
    const { code, stdout } = await cli.ended;
    expect(code).toBe(0);
    expect(stdout).toMatch(/02-fails\.sh failed: it ended with code 3\./);
    expect(stdout).toMatch(/^Ready\.$/m);
    expect((await trace()).at(-1)).toBe("shutdown");
  });

  it("find the installed AWS CLI, also as awslocal, with LocalStack's defaults", async () => {
    const root = await files({
      "ready.d/shop.sh": `#!/bin/sh
set -e
command -v aws >/dev/null || { echo "AWS CLI not installed: not run"; exit 0; }
awslocal sqs create-queue --queue-name orders
awslocal sns create-topic --name placed
export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=us-east-1
aws --endpoint-url="http://$LOCALSTACK_HOSTNAME:$EDGE_PORT" sns subscribe --protocol sqs \\
  --topic-arn arn:aws:sns:us-east-1:000000000000:placed --notification-endpoint arn:aws:sqs:us-east-1:000000000000:orders
`,
    });
    const cli = await startCli(["--init", root]);
    await until(() => isReady(cli));
    const { body } = await get(cli, "/_busbar/state");
    cli.kill("SIGTERM");
    const { stdout } = await cli.ended;
    if (stdout.includes("not run")) return console.log("AWS CLI not installed: not run");
    expect(body["tables"]).toMatchObject({ "sqs.queues": 1, "sns.topics": 1, "sns.subscriptions": 1 });
  });

  it("call this server even with an AWS CLI that reads no endpoint from its environment, unless they name another", async () => {
    const root = await files({
      "bin/aws": `#!/bin/sh\necho "called: $*"\n`,
      "ready.d/shop.sh": `aws sqs list-queues
awslocal sns list-topics
AWS_ENDPOINT_URL_S3=http://minio aws s3 ls
AWS_ENDPOINT_URL_S3=http://minio awslocal s3 ls
AWS_ENDPOINT_URL= aws sts get-caller-identity
`,
    });
    await chmod(join(root, "bin/aws"), 0o755);
    const cli = await startCli(["--init", root], { PATH: `${join(root, "bin")}:${process.env["PATH"]}` });
    await until(() => isReady(cli));
    cli.kill("SIGTERM");
    const { stdout } = await cli.ended;
    expect(stdout.match(/(?<=^called: ).*/gm)).toEqual([
      `--endpoint-url ${cli.endpoint} sqs list-queues`,
      `--endpoint-url ${cli.endpoint} sns list-topics`,
      "s3 ls",
      `--endpoint-url ${cli.endpoint} s3 ls`,
      "sts get-caller-identity",
    ]);
  });

  it("are also found in /etc/localstack/init", async () => {
    const stages = ["boot", "start", "ready", "shutdown"];
    const root = await files({
      ...Object.fromEntries(stages.map((stage) => [`etc/localstack/init/${stage}.d/1.sh`, `echo "hook ${stage}"\n`])),
      // The machine's /etc is not changed: this process and its children see a copy with one more directory.
      "start.sh": `set -e
cd "$(dirname "$0")"
mkdir copy
mount -t tmpfs none copy
cp -a /etc/. copy/
cp -a etc/. copy/
mount --bind copy /etc
exec "$@"
`,
    });
    const args = ["--mount", "sh", join(root, "start.sh"), process.execPath, cliFile, "--port", "0"];
    const server = spawn("unshare", args, {
      env: { PATH: process.env["PATH"] ?? "" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    for (const stream of [server.stdout, server.stderr]) stream.on("data", (chunk) => (said += chunk));
    const code = await new Promise((done) => {
      server.once("error", () => done("there is no unshare"));
      server.once("close", done);
      server.stdout.on("data", () => said.includes("Ready.\n") && !server.killed && server.kill("SIGTERM"));
    });
    if (!said.includes("Busbar")) return console.log(`no mount namespace can be made here: not run (${code} ${said})`);
    expect([code, said.match(/hook \w+/g)]).toEqual([0, stages.map((stage) => `hook ${stage}`)]);
  });

  it("delay readiness, but not liveness", async () => {
    const root = await files({
      "slow.sh": `until [ -e "$GATE" ]; do sleep 0.05; done\n`,
    });
    const GATE = join(root, "gate");
    const cli = await startCli(["--init", join(root, "slow.sh")], { GATE });
    expect(await get(cli, "/_busbar/health")).toMatchObject({ status: 503, body: { status: "starting" } });
    expect((await get(cli, "/_localstack/health")).body).toMatchObject({ services: { sqs: "running" } });
    expect((await get(cli, "/_localstack/init/ready")).body).toMatchObject({
      completed: false,
      scripts: [{ state: "RUNNING" }],
    });
    await writeFile(GATE, "");
    await until(() => isReady(cli));
  });

  it("in TypeScript run if Node can read it, and otherwise say that it cannot", async () => {
    const root = await files({
      "hook.ts": `export default async (bus: { endpoint: string }): Promise<void> => console.log("typed", bus.endpoint);\n`,
    });
    const cli = await startCli(["--init", join(root, "hook.ts")]);
    await until(() => isReady(cli));
    cli.kill("SIGTERM");
    const { stdout } = await cli.ended;
    expect(stdout).toMatch(
      (process.features as { typescript?: unknown }).typescript
        ? /^typed http/m
        : /TypeScript is run by Node 22\.18 and newer/,
    );
  });
});

describe("variables of LocalStack", () => {
  it("are understood, or reported on a line", async () => {
    const cli = await startCli(["--port", "0"], {
      GATEWAY_LISTEN: "127.0.0.1:1",
      LOCALSTACK_HOST: "stack.example:4566",
      PERSISTENCE: "1",
      SERVICES: "sqs,sns",
    });
    const { request } = await import("node:http");
    const status = await new Promise((resolve, reject) => {
      const asked = request(`${cli.endpoint}/_busbar/health`, { headers: { host: "stack.example:4566" } }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      });
      asked.on("error", reject).end();
    });
    expect(status).toBe(200);
    cli.kill("SIGTERM");
    const { stdout } = await cli.ended;
    expect(stdout).toContain("PERSISTENCE is LocalStack's and does nothing here: keep state with --data-dir");
    expect(stdout).toContain("SERVICES is LocalStack's");
    const busy = await runCli([], { GATEWAY_LISTEN: "127.0.0.1:99999" });
    expect(busy.stderr).toMatch(/the port must be a whole number/);
  });
});

it("a directory for S3 that does not exist is refused", async () => {
  const { code, stderr } = await runCli(["--s3-root", join(directory, "none")]);
  expect([code, stderr]).toEqual([2, expect.stringMatching(/--s3-root must be a directory, but .*none is not one\./)]);
});
