/** TestState: runs one state on its own, with its real work or with a mock. */
import { type InspectionData, TestState$, type TestStateCommand, type TestStateInput } from "@aws-sdk/client-sfn";
import { isRoleArn } from "../arns.ts";
import { StateError } from "../asl/errors.ts";
import type { TaskRequest } from "../asl/execution.ts";
import { errorDetails } from "../asl/history.ts";
import { isObject, type Json, type JsonObject, textOf, tryParseJson, writeJson } from "../asl/json.ts";
import { loneStateName, type Machine, type StateNode } from "../asl/machine.ts";
import { parseResource } from "../asl/resource.ts";
import { parseWithSources, sourceText } from "../asl/source-texts.ts";
import { MockMismatch } from "../asl/states/fan-states.ts";
import {
  errorOriginProblem,
  mockProblem,
  StateTest,
  type StateTestResult,
  type StateTestSetup,
} from "../asl/states/test-state.ts";
import { type ParsedDefinition, parseDefinition, parseLoneState } from "../asl/validation/definition.ts";
import { invalidDefinitionMessage } from "../asl/validation/diagnostics.ts";
import { invalidDefinition, invalidRoleArn, validation } from "../errors.ts";
import { inputOf } from "../executions/start.ts";
import { ItemReaderError } from "../map-runs/item-parser.ts";
import { readData } from "../map-runs/item-reader.ts";
import { operation, type StepFunctions } from "../stepfunctions.ts";
import type { HttpExchange } from "../tasks/integrations/integration.ts";
import { mockInvocationProblem, mockResultProblem } from "../tasks/mock-results.ts";
import { contextProblem } from "./test-context.ts";
import { taskOutcome, testEnvOf, testedExecution } from "./tested-execution.ts";

type Mock = { result: Json } | { error?: string; cause?: string };

export const testState = operation<TestStateCommand>(TestState$, (input, context) => {
  const { service } = context;
  const { machine, stateName } = stateOf(input as TestStateInput);
  const node = machine.states.get(stateName) as StateNode;
  if (input.roleArn !== undefined && !isRoleArn(input.roleArn)) throw invalidRoleArn(input.roleArn);
  const mock = mockOf(input as TestStateInput, node, service);
  const problem = configurationProblem(input as TestStateInput, node);
  if (problem !== undefined) throw validation(problem);
  const variables = objectOf(input.variables, "variables");
  if (input.context !== undefined && mock === undefined) {
    throw validation("State context can only be specified when a mock is specified");
  }
  const given = objectOf(input.context, "context");
  if (given !== undefined) {
    const problem = contextProblem(given, node);
    if (problem !== undefined) throw validation(`Invalid Context object provided: ${problem}`);
  }
  if (node.type === "Task" && mock === undefined && input.roleArn === undefined) {
    throw validation("RoleArn must be specified when testing a Task state");
  }
  if (mock === undefined) checkTestable(node);
  const inputText = input.input ?? "{}";
  inputOf(inputText);
  const row = testedExecution(context, inputText, input.roleArn);
  const env = testEnvOf(service, row, mock !== undefined);
  const configuration = input.stateConfiguration;
  const { errorCausedByState, mapItemReaderData } = configuration ?? {};
  if (errorCausedByState !== undefined) {
    const problem = errorOriginProblem(machine, node, mock, errorCausedByState);
    if (problem !== undefined) throw validation(problem);
  }
  if (mapItemReaderData !== undefined && (node.type !== "Map" || node.fields["ItemReader"] === undefined)) {
    throw validation("mapItemReaderData can only be specified for a Map state with an ItemReader");
  }
  const test = new StateTest({
    machine,
    stateName,
    meta: {
      arn: row.arn,
      name: row.name,
      type: "EXPRESS",
      roleArn: input.roleArn ?? null,
      startedAtMs: service.now,
      inputText,
      stateMachineArn: row.machine,
      stateMachineName: row.machine.slice(row.machine.lastIndexOf(":") + 1),
    },
    ...(variables === undefined ? {} : { variables }),
    ...(given === undefined ? {} : { context: given }),
    ...(mock === undefined ? {} : { mock }),
    ...(configuration?.retrierRetryCount === undefined ? {} : { retrierRetryCount: configuration.retrierRetryCount }),
    ...(configuration?.mapIterationFailureCount === undefined
      ? {}
      : { mapIterationFailureCount: configuration.mapIterationFailureCount }),
    ...(errorCausedByState === undefined ? {} : { errorCausedByState }),
    ...(mapItemReaderData === undefined ? {} : { readItems: readerOf(mapItemReaderData) }),
  });
  let begun: StateTestResult | TaskRequest;
  try {
    begun = test.begin(env);
  } catch (error) {
    if (error instanceof MockMismatch) throw validation(error.message);
    if (error instanceof StateError) throw validation(error.causeText ?? "The state cannot be tested");
    throw error;
  }
  const level = input.inspectionLevel ?? "INFO";
  if ("status" in begun) return shown(begun, level);
  let exchange: HttpExchange | undefined;
  const trace = (one: HttpExchange) => {
    exchange = one;
  };
  return taskOutcome(service, row, begun, trace).then((outcome) => {
    const result = shown(test.answer(outcome, env), level);
    if (level !== "TRACE" || exchange === undefined) return result;
    const { request, revealed, response } = exchange;
    const seen = { request: input.revealSecrets === true ? revealed : request, response };
    return { ...result, inspectionData: { ...result.inspectionData, ...seen } };
  });
});

/** A reader of the given text, which replaces the object of the ItemReader. */
function readerOf(text: string): NonNullable<StateTestSetup["readItems"]> {
  return (reader) => {
    try {
      return readData(reader, text);
    } catch (error) {
      if (error instanceof ItemReaderError) throw new StateError("States.ItemReaderFailed", error.message);
      throw error;
    }
  };
}

/** The state to be tested and its machine. @throws AwsError InvalidDefinition, ValidationException */
function stateOf({ definition = "", stateName }: TestStateInput): { machine: Machine; stateName: string } {
  const whole = isWholeMachine(definition);
  if (whole && stateName === undefined) {
    throw validation("State name must be specified when the definition is a state machine");
  }
  const parsed: ParsedDefinition = whole ? parseDefinition(definition, "STANDARD") : parseLoneState(definition);
  if (parsed.machine === undefined) throw invalidDefinition(invalidDefinitionMessage(parsed.diagnostics));
  const name = whole ? (stateName as string) : loneStateName;
  if (!parsed.machine.states.has(name)) throw validation("State not found in definition");
  return { machine: parsed.machine, stateName: name };
}

function isWholeMachine(definition: string): boolean {
  const value = tryParseJson(definition);
  return isObject(value) && value["States"] !== undefined;
}

function objectOf(text: string | undefined, member: string): JsonObject | undefined {
  if (text === undefined) return undefined;
  let value: Json;
  try {
    value = parseWithSources(text);
  } catch (error) {
    throw validation(`The ${member} must be valid JSON: ${(error as Error).message}`);
  }
  if (!isObject(value)) throw validation(`The ${member} must be a JSON object`);
  return value;
}

/** @throws AwsError ValidationException for a mock that does not fit the state */
function mockOf({ mock }: TestStateInput, node: StateNode, service: StepFunctions): Mock | undefined {
  if (mock === undefined) return undefined;
  const { result, errorOutput } = mock;
  if (result !== undefined && errorOutput !== undefined) {
    throw validation("A test mock should have only one of the following fields: [result, errorOutput].");
  }
  if (result === undefined && errorOutput === undefined) {
    throw validation("One of the following fields is required for a test mock: [result, errorOutput].");
  }
  if (errorOutput !== undefined && errorOutput.error === undefined) {
    throw validation("An error was not specified in the mocked error output.");
  }
  if (result === undefined) {
    const thrown = errorDetails(errorOutput?.error, errorOutput?.cause);
    const problem = mockProblem(node, thrown);
    if (problem !== undefined) throw validation(problem);
    return thrown;
  }
  let value: Json;
  try {
    value = parseWithSources(result);
  } catch {
    throw validation("Mocked result must be valid JSON");
  }
  const problem = mockProblem(node, { result: value }) ?? schemaProblem(node, value, mock.fieldValidationMode, service);
  if (problem !== undefined) throw validation(problem);
  return { result: value };
}

function schemaProblem(node: StateNode, result: Json, mode: string | undefined, service: StepFunctions) {
  const resource = node.type === "Task" ? parseResource(textOf(node.fields["Resource"])) : undefined;
  if (mode === "NONE" || resource?.kind !== "service") return undefined;
  if (resource.pattern !== "requestResponse") return undefined;
  const operation = service.performer.operationOf(resource);
  const isInvocation = resource.resourceType === "lambda" && resource.api === "invoke";
  const problem = isInvocation
    ? mockInvocationProblem(result)
    : operation && mockResultProblem(operation, result, mode !== "PRESENT");
  return problem && `Mock result schema validation error: ${problem}`;
}

/** What cannot be combined with a mock, or needs one, in AWS's words. */
function configurationProblem(input: TestStateInput, node: StateNode): string | undefined {
  const { mapIterationFailureCount, mapItemReaderData } = input.stateConfiguration ?? {};
  if (input.revealSecrets === true && input.mock !== undefined) {
    return "TestState does not support RevealSecrets when a mock is specified.";
  }
  if (mapIterationFailureCount !== undefined) {
    if (input.mock === undefined) {
      return "TestState does not support MapIterationFailureCount when a mock is not specified.";
    }
    if (node.type !== "Map") return "MapIterationFailureCount is only supported when testing a Map state.";
  }
  const reads = node.type === "Map" && node.fields["ItemReader"] !== undefined;
  return reads && input.mock !== undefined && mapItemReaderData === undefined
    ? "ItemReader data must be specified when testing a Map state with ItemReader specified."
    : undefined;
}

/** @throws AwsError InvalidDefinition, ValidationException for a state that TestState can only run with a mock */
function checkTestable(node: StateNode): void {
  if (node.type === "Parallel" || node.type === "Map") {
    throw invalidDefinition(
      "TestState API does not support Map or Parallel states. Supported state types include: [Task, Wait, Pass, Succeed, Fail, Choice]",
    );
  }
  if (node.type !== "Task") return;
  const resource = parseResource(textOf(node.fields["Resource"]));
  if (resource?.kind === "activity") throw validation("Activity tasks are not supported without a mock");
  if (resource?.kind === "service" && resource.pattern !== "requestResponse") {
    throw validation(`The '.${resource.pattern}' service integration is not supported without a mock`);
  }
}

function shown(result: StateTestResult, level: string) {
  const { status, output, error, cause, nextState, inspectionData } = result;
  return {
    status,
    output: output === undefined ? undefined : sourceText(output),
    error,
    cause,
    nextState,
    inspectionData: level === "INFO" ? undefined : inspectionOf(inspectionData),
  };
}

/**
 * Payloads become JSON text, unchanged ones their source text. Members that the API has as numbers or structures stay
 * as they are.
 */
function inspectionOf(data: JsonObject): InspectionData {
  const plain = new Set(["errorDetails", "maxConcurrency", "toleratedFailureCount", "toleratedFailurePercentage"]);
  return Object.fromEntries(
    Object.entries(data).map(([name, value]) => {
      if (plain.has(name)) return [name, value];
      return [
        name,
        lists[name] === undefined || !Array.isArray(value) ? sourceText(value) : listed(value, lists[name]),
      ];
    }),
  );
}

/** Lists that are written item by item; the items of a batch are strings. */
const lists: Readonly<Record<string, (item: Json) => Json>> = {
  afterItemsPath: (item) => item,
  afterItemSelector: (item) => item,
  afterItemBatcher: (batch) =>
    isObject(batch) && Array.isArray(batch["Items"])
      ? { ...batch, Items: batch["Items"].map((item) => writeJson(item)) }
      : batch,
};

function listed(items: readonly Json[], shownAs: (item: Json) => Json): string {
  return `[${items.map((item) => writeJson(shownAs(item))).join(", ")}]`;
}
