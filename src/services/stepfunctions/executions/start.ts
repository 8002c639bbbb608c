/** What starting an execution needs: its revision, input and name. */
import type { OperationContext } from "../../../calls/operation.ts";
import { checkName, machineArnOf, siblingArn } from "../arns.ts";
import { type Json, maxPayloadBytes, parseJson, TooDeep } from "../asl/json.ts";
import { jsonFault } from "../asl/json-faults.ts";
import { invalidInput, machineDoesNotExist, qualifiedDoesNotExist, validation } from "../errors.ts";
import type { StepFunctions } from "../stepfunctions.ts";
import type { AliasRow, MachineRow, WholeExecution } from "../tables.ts";
import { executionRow } from "./execution-row.ts";

/** What an execution started with an ARN runs. */
export interface Chosen {
  readonly machine: MachineRow;
  readonly revision: string;
  readonly versionArn: string | undefined;
  readonly aliasArn: string | undefined;
  readonly testCase: string | undefined;
}

/** Resolves a machine, version or alias ARN; an alias picks one of its versions by weight. @throws AwsError */
export function chooseRevision(service: StepFunctions, given: string): Chosen {
  const { arn, name, qualifier, label, testCase } = machineArnOf(given);
  if (label !== undefined) {
    throw validation("This API does not support labeled ARNs", "API_DOES_NOT_SUPPORT_LABELED_ARNS");
  }
  const machine = service.machines.get(arn);
  if (machine === undefined) throw machineDoesNotExist(given);
  if (testCase !== undefined && !service.mocks.hasCase(name, testCase)) {
    throw validation(`The mock configuration has no test case '${testCase}' for the state machine '${name}'.`);
  }
  if (qualifier === undefined) {
    return { machine, revision: machine.revision, versionArn: undefined, aliasArn: undefined, testCase };
  }
  const alias = service.aliases.get(`${arn}:${qualifier}`);
  const versionArn = alias === undefined ? `${arn}:${qualifier}` : routed(service, alias);
  const version = service.versions.get(versionArn);
  if (version === undefined) throw qualifiedDoesNotExist(given);
  return { machine, revision: version.revision, versionArn, aliasArn: alias?.arn, testCase };
}

function routed(service: StepFunctions, { routes }: AliasRow): string {
  let left = service.deps.random.fork("routing").int(100);
  for (const { stateMachineVersionArn, weight } of routes) {
    if (left < weight) return stateMachineVersionArn;
    left -= weight;
  }
  return routes.at(-1)?.stateMachineVersionArn as string;
}

/** @throws AwsError ValidationException, InvalidExecutionInput */
export function inputOf(text: string): Json {
  if (text.length > maxPayloadBytes / 3 && Buffer.byteLength(text) > maxPayloadBytes) {
    throw validation(
      `1 validation error detected: Value at 'input' failed to satisfy constraint: Member must have length less than or equal to ${maxPayloadBytes}`,
    );
  }
  try {
    return parseJson(text);
  } catch (error) {
    throw invalidInput(inputFault(text, error as Error));
  }
}

/** AWS's message about a payload that is not JSON. */
export function inputFault(text: string, error: Error): string {
  if (error instanceof TooDeep) return error.message;
  return text.trim() === "" ? "Invalid execution input." : jsonFault(text).sentence;
}

interface StartInput {
  readonly name?: string | undefined;
  readonly input?: string | undefined;
  readonly traceHeader?: string | undefined;
}

/** The row of a new execution, with its input as given. @throws AwsError InvalidName */
export function newExecution(
  { service, account, region, invocation }: OperationContext<StepFunctions>,
  chosen: Chosen,
  given: StartInput,
): WholeExecution {
  const { cause } = invocation;
  const { store } = service.deps;
  const random = service.deps.random.fork("executions");
  const name = given.name ?? random.uuid();
  checkName(name);
  const { machine } = chosen;
  const arn =
    machine.type === "STANDARD"
      ? siblingArn(machine.arn, "execution", name)
      : `${siblingArn(machine.arn, "express", name)}:${random.uuid()}`;
  return executionRow({
    arn,
    account,
    region,
    name,
    machine: machine.arn,
    revision: chosen.revision,
    roleArn: service.revisionOf(chosen.revision).roleArn,
    versionArn: chosen.versionArn,
    aliasArn: chosen.aliasArn,
    startedMs: service.now,
    input: given.input ?? "{}",
    traceHeader: given.traceHeader,
    causedBy: (given.traceHeader === undefined ? cause : cause.withTrace(given.traceHeader)).text,
    serial: store.nextSerial(),
    testCase: chosen.testCase,
  });
}
