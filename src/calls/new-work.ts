/** What is refused when memory is short: operations that make more of it used, with the throttling error of their service. */
import { AwsError } from "../../protocols/error.ts";
import type { ServiceModel } from "../../protocols/schema.ts";

/** Answers to tasks let executions end; SubscribeToShard reads. */
const newWork =
  /^(Add|Assume|Create|Enable|Generate|Import|Invoke|Merge|PostToConnection|Publish|Put|Redrive|Register|Reimport|Send(?!Task)|Split|Start|Subscribe(?!ToShard)|Tag)/;

/** Whether an operation makes something that stays. */
export function isNewWork(operation: string): boolean {
  return newWork.test(operation);
}

/** The names services have for it, in their models or, for the last, without one. */
const throttlingNames = [
  "RequestThrottled",
  "ThrottledException",
  "ProvisionedThroughputExceededException",
  "ThrottlingException",
  "TooManyRequestsException",
] as const;

/** The service's answer to clients that ask for too much; SDKs try again, a little later each time. */
export function outOfMemory(service: ServiceModel): AwsError {
  const message = "Rate exceeded: Busbar's memory is short, its log says how much there is.";
  for (const name of throttlingNames) {
    const schema = service.errors.get(name);
    if (schema !== undefined) return AwsError.of(schema, message);
  }
  return AwsError.unmodeled({ name: "ThrottlingException", queryCode: "Throttling", message });
}
