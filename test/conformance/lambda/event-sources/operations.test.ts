/** The operations on event source mappings through the SDK. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EventSourcesEnvironment } from "../../../support/event-sources.ts";
import { refusal, refused } from "../../../support/refusal.ts";

const refusedAs = (message: string) => refusal("InvalidParameterValueException", message);

describe.each(["memory", "disk"] as const)("event source mappings, %s", (storage) => {
  let env: EventSourcesEnvironment;
  beforeAll(async () => {
    env = await EventSourcesEnvironment.start(storage);
  });
  afterAll(() => env.stop());

  it("of a queue are Creating, Enabled, Deleting and gone", async () => {
    const { arn } = await env.around.queue();
    const { name, arn: FunctionArn } = env.handler();
    const made = await env.lambda.createEventSourceMapping({ EventSourceArn: arn, FunctionName: name });
    expect(made).toMatchObject({
      State: "Creating",
      StateTransitionReason: "USER_INITIATED",
      EventSourceArn: arn,
      FunctionArn,
      BatchSize: 10,
      MaximumBatchingWindowInSeconds: 0,
      FunctionResponseTypes: [],
      EventSourceMappingArn: `arn:aws:lambda:us-east-1:000000000000:event-source-mapping:${made.UUID}`,
    });
    for (const member of ["StartingPosition", "ParallelizationFactor", "DestinationConfig", "LastProcessingResult"]) {
      expect(made).not.toHaveProperty(member);
    }
    await env.reaches(made.UUID as string, "Enabled");
    expect((await env.lambda.deleteEventSourceMapping({ UUID: made.UUID })).State).toBe("Deleting");
    await env.advance(0);
    const message = "The resource you requested does not exist.";
    expect(await refused(env.lambda.getEventSourceMapping({ UUID: made.UUID }))).toEqual(
      refusal("ResourceNotFoundException", message, 404),
    );
  });

  it("of a stream tell of what streams have", async () => {
    const { arn } = await env.around.stream();
    const { name } = env.handler();
    const made = await env.lambda.createEventSourceMapping({
      EventSourceArn: arn,
      FunctionName: name,
      StartingPosition: "TRIM_HORIZON",
      Enabled: false,
      Tags: { team: "orders" },
    });
    expect(made).toMatchObject({
      State: "Creating",
      StateTransitionReason: "User action",
      StartingPosition: "TRIM_HORIZON",
      BatchSize: 100,
      ParallelizationFactor: 1,
      MaximumRecordAgeInSeconds: -1,
      MaximumRetryAttempts: -1,
      BisectBatchOnFunctionError: false,
      TumblingWindowInSeconds: 0,
      DestinationConfig: { OnFailure: {} },
      LastProcessingResult: "No records processed",
    });
    await env.reaches(made.UUID as string, "Disabled");
    const { Tags } = await env.lambda.listTags({ Resource: made.EventSourceMappingArn });
    expect(Tags).toEqual({ team: "orders" });
    const enabling = await env.lambda.updateEventSourceMapping({ UUID: made.UUID, Enabled: true, BatchSize: 7 });
    expect(enabling).toMatchObject({ State: "Enabling", BatchSize: 7 });
    await env.reaches(made.UUID as string, "Enabled");
    const settled = await env.lambda.getEventSourceMapping({ UUID: made.UUID });
    expect((settled.LastModified as Date).getTime() % 60_000).toBe(0);
  });

  it("of a queue are Disabled at once, and change at once then", async () => {
    const { arn } = await env.around.queue();
    const { name } = env.handler();
    const { UUID, State } = await env.lambda.createEventSourceMapping({
      EventSourceArn: arn,
      FunctionName: name,
      Enabled: false,
      FilterCriteria: { Filters: [{ Pattern: '{"body":["a"]}' }] },
      ScalingConfig: { MaximumConcurrency: 5 },
    });
    expect(State).toBe("Disabled");
    const changed = await env.lambda.updateEventSourceMapping({
      UUID,
      BatchSize: 3,
      FilterCriteria: {},
      ScalingConfig: {},
    });
    expect(changed).toMatchObject({ State: "Disabled", BatchSize: 3 });
    expect(changed).not.toHaveProperty("FilterCriteria");
    expect(changed).not.toHaveProperty("ScalingConfig");
  });

  it("are listed by source and by function, page by page", async () => {
    const { arn } = await env.around.queue();
    const names = [env.handler().name, env.handler().name, env.handler().name];
    const uuids: string[] = [];
    for (const name of names) uuids.push(await env.map(arn, name, { Enabled: false }));
    const first = await env.lambda.listEventSourceMappings({ EventSourceArn: arn, MaxItems: 2 });
    const second = await env.lambda.listEventSourceMappings({
      EventSourceArn: arn,
      Marker: first.NextMarker as string,
    });
    const all = [...(first.EventSourceMappings ?? []), ...(second.EventSourceMappings ?? [])];
    expect(all.map(({ UUID }) => UUID)).toEqual(uuids);
    const own = await env.lambda.listEventSourceMappings({ FunctionName: names[1] });
    expect(own.EventSourceMappings?.map(({ UUID }) => UUID)).toEqual([uuids[1]]);
    const none = await env.lambda.listEventSourceMappings({ EventSourceArn: `${arn}-none`, FunctionName: "nobody" });
    expect(none.EventSourceMappings).toEqual([]);
    expect(await refused(env.lambda.listEventSourceMappings({ Marker: "x" }))).toEqual(
      refusedAs("Invalid pagination key."),
    );
  });

  it("may not be there twice", async () => {
    const { arn } = await env.around.queue();
    const { name } = env.handler();
    const UUID = await env.map(arn, name);
    expect(await refused(env.lambda.createEventSourceMapping({ EventSourceArn: arn, FunctionName: name }))).toEqual(
      refusal(
        "ResourceConflictException",
        `An event source mapping with SQS arn (" ${arn} ") and function (" ${name} ") already exists. Please update or delete the existing mapping with UUID ${UUID}`,
        409,
      ),
    );
  });

  it("refuse what their source has not", async () => {
    const { arn: queue } = await env.around.queue();
    const { arn: fifo } = await env.around.queue({ FifoQueue: "true" }, ".fifo");
    const { arn: stream } = await env.around.stream();
    const { name: FunctionName } = env.handler();
    const create = (more: object) => refused(env.lambda.createEventSourceMapping({ FunctionName, ...more }));
    expect(await create({})).toEqual(refusedAs("Unrecognized event source."));
    expect(await create({ EventSourceArn: queue, DestinationConfig: { OnFailure: {} } })).toEqual(
      refusedAs("Unsupported DestinationConfig parameter for given event source mapping type."),
    );
    expect(await create({ EventSourceArn: queue, FunctionName: "nobody" })).toEqual(
      refusedAs("Function does not exist"),
    );
    expect(await create({ EventSourceArn: `${queue}-none` })).toEqual(
      refusedAs(
        "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified queue does not exist.",
      ),
    );
    expect(await create({ EventSourceArn: `${stream}-none`, StartingPosition: "LATEST" })).toEqual(
      refusedAs(`Stream not found: ${stream}-none`),
    );
    expect(await create({ EventSourceArn: queue, BatchSize: 11 })).toEqual(
      refusedAs("Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"),
    );
    expect(await create({ EventSourceArn: fifo, MaximumBatchingWindowInSeconds: 1 })).toEqual(
      refusedAs("Batching window is not supported for FIFO queues."),
    );
    expect(await create({ EventSourceArn: queue, FilterCriteria: { Filters: [{ Pattern: "{" }] } })).toEqual(
      refusedAs("Invalid filter pattern definition."),
    );
    expect(await create({ EventSourceArn: queue, BatchSize: 10_001 })).toEqual(
      refusal(
        "ValidationException",
        "1 validation error detected: Value '10001' at 'batchSize' failed to satisfy constraint: Member must have value less than or equal to 10000",
      ),
    );
    for (const [config, value, least] of [
      ["ScalingConfig", "MaximumConcurrency", 2],
      ["ProvisionedPollerConfig", "MinimumPollers", 1],
    ] as const) {
      const member = `${config[0]?.toLowerCase()}${config.slice(1)}.${value[0]?.toLowerCase()}${value.slice(1)}`;
      expect(await create({ EventSourceArn: queue, [config]: { [value]: least - 1 } })).toEqual(
        refusal(
          "ValidationException",
          `1 validation error detected: Value '${least - 1}' at '${member}' failed to satisfy constraint: Member must have value greater than or equal to ${least}`,
        ),
      );
    }
    const Pattern = JSON.stringify({ body: ["x".repeat(4096)] });
    expect(await create({ EventSourceArn: queue, FilterCriteria: { Filters: [{ Pattern }] } })).toMatchObject({
      name: "ValidationException",
      message: expect.stringMatching(
        / at 'filterCriteria\.filters\.1\.member\.pattern' failed .* less than or equal to 4096$/,
      ),
    });
    const table = "arn:aws:dynamodb:us-east-1:000000000000:table/t/stream/2026-01-01T00:00:00.000";
    expect(await create({ EventSourceArn: table, StartingPosition: "LATEST" })).toEqual(
      refusedAs("Unrecognized event source. Busbar has no dynamodb sources: it drains SQS and Kinesis."),
    );
  });
});
