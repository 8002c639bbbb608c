/** Enhanced fan-out: registered consumers and SubscribeToShard. */
import {
  DeregisterStreamConsumer$,
  type DeregisterStreamConsumerCommand,
  DescribeStreamConsumer$,
  type DescribeStreamConsumerCommand,
  ListStreamConsumers$,
  type ListStreamConsumersCommand,
  RegisterStreamConsumer$,
  type RegisterStreamConsumerCommand,
  SubscribeToShard$,
  type SubscribeToShardCommand,
} from "@aws-sdk/client-kinesis";
import type { OperationContext } from "../../calls/operation.ts";
import { takePage } from "../../calls/page.ts";
import { checkMay } from "./access.ts";
import { dryRun, invalidArgument, limitExceeded, resourceInUse, resourceNotFound } from "./errors.ts";
import { checkRegion, type Kinesis, operation, shardIndexIn, streamNameOf } from "./kinesis.ts";
import { readToken, writeToken } from "./next-token.ts";
import { counterOf } from "./positions.ts";
import { checkCreation } from "./shards.ts";
import { shownCreation } from "./shown.ts";
import type { ConsumerRow } from "./tables.ts";
import { checkTags } from "./tags.ts";

const maxConsumers = 20;
/** For on-demand streams of accounts with a throughput commitment. */
const maxCommittedConsumers = 50;
const maxCreating = 5;
const maxPerPage = 100;

export const registerStreamConsumer = operation<RegisterStreamConsumerCommand>(
  RegisterStreamConsumer$,
  (input, context) => {
    const { service } = context;
    const stream = service.dataStreamOf(input, context);
    const name = input.ConsumerName ?? "";
    const { account, region } = stream;
    const ofStream = service.consumers.by.stream;
    for (const _taken of ofStream.range(stream.arn, { gte: name, lte: name })) {
      throw resourceInUse(`Consumer ${name} under stream ${stream.name} already exists for account ${account}.`);
    }
    const committed = service.accounts.get(`${account} ${region}`)?.commitment === "ENABLED";
    const most = committed && stream.mode === "ON_DEMAND" ? maxCommittedConsumers : maxConsumers;
    if (ofStream.size(stream.arn) >= most) {
      throw limitExceeded(`Stream ${stream.name} under account ${account} cannot have more than ${most} consumers.`);
    }
    if (service.consumers.by.creating.size(stream.arn) >= maxCreating) {
      throw limitExceeded(
        `Stream ${stream.name} under account ${account} cannot have more than ${maxCreating} consumers in CREATING status.`,
      );
    }
    const { now } = service;
    const consumer: ConsumerRow = {
      arn: `${stream.arn}/consumer/${name}:${Math.floor(now / 1000)}`,
      account,
      stream: stream.arn,
      name,
      serial: service.deps.store.nextSerial(),
      createdMs: now,
      status: "CREATING",
      tags: checkTags({ name, account }, {}, input.Tags),
      policy: undefined,
    };
    service.lifecycle.changeConsumer(consumer);
    return { Consumer: shownConsumer(consumer) };
  },
);

export const deregisterStreamConsumer = operation<DeregisterStreamConsumerCommand>(
  DeregisterStreamConsumer$,
  (input, context) => {
    const { service } = context;
    const consumer = consumerOf(input, context);
    if (consumer.status === "DELETING") return;
    service.lifecycle.changeConsumer({ ...consumer, status: "DELETING" });
    service.deps.store.afterCommit(() => service.subscriptions.consumerDeleted(consumer));
  },
);

export const describeStreamConsumer = operation<DescribeStreamConsumerCommand>(
  DescribeStreamConsumer$,
  (input, context) => {
    const consumer = consumerOf(input, context);
    return { ConsumerDescription: { ...shownConsumer(consumer), StreamARN: consumer.stream } };
  },
);

export const listStreamConsumers = operation<ListStreamConsumersCommand>(ListStreamConsumers$, (input, context) => {
  const { service } = context;
  const stream = service.streamOf(input, context);
  checkCreation(stream, input.StreamCreationTimestamp);
  const { NextToken } = input;
  const place =
    NextToken === undefined ? undefined : readToken<{ serial: number; after: string }>(service, "consumers", NextToken);
  if (place !== undefined && place.serial !== stream.serial) throw invalidArgument("Invalid NextToken.");
  const rows = service.consumers.by.stream.range(stream.arn, place === undefined ? {} : { gt: place.after });
  const { items, more } = takePage(rows, Math.min(input.MaxResults ?? maxPerPage, maxPerPage));
  const next = { serial: stream.serial, after: items.at(-1)?.name ?? "" };
  return {
    Consumers: items.map(shownConsumer),
    NextToken: more ? writeToken(service, "consumers", next) : undefined,
  };
});

/** Returns a promise, so that it learns when the client leaves. */
export const subscribeToShard = operation<SubscribeToShardCommand>(SubscribeToShard$, async (input, context) => {
  const { service } = context;
  const arn = input.ConsumerARN ?? "";
  checkRegion(arn, context);
  const index = shardIndexIn(input.ShardId ?? "", { StreamARN: arn }, context);
  const consumer = service.consumers.get(arn);
  if (consumer === undefined) {
    const name = streamNameOf(arn);
    throw resourceNotFound(
      `Consumer ${input.ConsumerARN} of stream ${name} under account ${context.account} not found.`,
    );
  }
  const stream = service.dataStreamOf({ StreamARN: consumer.stream }, context);
  if (consumer.status !== "ACTIVE") {
    const epoch = Math.floor(consumer.createdMs / 1000);
    throw resourceInUse(
      `Consumer ${consumer.name} with creation timestamp ${epoch} under stream: ${stream.name} , account ${stream.account} is not in ACTIVE status.`,
    );
  }
  const shard = service.readableShard(stream, index);
  const { Type = "", SequenceNumber, Timestamp } = input.StartingPosition ?? {};
  const position = { type: Type, sequenceNumber: SequenceNumber, timestamp: Timestamp };
  const counter = counterOf(service, stream, shard, position, "SubscribeToShard");
  if (input.DryRun) throw dryRun("SubscribeToShard");
  const subscription = service.subscriptions.open(consumer, stream, shard, counter);
  const leave = () => subscription.end();
  context.signal.addEventListener("abort", leave, { once: true });
  if (context.signal.aborted) leave();
  return { EventStream: subscription };
});

interface ConsumerReference {
  readonly StreamARN?: string | undefined;
  readonly ConsumerName?: string | undefined;
  readonly ConsumerARN?: string | undefined;
}

/** By ARN, by stream and name, or by all three if they agree. */
function consumerOf(
  { StreamARN, ConsumerName, ConsumerARN }: ConsumerReference,
  context: OperationContext<Kinesis>,
): ConsumerRow {
  const { service } = context;
  if (ConsumerARN === undefined && (StreamARN === undefined || ConsumerName === undefined)) {
    throw invalidArgument("Either ConsumerARN, or both StreamARN and ConsumerName, must be provided.");
  }
  if (ConsumerARN !== undefined) {
    checkRegion(ConsumerARN, context);
    const consumer = service.consumers.get(ConsumerARN);
    if (consumer === undefined) {
      throw resourceNotFound(`Consumer ${ConsumerARN} under account ${context.account} not found.`);
    }
    const fits =
      (StreamARN === undefined || StreamARN === consumer.stream) &&
      (ConsumerName === undefined || ConsumerName === consumer.name);
    if (fits) {
      checkMay(consumer, context);
      return consumer;
    }
    throw invalidArgument("ConsumerARN, StreamARN and ConsumerName do not name the same consumer.");
  }
  const stream = service.streamOf({ StreamARN }, context);
  const name = ConsumerName as string;
  for (const consumer of service.consumers.by.stream.range(stream.arn, { gte: name, lte: name })) return consumer;
  throw resourceNotFound(`Consumer ${name} under stream ${stream.name} not found for account ${stream.account}.`);
}

function shownConsumer(consumer: ConsumerRow) {
  return {
    ConsumerName: consumer.name,
    ConsumerARN: consumer.arn,
    ConsumerStatus: consumer.status,
    ConsumerCreationTimestamp: shownCreation(consumer.createdMs),
  };
}
