/**
 * boto3 and the AWS CLI, if they are installed: every resource type of our services is created, updated and deleted.
 */
import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { createBusbar } from "../../src/index.ts";
import { AwsCli, hasAwsCli } from "../support/aws-cli.ts";

const run = promisify(execFile);

const account = "111122223333";
const region = "eu-central-1";
const role = `arn:aws:iam::${account}:role/worker`;

function environment(endpoint: string): Record<string, string> {
  return {
    PATH: process.env["PATH"] ?? "",
    HOME: process.env["HOME"] ?? tmpdir(),
    AWS_ACCESS_KEY_ID: account,
    AWS_SECRET_ACCESS_KEY: "any",
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_CONFIG_FILE: join(tmpdir(), "busbar-no-such-config"),
    AWS_SHARED_CREDENTIALS_FILE: join(tmpdir(), "busbar-no-such-credentials"),
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_PAGER: "",
    AWS_ENDPOINT_URL: endpoint,
    // Old releases prefer legacy hosts of SQS to the endpoint.
    AWS_ENDPOINT_URL_SQS: endpoint,
  };
}

async function installed(command: string, ...args: string[]): Promise<boolean> {
  return run(command, args).then(
    () => true,
    () => false,
  );
}

/** Runs a script with boto3 and returns its output; undefined if boto3 is not installed. No response may be a 5xx. */
async function withBoto3(script: string): Promise<unknown> {
  if (!(await installed("python3", "-c", "import boto3"))) {
    console.log("boto3 is not installed: not tried with it");
    return undefined;
  }
  const bus = await createBusbar({ account, region });
  try {
    const endpoint = bus.endpoint.replace("127.0.0.1", "localhost");
    const path = join(import.meta.dirname, "boto3", script);
    const { stdout } = await run("python3", [path], { env: environment(endpoint) });
    expect(bus.requests().filter(({ status }) => status >= 500)).toEqual([]);
    return JSON.parse(stdout);
  } finally {
    await bus.close();
  }
}

it("boto3 creates, updates and deletes every resource type", async () => {
  const held = (await withBoto3("services.py")) as string[] | undefined;
  if (held !== undefined) expect(held.length).toBeGreaterThan(25);
});

it("every operation of the REST services is understood as boto3 sends it", async () => {
  const answered = (await withBoto3("operations.py")) as { called: number; failed: string[] } | undefined;
  if (answered === undefined) return;
  expect(answered.failed).toEqual([]);
  expect(answered.called).toBeGreaterThan(300);
});

/** The output of a command is selected by the CLI's own JMESPath. */
const commands: readonly (readonly [command: string, query?: string, answer?: unknown])[] = [
  ["sns create-topic --name t", "TopicArn", `arn:aws:sns:${region}:${account}:t`],
  [
    `sns set-topic-attributes --topic-arn arn:aws:sns:${region}:${account}:t --attribute-name DisplayName --attribute-value D`,
  ],
  [
    `sns get-topic-attributes --topic-arn arn:aws:sns:${region}:${account}:t`,
    "Attributes.[DisplayName,SubscriptionsConfirmed]",
    ["D", "0"],
  ],
  [`sns publish --topic-arn arn:aws:sns:${region}:${account}:t --message hello`, "length(MessageId)", 36],
  ["kinesis create-stream --stream-name s --shard-count 1"],
  ["kinesis wait stream-exists --stream-name s"],
  ["kinesis put-record --stream-name s --data aGk= --partition-key p", "ShardId", "shardId-000000000000"],
  ["kinesis describe-stream-summary --stream-name s", "StreamDescriptionSummary.StreamStatus", "ACTIVE"],
  ["events create-event-bus --name b", "EventBusArn", `arn:aws:events:${region}:${account}:event-bus/b`],
  [`events put-rule --name r --event-bus-name b --event-pattern {"source":["s"]}`],
  [
    `events put-targets --rule r --event-bus-name b --targets Id=1,Arn=arn:aws:sns:${region}:${account}:t`,
    "FailedEntryCount",
    0,
  ],
  ["events list-rules --event-bus-name b", "Rules[].Name", ["r"]],
  [
    `scheduler create-schedule --name n --schedule-expression at(2040-01-01T00:00:00) --flexible-time-window Mode=OFF --target Arn=arn:aws:sns:${region}:${account}:t,RoleArn=${role}`,
    "ScheduleArn",
    `arn:aws:scheduler:${region}:${account}:schedule/default/n`,
  ],
  ["scheduler list-schedules", "Schedules[].Name", ["n"]],
  [
    `pipes create-pipe --name p --role-arn ${role} --source arn:aws:kinesis:${region}:${account}:stream/s --source-parameters KinesisStreamParameters={StartingPosition=LATEST} --target arn:aws:sns:${region}:${account}:t`,
    "DesiredState",
    "RUNNING",
  ],
  ["pipes delete-pipe --name p", "Name", "p"],
  [
    `stepfunctions create-state-machine --name m --role-arn ${role} --definition {"StartAt":"A","States":{"A":{"Type":"Succeed"}}}`,
    "stateMachineArn",
    `arn:aws:states:${region}:${account}:stateMachine:m`,
  ],
  [
    `stepfunctions start-execution --name e --state-machine-arn arn:aws:states:${region}:${account}:stateMachine:m`,
    "executionArn",
    `arn:aws:states:${region}:${account}:execution:m:e`,
  ],
  [`stepfunctions delete-state-machine --state-machine-arn arn:aws:states:${region}:${account}:stateMachine:m`],
  ["scheduler delete-schedule --name n"],
  ["events remove-targets --rule r --event-bus-name b --ids 1", "FailedEntryCount", 0],
  ["events delete-rule --name r --event-bus-name b"],
  ["events delete-event-bus --name b"],
  ["kinesis delete-stream --stream-name s"],
  [`sns delete-topic --topic-arn arn:aws:sns:${region}:${account}:t`],
];

it("the AWS CLI creates, shows and deletes them too", async () => {
  if (!(await hasAwsCli())) {
    console.log("python3 has no AWS CLI to import: not tried with it");
    return;
  }
  const bus = await createBusbar({ account, region });
  const cli = new AwsCli(bus.endpoint.replace("127.0.0.1", "localhost"), account, region);
  try {
    for (const [command, query, answer] of commands) {
      const answered = await cli.answer([...command.split(" "), ...(query === undefined ? [] : ["--query", query])]);
      if (query !== undefined) expect([command, answered]).toEqual([command, answer]);
    }
  } finally {
    cli.end();
    await bus.close();
  }
});
