/** Configurations of function URLs; `url-door.ts` serves them. */
import {
  type Cors,
  CreateFunctionUrlConfig$,
  type CreateFunctionUrlConfigCommand,
  DeleteFunctionUrlConfig$,
  type DeleteFunctionUrlConfigCommand,
  GetFunctionUrlConfig$,
  type GetFunctionUrlConfigCommand,
  ListFunctionUrlConfigs$,
  type ListFunctionUrlConfigsCommand,
  UpdateFunctionUrlConfig$,
  type UpdateFunctionUrlConfigCommand,
} from "@aws-sdk/client-lambda";
import { takePage } from "../../calls/page.ts";
import type { Place } from "../../calls/place.ts";
import { conflict, notFound } from "./errors.ts";
import { type Lambda, operation } from "./lambda.ts";
import { parseName } from "./names.ts";
import { nextMarker, pageSize, positionIn } from "./pages.ts";
import type { UrlRow } from "./tables.ts";

export const createFunctionUrlConfig = operation<CreateFunctionUrlConfigCommand>(
  CreateFunctionUrlConfig$,
  (input, context) => {
    const { service, account, region } = context;
    const { functionArn, arn } = urlTarget(service, input, context);
    if (service.urls.has(arn)) {
      throw conflict(
        `Failed to create function url config for [functionArn = ${arn}]. Error message:  FunctionUrlConfig exists for this Lambda function`,
      );
    }
    const time = nanoseconds(service.now);
    const row: UrlRow = {
      arn,
      functionArn,
      account,
      region,
      urlId: service.deps.random.fork("urls").text(32, "abcdefghijklmnopqrstuvwxyz234567"),
      authType: input.AuthType as UrlRow["authType"],
      cors: input.Cors as Cors | undefined,
      invokeMode: input.InvokeMode as UrlRow["invokeMode"],
      createdAt: time,
      modifiedAt: time,
    };
    service.urls.put(row);
    const { LastModifiedTime: _time, InvokeMode: _mode, ...shown } = described(service, row, context.origin);
    return { ...shown, InvokeMode: row.invokeMode };
  },
);

export const getFunctionUrlConfig = operation<GetFunctionUrlConfigCommand>(GetFunctionUrlConfig$, (input, context) =>
  described(context.service, urlOf(context.service, input, context), context.origin),
);

export const updateFunctionUrlConfig = operation<UpdateFunctionUrlConfigCommand>(
  UpdateFunctionUrlConfig$,
  (input, context) => {
    const { service } = context;
    urlTarget(service, input, context);
    const before = urlOf(service, input, context);
    const row: UrlRow = {
      ...before,
      authType: (input.AuthType as UrlRow["authType"] | undefined) ?? before.authType,
      cors: (input.Cors as Cors | undefined) ?? before.cors,
      invokeMode: (input.InvokeMode as UrlRow["invokeMode"]) ?? before.invokeMode,
      modifiedAt: nanoseconds(service.now),
    };
    service.urls.put(row);
    return described(service, row, context.origin);
  },
);

export const deleteFunctionUrlConfig = operation<DeleteFunctionUrlConfigCommand>(
  DeleteFunctionUrlConfig$,
  (input, context) => {
    const { service } = context;
    service.urls.delete(urlOf(service, input, context).arn);
  },
);

export const listFunctionUrlConfigs = operation<ListFunctionUrlConfigsCommand>(
  ListFunctionUrlConfigs$,
  (input, context) => {
    const { service } = context;
    const { functionArn } = urlTarget(service, input, context);
    const after = positionIn(input.Marker)?.[0];
    const rows = service.urls.by.function.range(functionArn, after === undefined ? {} : { gt: after });
    const { items, more } = takePage(rows, pageSize(input.MaxItems));
    return {
      FunctionUrlConfigs: items.map((row) => described(service, row, context.origin)),
      NextMarker: nextMarker(more, [items.at(-1)?.arn]),
    };
  },
);

interface Asked {
  readonly FunctionName?: string | undefined;
  readonly Qualifier?: string | undefined;
}

/** The function or alias that a URL belongs to. @throws AwsError ResourceNotFoundException */
function urlTarget(service: Lambda, input: Asked, place: Place): { functionArn: string; arn: string } {
  const { arn, qualifier, asked } = parseName(input.FunctionName as string, input.Qualifier, place);
  if (!service.functions.has(arn)) throw notFound("Function does not exist");
  if (qualifier !== undefined && !service.aliases.has(asked)) throw notFound(`Cannot find alias arn: ${asked}`);
  return { functionArn: arn, arn: asked };
}

function urlOf(service: Lambda, input: Asked, place: Place): UrlRow {
  const row = service.urls.get(parseName(input.FunctionName as string, input.Qualifier, place).asked);
  if (row === undefined) throw notFound();
  return row;
}

function described(service: Lambda, row: UrlRow, origin: string) {
  return {
    FunctionUrl: service.functionUrl(row, origin),
    FunctionArn: row.arn,
    AuthType: row.authType,
    CreationTime: row.createdAt,
    LastModifiedTime: row.modifiedAt,
    Cors: row.cors,
    InvokeMode: row.invokeMode ?? "BUFFERED",
  };
}

function nanoseconds(nowMs: number): string {
  return new Date(nowMs).toISOString().replace("Z", "000000Z");
}
