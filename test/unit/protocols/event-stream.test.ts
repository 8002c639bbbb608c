import { KinesisClient, ResourceInUseException$, SubscribeToShardCommand } from "@aws-sdk/client-kinesis";
import { HttpResponse } from "@smithy/core/protocols";
import { describe, expect, it } from "vitest";
import { AwsError } from "../../../protocols/error.ts";
import { codec, REQUEST_ID, request } from "../../support/wire.ts";

const RECORD = { Data: new Uint8Array([1, 2, 3]), PartitionKey: "p", SequenceNumber: "1" };
const EVENT = { SubscribeToShardEvent: { Records: [RECORD], ContinuationSequenceNumber: "1", MillisBehindLatest: 0 } };

async function subscribe(events: () => AsyncGenerator<object>) {
  const client = new KinesisClient({
    region: "us-east-1",
    endpoint: "http://localhost:4566",
    credentials: { accessKeyId: "a", secretAccessKey: "b" },
    requestHandler: {
      handle: async () => {
        const output = { EventStream: events() };
        const { headers, body } = codec("awsJson1_1", "kinesis", "SubscribeToShard").encode(
          output,
          REQUEST_ID,
          request({}),
        );
        return { response: new HttpResponse({ statusCode: 200, headers, body }) };
      },
    },
  });
  return client.send(
    new SubscribeToShardCommand({ ConsumerARN: "c", ShardId: "s", StartingPosition: { Type: "LATEST" } }),
  );
}

describe("SubscribeToShard's event stream", () => {
  it("opens with the initial response and carries events the SDK reads", async () => {
    const { EventStream } = await subscribe(async function* () {
      yield EVENT;
      yield EVENT;
    });
    const seen = [];
    for await (const event of EventStream ?? []) seen.push(event);
    expect(seen).toEqual([EVENT, EVENT]);
  });

  it("ends with the modelled error that the stream throws", async () => {
    const { EventStream } = await subscribe(async function* () {
      yield EVENT;
      throw AwsError.of(ResourceInUseException$, "Taken over");
    });
    const read = async () => {
      for await (const event of EventStream ?? []) expect(event).toEqual(EVENT);
    };
    await expect(read()).rejects.toMatchObject({ name: "ResourceInUseException", message: "Taken over" });
  });
});
