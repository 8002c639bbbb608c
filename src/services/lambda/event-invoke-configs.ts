/** How functions handle asynchronous events: retries, age and destinations. */
import {
  DeleteFunctionEventInvokeConfig$,
  type DeleteFunctionEventInvokeConfigCommand,
  type DestinationConfig,
  GetFunctionEventInvokeConfig$,
  type GetFunctionEventInvokeConfigCommand,
  ListFunctionEventInvokeConfigs$,
  type ListFunctionEventInvokeConfigsCommand,
  PutFunctionEventInvokeConfig$,
  type PutFunctionEventInvokeConfigCommand,
  UpdateFunctionEventInvokeConfig$,
  type UpdateFunctionEventInvokeConfigCommand,
} from "@aws-sdk/client-lambda";
import { parseArn } from "../../calls/arn.ts";
import { takePage } from "../../calls/page.ts";
import type { Place } from "../../calls/place.ts";
import { invalidParameter, notFound } from "./errors.ts";
import { type Lambda, operation } from "./lambda.ts";
import { nextMarker, pageSize, positionIn } from "./pages.ts";
import { type InvokeConfigRow, latest } from "./tables.ts";

interface Asked {
  readonly FunctionName?: string | undefined;
  readonly Qualifier?: string | undefined;
  readonly MaximumRetryAttempts?: number | undefined;
  readonly MaximumEventAgeInSeconds?: number | undefined;
  readonly DestinationConfig?: DestinationConfig | undefined;
}

export const putFunctionEventInvokeConfig = operation<PutFunctionEventInvokeConfigCommand>(
  PutFunctionEventInvokeConfig$,
  (input, context) => {
    const { functionArn, arn } = configTarget(context.service, input, context);
    const { MaximumRetryAttempts, MaximumEventAgeInSeconds, DestinationConfig: destinations } = input;
    const settings = [MaximumRetryAttempts, MaximumEventAgeInSeconds, destinations?.OnSuccess, destinations?.OnFailure];
    if (settings.every((setting) => setting === undefined)) {
      throw invalidParameter("You must specify at least one of error handling or destination setting.");
    }
    return put(context.service, { arn, functionArn, account: context.account }, input);
  },
);

export const updateFunctionEventInvokeConfig = operation<UpdateFunctionEventInvokeConfigCommand>(
  UpdateFunctionEventInvokeConfig$,
  (input, context) => put(context.service, configOf(context.service, input, context), input),
);

export const getFunctionEventInvokeConfig = operation<GetFunctionEventInvokeConfigCommand>(
  GetFunctionEventInvokeConfig$,
  (input, context) => described(configOf(context.service, input, context)),
);

export const deleteFunctionEventInvokeConfig = operation<DeleteFunctionEventInvokeConfigCommand>(
  DeleteFunctionEventInvokeConfig$,
  (input, context) => {
    const { service } = context;
    service.invokeConfigs.delete(configOf(service, input, context).arn);
  },
);

export const listFunctionEventInvokeConfigs = operation<ListFunctionEventInvokeConfigsCommand>(
  ListFunctionEventInvokeConfigs$,
  (input, context) => {
    const { service } = context;
    const { row } = service.functionNamed(input.FunctionName, undefined, context);
    const after = positionIn(input.Marker)?.[0];
    const rows = service.invokeConfigs.by.function.range(row.arn, after === undefined ? {} : { gt: after });
    const { items, more } = takePage(rows, pageSize(input.MaxItems));
    return {
      FunctionEventInvokeConfigs: items.map(described),
      NextMarker: nextMarker(more, [items.at(-1)?.arn]),
    };
  },
);

function configTarget(service: Lambda, input: Asked, place: Place): { functionArn: string; arn: string } {
  const { function: row, alias, version } = service.target(input.FunctionName, input.Qualifier, place);
  const qualifier = alias?.name ?? (version.version === latest ? latest : version.version);
  return { functionArn: row.arn, arn: `${row.arn}:${qualifier}` };
}

function configOf(service: Lambda, input: Asked, place: Place): InvokeConfigRow {
  const { arn } = configTarget(service, input, place);
  const row = service.invokeConfigs.get(arn);
  if (row === undefined) throw notFound(`The function ${arn} doesn't have an EventInvokeConfig`);
  return row;
}

function put(
  service: Lambda,
  before: Pick<InvokeConfigRow, "arn" | "functionArn" | "account"> & Partial<InvokeConfigRow>,
  input: Asked,
) {
  const { OnSuccess, OnFailure } = input.DestinationConfig ?? {};
  checkDestination(OnSuccess?.Destination, true);
  checkDestination(OnFailure?.Destination, false);
  const row: InvokeConfigRow = {
    ...before,
    maximumRetryAttempts: input.MaximumRetryAttempts ?? before.maximumRetryAttempts,
    maximumEventAgeInSeconds: input.MaximumEventAgeInSeconds ?? before.maximumEventAgeInSeconds,
    onSuccess: OnSuccess === undefined ? before.onSuccess : OnSuccess.Destination || undefined,
    onFailure: OnFailure === undefined ? before.onFailure : OnFailure.Destination || undefined,
    modifiedMs: service.now,
  };
  service.invokeConfigs.put(row);
  return described(row);
}

/** @throws AwsError InvalidParameterValueException */
function checkDestination(arn: string | undefined, isSuccess: boolean): void {
  if (arn === undefined || arn === "") return;
  const { service, resource = "" } = parseArn(arn) ?? {};
  const kinds = ["sqs", "sns", "lambda", "events", ...(isSuccess ? [] : ["s3"])];
  const isFifo = (service === "sqs" || service === "sns") && resource.endsWith(".fifo");
  if (service !== undefined && kinds.includes(service) && !isFifo) return;
  throw invalidParameter(`The destination ARN ${arn} is invalid.`);
}

function described(row: InvokeConfigRow) {
  const destination = (arn: string | undefined) => (arn === undefined ? {} : { Destination: arn });
  return {
    LastModified: new Date(row.modifiedMs),
    FunctionArn: row.arn,
    MaximumRetryAttempts: row.maximumRetryAttempts,
    MaximumEventAgeInSeconds: row.maximumEventAgeInSeconds,
    DestinationConfig: {
      OnSuccess: destination(row.onSuccess),
      OnFailure: destination(row.onFailure) as { Destination: string },
    },
  };
}
