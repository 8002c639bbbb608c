/**
 * Channels to S3: created, described, changed and deleted as AWS documents them. Nothing is delivered, since there is
 * no S3 here.
 */
import {
  CreateChannel$,
  type CreateChannelCommand,
  DeleteChannel$,
  type DeleteChannelCommand,
  DescribeChannel$,
  type DescribeChannelCommand,
  ListChannels$,
  type ListChannelsCommand,
  UpdateChannel$,
  type UpdateChannelCommand,
} from "@aws-sdk/client-kinesis";
import { formatArn } from "../../calls/arn.ts";
import type { OperationContext } from "../../calls/operation.ts";
import { takePage } from "../../calls/page.ts";
import { inStream, invalidArgument, resourceInUse, resourceNotFound, validation } from "./errors.ts";
import { checkRegion, type Kinesis, operation } from "./kinesis.ts";
import { checkChannelCount } from "./limits.ts";
import { readToken, writeToken } from "./next-token.ts";
import { shownCreation } from "./shown.ts";
import type { ChannelRow } from "./tables.ts";
import { checkTags } from "./tags.ts";

const maxPerPage = 100;
const freshnessSeconds = 300;
const onlyForS3 = new Set(["STRING", "BYTE_ARRAY"]);

export const createChannel = operation<CreateChannelCommand>(CreateChannel$, (input, context) => {
  const { service, account, region } = context;
  const name = input.ChannelName ?? "";
  const source = input.StreamConfigurationList?.[0];
  const stream = service.activeStreamOf({ StreamARN: source?.StreamARN }, context);
  if (stream.mode !== "ON_DEMAND") {
    throw validation(
      `Channels are only supported for streams with the on-demand capacity mode, not for ${inStream(stream)}.`,
    );
  }
  const arn = formatArn("kinesis", region, account, `channel/${name}`);
  if (service.channels.has(arn)) throw resourceInUse(`Channel ${name} under account ${account} already exists.`);
  checkChannelCount(service, account, region);
  const { S3DestinationConfiguration: s3, S3TablesDestinationConfiguration: tables } = input;
  if ((s3 === undefined) === (tables === undefined)) {
    throw invalidArgument(
      "Specify either S3DestinationConfiguration or S3TablesDestinationConfiguration, but not both.",
    );
  }
  const record = { RecordFormatType: "", ...source?.RecordConfiguration } as ChannelRow["record"];
  checkRecord(record, tables !== undefined);
  const id = service.deps.random.text(20, "abcdefghijklmnopqrstuvwxyz0123456789");
  const { Enabled = false, LogGroupName, LogStreamName } = input.LoggingConfiguration?.CloudWatchLogs ?? {};
  const channel: ChannelRow = {
    arn,
    account,
    region,
    name,
    id,
    serial: service.deps.store.nextSerial(),
    createdMs: service.now,
    status: "CREATING",
    roleArn: input.ServiceExecutionRoleARN ?? "",
    stream: stream.arn,
    streamCreatedMs: stream.createdMs,
    record,
    destinationType: tables === undefined ? "S3" : "S3_TABLES",
    destination: {
      DataFreshnessInSeconds: freshnessSeconds,
      // A bucket also takes what could not be delivered.
      ...(s3 && {
        DeadLetterQueueS3Configuration: {
          BucketARN: s3.StorageConfiguration?.BucketARN,
          ExpectedBucketOwner: s3.StorageConfiguration?.ExpectedBucketOwner,
          ErrorOutputPrefix: "error/",
        },
      }),
      ...(tables ?? s3),
    },
    encryption: input.EncryptionConfiguration as ChannelRow["encryption"],
    logging: {
      Enabled,
      LogGroupName: LogGroupName ?? `/aws/kinesis/${name}/${id}`,
      LogStreamName: LogStreamName ?? "DestinationDelivery",
    },
    tags: checkTags({ name, account }, {}, input.Tags),
  };
  service.lifecycle.changeChannel(channel);
  return { ChannelDescription: shownChannel(channel) };
});

export const describeChannel = operation<DescribeChannelCommand>(DescribeChannel$, (input, context) => ({
  ChannelDescription: shownChannel(channelOf(input.ChannelARN, context)),
}));

export const updateChannel = operation<UpdateChannelCommand>(UpdateChannel$, (input, context) => {
  const { service } = context;
  const channel = channelOf(input.ChannelARN, context);
  if (channel.status !== "ACTIVE") {
    throw resourceInUse(
      `Channel ${channel.name} under account ${channel.account} not ACTIVE, instead in state ${channel.status}`,
    );
  }
  const { S3DestinationConfiguration: s3, S3TablesDestinationConfiguration: tables } = input;
  if ((channel.destinationType === "S3" ? tables : s3) !== undefined) {
    throw invalidArgument(`The destination of channel ${channel.name} is of type ${channel.destinationType}.`);
  }
  const logs = input.LoggingConfiguration?.CloudWatchLogs;
  const changed: ChannelRow = {
    ...channel,
    status: "UPDATING",
    destination: { ...channel.destination, ...(s3 ?? tables) } as ChannelRow["destination"],
    logging: logs === undefined ? channel.logging : ({ ...channel.logging, ...logs } as ChannelRow["logging"]),
  };
  service.lifecycle.changeChannel(changed);
  return { ChannelDescription: shownChannel(changed) };
});

export const deleteChannel = operation<DeleteChannelCommand>(DeleteChannel$, (input, context) => {
  const channel = channelOf(input.ChannelARN, context);
  if (channel.status !== "DELETING") context.service.lifecycle.changeChannel({ ...channel, status: "DELETING" });
});

export const listChannels = operation<ListChannelsCommand>(ListChannels$, (input, context) => {
  const { service, account, region } = context;
  const place =
    input.NextToken === undefined ? undefined : readToken<{ after: string }>(service, "channels", input.NextToken);
  const wanted = input.StreamFilter?.map(({ StreamARN, StreamCreationTimestamp }) => ({
    arn: StreamARN,
    created: StreamCreationTimestamp && Math.floor(StreamCreationTimestamp.getTime() / 1000),
  }));
  const rows = service.channels.by.name.range(`${account} ${region}`, place === undefined ? {} : { gt: place.after });
  // An account has few channels, so a filter is cheaper than merging those of many streams.
  const matching = [...rows].filter(
    (channel) =>
      wanted === undefined ||
      wanted.some(
        ({ arn, created }) =>
          arn === channel.stream &&
          (created ?? Math.floor(channel.streamCreatedMs / 1000)) === Math.floor(channel.streamCreatedMs / 1000),
      ),
  );
  const { items, more } = takePage(matching, Math.min(input.MaxResults ?? maxPerPage, maxPerPage));
  return {
    ChannelSummaries: items.map((channel) => ({
      ...shownIdentity(channel),
      ChannelDestinationType: channel.destinationType,
      Streams: [{ StreamARN: channel.stream, StreamCreationTimestamp: shownCreation(channel.streamCreatedMs) }],
    })),
    NextToken: more ? writeToken(service, "channels", { after: items.at(-1)?.name ?? "" }) : undefined,
  };
});

function channelOf(arn: string | undefined, context: OperationContext<Kinesis>): ChannelRow {
  if (arn !== undefined) checkRegion(arn, context);
  const channel = context.service.channels.get(arn ?? "");
  if (channel !== undefined) return channel;
  throw resourceNotFound(`Channel ${arn} under account ${context.account} not found.`);
}

/** Streaming tables accept JSON with a schema; plain buckets accept formats without one. */
function checkRecord({ RecordFormatType, GSRSchemaARN }: ChannelRow["record"], tables: boolean): void {
  if (tables && onlyForS3.has(RecordFormatType)) {
    throw invalidArgument(
      `RecordFormatType ${RecordFormatType} is only supported for general purpose S3 destinations.`,
    );
  }
  if (!tables && RecordFormatType === "GSR_JSON") {
    throw invalidArgument("RecordFormatType GSR_JSON is only supported for streaming table destinations.");
  }
  if (tables && GSRSchemaARN === undefined) {
    throw invalidArgument("GSRSchemaARN is required when the destination is a streaming table.");
  }
}

function shownIdentity(channel: ChannelRow) {
  return {
    ChannelName: channel.name,
    ChannelARN: channel.arn,
    ChannelId: channel.id,
    ChannelStatus: channel.status,
    ChannelCreationTimestamp: shownCreation(channel.createdMs),
  };
}

function shownChannel(channel: ChannelRow) {
  const destination = channel.destination as never;
  return {
    ...shownIdentity(channel),
    ServiceExecutionRoleARN: channel.roleArn,
    StreamConfigurationList: [
      {
        StreamARN: channel.stream,
        StreamCreationTimestamp: shownCreation(channel.streamCreatedMs),
        RecordConfiguration: channel.record as never,
      },
    ],
    S3DestinationConfiguration: channel.destinationType === "S3" ? destination : undefined,
    S3TablesDestinationConfiguration: channel.destinationType === "S3_TABLES" ? destination : undefined,
    EncryptionConfiguration: channel.encryption as never,
    LoggingConfiguration: { CloudWatchLogs: channel.logging },
  };
}
