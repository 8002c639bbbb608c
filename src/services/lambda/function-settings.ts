/** Settings outside a function's configuration: recursion, runtime management, and the account's. */
import {
  GetAccountSettings$,
  type GetAccountSettingsCommand,
  GetFunctionRecursionConfig$,
  type GetFunctionRecursionConfigCommand,
  GetRuntimeManagementConfig$,
  type GetRuntimeManagementConfigCommand,
  PutFunctionRecursionConfig$,
  type PutFunctionRecursionConfigCommand,
  PutRuntimeManagementConfig$,
  type PutRuntimeManagementConfigCommand,
  type RecursiveLoop,
  type UpdateRuntimeOn,
} from "@aws-sdk/client-lambda";
import { placeKey } from "../../calls/place.ts";
import { maxTotalBytes } from "./code-store.ts";
import { invalidParameter } from "./errors.ts";
import { operation } from "./lambda.ts";
import { accountConcurrency } from "./runner.ts";
import { maxUnzippedBytes } from "./zips.ts";

/** Bytes of a zip that is sent with a request (Lambda quotas). */
const maxZippedBytes = 52_428_800;

export const putFunctionRecursionConfig = operation<PutFunctionRecursionConfigCommand>(
  PutFunctionRecursionConfig$,
  (input, context) => {
    const { service } = context;
    const { row } = service.functionNamed(input.FunctionName, undefined, context);
    const recursiveLoop = input.RecursiveLoop as RecursiveLoop;
    service.functions.put({ ...row, recursiveLoop });
    return { RecursiveLoop: recursiveLoop };
  },
);

export const getFunctionRecursionConfig = operation<GetFunctionRecursionConfigCommand>(
  GetFunctionRecursionConfig$,
  (input, context) => {
    const { row } = context.service.functionNamed(input.FunctionName, undefined, context);
    return { RecursiveLoop: (row.recursiveLoop ?? "Terminate") as RecursiveLoop };
  },
);

export const putRuntimeManagementConfig = operation<PutRuntimeManagementConfigCommand>(
  PutRuntimeManagementConfig$,
  (input, context) => {
    const { service } = context;
    const { version, arn } = service.target(input.FunctionName, input.Qualifier, context);
    service.checkIdle(version);
    const { UpdateRuntimeOn: updateRuntimeOn, RuntimeVersionArn: runtimeVersionArn } = input;
    if (updateRuntimeOn === "Manual" && runtimeVersionArn === undefined) {
      throw invalidParameter("RuntimeVersionArn is required when UpdateRuntimeOn is Manual.");
    }
    service.putChanging({ ...version, updateRuntimeOn, runtimeVersionArn, isUpdating: true });
    return {
      UpdateRuntimeOn: updateRuntimeOn as UpdateRuntimeOn,
      FunctionArn: arn,
      RuntimeVersionArn: runtimeVersionArn,
    };
  },
);

export const getRuntimeManagementConfig = operation<GetRuntimeManagementConfigCommand>(
  GetRuntimeManagementConfig$,
  (input, context) => {
    const { version, arn } = context.service.target(input.FunctionName, input.Qualifier, context);
    const { updateRuntimeOn = "Auto", runtimeVersionArn } = version;
    return {
      UpdateRuntimeOn: updateRuntimeOn as UpdateRuntimeOn,
      FunctionArn: arn,
      RuntimeVersionArn: runtimeVersionArn,
    };
  },
);

export const getAccountSettings = operation<GetAccountSettingsCommand>(GetAccountSettings$, (_input, context) => {
  const { service, account } = context;
  return {
    AccountLimit: {
      TotalCodeSize: maxTotalBytes,
      CodeSizeUnzipped: maxUnzippedBytes,
      CodeSizeZipped: maxZippedBytes,
      ConcurrentExecutions: accountConcurrency,
      UnreservedConcurrentExecutions: service.runner.unreserved(account),
    },
    AccountUsage: {
      TotalCodeSize: service.codes.totalSize(account),
      FunctionCount: service.functions.by.name.size(placeKey(context)),
    },
  };
});
