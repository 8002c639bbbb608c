/** The rows of zips, and of the layers that consist of them. */
import { placeKey } from "../../calls/place.ts";
import { defineTextTable } from "../../engine/packed-table.ts";
import { defineTable } from "../../engine/table.ts";

/** A zip used by some version or layer; identical zips are stored once. */
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

export const codeTable = defineTable<CodeRow>()({
  name: "lambda.codes",
  key: (row) => row.id,
  account: (row) => row.account,
  indexes: { account: { group: (row) => row.account, order: (row) => row.id } },
});

/** Pieces of zips, as base64. */
export const codePieceTable = defineTextTable("lambda.codePieces");

/** Pieces that are stored for a zip which no version or layer uses so far. */
export interface UploadRow {
  readonly serial: number;
  readonly account: string;
  /** Serials of the pieces. */
  readonly pieces: readonly number[];
}

export const uploadTable = defineTable<UploadRow>()({
  name: "lambda.uploads",
  key: (row) => row.serial,
  account: (row) => row.account,
  indexes: {},
});

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

/** Version numbers of a layer are never reused. */
export interface LayerRow {
  readonly arn: string;
  readonly account: string;
  readonly region: string;
  readonly name: string;
  readonly lastVersion: number;
}

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

/** The function versions that use a layer's code. */
export interface HeldCodeRow {
  /** ARN of the version and index among its layers. */
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
