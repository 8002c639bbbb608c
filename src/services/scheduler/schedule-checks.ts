/** Checks by CreateSchedule and UpdateSchedule beyond the model's constraints. */
import type { CreateScheduleInput } from "@aws-sdk/client-scheduler";
import type { FromWire } from "../../../protocols/blob.ts";
import { parseArn } from "../../calls/arn.ts";
import type { ServiceDependencies } from "../../calls/service.ts";
import { InvalidSchedule, isTimeZone, parseSchedule, type Schedule } from "../../events/schedule/index.ts";
import { validation } from "./errors.ts";
import type { ScheduleDefinition, TargetSpec } from "./tables.ts";
import { isTargetService, parameterBlocks, targetKind, universalTarget } from "./targets.ts";
import { canBeCalled } from "./universal-actions.ts";

const earliestStartMs = 5 * 60_000;
const maxInputBytes = 256 * 1024;

/** Prefixes of actions that only read: a schedule may not call them (Scheduler user guide, "Universal targets"). */
const readOnly =
  /^(get|describe|list|poll|receive|search|scan|query|select|read|lookup|discover|validate|batchGet|batchDescribe|batchRead|transactGet|adminGet|adminList|testMigration|retrieve|testConnection|translateDocument|isAuthorized|isAuthorizedWithToken|invokeModel)(?![a-z])/;

/**
 * The definition in a request, with defaults filled in.
 * @throws AwsError ValidationException
 */
export function definitionOf(input: FromWire<CreateScheduleInput>, { clock, models }: Known): ScheduleDefinition {
  const { Mode, MaximumWindowInMinutes } = input.FlexibleTimeWindow as NonNullable<typeof input.FlexibleTimeWindow>;
  if (Mode === "FLEXIBLE" && MaximumWindowInMinutes === undefined) {
    throw validation("MaximumWindowInMinutes is required when the flexible time window mode is FLEXIBLE.");
  }
  if (Mode === "OFF" && MaximumWindowInMinutes !== undefined) {
    throw validation("MaximumWindowInMinutes must not be provided when the flexible time window mode is OFF.");
  }
  const expression = input.ScheduleExpression as string;
  const schedule = parsed(expression);
  const timeZone = input.ScheduleExpressionTimezone ?? "UTC";
  if (!isTimeZone(timeZone)) throw validation(`Invalid ScheduleExpressionTimezone ${timeZone}.`);
  checkDates(schedule, input.StartDate, input.EndDate, clock.now());
  return {
    expression,
    timeZone,
    startMs: input.StartDate?.getTime(),
    endMs: input.EndDate?.getTime(),
    windowMinutes: MaximumWindowInMinutes ?? 0,
    description: input.Description,
    state: input.State ?? "ENABLED",
    kmsKeyArn: input.KmsKeyArn,
    deleteAfterCompletion: input.ActionAfterCompletion === "DELETE",
    target: checkTarget(input.Target as TargetSpec, models),
  };
}

function parsed(expression: string): Schedule {
  try {
    return parseSchedule(expression, "scheduler");
  } catch (error) {
    if (error instanceof InvalidSchedule) throw validation(error.message);
    throw error;
  }
}

/** One-time schedules ignore both dates. */
function checkDates({ kind }: Schedule, start: Date | undefined, end: Date | undefined, now: number): void {
  if (kind === "at") return;
  if (start !== undefined && start.getTime() < now - earliestStartMs) {
    throw validation("The StartDate you specify cannot be earlier than 5 minutes ago.");
  }
  if (end === undefined) return;
  if (start !== undefined && end <= start)
    throw validation("The EndDate you specify must be later than the StartDate.");
  if (end.getTime() < now) throw validation("The EndDate you specify cannot be in the past.");
}

type Known = Pick<ServiceDependencies, "clock" | "models">;

function checkTarget(target: TargetSpec, models: Known["models"]): TargetSpec {
  const { Arn } = target;
  if (target.Input !== undefined && Buffer.byteLength(target.Input) > maxInputBytes) {
    throw validation(`The Input of the target must not be larger than ${maxInputBytes} bytes.`);
  }
  const universal = universalTarget(Arn);
  if (universal !== undefined) {
    const { service, action } = universal;
    if (!canBeCalled(universal, models)) throw notSupported(service);
    if (readOnly.test(action)) throw validation(`The action ${service}:${action} is not supported as a target.`);
    refuseBlocks(target);
    return target;
  }
  const kind = targetKind(Arn);
  if (kind === undefined) {
    const service = parseArn(Arn)?.service;
    if (service !== undefined && !isTargetService(service)) throw notSupported(service);
    throw validation(`Provided Arn ${Arn} is not a supported target.`);
  }
  if (kind.needsBlock && kind.block !== undefined && target[kind.block] === undefined) {
    throw validation(`${kind.block} must be provided for the target ${Arn}.`);
  }
  refuseBlocks(target, kind.block);
  return target;
}

function notSupported(service: string): Error {
  return validation(`${service} is not a supported service for a target.`);
}

function refuseBlocks(target: TargetSpec, allowed?: string): void {
  const foreign = parameterBlocks.find((block) => block !== allowed && target[block] !== undefined);
  if (foreign !== undefined) throw validation(`${foreign} is not supported for the target ${target.Arn}.`);
}
