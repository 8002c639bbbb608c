/** Unmodified clients that get the endpoint only from `AWS_ENDPOINT_URL`. */
import { execFile } from "node:child_process";
import { accessSync, constants, realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Busbar, createBusbar } from "../../src/index.ts";

const run = promisify(execFile);

let bus: Busbar;
let endpoint: string;

beforeAll(async () => {
  bus = await createBusbar();
  endpoint = bus.endpoint.replace("127.0.0.1", "localhost");
});
afterAll(() => bus.close());

/** The environment without anything that could name another endpoint. */
function environment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !/^(AWS_|.*_proxy$)/i.test(entry[0]),
  );
  return {
    ...Object.fromEntries(kept),
    AWS_ACCESS_KEY_ID: "111122223333",
    AWS_SECRET_ACCESS_KEY: "any",
    AWS_REGION: "eu-central-1",
    AWS_DEFAULT_REGION: "eu-central-1",
    AWS_CONFIG_FILE: join(tmpdir(), "busbar-no-such-config"),
    AWS_SHARED_CREDENTIALS_FILE: join(tmpdir(), "busbar-no-such-credentials"),
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_PAGER: "",
    AWS_ENDPOINT_URL: endpoint,
  };
}

/** Every different `aws` on the PATH. */
function installedClis(): string[] {
  const found = new Map<string, string>();
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    const file = join(folder, "aws");
    try {
      accessSync(file, constants.X_OK);
      if (!found.has(realpathSync(file))) found.set(realpathSync(file), file);
    } catch {
      // Not in this folder.
    }
  }
  return [...found.values()];
}

/** The CLI reads AWS_ENDPOINT_URL from 1.29 and 2.13 on, but version 1 prefers a legacy host of SQS. */
function readsEndpointVariable(version: string, service: string): boolean {
  const [, major, minor] = /^aws-cli\/(\d+)\.(\d+)/.exec(version) ?? [];
  return major === "1" ? Number(minor) >= 29 && service !== "sqs" : Number(minor) >= 13;
}

const clis = installedClis();
if (clis.length === 0) console.log("AWS CLI not installed: not run");

for (const cli of clis) {
  it(`the AWS CLI at ${cli} uses a queue from end to end`, async () => {
    const { stdout: version } = await run(cli, ["--version"], { env: environment() });
    const start = (args: readonly string[]) => {
      const endpointOption = readsEndpointVariable(version, args[0] as string) ? [] : ["--endpoint-url", endpoint];
      return run(cli, [...args, "--output", "json", ...endpointOption], { env: environment() });
    };
    const aws = async (...args: string[]): Promise<unknown> => {
      const { stdout } = await start(args);
      return stdout.trim() === "" ? undefined : JSON.parse(stdout);
    };
    const own = version.replace(/[^0-9]+/g, "-").slice(0, 20);
    const name = `cli${own}`;
    const url = `${endpoint}/111122223333/${name}`;
    const queue = ["--queue-url", url];

    expect(await aws("sts", "get-caller-identity")).toEqual({
      UserId: expect.stringMatching(/^AIDA[A-Z2-7]{17}$/),
      Account: "111122223333",
      Arn: "arn:aws:iam::111122223333:user/busbar",
    });
    expect(await aws("sqs", "create-queue", "--queue-name", name)).toEqual({ QueueUrl: url });
    await aws("sqs", "set-queue-attributes", ...queue, "--attributes", "VisibilityTimeout=45,DelaySeconds=0");
    expect(await aws("sqs", "get-queue-attributes", ...queue, "--attribute-names", "All")).toMatchObject({
      Attributes: {
        VisibilityTimeout: "45",
        QueueArn: `arn:aws:sqs:eu-central-1:111122223333:${name}`,
      },
    });
    const attributes = JSON.stringify({ Hello: { DataType: "String", StringValue: "There" } });
    const sent = (await aws(
      ...["sqs", "send-message", ...queue, "--message-body", "Grüße <&>"],
      ...["--message-attributes", attributes],
    )) as { MessageId: string };
    const received = (await aws(
      ...["sqs", "receive-message", ...queue, "--attribute-names", "All", "--message-attribute-names", "All"],
    )) as { Messages: { MessageId: string; Body: string; ReceiptHandle: string; MessageAttributes: object }[] };
    expect(received.Messages).toHaveLength(1);
    expect(received.Messages[0]).toMatchObject({
      MessageId: sent.MessageId,
      Body: "Grüße <&>",
      MessageAttributes: { Hello: { StringValue: "There", DataType: "String" } },
      Attributes: { ApproximateReceiveCount: "1" },
    });
    const handle = received.Messages[0]?.ReceiptHandle as string;
    await aws("sqs", "delete-message", ...queue, "--receipt-handle", handle);
    expect(await aws("sqs", "receive-message", ...queue)).toBeUndefined();

    const fifo = (await aws(
      ...["sqs", "create-queue", "--queue-name", `${name}.fifo`],
      ...["--attributes", "FifoQueue=true,ContentBasedDeduplication=true"],
    )) as { QueueUrl: string };
    const fifoQueue = ["--queue-url", fifo.QueueUrl];
    for (const body of ["first", "second", "first"]) {
      await aws("sqs", "send-message", ...fifoQueue, "--message-body", body, "--message-group-id", "g");
    }
    const ordered = (await aws(...["sqs", "receive-message", ...fifoQueue, "--max-number-of-messages", "10"])) as {
      Messages: { Body: string }[];
    };
    expect(ordered.Messages.map(({ Body }) => Body)).toEqual(["first", "second"]);

    const missing = await start(["sqs", "get-queue-url", "--queue-name", "nope"]).catch(
      (error: { stderr: string }) => error,
    );
    expect(missing.stderr).toContain("AWS.SimpleQueueService.NonExistentQueue");
    console.log(`${version.trim()}: run`);
  });
}

it("the SDK for JavaScript keeps every call local with just AWS_ENDPOINT_URL", async () => {
  const script = `
    import { SQS } from "@aws-sdk/client-sqs";
    import { STS } from "@aws-sdk/client-sts";
    const hosts = new Set();
    const watched = (client) => {
      client.middlewareStack.add((next) => (args) => {
        hosts.add(args.request.protocol + "//" + args.request.hostname + ":" + args.request.port);
        return next(args);
      }, { step: "finalizeRequest", priority: "low", name: "watch" });
      return client;
    };
    const sqs = watched(new SQS({}));
    const sts = watched(new STS({}));
    const { Account } = await sts.getCallerIdentity({});
    const { QueueUrl } = await sqs.createQueue({ QueueName: "from-sdk" });
    await sqs.sendMessage({ QueueUrl, MessageBody: "hello" });
    const { Messages } = await sqs.receiveMessage({ QueueUrl, WaitTimeSeconds: 20 });
    await sqs.deleteMessage({ QueueUrl, ReceiptHandle: Messages[0].ReceiptHandle });
    // The client follows a queue URL of another origin.
    const elsewhere = QueueUrl.replace("localhost", "127.0.0.1");
    const { Attributes } = await sqs.getQueueAttributes({ QueueUrl: elsewhere, AttributeNames: ["All"] });
    console.log(JSON.stringify({ Account, QueueUrl, body: Messages[0].Body, left: Attributes.ApproximateNumberOfMessages, hosts: [...hosts] }));
  `;
  const before = bus.requests().length;
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", script], {
    cwd: new URL("../..", import.meta.url),
    env: environment(),
  });
  expect(JSON.parse(stdout)).toEqual({
    Account: "111122223333",
    QueueUrl: `${endpoint}/111122223333/from-sdk`,
    body: "hello",
    left: "0",
    hosts: [endpoint, bus.endpoint],
  });
  const asked = bus.requests().slice(0, bus.requests().length - before);
  expect(asked.map(({ operation, region }) => `${operation} ${region}`).reverse()).toEqual(
    ["GetCallerIdentity", "CreateQueue", "SendMessage", "ReceiveMessage", "DeleteMessage", "GetQueueAttributes"].map(
      (operation) => `${operation} eu-central-1`,
    ),
  );
});
