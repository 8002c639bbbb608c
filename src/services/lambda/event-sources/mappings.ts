/** The operations on event source mappings. */

import {
  CreateEventSourceMapping$,
  type CreateEventSourceMappingCommand,
  DeleteEventSourceMapping$,
  type DeleteEventSourceMappingCommand,
  type DestinationConfig,
  GetEventSourceMapping$,
  type GetEventSourceMappingCommand,
  ListEventSourceMappings$,
  type ListEventSourceMappingsCommand,
  ResourceInUseException$,
  UpdateEventSourceMapping$,
  type UpdateEventSourceMappingCommand,
} from "@aws-sdk/client-lambda";
import { AwsError } from "../../../../protocols/error.ts";
import { parseArn } from "../../../calls/arn.ts";
import type { OperationContext } from "../../../calls/operation.ts";
import { inTransaction } from "../../../calls/operation.ts";
import { takePage } from "../../../calls/page.ts";
import { type Place, placeKey } from "../../../calls/place.ts";
import { codeOf, queueUrlOf } from "../../../sources/drain.ts";
import { conflict, invalidParameter, notFound } from "../errors.ts";
import { type Lambda, operation } from "../lambda.ts";
import { parseName } from "../names.ts";
import { nextMarker, positionIn } from "../pages.ts";
import { checkedTags } from "../tags.ts";
import { isBetween } from "./event-sources.ts";
import { mappingSettings, unsupported } from "./settings.ts";
import { mappingOf } from "./shown.ts";
import { type SourcePlace, sourcePlace } from "./sources.ts";
import type { MappingRow, MappingState } from "./tables.ts";

/** Entries per page (Lambda API reference, ListEventSourceMappings). */
const maxInPage = 100;

export const createEventSourceMapping = operation<CreateEventSourceMappingCommand>(
  CreateEventSourceMapping$,
  async (input, context) => {
    const { service } = context;
    const { EventSourceArn: source, Enabled: enabled = true } = input;
    if (input.SelfManagedEventSource !== undefined) throw notHere("self-managed Kafka");
    if (source === undefined) throw invalidParameter("Unrecognized event source.");
    const place = sourceOf(source);
    checkDestinations(input.DestinationConfig, place);
    const functionArn = functionOf(input.FunctionName as string, context);
    const settings = mappingSettings(input, place, undefined);
    const tags = checkedTags({}, input.Tags);
    await checkSource(source, place, functionArn, context);
    return inTransaction(context, () => {
      checkNew(source, functionArn, place, context);
      const { account, region } = context;
      // A mapping of a queue that is created disabled needs no setup [recorded].
      const state: MappingState = !enabled && place.kind === "sqs" ? "Disabled" : "Creating";
      const row: MappingRow = {
        uuid: service.deps.random.fork("mappings").uuid(),
        account,
        region,
        serial: service.deps.store.nextSerial(),
        source,
        functionArn,
        settings,
        startingMs: input.StartingPositionTimestamp?.getTime(),
        enabled,
        state,
        modifiedMs: service.now,
        lastResult: "No records processed",
        tags,
      };
      return mappingOf(put(service, row));
    });
  },
);

export const getEventSourceMapping = operation<GetEventSourceMappingCommand>(GetEventSourceMapping$, (input, context) =>
  mappingOf(mappingNamed(context.service, input.UUID, context)),
);

export const updateEventSourceMapping = operation<UpdateEventSourceMappingCommand>(
  UpdateEventSourceMapping$,
  async (input, context) => {
    const { service } = context;
    const before = mappingNamed(service, input.UUID, context);
    if (isBetween(before.state)) throw inUse("update");
    const place = sourceOf(before.source);
    checkDestinations(input.DestinationConfig, place);
    const functionArn = input.FunctionName === undefined ? before.functionArn : functionOf(input.FunctionName, context);
    const settings = mappingSettings(input, place, before.settings);
    if (functionArn !== before.functionArn) await checkSource(before.source, place, functionArn, context);
    return inTransaction(context, () => {
      const row = mappingNamed(service, input.UUID, context);
      if (isBetween(row.state)) throw inUse("update");
      const enabled = input.Enabled ?? row.enabled;
      const state = stateAfter(row, enabled);
      return mappingOf(put(service, { ...row, functionArn, settings, enabled, state, modifiedMs: service.now }));
    });
  },
);

export const deleteEventSourceMapping = operation<DeleteEventSourceMappingCommand>(
  DeleteEventSourceMapping$,
  (input, context) => {
    const { service } = context;
    const row = mappingNamed(service, input.UUID, context);
    if (isBetween(row.state)) throw inUse("delete");
    return mappingOf(put(service, { ...row, state: "Deleting", modifiedMs: service.now }));
  },
);

export const listEventSourceMappings = operation<ListEventSourceMappingsCommand>(
  ListEventSourceMappings$,
  (input, context) => {
    const { mappings } = context.service.eventSources;
    const [after] = positionIn(input.Marker) ?? [];
    const bounds = typeof after === "number" ? { gt: after } : {};
    const functionArn = input.FunctionName && parseName(input.FunctionName, undefined, context).asked;
    const { EventSourceArn: source } = input;
    const rows =
      source === undefined
        ? mappings.by.made.range(placeKey(context), bounds)
        : mappings.by.source.range(source, bounds);
    const { items, more } = takePage(
      wantedOf(rows, context, functionArn),
      Math.min(input.MaxItems ?? maxInPage, maxInPage),
    );
    return { EventSourceMappings: items.map(mappingOf), NextMarker: nextMarker(more, [items.at(-1)?.serial]) };
  },
);

function* wantedOf(rows: Iterable<MappingRow>, place: Place, functionArn: string | undefined): Iterable<MappingRow> {
  for (const row of rows) {
    if (placeKey(row) === placeKey(place) && (!functionArn || isOf(row, functionArn))) yield row;
  }
}

/** An unqualified function name matches all of its qualifiers. */
function isOf({ functionArn }: MappingRow, asked: string): boolean {
  return functionArn === asked || functionArn.startsWith(`${asked}:`);
}

function put({ eventSources }: Lambda, row: MappingRow): MappingRow {
  if (isBetween(row.state)) return eventSources.begin(row);
  eventSources.mappings.put(row);
  return row;
}

function stateAfter({ state, enabled: was }: MappingRow, enabled: boolean): MappingState {
  if (enabled !== was) return enabled ? "Enabling" : "Disabling";
  return state === "Disabled" ? "Disabled" : "Updating";
}

/** @throws AwsError ResourceNotFoundException */
function mappingNamed({ eventSources }: Lambda, uuid: string | undefined, place: Place): MappingRow {
  const row = eventSources.mappings.get(uuid as string);
  if (row === undefined || placeKey(row) !== placeKey(place)) throw notFound();
  return row;
}

/** @throws AwsError InvalidParameterValueException */
function sourceOf(source: string): SourcePlace {
  const place = sourcePlace(source);
  if (place === undefined) throw notHere(parseArn(source)?.service ?? "such");
  return place;
}

function notHere(kind: string): Error {
  return invalidParameter(`Unrecognized event source. Busbar has no ${kind} sources: it drains SQS and Kinesis.`);
}

function checkDestinations(config: DestinationConfig | undefined, { kind }: SourcePlace): void {
  if (config === undefined) return;
  if (kind === "sqs" || config.OnSuccess?.Destination !== undefined) throw unsupported("DestinationConfig");
}

/** The function's ARN, qualified as given. @throws AwsError InvalidParameterValueException */
function functionOf(name: string, context: OperationContext<Lambda>): string {
  const { asked } = parseName(name, undefined, context);
  const { functions } = context.service.deps;
  try {
    if (functions.has(asked, context.invocation)) return asked;
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
  }
  throw invalidParameter("Function does not exist");
}

/** @throws AwsError InvalidParameterValueException */
async function checkSource(
  source: string,
  { kind, arn }: SourcePlace,
  functionArn: string,
  { service, invocation }: OperationContext<Lambda>,
): Promise<void> {
  const { call } = service.deps;
  const here = invocation.asService("lambda", functionArn);
  try {
    if (kind === "kinesis") {
      await call("kinesis", "DescribeStreamSummary", { StreamARN: arn }, here);
      if (source !== arn) await call("kinesis", "DescribeStreamConsumer", { ConsumerARN: source }, here);
      return;
    }
    const input = { QueueUrl: queueUrlOf(source), AttributeNames: ["VisibilityTimeout"] };
    const answer = (await call("sqs", "GetQueueAttributes", input, here)) as { Attributes?: Record<string, string> };
    checkVisibility(Number(answer.Attributes?.["VisibilityTimeout"]), functionArn, service);
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined || !(error instanceof Error) || code === "InvalidParameterValueException") throw error;
    throw invalidParameter(
      kind === "sqs"
        ? `Error occurred while ReceiveMessage. SQS Error Code: ${code}. SQS Error Message: ${error.message}`
        : `Stream not found: ${source}`,
    );
  }
}

/** Functions that are not ours to run have no time-out to compare. */
function checkVisibility(visibilitySeconds: number, functionArn: string, service: Lambda): void {
  const place = parseArn(functionArn);
  if (place === undefined || service.deps.functions.isOverridden(functionArn)) return;
  const row = service.runner.functionOf(functionArn, place);
  if (row === undefined) return;
  const { version } = service.target(functionArn, undefined, place);
  const { Timeout = 3 } = version.settings;
  if (Timeout <= visibilitySeconds) return;
  throw invalidParameter(
    `Queue visibility timeout: ${visibilitySeconds} seconds is less than Function timeout: ${Timeout} seconds`,
  );
}

/** @throws AwsError ResourceConflictException */
function checkNew(source: string, functionArn: string, { kind }: SourcePlace, context: OperationContext<Lambda>): void {
  const { mappings } = context.service.eventSources;
  for (const row of mappings.by.source.range(source)) {
    if (row.functionArn !== functionArn) continue;
    const existing = `Please update or delete the existing mapping with UUID ${row.uuid}`;
    const name = functionArn.split(":").slice(6).join(":");
    throw conflict(
      kind === "sqs"
        ? `An event source mapping with SQS arn (" ${source} ") and function (" ${name} ") already exists. ${existing}`
        : `The event source arn (" ${source} ") and function (" ${name} ") provided mapping already exists. ${existing}`,
    );
  }
}

function inUse(verb: "update" | "delete"): Error {
  const message = `Cannot ${verb} the event source mapping because it is in use.`;
  return AwsError.of(ResourceInUseException$, message, { Type: "User" });
}
