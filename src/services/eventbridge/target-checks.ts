/** PutTargets' checks. */
import type { Target } from "@aws-sdk/client-eventbridge";
import type { FromWire } from "../../../protocols/blob.ts";
import { isJson } from "../../../protocols/unknown-json.ts";
import { invalidParameter, transforming, validation } from "./errors.ts";
import type { RuleRow } from "./tables.ts";
import { compileInput, compilePartitionKey } from "./target-input.ts";
import { type TargetPlace, targetPlace } from "./target-kinds.ts";

/** @throws AwsError ValidationException */
export function checkTarget(target: FromWire<Target>, rule: RuleRow): void {
  const id = target.Id as string;
  const arn = target.Arn as string;
  const place = targetPlace(arn);
  if (place === "malformed") throw invalidParameter(arn, "Provided Arn is not in correct format.");
  if (place === "unsupported") throw invalidParameter("Arn", "The service of the Arn cannot be a target.");
  checkRole(target, arn, place, rule);
  checkParameters(target, id, place);
  checkInput(target, id);
  checkDeadLetter(target.DeadLetterConfig?.Arn, rule);
}

function checkRole(target: FromWire<Target>, arn: string, place: TargetPlace, rule: RuleRow): void {
  // Writing to a bus elsewhere takes a role; to one in the rule's own account and region it does not.
  const elsewhere = place.kind === "bus" && (place.arn.account !== rule.account || place.arn.region !== rule.region);
  const role = elsewhere ? "required" : place.role;
  if (role === "required" && target.RoleArn === undefined) {
    throw validation(`RoleArn is required for target ${arn}.`);
  }
  if (role === "refused" && target.RoleArn !== undefined) {
    throw validation(`RoleArn is not supported for target ${arn}.`);
  }
}

function checkParameters(target: FromWire<Target>, id: string, place: TargetPlace): void {
  const fifo = place.kind === "sqs" && place.arn.resource.endsWith(".fifo");
  const needed = fifo ? "SqsParameters" : place.parameters;
  if (needed !== undefined && target[needed] === undefined) {
    throw validation(`Parameter(s) ${needed} must be specified for target: ${id}.`);
  }
  const { KinesisParameters: kinesis } = target;
  if (kinesis !== undefined) transforming(() => compilePartitionKey(kinesis.PartitionKeyPath as string));
}

function checkInput(target: FromWire<Target>, id: string): void {
  const given = [target.Input, target.InputPath, target.InputTransformer].filter((input) => input !== undefined);
  if (given.length > 1) {
    throw validation(`Only one of Input, InputPath, or InputTransformer must be provided for target ${id}.`);
  }
  // An empty input counts: it delivers nothing.
  if (target.Input !== undefined && target.Input !== "" && !isJson(target.Input)) {
    throw validation(
      `JSON syntax error in input for target ${id}: [Source: (String)"${target.Input}"; line: 1, column: 1]`,
    );
  }
  transforming(() => compileInput(target as Target));
}

function checkDeadLetter(arn: string | undefined, rule: RuleRow): void {
  if (arn === undefined) return;
  const [, , service, region, , ...name] = arn.split(":");
  if (service !== "sqs" || name.length !== 1) {
    throw invalidParameter("DeadLetterConfig.Arn", "Must contain an SQS queue ARN.");
  }
  if (name[0]?.endsWith(".fifo")) {
    throw invalidParameter("DeadLetterConfig.Arn", "FIFO queues are not supported as dead-letter queues.");
  }
  if (region !== rule.region) {
    throw invalidParameter("DeadLetterConfig.Arn", "The queue must be in the Region of the rule.");
  }
}
