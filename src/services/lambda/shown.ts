/** Functions and versions in the form of the API. */
import { createHash } from "node:crypto";
import type { FunctionConfiguration } from "@aws-sdk/client-lambda";
import { latest, type VersionRow } from "./tables.ts";

interface Shown {
  /** The ARN to show. Default: the version's own. */
  readonly arn?: string;
  /** Lists leave out states. */
  readonly isListed?: boolean;
  /** Shows states as they are when a change has just begun. */
  readonly change?: "create" | "update";
  readonly revisionId?: string;
}

const being = "The function is being created.";

export function configurationOf(row: VersionRow, shown: Shown = {}): FunctionConfiguration {
  const { settings, code } = row;
  const { Variables, SnapStart, LayerArns: _arns, LoggingConfig, ...plain } = settings;
  return {
    ...plain,
    FunctionName: row.name,
    FunctionArn: shown.arn ?? row.arn,
    CodeSize: code.size,
    CodeSha256: code.sha256,
    LastModified: row.lastModified,
    Version: row.version,
    Environment: Variables === undefined ? undefined : { Variables },
    RevisionId: shown.revisionId ?? row.revisionId,
    Layers: row.layers.length === 0 ? undefined : row.layers.map(({ arn, size }) => ({ Arn: arn, CodeSize: size })),
    PackageType: "Zip",
    SnapStart: {
      ApplyOn: SnapStart,
      OptimizationStatus: SnapStart === "PublishedVersions" && row.version !== latest ? "On" : "Off",
    },
    LoggingConfig: loggingOf(row),
    ...(shown.isListed
      ? {}
      : { ...statesOf(row, shown.change), RuntimeVersionConfig: { RuntimeVersionArn: runtimeVersionOf(row) } }),
  };
}

function loggingOf({ settings: { LoggingConfig = {} }, name }: VersionRow): FunctionConfiguration["LoggingConfig"] {
  const { LogFormat = "Text", LogGroup = `/aws/lambda/${name}`, ApplicationLogLevel, SystemLogLevel } = LoggingConfig;
  if (LogFormat === "Text") return { LogFormat, LogGroup };
  return {
    LogFormat,
    ApplicationLogLevel: ApplicationLogLevel ?? "INFO",
    SystemLogLevel: SystemLogLevel ?? "INFO",
    LogGroup,
  };
}

/** The log group of a version, and whether its lines are JSON. */
export function logOf(row: VersionRow): { group: string; isJson: boolean } {
  const { LogGroup = "", LogFormat } = loggingOf(row) ?? {};
  return { group: LogGroup, isJson: LogFormat === "JSON" };
}

function statesOf(row: VersionRow, change: Shown["change"]): Partial<FunctionConfiguration> {
  if (row.isPending || change === "create") {
    return { State: "Pending", StateReason: being, StateReasonCode: "Creating" };
  }
  if (row.isUpdating || change === "update") {
    return {
      State: "Active",
      LastUpdateStatus: "InProgress",
      LastUpdateStatusReason: being,
      // As AWS answers, although its model has no such code for updates.
      LastUpdateStatusReasonCode: "Creating" as "EniLimitExceeded",
    };
  }
  return { State: "Active", LastUpdateStatus: "Successful" };
}

/** The ARN of the runtime's version: the requested one, else one per runtime and region. */
export function runtimeVersionOf({ region, settings, runtimeVersionArn }: VersionRow): string {
  const digest = createHash("sha256")
    .update(settings.Runtime ?? "")
    .digest("hex");
  return runtimeVersionArn ?? `arn:aws:lambda:${region}::runtime:${digest}`;
}

/** `2025-11-25T10:00:00.123+0000`; changes of code and configuration are shown in whole seconds. */
export function modifiedText(nowMs: number, isExact: boolean): string {
  const text = new Date(nowMs).toISOString().replace("Z", "+0000");
  return isExact ? text : text.replace(/\.\d{3}/, ".000");
}
