/** The rows Lambda keeps, and the orders in which it looks at them. */
import type { AliasRoutingConfiguration, CapacityProvider, Cors, FunctionConfiguration } from "@aws-sdk/client-lambda";
import { placeKey } from "../../calls/place.ts";
import { definePackedTable } from "../../engine/packed-table.ts";
import { defineTable } from "../../engine/table.ts";

export const latest = "$LATEST";

export interface FunctionRow {
  /** Unqualified. */
  readonly arn: string;
  readonly account: string;
  readonly region: string;
  readonly name: string;
  /** Distinguishes it from an earlier function of the same name. */
  readonly serial: number;
  /** The last number given to a version; 0 for none. */
  readonly lastVersion: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly reservedConcurrency?: number | undefined;
  readonly recursiveLoop?: string | undefined;
  readonly codeSigningConfigArn?: string | undefined;
}

/** What a user sets of a function, as the API's members. */
export type Settings = Pick<
  FunctionConfiguration,
  | "Runtime"
  | "Role"
  | "Handler"
  | "Description"
  | "Timeout"
  | "MemorySize"
  | "DeadLetterConfig"
  | "DurableConfig"
  | "KMSKeyArn"
  | "Architectures"
  | "EphemeralStorage"
  | "FileSystemConfigs"
  | "LoggingConfig"
  | "TracingConfig"
  | "VpcConfig"
> & {
  readonly Variables?: Readonly<Record<string, string>> | undefined;
  readonly SnapStart?: "PublishedVersions" | "None" | undefined;
  readonly LayerArns?: readonly string[] | undefined;
};

/** Where a version's code is. */
export interface CodePlace {
  /** Key of its row among the codes; empty for a directory. */
  readonly id: string;
  /** Base64 of the zip's SHA-256. */
  readonly sha256: string;
  readonly size: number;
  /** Code that is a directory of this machine, and run as it is at each moment. */
  readonly directory?: string | undefined;
}

/** A layer as a version holds it: it stays there when the layer's own version is deleted. */
export interface HeldLayer {
  readonly arn: string;
  readonly codeId: string;
  readonly size: number;
}

export interface VersionRow {
  /** With the version. */
  readonly arn: string;
  readonly functionArn: string;
  readonly account: string;
  readonly region: string;
  readonly name: string;
  /** `$LATEST` or a number. */
  readonly version: string;
  readonly settings: Settings;
  readonly code: CodePlace;
  readonly layers: readonly HeldLayer[];
  readonly revisionId: string;
  /** As AWS writes it: with or without milliseconds. */
  readonly lastModified: string;
  readonly isPending: boolean;
  readonly isUpdating: boolean;
  /** Of a published version: what was published. */
  readonly fingerprint?: string | undefined;
  readonly updateRuntimeOn?: string | undefined;
  readonly runtimeVersionArn?: string | undefined;
}

export interface AliasRow {
  readonly arn: string;
  readonly functionArn: string;
  readonly account: string;
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly weights?: AliasRoutingConfiguration["AdditionalVersionWeights"] | undefined;
  readonly revisionId: string;
}

export interface PolicyRow {
  /** Of a function, a version, an alias or a layer's version. */
  readonly arn: string;
  /** Of the function or the layer's version, with which it goes. */
  readonly ownerArn: string;
  readonly account: string;
  readonly revisionId: string;
  readonly statements: readonly Readonly<Record<string, unknown>>[];
}

export interface UrlRow {
  /** Of the function or an alias. */
  readonly arn: string;
  readonly functionArn: string;
  readonly account: string;
  readonly region: string;
  /** First label of its host name. */
  readonly urlId: string;
  readonly authType: "NONE" | "AWS_IAM";
  readonly cors?: Cors | undefined;
  readonly invokeMode?: "BUFFERED" | "RESPONSE_STREAM" | undefined;
  readonly createdAt: string;
  readonly modifiedAt: string;
}

export interface InvokeConfigRow {
  /** With `$LATEST`, a version or an alias. */
  readonly arn: string;
  readonly functionArn: string;
  readonly account: string;
  readonly maximumRetryAttempts?: number | undefined;
  readonly maximumEventAgeInSeconds?: number | undefined;
  readonly onSuccess?: string | undefined;
  readonly onFailure?: string | undefined;
  readonly modifiedMs: number;
}

export interface ProvisionedRow {
  readonly arn: string;
  readonly functionArn: string;
  readonly account: string;
  /** The version that is made ready. */
  readonly version: string;
  readonly isAlias: boolean;
  readonly requested: number;
  readonly lastModified: string;
}

export interface LayerVersionRow {
  readonly arn: string;
  readonly layerArn: string;
  readonly account: string;
  readonly region: string;
  readonly name: string;
  readonly version: number;
  readonly description: string;
  readonly licenseInfo?: string | undefined;
  readonly runtimes?: readonly string[] | undefined;
  readonly architectures?: readonly string[] | undefined;
  readonly createdAt: string;
  readonly codeId: string;
  readonly sha256: string;
  readonly size: number;
}

/** Numbers of a layer are never used again. */
export interface LayerRow {
  readonly arn: string;
  readonly account: string;
  readonly region: string;
  readonly name: string;
  readonly lastVersion: number;
}

export interface CodeSigningRow {
  readonly arn: string;
  readonly account: string;
  readonly region: string;
  readonly id: string;
  readonly description?: string | undefined;
  readonly publishers: readonly string[];
  readonly onUntrusted: string;
  readonly lastModified: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** Processors that AWS would start for functions; here there are none, so it is what was said of it. */
export interface CapacityProviderRow {
  readonly arn: string;
  readonly account: string;
  readonly region: string;
  readonly name: string;
  readonly settings: Omit<CapacityProvider, "CapacityProviderArn" | "State" | "LastModified"> &
    Required<Pick<CapacityProvider, "CapacityProviderScalingConfig">>;
  readonly lastModified: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** A zip that some version or layer consists of; one for all that have the same. */
export interface CodeRow {
  /** Account and digest. */
  readonly id: string;
  readonly account: string;
  readonly sha256: string;
  readonly size: number;
  readonly unzippedSize: number;
  /** Serials of its pieces. */
  readonly pieces: readonly number[];
}

export interface CodePieceRow {
  readonly serial: number;
  readonly account: string;
  /** Base64. */
  readonly text: string;
}

/** An event that waits for its function, or for its next try. */
export interface EventRow {
  readonly requestId: string;
  readonly account: string;
  readonly region: string;
  readonly functionArn: string;
  /** As it was asked for. */
  readonly arn: string;
  readonly clientContext?: string | undefined;
  readonly payloadSerial: number;
  readonly acceptedMs: number;
  /** How often the function ran with it, and how often it could not. */
  readonly attempts: number;
  readonly throttles: number;
  readonly cause?: string | undefined;
}

interface EventPayloadRow {
  readonly serial: number;
  readonly account: string;
  readonly payload: string;
}

export const eventTable = defineTable<EventRow>()({
  name: "lambda.events",
  key: (row) => row.requestId,
  account: (row) => row.account,
  indexes: {},
});

export const eventPayloadTable = definePackedTable<EventPayloadRow>({
  name: "lambda.eventPayloads",
  serial: (row) => row.serial,
  account: (row) => row.account,
  head: ({ serial, account }) => `${serial} ${account}`,
  text: (row) => row.payload,
  row: (head, payload) => {
    const [serial, account] = head.split(" ") as [string, string];
    return { serial: Number(serial), account, payload };
  },
});

export const functionTable = defineTable<FunctionRow>()({
  name: "lambda.functions",
  key: (row) => row.arn,
  account: (row) => row.account,
  indexes: {
    name: { group: placeKey, order: (row) => row.name },
    signing: { group: (row) => row.codeSigningConfigArn, order: (row) => row.name },
  },
});

export const versionTable = defineTable<VersionRow>()({
  name: "lambda.versions",
  key: (row) => row.arn,
  account: (row) => row.account,
  indexes: {
    number: { group: (row) => row.functionArn, order: (row) => (row.version === latest ? 0 : Number(row.version)) },
    code: { group: (row) => row.code.id || undefined, order: (row) => row.arn },
  },
});

export const aliasTable = defineTable<AliasRow>()({
  name: "lambda.aliases",
  key: (row) => row.arn,
  account: (row) => row.account,
  indexes: { name: { group: (row) => row.functionArn, order: (row) => row.name } },
});

export const policyTable = defineTable<PolicyRow>()({
  name: "lambda.policies",
  key: (row) => row.arn,
  account: (row) => row.account,
  indexes: { owner: { group: (row) => row.ownerArn, order: (row) => row.arn } },
});

export const urlTable = defineTable<UrlRow>()({
  name: "lambda.urls",
  key: (row) => row.arn,
  account: (row) => row.account,
  indexes: {
    function: { group: (row) => row.functionArn, order: (row) => row.arn },
    id: { group: (row) => row.urlId, order: () => 0 },
  },
});

export const invokeConfigTable = defineTable<InvokeConfigRow>()({
  name: "lambda.invokeConfigs",
  key: (row) => row.arn,
  account: (row) => row.account,
  indexes: { function: { group: (row) => row.functionArn, order: (row) => row.arn } },
});

export const provisionedTable = defineTable<ProvisionedRow>()({
  name: "lambda.provisioned",
  key: (row) => row.arn,
  account: (row) => row.account,
  indexes: { function: { group: (row) => row.functionArn, order: (row) => row.arn } },
});

export const layerTable = defineTable<LayerRow>()({
  name: "lambda.layers",
  key: (row) => row.arn,
  account: (row) => row.account,
  indexes: { name: { group: placeKey, order: (row) => row.name } },
});

export const layerVersionTable = defineTable<LayerVersionRow>()({
  name: "lambda.layerVersions",
  key: (row) => row.arn,
  account: (row) => row.account,
  indexes: {
    version: { group: (row) => row.layerArn, order: (row) => row.version },
    code: { group: (row) => row.codeId, order: (row) => row.arn },
  },
});

/** Which versions of functions hold a layer's code. */
export interface HeldCodeRow {
  /** ARN of the version and place among its layers. */
  readonly key: string;
  readonly account: string;
  readonly codeId: string;
}

export const heldCodeTable = defineTable<HeldCodeRow>()({
  name: "lambda.heldCodes",
  key: (row) => row.key,
  account: (row) => row.account,
  indexes: { code: { group: (row) => row.codeId, order: (row) => row.key } },
});

export const codeSigningTable = defineTable<CodeSigningRow>()({
  name: "lambda.codeSigning",
  key: (row) => row.arn,
  account: (row) => row.account,
  indexes: { id: { group: placeKey, order: (row) => row.id } },
});

export const capacityProviderTable = defineTable<CapacityProviderRow>()({
  name: "lambda.capacityProviders",
  key: (row) => row.arn,
  account: (row) => row.account,
  indexes: { name: { group: placeKey, order: (row) => row.name } },
});

export const codeTable = defineTable<CodeRow>()({
  name: "lambda.codes",
  key: (row) => row.id,
  account: (row) => row.account,
  indexes: { account: { group: (row) => row.account, order: (row) => row.id } },
});

export const codePieceTable = definePackedTable<CodePieceRow>({
  name: "lambda.codePieces",
  serial: (row) => row.serial,
  account: (row) => row.account,
  head: ({ serial, account }) => `${serial} ${account}`,
  text: (row) => row.text,
  row: (head, text) => {
    const [serial, account] = head.split(" ") as [string, string];
    return { serial: Number(serial), account, text };
  },
});
