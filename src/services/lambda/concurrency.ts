/** Reserved and provisioned concurrency. */
import {
  DeleteFunctionConcurrency$,
  type DeleteFunctionConcurrencyCommand,
  DeleteProvisionedConcurrencyConfig$,
  type DeleteProvisionedConcurrencyConfigCommand,
  GetFunctionConcurrency$,
  type GetFunctionConcurrencyCommand,
  GetProvisionedConcurrencyConfig$,
  type GetProvisionedConcurrencyConfigCommand,
  ListProvisionedConcurrencyConfigs$,
  type ListProvisionedConcurrencyConfigsCommand,
  ProvisionedConcurrencyConfigNotFoundException$,
  PutFunctionConcurrency$,
  type PutFunctionConcurrencyCommand,
  PutProvisionedConcurrencyConfig$,
  type PutProvisionedConcurrencyConfigCommand,
} from "@aws-sdk/client-lambda";
import { AwsError } from "../../../protocols/error.ts";
import { takePage } from "../../calls/page.ts";
import type { Place } from "../../calls/place.ts";
import { conflict, functionNotFound, invalidParameter } from "./errors.ts";
import { type Lambda, operation, type Target } from "./lambda.ts";
import { parseName } from "./names.ts";
import { nextMarker, pageSize, positionIn } from "./pages.ts";
import { type FunctionRow, latest, type ProvisionedRow } from "./tables.ts";

/** Concurrency that must remain for functions without a reservation (Lambda quotas). */
const leastUnreserved = 100;

export const putFunctionConcurrency = operation<PutFunctionConcurrencyCommand>(
  PutFunctionConcurrency$,
  (input, context) => {
    const { service, account } = context;
    const row = wholeFunction(service, input.FunctionName as string, context, latest);
    const reserved = input.ReservedConcurrentExecutions as number;
    const left = service.runner.unreserved(account) + (row.reservedConcurrency ?? 0) - reserved;
    if (reserved > 0 && left < leastUnreserved) {
      throw invalidParameter(
        `Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [${leastUnreserved}].`,
      );
    }
    const provisioned = totalProvisioned(service, row.arn);
    if (reserved < provisioned) {
      throw invalidParameter(
        ` ReservedConcurrentExecutions  ${reserved} should not be lower than function's total provisioned concurrency [${provisioned}].`,
      );
    }
    service.functions.put({ ...row, reservedConcurrency: reserved });
    return { ReservedConcurrentExecutions: reserved };
  },
);

export const getFunctionConcurrency = operation<GetFunctionConcurrencyCommand>(
  GetFunctionConcurrency$,
  (input, context) => {
    const row = wholeFunction(context.service, input.FunctionName as string, context);
    return { ReservedConcurrentExecutions: row.reservedConcurrency };
  },
);

export const deleteFunctionConcurrency = operation<DeleteFunctionConcurrencyCommand>(
  DeleteFunctionConcurrency$,
  (input, context) => {
    const { service } = context;
    const row = wholeFunction(service, input.FunctionName as string, context);
    service.functions.put({ ...row, reservedConcurrency: undefined });
  },
);

export const putProvisionedConcurrencyConfig = operation<PutProvisionedConcurrencyConfigCommand>(
  PutProvisionedConcurrencyConfig$,
  (input, context) => {
    const { service, account } = context;
    const target = provisionable(
      service.target(input.FunctionName, input.Qualifier, context),
      "Provisioned Concurrency Configs cannot be applied to unpublished function versions.",
    );
    const { version, function: row, alias } = target;
    const arn = (alias ?? version).arn;
    for (const other of service.provisioned.by.function.range(row.arn)) {
      if (other.arn === arn || other.version !== version.version) continue;
      throw conflict(
        alias !== undefined
          ? "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version"
          : "Version is pointed by a Provisioned Concurrency alias",
      );
    }
    const requested = input.ProvisionedConcurrentExecutions as number;
    const others = totalProvisioned(service, row.arn) - (service.provisioned.get(arn)?.requested ?? 0);
    if (row.reservedConcurrency !== undefined && others + requested > row.reservedConcurrency) {
      throw invalidParameter(
        `Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function`,
      );
    }
    const config: ProvisionedRow = {
      arn,
      functionArn: row.arn,
      account,
      version: version.version,
      isAlias: alias !== undefined,
      requested,
      lastModified: new Date(service.now).toISOString().replace(/\.\d+Z/, "+0000"),
    };
    service.provisioned.put(config);
    service.deps.store.afterDurable(() => service.runner.warm(version, requested));
    return {
      RequestedProvisionedConcurrentExecutions: requested,
      AvailableProvisionedConcurrentExecutions: 0,
      AllocatedProvisionedConcurrentExecutions: 0,
      Status: "IN_PROGRESS",
      LastModified: config.lastModified,
    };
  },
);

export const getProvisionedConcurrencyConfig = operation<GetProvisionedConcurrencyConfigCommand>(
  GetProvisionedConcurrencyConfig$,
  (input, context) => described(provisionedOf(context.service, input, context)),
);

export const deleteProvisionedConcurrencyConfig = operation<DeleteProvisionedConcurrencyConfigCommand>(
  DeleteProvisionedConcurrencyConfig$,
  (input, context) => {
    const { service } = context;
    service.provisioned.delete(provisionedOf(service, input, context).arn);
  },
);

export const listProvisionedConcurrencyConfigs = operation<ListProvisionedConcurrencyConfigsCommand>(
  ListProvisionedConcurrencyConfigs$,
  (input, context) => {
    const { service } = context;
    const { row } = service.functionNamed(input.FunctionName, undefined, context);
    const after = positionIn(input.Marker)?.[0];
    const rows = service.provisioned.by.function.range(row.arn, after === undefined ? {} : { gt: after });
    const { items, more } = takePage(rows, pageSize(input.MaxItems));
    return {
      ProvisionedConcurrencyConfigs: items.map((config) => ({ FunctionArn: config.arn, ...described(config) })),
      NextMarker: nextMarker(more, [items.at(-1)?.arn]),
    };
  },
);

/** The function of an unqualified name. @param unknownAs the qualifier in the error when it does not exist. */
function wholeFunction({ functions }: Lambda, text: string, place: Place, unknownAs?: string): FunctionRow {
  const { arn, qualifier } = parseName(text, undefined, place);
  if (qualifier !== undefined) {
    throw invalidParameter(
      "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. Please specify either a function name or an unqualified function ARN.",
    );
  }
  const row = functions.get(arn);
  if (row === undefined) throw functionNotFound(unknownAs === undefined ? arn : `${arn}:${unknownAs}`);
  return row;
}

/** An alias or a number. @throws AwsError InvalidParameterValueException */
function provisionable(target: Target, otherwise: string): Target {
  const { alias, version } = target;
  if (version.version === latest || (alias !== undefined && alias.version === latest))
    throw invalidParameter(otherwise);
  return target;
}

function provisionedOf(
  service: Lambda,
  input: { readonly FunctionName?: string | undefined; readonly Qualifier?: string | undefined },
  place: Place,
): ProvisionedRow {
  const otherwise = "The function resource provided must be an alias or a published version.";
  const { alias, version } = provisionable(service.target(input.FunctionName, input.Qualifier, place), otherwise);
  const row = service.provisioned.get((alias ?? version).arn);
  if (row !== undefined) return row;
  const message = "No Provisioned Concurrency Config found for this function";
  throw AwsError.of(ProvisionedConcurrencyConfigNotFoundException$, message, { Type: "User" });
}

function totalProvisioned({ provisioned }: Lambda, functionArn: string): number {
  let total = 0;
  for (const { requested } of provisioned.by.function.range(functionArn)) total += requested;
  return total;
}

function described({ requested, lastModified }: ProvisionedRow) {
  return {
    RequestedProvisionedConcurrentExecutions: requested,
    AvailableProvisionedConcurrentExecutions: requested,
    AllocatedProvisionedConcurrentExecutions: requested,
    Status: "READY" as const,
    LastModified: lastModified,
  };
}
