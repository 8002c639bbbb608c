/** The rows Lambda keeps, and their indexes. */
import type { AliasRoutingConfiguration, CapacityProvider, Cors, FunctionConfiguration } from "@aws-sdk/client-lambda";
import { placeKey } from "../../calls/place.ts";
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
  /** The last version number; 0 if there is none. */
  readonly lastVersion: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly reservedConcurrency?: number | undefined;
  readonly recursiveLoop?: string | undefined;
  readonly codeSigningConfigArn?: string | undefined;
}

/** The settings of a function, as members of the API. */
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
  /** A directory on this machine, whose current contents are run. */
  readonly directory?: string | undefined;
}

/** A layer as a version uses it: it stays available when the layer's own version is deleted. */
export interface HeldLayer {
  readonly arn: string;
  readonly codeId: string;
  readonly size: number;
}

export interface VersionRow {
  /** Including the version. */
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
  /** For a published version: a digest of what was published. */
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
  /** ARN of a function, a version, an alias or a layer's version. */
  readonly arn: string;
  /** ARN of the function or layer version with which it is deleted. */
  readonly ownerArn: string;
  readonly account: string;
  readonly revisionId: string;
  readonly statements: readonly Readonly<Record<string, unknown>>[];
}

export interface UrlRow {
  /** ARN of the function or an alias. */
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
  /** The version that is provisioned. */
  readonly version: string;
  readonly isAlias: boolean;
  readonly requested: number;
  readonly lastModified: string;
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

/** Instances that AWS would start for functions; none exist here, so only the description is stored. */
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
