/** Code signing configurations, stored and shown: signatures are not checked. */
import {
  CodeSigningConfigNotFoundException$,
  CreateCodeSigningConfig$,
  type CreateCodeSigningConfigCommand,
  DeleteCodeSigningConfig$,
  type DeleteCodeSigningConfigCommand,
  DeleteFunctionCodeSigningConfig$,
  type DeleteFunctionCodeSigningConfigCommand,
  GetCodeSigningConfig$,
  type GetCodeSigningConfigCommand,
  GetFunctionCodeSigningConfig$,
  type GetFunctionCodeSigningConfigCommand,
  ListCodeSigningConfigs$,
  type ListCodeSigningConfigsCommand,
  ListFunctionsByCodeSigningConfig$,
  type ListFunctionsByCodeSigningConfigCommand,
  PutFunctionCodeSigningConfig$,
  type PutFunctionCodeSigningConfigCommand,
  UpdateCodeSigningConfig$,
  type UpdateCodeSigningConfigCommand,
} from "@aws-sdk/client-lambda";
import { AwsError } from "../../../protocols/error.ts";
import { formatArn } from "../../calls/arn.ts";
import { takePage } from "../../calls/page.ts";
import { placeKey } from "../../calls/place.ts";
import { conflict } from "./errors.ts";
import { type Lambda, operation } from "./lambda.ts";
import { nextMarker, pageSize, positionIn } from "./pages.ts";
import { modifiedText } from "./shown.ts";
import type { CodeSigningRow } from "./tables.ts";

export const createCodeSigningConfig = operation<CreateCodeSigningConfigCommand>(
  CreateCodeSigningConfig$,
  (input, context) => {
    const { service, account, region } = context;
    const id = `csc-${service.deps.random.fork("signing").text(17, "abcdefghijklmnopqrstuvwxyz0123456789")}`;
    const row: CodeSigningRow = {
      arn: formatArn("lambda", region, account, `code-signing-config:${id}`),
      account,
      region,
      id,
      description: input.Description,
      publishers: input.AllowedPublishers?.SigningProfileVersionArns ?? [],
      onUntrusted: input.CodeSigningPolicies?.UntrustedArtifactOnDeployment ?? "Warn",
      lastModified: modifiedText(service.now, true),
      tags: { ...input.Tags },
    };
    service.codeSigning.put(row);
    return { CodeSigningConfig: described(row) };
  },
);

export const getCodeSigningConfig = operation<GetCodeSigningConfigCommand>(GetCodeSigningConfig$, (input, context) => ({
  CodeSigningConfig: described(configOf(context.service, input.CodeSigningConfigArn)),
}));

export const updateCodeSigningConfig = operation<UpdateCodeSigningConfigCommand>(
  UpdateCodeSigningConfig$,
  (input, context) => {
    const { service } = context;
    const before = configOf(service, input.CodeSigningConfigArn);
    const row: CodeSigningRow = {
      ...before,
      description: input.Description ?? before.description,
      publishers: input.AllowedPublishers?.SigningProfileVersionArns ?? before.publishers,
      onUntrusted: input.CodeSigningPolicies?.UntrustedArtifactOnDeployment ?? before.onUntrusted,
      lastModified: modifiedText(service.now, true),
    };
    service.codeSigning.put(row);
    return { CodeSigningConfig: described(row) };
  },
);

export const deleteCodeSigningConfig = operation<DeleteCodeSigningConfigCommand>(
  DeleteCodeSigningConfig$,
  (input, context) => {
    const { service } = context;
    const { arn } = configOf(service, input.CodeSigningConfigArn);
    if (service.functions.by.signing.size(arn) > 0) {
      throw conflict("Cannot delete the CodeSigningConfig because it is being used by one or more functions.");
    }
    service.codeSigning.delete(arn);
    return {};
  },
);

export const listCodeSigningConfigs = operation<ListCodeSigningConfigsCommand>(
  ListCodeSigningConfigs$,
  (input, context) => {
    const { service } = context;
    const after = positionIn(input.Marker)?.[0];
    const rows = service.codeSigning.by.id.range(placeKey(context), after === undefined ? {} : { gt: after });
    const { items, more } = takePage(rows, pageSize(input.MaxItems));
    return { CodeSigningConfigs: items.map(described), NextMarker: nextMarker(more, [items.at(-1)?.id]) };
  },
);

export const listFunctionsByCodeSigningConfig = operation<ListFunctionsByCodeSigningConfigCommand>(
  ListFunctionsByCodeSigningConfig$,
  (input, context) => {
    const { service } = context;
    const { arn } = configOf(service, input.CodeSigningConfigArn);
    const after = positionIn(input.Marker)?.[0];
    const rows = service.functions.by.signing.range(arn, after === undefined ? {} : { gt: after });
    const { items, more } = takePage(rows, pageSize(input.MaxItems));
    return { FunctionArns: items.map((row) => row.arn), NextMarker: nextMarker(more, [items.at(-1)?.name]) };
  },
);

export const putFunctionCodeSigningConfig = operation<PutFunctionCodeSigningConfigCommand>(
  PutFunctionCodeSigningConfig$,
  (input, context) => {
    const { service } = context;
    const { row } = service.functionNamed(input.FunctionName, undefined, context);
    const { arn } = configOf(service, input.CodeSigningConfigArn);
    service.functions.put({ ...row, codeSigningConfigArn: arn });
    return { CodeSigningConfigArn: arn, FunctionName: row.name };
  },
);

export const getFunctionCodeSigningConfig = operation<GetFunctionCodeSigningConfigCommand>(
  GetFunctionCodeSigningConfig$,
  (input, context) => {
    const { row } = context.service.functionNamed(input.FunctionName, undefined, context);
    const { codeSigningConfigArn: arn, name } = row;
    return arn === undefined
      ? { CodeSigningConfigArn: undefined, FunctionName: undefined }
      : { CodeSigningConfigArn: arn, FunctionName: name };
  },
);

export const deleteFunctionCodeSigningConfig = operation<DeleteFunctionCodeSigningConfigCommand>(
  DeleteFunctionCodeSigningConfig$,
  (input, context) => {
    const { service } = context;
    const { row } = service.functionNamed(input.FunctionName, undefined, context);
    service.functions.put({ ...row, codeSigningConfigArn: undefined });
  },
);

/** @throws AwsError CodeSigningConfigNotFoundException */
function configOf({ codeSigning }: Lambda, arn: string | undefined): CodeSigningRow {
  const row = codeSigning.get(arn as string);
  if (row !== undefined) return row;
  const message = `The code signing configuration cannot be found. Check that the ARN is correct: ${arn}`;
  throw AwsError.of(CodeSigningConfigNotFoundException$, message, { Type: "User" });
}

function described(row: CodeSigningRow) {
  return {
    CodeSigningConfigId: row.id,
    CodeSigningConfigArn: row.arn,
    Description: row.description,
    AllowedPublishers: { SigningProfileVersionArns: [...row.publishers] },
    CodeSigningPolicies: { UntrustedArtifactOnDeployment: row.onUntrusted as "Warn" | "Enforce" },
    LastModified: row.lastModified,
  };
}
