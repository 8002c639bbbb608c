/** The errors of EventBridge with AWS's messages. */
import {
  IllegalStatusException$,
  InvalidEventPatternException$,
  LimitExceededException$,
  ManagedRuleException$,
  ResourceAlreadyExistsException$,
  ResourceNotFoundException$,
} from "@aws-sdk/client-eventbridge";
import { AwsError } from "../../../protocols/error.ts";
import { InvalidTransform } from "../../events/input-transform/index.ts";
import { InvalidEventPattern, maxEventPatternLength, type Pattern, parsePattern } from "../../events/pattern/index.ts";
import { InvalidSchedule, parseSchedule, type Schedule } from "../../events/schedule/index.ts";

export function validation(message: string): AwsError {
  return AwsError.unmodeled({ name: "ValidationException", message });
}

/** The common form: `Parameter {name} is not valid.`, with a reason where AWS gives one. */
export function invalidParameter(name: string, reason?: string): AwsError {
  return validation(`Parameter ${name} is not valid.${reason === undefined ? "" : ` Reason: ${reason}`}`);
}

export function notFound(message: string): AwsError {
  return AwsError.of(ResourceNotFoundException$, message);
}

export function alreadyExists(message: string): AwsError {
  return AwsError.of(ResourceAlreadyExistsException$, message);
}

export function limitExceeded(): AwsError {
  const message = "The requested resource exceeds the maximum number allowed.";
  return AwsError.of(LimitExceededException$, message);
}

export function illegalStatus(message: string): AwsError {
  return AwsError.of(IllegalStatusException$, message);
}

export function managedRule(name: string, managedBy: string): AwsError {
  return AwsError.of(ManagedRuleException$, `Rule ${name} is managed by ${managedBy}.`);
}

/** Compiles a pattern of a rule, an archive or TestEventPattern. @throws AwsError InvalidEventPatternException */
export function patternOf(text: string): Pattern {
  if (text.length > maxEventPatternLength) {
    throw invalidPattern(`Event pattern is not valid. Reason: Pattern exceeds ${maxEventPatternLength} characters.`);
  }
  try {
    return parsePattern(text);
  } catch (error) {
    throw error instanceof InvalidEventPattern ? invalidPattern(error.message) : error;
  }
}

function invalidPattern(message: string): AwsError {
  return AwsError.of(InvalidEventPatternException$, message);
}

/** @throws AwsError ValidationException `Parameter ScheduleExpression is not valid.` */
export function scheduleOf(text: string): Schedule {
  try {
    return parseSchedule(text, "events");
  } catch (error) {
    throw error instanceof InvalidSchedule ? validation(error.message) : error;
  }
}

/** Runs a parser of input paths or templates. @throws AwsError ValidationException with the parser's text. */
export function transforming<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw error instanceof InvalidTransform ? validation(error.message) : error;
  }
}
