/** CreateAlias, GetAlias, UpdateAlias, DeleteAlias and ListAliases. */
import {
  type AliasRoutingConfiguration,
  CreateAlias$,
  type CreateAliasCommand,
  DeleteAlias$,
  type DeleteAliasCommand,
  GetAlias$,
  type GetAliasCommand,
  ListAliases$,
  type ListAliasesCommand,
  UpdateAlias$,
  type UpdateAliasCommand,
} from "@aws-sdk/client-lambda";
import { takePage } from "../../calls/page.ts";
import {
  conflict,
  functionNotFound,
  invalidParameter,
  invalidParameterUntyped,
  notFound,
  validation,
} from "./errors.ts";
import { type Lambda, operation } from "./lambda.ts";
import { type AliasRow, latest } from "./tables.ts";

export const createAlias = operation<CreateAliasCommand>(CreateAlias$, (input, context) => {
  const { service, account } = context;
  const { row } = service.functionNamed(input.FunctionName, undefined, context);
  const name = input.Name as string;
  const arn = `${row.arn}:${name}`;
  if (service.aliases.has(arn)) throw conflict(`Alias already exists: ${arn}`);
  const version = input.FunctionVersion as string;
  const weights = checkedWeights(service, row.arn, version, input.RoutingConfig);
  const alias: AliasRow = {
    arn,
    functionArn: row.arn,
    account,
    name,
    version,
    description: input.Description ?? "",
    weights,
    revisionId: service.newRevision(),
  };
  service.aliases.put(alias);
  return described(alias);
});

export const getAlias = operation<GetAliasCommand>(GetAlias$, (input, context) => {
  const { row } = context.service.functionNamed(input.FunctionName, undefined, context);
  return described(aliasOf(context.service, `${row.arn}:${input.Name}`));
});

export const updateAlias = operation<UpdateAliasCommand>(UpdateAlias$, (input, context) => {
  const { service } = context;
  const { row } = service.functionNamed(input.FunctionName, undefined, context);
  const before = aliasOf(service, `${row.arn}:${input.Name}`);
  service.checkRevision(input.RevisionId, before);
  const version = input.FunctionVersion ?? before.version;
  const routing = input.RoutingConfig ?? { AdditionalVersionWeights: before.weights };
  const alias: AliasRow = {
    ...before,
    version,
    description: input.Description ?? before.description,
    weights: checkedWeights(service, row.arn, version, routing),
    revisionId: service.newRevision(),
  };
  service.aliases.put(alias);
  return described(alias);
});

export const deleteAlias = operation<DeleteAliasCommand>(DeleteAlias$, (input, context) => {
  const { service } = context;
  const { row } = service.functionNamed(input.FunctionName, undefined, context);
  const arn = `${row.arn}:${input.Name}`;
  if (service.aliases.delete(arn)) service.deleteQualified(arn);
});

export const listAliases = operation<ListAliasesCommand>(ListAliases$, (input, context) => {
  const { service } = context;
  const { row } = service.functionNamed(input.FunctionName, undefined, context);
  const { Marker: after, FunctionVersion: version } = input;
  const rows = service.aliases.by.name.range(row.arn, after === undefined ? {} : { gt: after });
  const wanted = version === undefined ? rows : pointing(rows, version);
  // The only list whose pages may have more than 50 entries, and whose marker is a plain name.
  const { items, more } = takePage(wanted, input.MaxItems ?? 50);
  return { Aliases: items.map(described), NextMarker: more ? items.at(-1)?.name : undefined };
});

function* pointing(rows: Iterable<AliasRow>, version: string): Iterable<AliasRow> {
  for (const row of rows) if (row.version === version || Object.hasOwn(row.weights ?? {}, version)) yield row;
}

function aliasOf({ aliases }: Lambda, arn: string): AliasRow {
  const alias = aliases.get(arn);
  if (alias === undefined) throw notFound(`Cannot find alias arn: ${arn}`);
  return alias;
}

/** @throws AwsError */
function checkedWeights(
  service: Lambda,
  functionArn: string,
  version: string,
  routing: AliasRoutingConfiguration | undefined,
): AliasRow["weights"] {
  if (!service.versions.has(`${functionArn}:${version}`)) throw functionNotFound(`${functionArn}:${version}`);
  const weights = routing?.AdditionalVersionWeights ?? {};
  const versions = Object.keys(weights);
  if (Object.values(weights).some((weight) => !(weight >= 0 && weight <= 1))) {
    const shown = Object.entries(weights).map(([key, weight]) => `${key}=${javaDouble(weight)}`);
    throw validation(
      `1 validation error detected: Value '{${shown.join(", ")}}' at 'routingConfig.additionalVersionWeights' failed to satisfy constraint: Map value must satisfy constraint: [Member must have value less than or equal to 1.0, Member must have value greater than or equal to 0.0, Member must not be null]`,
    );
  }
  if (versions.length === 0) return undefined;
  if (versions.length > 1) {
    throw invalidParameter("Number of items in AdditionalVersionWeights cannot be greater than 1");
  }
  if (version === latest || versions[0] === latest) {
    throw invalidParameterUntyped("$LATEST is not supported for an alias pointing to more than 1 version");
  }
  if (versions[0] === version) {
    throw invalidParameter(
      `Invalid function version ${version}. Function version ${version} is already included in routing configuration.`,
    );
  }
  if (!service.versions.has(`${functionArn}:${versions[0]}`)) throw functionNotFound(`${functionArn}:${versions[0]}`);
  return { ...weights };
}

function javaDouble(value: number): string {
  return Number.isInteger(value) ? value.toFixed(1) : String(value);
}

function described({ arn, name, version, description, weights, revisionId }: AliasRow) {
  return {
    AliasArn: arn,
    Name: name,
    FunctionVersion: version,
    Description: description,
    RoutingConfig: weights === undefined ? undefined : { AdditionalVersionWeights: weights },
    RevisionId: revisionId,
  };
}
