/** Rules of Pipes as AWS was recorded, or reported by its users, to follow them. */
import { deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import type { CreatePipeCommandInput, UpdatePipeCommandInput } from "@aws-sdk/client-pipes";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { functionArn, PipesEnvironment, pipeRole } from "../../support/pipes.ts";
import { refused } from "../../support/refusal.ts";
import { webServer } from "../../support/web-server.ts";

describe("what was recorded", () => {
  let env: PipesEnvironment;
  let destination: string;
  let bus: string;
  let answer: { headers: Record<string, string>; body: string | Uint8Array };
  const server = webServer(() => answer);
  const queue = (name: string) => `arn:aws:sqs:us-east-1:000000000000:${name}`;
  const stream = "arn:aws:kinesis:us-east-1:000000000000:stream/s";

  beforeAll(async () => {
    env = await PipesEnvironment.start();
    bus = "arn:aws:events:us-east-1:000000000000:event-bus/default";
    const { ConnectionArn } = await env.events.createConnection({
      Name: "c",
      AuthorizationType: "API_KEY",
      AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: "k", ApiKeyValue: "v" } },
    });
    const { ApiDestinationArn } = await env.events.createApiDestination({
      Name: "d",
      ConnectionArn,
      InvocationEndpoint: (await server).url,
      HttpMethod: "POST",
    });
    destination = ApiDestinationArn as string;
  });
  afterAll(async () => {
    await env.stop();
    await (await server).close();
  });

  const create = (more: Partial<CreatePipeCommandInput>) =>
    refused(
      env.pipes.createPipe({
        Name: env.name(),
        Source: queue("s"),
        Target: functionArn("f"),
        RoleArn: pipeRole,
        ...more,
      }),
    );
  const ofStream = (more: object) => ({
    Source: stream,
    SourceParameters: { KinesisStreamParameters: { StartingPosition: "LATEST", ...more } as never },
  });
  const ofQueue = (more: object) => ({ SourceParameters: { SqsQueueParameters: more } });
  const fields = (...given: [string, string][]) =>
    JSON.stringify({ ValidationErrorFields: given.map(([Name, Message]) => ({ Name, Message })) });

  it.each<[string, Partial<CreatePipeCommandInput>, string]>([
    [
      "a number that is too low",
      ofQueue({ BatchSize: 0 }),
      fields([
        "SourceParameters.SqsQueueParameters.BatchSize",
        "[numeric instance is lower than the required minimum (minimum: 1, found: 0)]",
      ]),
    ],
    [
      "numbers that are too high",
      ofStream({ BatchSize: 10_001, ParallelizationFactor: 11 }),
      fields(
        [
          "SourceParameters.KinesisStreamParameters.BatchSize",
          "[numeric instance is greater than the required maximum (maximum: 10000, found: 10001)]",
        ],
        [
          "SourceParameters.KinesisStreamParameters.ParallelizationFactor",
          "[numeric instance is greater than the required maximum (maximum: 10, found: 11)]",
        ],
      ),
    ],
    [
      "a text of another pattern",
      { RoleArn: "role" },
      fields([
        "RoleArn",
        '[ECMA 262 regex "arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z0-9+=,.@\\-_/]+" does not match input string "role"]',
      ]),
    ],
    [
      "a name of another pattern",
      { Name: "a b" },
      fields(["Name", '[ECMA 262 regex "[\\.\\-_A-Za-z0-9]+" does not match input string "a b"]']),
    ],
    [
      "another value than the enum has",
      { DesiredState: "ASLEEP" as "RUNNING" },
      fields([
        "DesiredState",
        '[instance value ("ASLEEP") not found in enum (possible values: ["RUNNING","STOPPED"])]',
      ]),
    ],
    [
      "a missing member",
      { RoleArn: undefined },
      fields(["RoleArn", '[object has missing required properties (["RoleArn"])]']),
    ],
  ])("%s is told in a schema checker's words", async (_, more, message) => {
    expect(await create(more)).toEqual({ name: "ValidationException", status: 400, message });
  });

  it("an update is checked so too", async () => {
    const { url, arn } = await env.queue();
    const target = await env.queue();
    const Name = await env.pipe(arn, target.arn);
    const update = (more: Partial<UpdatePipeCommandInput>) =>
      refused(env.pipes.updatePipe({ Name, RoleArn: pipeRole, ...more }));
    const { message } = await update({ SourceParameters: { SqsQueueParameters: { BatchSize: 0 } } });
    expect(message).toContain("[numeric instance is lower than the required minimum (minimum: 1, found: 0)]");
    await env.send(url, "still running");
    expect(await env.bodies(target.url)).toHaveLength(1);
  });

  it.each([
    [60, 60],
    [61, 60],
    [300, 120],
  ])("a window of %i s is not below a record age of %i s", async (window, age) => {
    const parameters = { MaximumBatchingWindowInSeconds: window, MaximumRecordAgeInSeconds: age };
    expect(await create(ofStream(parameters))).toMatchObject({
      name: "ValidationException",
      message: "MaximumBatchingWindowInSeconds must be less than MaximumRecordAgeInSeconds.",
    });
  });

  it("a window may have any length when records may have any age, or a greater one", async () => {
    for (const age of [undefined, -1, 301]) {
      const more = ofStream({ MaximumBatchingWindowInSeconds: 300, MaximumRecordAgeInSeconds: age });
      const Name = env.name();
      await env.pipes.createPipe({
        Name,
        Target: functionArn("f"),
        RoleArn: pipeRole,
        DesiredState: "STOPPED",
        ...more,
      });
    }
  });

  it.each<[string, number, number, () => Partial<CreatePipeCommandInput>]>([
    ["enrichment api-destination", 2, 1, () => ({ ...ofQueue({ BatchSize: 2 }), Enrichment: destination })],
    ["target api-destination", 5, 1, () => ({ ...ofQueue({ BatchSize: 5 }), Target: destination })],
    ["target sqs", 11, 10, () => ({ ...ofStream({ BatchSize: 11 }), Target: queue("t") })],
    ["target event-bus", 11, 10, () => ({ ...ofStream({ BatchSize: 11 }), Target: bus })],
  ])("a batch may be as large as %s takes", async (taker, size, most, more) => {
    expect(await create(more())).toMatchObject({
      name: "ValidationException",
      message: `The configured batch size ${size} is greater than the max supported batch size ${most} for ${taker}.`,
    });
  });

  const text = JSON.stringify({ enriched: "ü" });
  it.each<[string, string | Uint8Array]>([
    ["gzip", gzipSync(text)],
    ["x-gzip", gzipSync(text)],
    ["GZIP", gzipSync(text)],
    ["deflate", deflateSync(text)],
    ["deflate", deflateRawSync(text)],
    ["identity", text],
  ])("an enrichment's answer in %s counts as its text", async (coding, body) => {
    answer = { headers: { "Content-Encoding": coding, "Content-Type": "application/json" }, body };
    const source = await env.queue();
    const target = await env.queue();
    const more = { Enrichment: destination, SourceParameters: { SqsQueueParameters: { BatchSize: 1 } } };
    const Name = await env.pipe(source.arn, target.arn, more);
    await env.send(source.url, "x");
    await env.bus.settled();
    expect(await env.bodies(target.url)).toEqual([text]);
    expect((await server).heard.at(-1)?.headers["accept-encoding"]).toBe("gzip,deflate");
    await env.pipes.deletePipe({ Name });
  });
});
