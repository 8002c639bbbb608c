/** User settings of a function, with AWS's checks beyond the model. */
import type { CreateFunctionRequest } from "@aws-sdk/client-lambda";
import type { FromWire } from "../../../protocols/blob.ts";
import { parseArn } from "../../calls/arn.ts";
import { invalidParameter, validation } from "./errors.ts";
import type { Settings } from "./tables.ts";

/** In the order of AWS's messages. */
const runtimes: readonly string[] = (
  "nodejs20.x, python3.14, provided.al2023, python3.12, python3.13, nodejs24.x, nodejs22.x, java25, python3.10, python3.11, " +
  "java21, ruby3.3, ruby3.4, ruby3.2, python3.8, python3.9, java17, nodejs16.x, dotnet10, dotnet8, java11, dotnet6, " +
  "nodejs18.x, provided.al2, java8.al2"
).split(", ");

const retired = new Set(
  "java8 go1.x provided ruby2.5 ruby2.7 nodejs nodejs4.3 nodejs6.10 nodejs8.10 nodejs10.x nodejs12.x nodejs14.x python2.7 python3.6 python3.7 dotnetcore1.0 dotnetcore2.0 dotnetcore2.1 dotnetcore3.1".split(
    " ",
  ),
);

/** Variables that Lambda sets itself (Lambda developer guide, "Defined runtime environment variables"). */
const reserved = new Set([
  "_HANDLER",
  "_X_AMZN_TRACE_ID",
  "AWS_DEFAULT_REGION",
  "AWS_REGION",
  "AWS_EXECUTION_ENV",
  "AWS_LAMBDA_FUNCTION_NAME",
  "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
  "AWS_LAMBDA_FUNCTION_VERSION",
  "AWS_LAMBDA_INITIALIZATION_TYPE",
  "AWS_LAMBDA_LOG_GROUP_NAME",
  "AWS_LAMBDA_LOG_STREAM_NAME",
  "AWS_ACCESS_KEY",
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "AWS_LAMBDA_RUNTIME_API",
  "LAMBDA_TASK_ROOT",
  "LAMBDA_RUNTIME_DIR",
]);

const maxEnvironmentBytes = 4096;
const maxLayers = 5;

/** The settings among a request's members; an update request lacks what it does not change. */
export type GivenSettings = Pick<
  FromWire<CreateFunctionRequest>,
  | "Runtime"
  | "Role"
  | "Handler"
  | "Description"
  | "Timeout"
  | "MemorySize"
  | "DeadLetterConfig"
  | "DurableConfig"
  | "KMSKeyArn"
  | "EphemeralStorage"
  | "FileSystemConfigs"
  | "LoggingConfig"
  | "TracingConfig"
  | "VpcConfig"
  | "Environment"
  | "SnapStart"
  | "Layers"
  | "Architectures"
>;

/** @throws AwsError InvalidParameterValueException */
export function settingsOf(given: Partial<GivenSettings>, before: Settings | undefined, region: string): Settings {
  if (given.Runtime !== undefined) checkRuntime(given.Runtime);
  const variables = given.Environment?.Variables;
  if (variables !== undefined) checkVariables(variables);
  if (given.Layers !== undefined) checkLayers(given.Layers, region);
  const { VpcConfig, DeadLetterConfig, KMSKeyArn, SnapStart } = given;
  const [subnet] = VpcConfig?.SubnetIds ?? [];
  if (subnet !== undefined && !/^subnet-[0-9a-z]{8,17}$/.test(subnet)) {
    throw invalidParameter(
      `Error occurred while DescribeSubnets. EC2 Error Code: InvalidSubnetID.NotFound. EC2 Error Message: The subnet ID '${subnet}' does not exist`,
    );
  }
  return {
    ...before,
    Runtime: given.Runtime ?? before?.Runtime,
    Role: given.Role ?? before?.Role,
    Handler: given.Handler ?? before?.Handler,
    Description: given.Description ?? before?.Description ?? "",
    Timeout: given.Timeout ?? before?.Timeout ?? 3,
    MemorySize: given.MemorySize ?? before?.MemorySize ?? 128,
    Architectures: given.Architectures ?? before?.Architectures ?? ["x86_64"],
    EphemeralStorage: given.EphemeralStorage ?? before?.EphemeralStorage ?? { Size: 512 },
    FileSystemConfigs: given.FileSystemConfigs ?? before?.FileSystemConfigs,
    LoggingConfig: given.LoggingConfig ?? before?.LoggingConfig,
    TracingConfig: given.TracingConfig ?? before?.TracingConfig ?? { Mode: "PassThrough" },
    Variables: given.Environment === undefined ? before?.Variables : { ...variables },
    SnapStart: SnapStart?.ApplyOn ?? before?.SnapStart ?? "None",
    LayerArns: given.Layers ?? before?.LayerArns,
    VpcConfig:
      VpcConfig === undefined
        ? before?.VpcConfig
        : { SubnetIds: [], SecurityGroupIds: [], ...VpcConfig, VpcId: subnet === undefined ? "" : "vpc-00000000" },
    DeadLetterConfig: cleared(DeadLetterConfig, before?.DeadLetterConfig, DeadLetterConfig?.TargetArn === ""),
    KMSKeyArn: cleared(KMSKeyArn, before?.KMSKeyArn, KMSKeyArn === ""),
    DurableConfig: durableConfig(given.DurableConfig, before),
  };
}

/** A function is durable from its creation or never. @throws AwsError InvalidParameterValueException */
function durableConfig(given: Settings["DurableConfig"], before: Settings | undefined): Settings["DurableConfig"] {
  if (given === undefined) return before?.DurableConfig;
  if (before !== undefined && before.DurableConfig === undefined) {
    throw invalidParameter("DurableConfig cannot be added to a function that was created without it.");
  }
  return { RetentionPeriodInDays: 14, ...before?.DurableConfig, ...given };
}

function cleared<T>(given: T | undefined, before: T | undefined, isEmpty: boolean): T | undefined {
  return given === undefined ? before : isEmpty ? undefined : given;
}

/**
 * Layers may be for runtimes that no new function can have.
 * @throws AwsError ValidationException
 */
export function checkLayerRuntimes(given: readonly string[]): void {
  if (given.every((runtime) => runtimes.includes(runtime) || retired.has(runtime))) return;
  const known = [...runtimes, ...retired].join(", ");
  throw validation(
    `1 validation error detected: Value '[${given.join(", ")}]' at 'compatibleRuntimes' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [${known}]]`,
  );
}

function checkRuntime(runtime: string): void {
  if (retired.has(runtime)) {
    throw invalidParameter(
      `The runtime parameter of ${runtime} is no longer supported for creating or updating AWS Lambda functions. We recommend you use a supported runtime while creating or updating functions.`,
    );
  }
  if (runtimes.includes(runtime)) return;
  throw invalidParameter(
    `Value ${runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [${runtimes.join(", ")}] or be a valid ARN`,
  );
}

function checkVariables(variables: Readonly<Record<string, string>>): void {
  const taken = Object.keys(variables).filter((name) => reserved.has(name));
  if (taken.length > 0) {
    throw invalidParameter(
      `Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: ${taken.join(", ")}`,
    );
  }
  const text = JSON.stringify(variables);
  const bytes = Object.entries(variables).reduce((sum, pair) => sum + Buffer.byteLength(pair.join("")), 0);
  if (bytes <= maxEnvironmentBytes) return;
  throw invalidParameter(
    `Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit. String measured: ${text}`,
  );
}

function checkLayers(layers: readonly string[], region: string): void {
  if (layers.length > maxLayers) {
    throw invalidParameter(`Cannot reference more than ${maxLayers} layers.`);
  }
  const byLayer = new Map<string, string>();
  for (const arn of layers) {
    if (parseArn(arn)?.region !== region) {
      throw invalidParameter(
        `Layers are not in the same region as the function. Layers are expected to be in region ${region}.`,
      );
    }
    const layer = arn.slice(0, arn.lastIndexOf(":"));
    const other = byLayer.get(layer);
    if (other !== undefined) {
      throw invalidParameter(
        `Two different versions of the same layer are not allowed to be referenced in the same function. ${arn} and ${other} are versions of the same layer.`,
      );
    }
    byLayer.set(layer, arn);
  }
}
