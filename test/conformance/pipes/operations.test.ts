/** All ten operations: definitions, states, lists, tags, refusals. */
import type { CreatePipeCommandInput } from "@aws-sdk/client-pipes";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { functionArn, PipesEnvironment, pipeRole } from "../../support/pipes.ts";
import { refusal, refused } from "../../support/refusal.ts";

const queue = (name: string) => `arn:aws:sqs:us-east-1:000000000000:${name}`;
const streamArn = "arn:aws:kinesis:us-east-1:000000000000:stream/s";
const pipeArn = (name: string) => `arn:aws:pipes:us-east-1:000000000000:pipe/${name}`;

describe.each(["memory", "disk"] as const)("pipes, %s", (storage) => {
  let env: PipesEnvironment;
  let source: string;
  beforeAll(async () => {
    env = await PipesEnvironment.start(storage);
    source = (await env.queue()).arn;
  });
  afterAll(() => env.stop());

  const basic = (more: Partial<CreatePipeCommandInput> = {}): CreatePipeCommandInput => ({
    Name: "refused",
    Source: source,
    Target: queue("target"),
    RoleArn: pipeRole,
    ...more,
  });

  it("are created, and run a little later", async () => {
    const { $metadata, ...created } = await env.pipes.createPipe(basic({ Name: "plain" }));
    const six = {
      Arn: pipeArn("plain"),
      Name: "plain",
      DesiredState: "RUNNING",
      CreationTime: expect.any(Date),
      LastModifiedTime: expect.any(Date),
    };
    expect($metadata.httpStatusCode).toBe(200);
    expect(created).toEqual({ ...six, CurrentState: "CREATING" });
    await env.reaches("plain", "RUNNING");
    const { $metadata: _, ...described } = await env.pipes.describePipe({ Name: "plain" });
    expect(described).toEqual({
      ...six,
      CurrentState: "RUNNING",
      Source: source,
      SourceParameters: { SqsQueueParameters: { BatchSize: 10, MaximumBatchingWindowInSeconds: 0 } },
      Target: queue("target"),
      RoleArn: pipeRole,
    });
  });

  it("stop, start, and are deleted, each in its time", async () => {
    const Name = await env.pipe(source, queue("target"));
    expect(await env.pipes.stopPipe({ Name })).toMatchObject({ DesiredState: "STOPPED", CurrentState: "STOPPING" });
    await env.reaches(Name, "STOPPED");
    expect(await env.pipes.stopPipe({ Name })).toMatchObject({ CurrentState: "STOPPED" });
    expect(await env.pipes.startPipe({ Name })).toMatchObject({ DesiredState: "RUNNING", CurrentState: "STARTING" });
    await env.reaches(Name, "RUNNING");
    expect(await env.pipes.deletePipe({ Name })).toMatchObject({ DesiredState: "DELETED", CurrentState: "DELETING" });
    await env.bus.clock.advance(1);
    const missing = refusal("NotFoundException", `Pipe ${Name} does not exist.`, 404);
    expect(await refused(env.pipes.describePipe({ Name }))).toEqual(missing);
    expect(await refused(env.pipes.deletePipe({ Name }))).toEqual(missing);
    expect(await refused(env.pipes.startPipe({ Name }))).toEqual(missing);
    expect(await refused(env.pipes.stopPipe({ Name }))).toEqual(missing);
    expect(await refused(env.pipes.updatePipe({ Name, RoleArn: pipeRole }))).toEqual(missing);
  });

  it("may be created stopped", async () => {
    const Name = await env.pipe(source, queue("target"), { DesiredState: "STOPPED" }, "STOPPED");
    await env.pipes.updatePipe({ Name, RoleArn: pipeRole, Description: "still" });
    await env.reaches(Name, "STOPPED");
    await env.pipes.updatePipe({ Name, RoleArn: pipeRole, DesiredState: "RUNNING" });
    await env.reaches(Name, "RUNNING");
  });

  it("keep in an update what it leaves out, and clear what it empties", async () => {
    const Name = await env.pipe(source, queue("target"), {
      Description: "first",
      SourceParameters: {
        FilterCriteria: { Filters: [{ Pattern: '{"body":["x"]}' }] },
        SqsQueueParameters: { BatchSize: 5 },
      },
      Enrichment: functionArn("f"),
      EnrichmentParameters: { InputTemplate: "<$.body>" },
      TargetParameters: { InputTemplate: "<$.a>", SqsQueueParameters: { MessageGroupId: "g" } },
      KmsKeyIdentifier: "alias/key",
      LogConfiguration: {
        Level: "ERROR",
        CloudwatchLogsLogDestination: { LogGroupArn: "arn:aws:logs:us-east-1:000000000000:log-group:pipes" },
      },
      Tags: { a: "1" },
    });
    expect(await env.pipes.updatePipe({ Name, RoleArn: pipeRole, Description: "second" })).toMatchObject({
      CurrentState: "UPDATING",
    });
    await env.reaches(Name, "RUNNING");
    const once = await env.pipes.describePipe({ Name });
    expect(once).toMatchObject({
      Description: "second",
      Enrichment: functionArn("f"),
      SourceParameters: {
        FilterCriteria: { Filters: [{ Pattern: '{"body":["x"]}' }] },
        SqsQueueParameters: { BatchSize: 5 },
      },
      TargetParameters: { InputTemplate: "<$.a>", SqsQueueParameters: { MessageGroupId: "g" } },
      KmsKeyIdentifier: "alias/key",
      LogConfiguration: { Level: "ERROR" },
      Tags: { a: "1" },
    });
    await env.pipes.updatePipe({
      Name,
      RoleArn: pipeRole,
      SourceParameters: { FilterCriteria: { Filters: [] }, SqsQueueParameters: { MaximumBatchingWindowInSeconds: 2 } },
      Enrichment: "",
      Target: functionArn("g"),
      TargetParameters: { InputTemplate: "" },
      KmsKeyIdentifier: "",
    });
    await env.reaches(Name, "RUNNING");
    const twice = await env.pipes.describePipe({ Name });
    expect(twice.SourceParameters).toEqual({
      SqsQueueParameters: { BatchSize: 10, MaximumBatchingWindowInSeconds: 2 },
    });
    expect(twice.Target).toBe(functionArn("g"));
    for (const gone of ["Enrichment", "EnrichmentParameters", "TargetParameters", "KmsKeyIdentifier"] as const) {
      expect(twice[gone]).toBeUndefined();
    }
  });

  it("fail to start if the source does not exist, and say why", async () => {
    const Name = await env.pipe(queue("nowhere"), queue("target"), {}, "CREATE_FAILED");
    expect((await env.pipes.describePipe({ Name })).StateReason).toContain("does not exist");
    await env.sqs.createQueue({ QueueName: "nowhere" });
    await env.pipes.startPipe({ Name });
    await env.reaches(Name, "RUNNING");
    const stream = await env.pipe(
      streamArn,
      queue("target"),
      { SourceParameters: { KinesisStreamParameters: { StartingPosition: "LATEST" } } },
      "CREATE_FAILED",
    );
    expect((await env.pipes.describePipe({ Name: stream })).StateReason).toBe(
      "Stream not found. To resume processing please delete the pipe and create a new one.",
    );
    const { arn } = await env.stream();
    const DeadLetterConfig = { Arn: queue("no-dead-letters") };
    const dead = await env.pipe(
      arn,
      queue("target"),
      { SourceParameters: { KinesisStreamParameters: { StartingPosition: "LATEST", DeadLetterConfig } } },
      "CREATE_FAILED",
    );
    expect((await env.pipes.describePipe({ Name: dead })).StateReason).toBe(
      `Input parameter is invalid from the request due to : Error occurred while sending message to SQS queue: ${DeadLetterConfig.Arn}`,
    );
    const table = "arn:aws:dynamodb:us-east-1:000000000000:table/t/stream/2026-01-01T00:00:00.000";
    const other = await env.pipe(
      table,
      queue("target"),
      { SourceParameters: { DynamoDBStreamParameters: { StartingPosition: "LATEST" } } },
      "CREATE_FAILED",
    );
    expect((await env.pipes.describePipe({ Name: other })).StateReason).toContain("dynamodb");
  });

  it("show a stream's parameters with their defaults", async () => {
    const { arn } = await env.stream();
    const StartingPositionTimestamp = new Date("2026-02-01T00:00:00Z");
    const Name = await env.pipe(arn, functionArn("f"), {
      SourceParameters: {
        KinesisStreamParameters: { StartingPosition: "AT_TIMESTAMP", StartingPositionTimestamp, BatchSize: 7 },
      },
    });
    expect((await env.pipes.describePipe({ Name })).SourceParameters?.KinesisStreamParameters).toEqual({
      StartingPosition: "AT_TIMESTAMP",
      StartingPositionTimestamp,
      BatchSize: 7,
      MaximumBatchingWindowInSeconds: 0,
      MaximumRecordAgeInSeconds: -1,
      MaximumRetryAttempts: -1,
      ParallelizationFactor: 1,
    });
  });

  const kinesisSource = (more: object) => ({
    Source: streamArn,
    SourceParameters: { KinesisStreamParameters: { StartingPosition: "LATEST" as const, ...more } },
  });
  const sqsSource = (SqsQueueParameters: object) => ({ SourceParameters: { SqsQueueParameters } });
  const filter = (Pattern: string) => ({ SourceParameters: { FilterCriteria: { Filters: [{ Pattern }] } } });
  const invalid: [string, Partial<CreatePipeCommandInput>, RegExp][] = [
    ["source", { Source: "arn:aws:s3:::bucket" }, /Source/],
    ["target", { Target: "arn:aws:s3:us-east-1:000000000000:bucket" }, /Target/],
    ["SNS FIFO target", { Target: "arn:aws:sns:us-east-1:000000000000:t.fifo" }, /Target/],
    ["enrichment", { Enrichment: queue("q") }, /Enrichment/],
    [
      "missing stream parameters",
      { Source: streamArn },
      /^\{"ValidationErrorFields":\[\{"Name":"SourceParameters.KinesisStreamParameters","Message":"Missing required parameter\."\}\]\}$/,
    ],
    ["foreign source block", { SourceParameters: kinesisSource({}).SourceParameters }, /KinesisStreamParameters/],
    ["foreign target block", { TargetParameters: { KinesisStreamParameters: { PartitionKey: "k" } } }, /TargetParam/],
    ["missing partition key", { Target: streamArn }, /TargetParameters.KinesisStreamParameters/],
    ["FIFO target without group", { Target: queue("q.fifo") }, /MessageGroupId/],
    ["batch without window", { ...sqsSource({ BatchSize: 11 }), Target: functionArn("f") }, /Window/],
    [
      "FIFO batch",
      {
        ...sqsSource({ BatchSize: 11, MaximumBatchingWindowInSeconds: 1 }),
        Source: queue("q.fifo"),
        Target: functionArn("f"),
      },
      /FIFO/,
    ],
    ["batch beyond the target's", kinesisSource({ BatchSize: 11 }), /^The configured batch size 11 is greater than/],
    ["young record age", kinesisSource({ MaximumRecordAgeInSeconds: 59 }), /minimum: 60, found: 59/],
    ["missing timestamp", kinesisSource({ StartingPosition: "AT_TIMESTAMP" }), /Timestamp/],
    ["filter", filter("{"), /Event pattern is not valid/],
    ["filter operator", filter('{"body":[{"wildcard":"a*"}]}'), /Event pattern is not valid/],
    [
      "plain filter on data",
      {
        ...kinesisSource({}),
        SourceParameters: { ...kinesisSource({}).SourceParameters, ...filter('{"data":["x"]}').SourceParameters },
      },
      /data/,
    ],
    [
      "event source",
      {
        Target: "arn:aws:events:us-east-1:000000000000:event-bus/default",
        TargetParameters: { EventBridgeEventBusParameters: { Source: "aws.mine" } },
      },
      /Source/,
    ],
    ["path", { TargetParameters: { SqsQueueParameters: { MessageGroupId: "$.a[" } } }, /Invalid JSONPath/],
    ["template", { TargetParameters: { InputTemplate: "<aws.pipes.nonsense>" } }, /InputTemplate/],
    ["role", { RoleArn: "role" }, /"Name":"RoleArn","Message":"\[ECMA 262 regex .* does not match input string/],
    ["name", { Name: "a b" }, /"Name":"Name"/],
  ];
  it.each(invalid)("are refused for their %s", async (_what, more, message) => {
    const answer = await refused(env.pipes.createPipe(basic(more)));
    expect(answer).toMatchObject({ name: "ValidationException", status: 400 });
    expect(answer.message).toMatch(message);
  });

  it("have a name of their own, and rest before they change", async () => {
    await env.pipe(source, queue("target"), { Name: "taken" });
    expect(await refused(env.pipes.createPipe(basic({ Name: "taken" })))).toEqual(
      refusal("ConflictException", "Pipe taken already exists.", 409),
    );
    const strict = await PipesEnvironment.start("memory", { strict: true });
    const { arn } = await strict.queue();
    await strict.pipes.createPipe(basic({ Name: "slow", Source: arn }));
    for (const call of [
      strict.pipes.deletePipe({ Name: "slow" }),
      strict.pipes.stopPipe({ Name: "slow" }),
      strict.pipes.startPipe({ Name: "slow" }),
      strict.pipes.updatePipe({ Name: "slow", RoleArn: pipeRole }),
    ]) {
      expect(await refused(call)).toMatchObject({ name: "ConflictException", status: 409 });
    }
    await strict.bus.clock.advance("1m");
    await strict.reaches("slow", "RUNNING");
    await strict.stop();
  });

  it("are listed through every filter, page by page", async () => {
    const a = { Source: source, Target: queue("list-a") };
    const b = { Source: source, Target: functionArn("list-b"), Enrichment: functionArn("f") };
    await env.pipe(a.Source, a.Target, { Name: "list-1" });
    await env.pipe(b.Source, b.Target, { Name: "list-2", Enrichment: b.Enrichment });
    await env.pipe(a.Source, a.Target, { Name: "list-3", DesiredState: "STOPPED" }, "STOPPED");
    const names = async (filter: object) =>
      (await env.pipes.listPipes({ NamePrefix: "list-", ...filter })).Pipes?.map(({ Name }) => Name);
    expect(await names({})).toEqual(["list-1", "list-2", "list-3"]);
    expect(await names({ DesiredState: "STOPPED" })).toEqual(["list-3"]);
    expect(await names({ CurrentState: "RUNNING" })).toEqual(["list-1", "list-2"]);
    expect(await names({ SourcePrefix: "arn:aws:kinesis" })).toEqual([]);
    expect(await names({ TargetPrefix: "arn:aws:lambda" })).toEqual(["list-2"]);
    const first = await env.pipes.listPipes({ NamePrefix: "list-", Limit: 2 });
    expect(first.Pipes?.[1]).toEqual({
      Name: "list-2",
      Arn: pipeArn("list-2"),
      DesiredState: "RUNNING",
      CurrentState: "RUNNING",
      CreationTime: expect.any(Date),
      LastModifiedTime: expect.any(Date),
      ...b,
    });
    expect(await names({ NextToken: first.NextToken })).toEqual(["list-3"]);
    expect(await refused(env.pipes.listPipes({ NextToken: "x" }))).toMatchObject({ name: "ValidationException" });
  });

  it("carry tags", async () => {
    await env.pipe(source, queue("target"), { Name: "tagged", Tags: { a: "1" } });
    const resourceArn = pipeArn("tagged");
    await env.pipes.tagResource({ resourceArn, tags: { a: "2", b: "3" } });
    await env.pipes.untagResource({ resourceArn, tagKeys: ["b", "c"] });
    expect((await env.pipes.listTagsForResource({ resourceArn })).tags).toEqual({ a: "2" });
    const none = { resourceArn: pipeArn("none") };
    expect(await refused(env.pipes.listTagsForResource(none))).toMatchObject({ name: "NotFoundException" });
    expect(await refused(env.pipes.tagResource({ ...none, tags: { a: "1" } }))).toMatchObject({ status: 404 });
    expect(await refused(env.pipes.untagResource({ ...none, tagKeys: ["a"] }))).toMatchObject({ status: 404 });
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`k${i}`, "v"]));
    expect(await refused(env.pipes.tagResource({ resourceArn, tags: many }))).toMatchObject({ status: 400 });
  });
});

it("ends with a reset, of everything or of its account, and with nothing else", async () => {
  const env = await PipesEnvironment.start();
  for (const account of [undefined, "000000000000", "111122223333"]) {
    const [from, to] = [await env.queue(), await env.queue()];
    const Name = await env.pipe(from.arn, to.arn, { TargetParameters: { InputTemplate: "<$.body>" } });
    await env.bus.reset(account);
    if (account === "111122223333") {
      await env.send(from.url, "moved");
      expect(await env.bodies(to.url)).toEqual(["moved"]);
      continue;
    }
    expect(await refused(env.pipes.describePipe({ Name }))).toMatchObject({ status: 404 });
    await env.sqs.createQueue({ QueueName: from.arn.split(":")[5] as string });
    await env.send(from.url, "kept");
    expect(await env.counts(from.url)).toEqual([1, 0]);
  }
  await env.stop();
});
