/** The resource of a ResourceARN: a stream or one of its consumers. */
import type { OperationContext } from "../../calls/operation.ts";
import { checkMay } from "./access.ts";
import { resourceInUse, resourceNotFound } from "./errors.ts";
import { checkRegion, type Kinesis } from "./kinesis.ts";
import type { ConsumerRow, StreamRow } from "./tables.ts";

export interface Resource {
  readonly row: StreamRow | ConsumerRow;
  change(members: { tags?: Readonly<Record<string, string>>; policy?: string | undefined }): void;
}

/** @throws AwsError ResourceNotFoundException; for changes also ResourceInUseException while it is not ACTIVE. */
export function resourceOf(arn: string | undefined, context: OperationContext<Kinesis>): Resource {
  const { service } = context;
  if (arn !== undefined) checkRegion(arn, context);
  if (arn !== undefined && /\/consumer\//.test(arn)) {
    const consumer = service.consumers.get(arn);
    if (consumer === undefined) throw resourceNotFound(`Consumer ${arn} does not exist.`);
    checkMay(consumer, context);
    return {
      row: consumer,
      change(members) {
        if (consumer.status !== "ACTIVE") throw consumerNotActive(consumer);
        service.consumers.put({ ...consumer, ...members });
      },
    };
  }
  const stream = service.streamOf({ StreamARN: arn }, context);
  return {
    row: stream,
    change(members) {
      service.activeStreamOf({ StreamARN: arn }, context);
      service.streams.put({ ...stream, ...members });
    },
  };
}

function consumerNotActive(consumer: ConsumerRow): Error {
  const name = consumer.stream.split("/")[1];
  const epoch = Math.floor(consumer.createdMs / 1000);
  return resourceInUse(
    `Consumer ${consumer.name} with creation timestamp ${epoch} under stream ${name} and account ${consumer.account} is not in ACTIVE status.`,
  );
}
