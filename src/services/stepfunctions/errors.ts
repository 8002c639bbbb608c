/** The errors of Step Functions with AWS's messages. */
import {
  ActivityAlreadyExists$,
  ActivityDoesNotExist$,
  ActivityWorkerLimitExceeded$,
  ConflictException$,
  ExecutionAlreadyExists$,
  ExecutionDoesNotExist$,
  ExecutionNotRedrivable$,
  InvalidArn$,
  InvalidDefinition$,
  InvalidEncryptionConfiguration$,
  InvalidExecutionInput$,
  InvalidLoggingConfiguration$,
  InvalidName$,
  InvalidOutput$,
  InvalidToken$,
  MissingRequiredParameter$,
  ResourceNotFound$,
  ServiceQuotaExceededException$,
  StateMachineAlreadyExists$,
  StateMachineDoesNotExist$,
  StateMachineTypeNotSupported$,
  TaskDoesNotExist$,
  TaskTimedOut$,
  TooManyTags$,
  ValidationException$,
} from "@aws-sdk/client-sfn";
import { AwsError, type ErrorSchema } from "../../../protocols/error.ts";

/** Every error has status 400 (API reference), whatever the client's schema says, and an older namespace. */
const wire = { status: 400, namespace: "com.amazonaws.swf.service.v2.model" };
const of = (schema: ErrorSchema, message: string, members?: Record<string, unknown>): AwsError =>
  AwsError.of(schema, message, members, wire);

export const validation = (message: string, reason?: string): AwsError =>
  of(ValidationException$, message, reason === undefined ? {} : { reason });
export const invalidArn = (text: string): AwsError => of(InvalidArn$, `Invalid Arn: '${text}'`);
export const invalidRoleArn = (arn: string): AwsError => of(InvalidArn$, `Invalid Role Arn: '${arn}'`);
export const invalidName = (name: string): AwsError => of(InvalidName$, `Invalid Name: '${name}'`);
export const invalidDefinition = (message: string): AwsError => of(InvalidDefinition$, message);
export const invalidLogging = (text: string): AwsError =>
  of(InvalidLoggingConfiguration$, `Invalid Logging Configuration: ${text}`);
export const invalidEncryption = (text: string): AwsError =>
  of(InvalidEncryptionConfiguration$, `Invalid Encryption Configuration: ${text}`);
export const machineDoesNotExist = (arn: string): AwsError =>
  of(StateMachineDoesNotExist$, `State Machine Does Not Exist: '${arn}'`);
/** For a version's or an alias's ARN. */
export const qualifiedDoesNotExist = (arn: string): AwsError =>
  /:\d+$/.test(arn)
    ? of(StateMachineDoesNotExist$, `State Machine Version Does Not Exist: '${arn}'`)
    : machineDoesNotExist(arn);
export const machineAlreadyExists = (arn: string): AwsError => alreadyExists(`'${arn}'`);
/** `different`: the published version has another description. */
export const alreadyPublished = (different: boolean): AwsError =>
  alreadyExists(
    `This state machine was already created with a published version${different ? " using a different description" : ""}.`,
  );
const alreadyExists = (text: string): AwsError =>
  of(StateMachineAlreadyExists$, `State Machine Already Exists: ${text}`);
export const typeNotSupported = (): AwsError =>
  of(StateMachineTypeNotSupported$, "This operation is not supported by this type of state machine");
export const executionDoesNotExist = (arn: string): AwsError =>
  of(ExecutionDoesNotExist$, `Execution Does Not Exist: '${arn}'`);
export const executionAlreadyExists = (arn: string): AwsError =>
  of(ExecutionAlreadyExists$, `Execution Already Exists: '${arn}'`);
export const invalidInput = (text: string): AwsError =>
  of(InvalidExecutionInput$, `Invalid State Machine Execution Input: '${text}'`);
export const notRedrivable = (reason: string): AwsError => of(ExecutionNotRedrivable$, reason);
export const activityDoesNotExist = (arn: string): AwsError =>
  of(ActivityDoesNotExist$, `Activity Does Not Exist: '${arn}'`);
export const activityAlreadyExists = (arn: string): AwsError =>
  of(ActivityAlreadyExists$, `Activity Already Exists: '${arn}'`);
export const tooManyWorkers = (): AwsError =>
  of(
    ActivityWorkerLimitExceeded$,
    "The maximum number of workers concurrently polling for activity tasks has been reached.",
  );
export const missingParameter = (message: string): AwsError => of(MissingRequiredParameter$, message);
export const conflict = (message: string): AwsError => of(ConflictException$, message);
export const quotaExceeded = (message: string): AwsError => of(ServiceQuotaExceededException$, message);
export const invalidToken = (): AwsError => of(InvalidToken$, "Invalid Token: 'Invalid token'");
/** For a page token from another request. */
export const inconsistentToken = (): AwsError =>
  of(InvalidToken$, "Invalid Token: 'Input inconsistent with page token'");
/** For a tag whose key is reserved. */
export const systemTag = (): AwsError =>
  AwsError.unmodeled({
    name: "AccessDeniedException",
    message: "Caller is an end user and not allowed to mutate system tags",
  });
export const invalidOutput = (text: string): AwsError => of(InvalidOutput$, `Invalid Output: '${text}'`);
export const taskDoesNotExist = (): AwsError =>
  of(TaskDoesNotExist$, "Task Does Not Exist: 'Provided task does not exist'");
export const taskTimedOut = (): AwsError => of(TaskTimedOut$, "Task Timed Out: 'Provided task does not exist anymore'");
export const tooManyTags = (arn: string): AwsError =>
  of(TooManyTags$, "Tag limit exceeded: a resource can have at most 50 tags", { resourceName: arn });
/** For aliases and map runs. */
export const resourceNotFound = (): AwsError =>
  of(ResourceNotFound$, "Request references a resource that does not exist.");
export const taggedNotFound = (arn: string): AwsError =>
  of(ResourceNotFound$, `Resource not found: '${arn}'`, { resourceName: arn });
