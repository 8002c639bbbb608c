/** The possible event sources. */
import { parseArn } from "../../../calls/arn.ts";

export interface SourcePlace {
  readonly kind: "sqs" | "kinesis";
  readonly fifo: boolean;
  /** ARN of the queue or stream itself; a consumer reads its stream. */
  readonly arn: string;
  readonly isConsumer: boolean;
}

/** Undefined for anything but a queue, a stream or a stream's consumer. */
export function sourcePlace(source: string): SourcePlace | undefined {
  const { service, resource = "" } = parseArn(source) ?? {};
  if (service === "sqs") {
    return { kind: "sqs", fifo: resource.endsWith(".fifo"), arn: source, isConsumer: false };
  }
  if (service !== "kinesis" || !resource.startsWith("stream/")) return undefined;
  const [, name = "", consumer] = resource.split("/");
  const arn = `${source.slice(0, source.length - resource.length)}stream/${name}`;
  return { kind: "kinesis", fifo: false, arn, isConsumer: consumer === "consumer" };
}
