/** CreateFunction, GetFunction and its configuration, the updates, DeleteFunction and ListFunctions. */

import {
  CreateFunction$,
  type CreateFunctionCommand,
  DeleteFunction$,
  type DeleteFunctionCommand,
  GetFunction$,
  type GetFunctionCommand,
  GetFunctionConfiguration$,
  type GetFunctionConfigurationCommand,
  ListFunctions$,
  type ListFunctionsCommand,
  UpdateFunctionCode$,
  type UpdateFunctionCodeCommand,
  UpdateFunctionConfiguration$,
  type UpdateFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";
import { formatArn } from "../../calls/arn.ts";
import { inTransaction } from "../../calls/operation.ts";
import { takePage } from "../../calls/page.ts";
import { type Place, placeKey } from "../../calls/place.ts";
import { noInstances } from "./capacity-providers.ts";
import { checkUnzipped, codeOf, heldLayers, keptCode, withCode } from "./code-sources.ts";
import { conflict, functionNotFound, invalidParameter, validation } from "./errors.ts";
import { type Lambda, operation } from "./lambda.ts";
import { parseName } from "./names.ts";
import { nextMarker, pageSize, positionIn } from "./pages.ts";
import { settingsOf } from "./settings.ts";
import { configurationOf, modifiedText } from "./shown.ts";
import { latest, type VersionRow } from "./tables.ts";
import { checkedTags } from "./tags.ts";
import { publish } from "./versions.ts";

const noImages =
  "Busbar runs functions as processes and has no containers: a function of PackageType Image cannot be created. Give its code as a zip.";

export const createFunction = operation<CreateFunctionCommand>(CreateFunction$, async (input, context) => {
  const { service, account, region } = context;
  const { name, arn } = newName(input.FunctionName as string, context);
  if (input.PackageType === "Image" || input.Code?.ImageUri !== undefined) throw invalidParameter(noImages);
  if (input.CapacityProviderConfig !== undefined) throw invalidParameter(noInstances);
  const settings = settingsOf(input, undefined, region);
  if (settings.Runtime === undefined || settings.Handler === undefined) {
    const message = "Runtime and Handler are mandatory parameters for functions created with deployment packages.";
    throw invalidParameter(message);
  }
  const tags = checkedTags({}, input.Tags);
  checkSigning(service, input.CodeSigningConfigArn);
  if (service.functions.has(arn)) throw conflict(`Function already exist: ${name}`);
  const given = await codeOf(input.Code ?? {}, context);
  return withCode(given, context, (source) => {
    if (service.functions.has(arn)) throw conflict(`Function already exist: ${name}`);
    const layers = heldLayers(service, settings.LayerArns ?? []);
    const code = keptCode(service, account, source, layers);
    const serial = service.deps.store.nextSerial();
    const { CodeSigningConfigArn: codeSigningConfigArn } = input;
    const row = { arn, account, region, name, serial, lastVersion: 0, tags, codeSigningConfigArn };
    service.functions.put(row);
    const version: VersionRow = {
      arn: `${arn}:${latest}`,
      functionArn: arn,
      account,
      region,
      name,
      version: latest,
      settings,
      code,
      layers,
      revisionId: service.newRevision(),
      lastModified: modifiedText(service.now, true),
      isPending: true,
      isUpdating: false,
    };
    const kept = service.putChanging(version);
    service.runner.warnOfLacks(kept);
    const revisionId = service.newRevision();
    if (input.Publish !== true) return configurationOf(kept, { arn, change: "create", revisionId });
    return configurationOf(publish(service, row, kept, {}), { arn, change: "create", revisionId });
  });
});

export const getFunction = operation<GetFunctionCommand>(GetFunction$, (input, context) => {
  const { service, origin } = context;
  const { function: row, version, arn } = service.target(input.FunctionName, input.Qualifier, context);
  const { code } = version;
  return {
    Configuration: configurationOf(version, { arn }),
    Code: { RepositoryType: "S3", Location: code.directory ?? service.codeUrl(origin, code) },
    Tags: Object.keys(row.tags).length === 0 ? undefined : row.tags,
    Concurrency:
      row.reservedConcurrency === undefined ? undefined : { ReservedConcurrentExecutions: row.reservedConcurrency },
  };
});

export const getFunctionConfiguration = operation<GetFunctionConfigurationCommand>(
  GetFunctionConfiguration$,
  (input, context) => {
    const { version, arn } = context.service.target(input.FunctionName, input.Qualifier, context);
    return configurationOf(version, { arn });
  },
);

export const updateFunctionCode = operation<UpdateFunctionCodeCommand>(UpdateFunctionCode$, async (input, context) => {
  const { service, account } = context;
  const changing = () => {
    const { row } = service.functionNamed(input.FunctionName, undefined, context);
    const before = service.latestOf(row);
    service.checkRevision(input.RevisionId, before);
    service.checkIdle(before);
    return { row, before };
  };
  changing();
  if (input.ImageUri !== undefined) {
    throw invalidParameter("Please don't provide ImageUri when updating a function with packageType Zip.");
  }
  const given = await codeOf(input, context);
  if (input.DryRun === true) {
    return inTransaction(context, () => {
      const { row, before } = changing();
      const code = { ...before.code, sha256: "bytes" in given ? given.sha256 : before.code.sha256 };
      const lastModified = modifiedText(service.now, false);
      return configurationOf({ ...before, code, lastModified }, { arn: row.arn, revisionId: service.newRevision() });
    });
  }
  return withCode(given, context, (source) => {
    const { row, before } = changing();
    const revisionId = service.newRevision();
    const lastModified = modifiedText(service.now, false);
    const code = keptCode(service, account, source, before.layers);
    const { Architectures = before.settings.Architectures } = input;
    const settings = { ...before.settings, Architectures };
    const next = { ...before, settings, code, lastModified, revisionId: service.newRevision(), isUpdating: true };
    const kept = service.putChanging(next);
    if (input.Publish !== true) return configurationOf(kept, { arn: row.arn, change: "update", revisionId });
    return configurationOf(publish(service, row, kept, {}), { change: "create" });
  });
});

export const updateFunctionConfiguration = operation<UpdateFunctionConfigurationCommand>(
  UpdateFunctionConfiguration$,
  (input, context) => {
    const { service, region } = context;
    const { row } = service.functionNamed(input.FunctionName, undefined, context);
    const before = service.latestOf(row);
    service.checkRevision(input.RevisionId, before);
    service.checkIdle(before);
    const settings = settingsOf(input, before.settings, region);
    const layers = input.Layers === undefined ? before.layers : heldLayers(service, input.Layers, before.layers);
    checkUnzipped(service, before.code, layers);
    const revisionId = service.newRevision();
    const kept = service.putChanging({
      ...before,
      settings,
      layers,
      lastModified: modifiedText(service.now, false),
      revisionId: service.newRevision(),
      isUpdating: true,
    });
    if (input.Runtime !== undefined) service.runner.warnOfLacks(kept);
    return configurationOf(kept, { arn: row.arn, change: "update", revisionId });
  },
);

export const deleteFunction = operation<DeleteFunctionCommand>(DeleteFunction$, (input, context) => {
  const { service } = context;
  const { row, qualifier, asked } = service.functionNamed(input.FunctionName, input.Qualifier, context);
  if (qualifier === latest) {
    throw invalidParameter("$LATEST version cannot be deleted without deleting the function.");
  }
  if (qualifier === undefined) {
    service.deleteFunction(row);
    return { StatusCode: 204 };
  }
  if (!/^\d+$/.test(qualifier)) {
    throw invalidParameter("Deletion of aliases is not currently supported.");
  }
  const version = service.versions.get(`${row.arn}:${qualifier}`);
  if (version === undefined) throw functionNotFound(asked);
  const aliases = [...service.aliases.by.name.range(row.arn)].filter(
    ({ version: pointed, weights = {} }) => pointed === qualifier || Object.hasOwn(weights, qualifier),
  );
  if (aliases.length > 0) {
    const names = aliases.map(({ name }) => name).join(", ");
    throw conflict(`Unable to delete version because the following aliases reference it: [${names}]`);
  }
  service.deleteVersion(version);
  service.deleteQualified(version.arn);
  return { StatusCode: 204 };
});

export const listFunctions = operation<ListFunctionsCommand>(ListFunctions$, (input, context) => {
  const { service } = context;
  const position = positionIn(input.Marker) ?? [];
  const [after, afterVersion] = position as [string?, number?];
  const isAll = input.FunctionVersion === "ALL";
  function* rows(): Iterable<{ row: VersionRow; position: readonly unknown[] }> {
    const bounds = after === undefined ? {} : isAll ? { gte: after } : { gt: after };
    for (const found of service.functions.by.name.range(placeKey(context), bounds)) {
      if (!isAll) {
        yield { row: service.latestOf(found), position: [found.name] };
        continue;
      }
      const from = found.name === after && afterVersion !== undefined ? { gt: afterVersion } : {};
      for (const row of service.versions.by.number.range(found.arn, from)) {
        yield { row, position: [found.name, row.version === latest ? 0 : Number(row.version)] };
      }
    }
  }
  const { items, more } = takePage(rows(), pageSize(input.MaxItems));
  return {
    Functions: items.map(({ row }) =>
      configurationOf(row, { isListed: true, ...(isAll ? {} : { arn: row.functionArn }) }),
    ),
    NextMarker: nextMarker(more, items.at(-1)?.position),
  };
});

/** @throws AwsError InvalidParameterValueException, ValidationException */
function newName(text: string, place: Place): { name: string; arn: string } {
  const { name, qualifier } = parseName(text, undefined, place);
  if (name.length > 64) {
    throw invalidParameter(
      `1 validation error detected: Value '${name}' at 'functionName' failed to satisfy constraint: Member must have length less than or equal to 64`,
    );
  }
  if (qualifier !== undefined) {
    throw validation(
      `1 validation error detected: Value '${text}' at 'functionName' failed to satisfy constraint: Member must not have a version or an alias`,
    );
  }
  return { name, arn: formatArn("lambda", place.region, place.account, `function:${name}`) };
}

function checkSigning(service: Lambda, arn: string | undefined): void {
  if (arn === undefined || service.codeSigning.has(arn)) return;
  throw invalidParameter(`The code signing configuration cannot be found. Check that the ARN is correct: ${arn}`);
}
