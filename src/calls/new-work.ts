/**
 * Operations refused when memory is short, because they make the process use more, with their service's throttling
 * error.
 */
import { AwsError } from "../../protocols/error.ts";
import type { ServiceModel } from "../../protocols/schema.ts";

/** SendTask* operations let executions end, and SubscribeToShard reads; neither counts. */
const newWork =
  /^(Add|Assume|Create|Enable|Generate|Import|Invoke|Merge|PostToConnection|Publish|Put|Redrive|Register|Reimport|Send(?!Task)|Split|Start|Subscribe(?!ToShard)|Tag)/;

/** Whether an operation creates something that stays. */
export function isNewWork(operation: string): boolean {
  return newWork.test(operation);
}

/** The names of services' throttling errors; the last one is not modelled. */
const throttlingNames = [
  "RequestThrottled",
  "ThrottledException",
  "ProvisionedThroughputExceededException",
  "ThrottlingException",
  "TooManyRequestsException",
] as const;

/** The service's throttling error; SDKs retry it with back-off. */
export function outOfMemory(service: ServiceModel): AwsError {
  const message = "Rate exceeded: Busbar's memory is short, its log says how much there is.";
  for (const name of throttlingNames) {
    const schema = service.errors.get(name);
    if (schema !== undefined) return AwsError.of(schema, message);
  }
  return AwsError.unmodeled({ name: "ThrottlingException", queryCode: "Throttling", message });
}
