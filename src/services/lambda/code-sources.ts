/**
 * The sources of code for functions and layers: a zip in the request, an S3 object, or a directory that is run where it
 * is.
 */
import type { FunctionCode } from "@aws-sdk/client-lambda";
import { Blob64, type FromWire } from "../../../protocols/blob.ts";
import { inTransaction, type OperationContext } from "../../calls/operation.ts";
import { readObject } from "../../outside/objects.ts";
import type { CheckedZip, UploadedZip } from "./code-store.ts";
import { invalidParameter } from "./errors.ts";
import type { Lambda } from "./lambda.ts";
import type { CodePlace, HeldLayer } from "./tables.ts";
import { maxUnzippedBytes } from "./zips.ts";

const hotReloadBucket = "hot-reload";

type GivenCode = Pick<FromWire<FunctionCode>, "ZipFile" | "S3Bucket" | "S3Key" | "S3ObjectVersion">;

/** The code in a request, read and checked. @throws AwsError InvalidParameterValueException */
export async function codeOf(
  { ZipFile, S3Bucket, S3Key, S3ObjectVersion }: GivenCode,
  { service, account, region }: OperationContext<Lambda>,
): Promise<CheckedZip | CodePlace> {
  const { codes, deps } = service;
  if (ZipFile !== undefined && ZipFile.length > 0) return codes.check(ZipFile);
  if (S3Bucket === undefined || S3Key === undefined) {
    throw invalidParameter("Please provide a source for function code.");
  }
  if (S3Bucket === hotReloadBucket) return codes.directory(S3Key);
  const name = { bucket: S3Bucket, key: S3Key, version: S3ObjectVersion };
  const object = await readObject(name, deps.options, { account, region, nowMs: deps.clock.now() });
  if (Buffer.isBuffer(object)) return codes.check(Blob64.fromBytes(object));
  throw invalidParameter(
    `Error occurred while GetObject. S3 Error Code: ${object.code}. S3 Error Message: ${object.message}`,
  );
}

/** Runs the transaction of an operation that keeps code by `keptCode`. @see withZip */
export function withCode<Result>(
  source: CheckedZip | CodePlace,
  context: OperationContext<Lambda>,
  run: (source: UploadedZip | CodePlace) => Result,
): Result | Promise<Result> {
  return "bytes" in source ? withZip(source, context, run) : inTransaction(context, () => run(source));
}

/**
 * Runs the transaction of an operation that keeps a zip by `CodeStore.put`. The zip is stored before it, and deleted
 * again if the transaction did not keep it.
 */
export async function withZip<Result>(
  zip: CheckedZip,
  context: OperationContext<Lambda>,
  run: (zip: UploadedZip) => Result,
): Promise<Result> {
  const { account, service } = context;
  const uploaded = await service.codes.upload(account, zip);
  try {
    return inTransaction(context, () => run(uploaded));
  } finally {
    service.codes.drop(uploaded.upload);
  }
}

/**
 * Code as stored for a function with these layers. Inside a transaction.
 * @throws AwsError InvalidParameterValueException
 */
export function keptCode(
  service: Lambda,
  account: string,
  source: UploadedZip | CodePlace,
  layers: readonly HeldLayer[],
): CodePlace {
  const code = "bytes" in source ? service.codes.put(account, source) : source;
  checkUnzipped(service, code, layers);
  return code;
}

/** @throws AwsError InvalidParameterValueException for code that is too large with its layers. */
export function checkUnzipped({ codes }: Lambda, code: CodePlace, layers: readonly HeldLayer[]): void {
  const size = layers.reduce((sum, { codeId }) => sum + codes.unzippedSize(codeId), codes.unzippedSize(code.id));
  if (size <= maxUnzippedBytes) return;
  throw invalidParameter(`Unzipped size must be smaller than ${maxUnzippedBytes} bytes`);
}

/**
 * The layers of a function; it keeps those it has, even if they were deleted since.
 * @throws AwsError InvalidParameterValueException
 */
export function heldLayers(service: Lambda, arns: readonly string[], before: readonly HeldLayer[] = []): HeldLayer[] {
  return arns.map((arn) => {
    const row = service.layerVersions.get(arn);
    if (row !== undefined) return { arn, codeId: row.codeId, size: row.size };
    const held = before.find((layer) => layer.arn === arn);
    if (held === undefined) throw invalidParameter(`Layer version ${arn} does not exist.`);
    return held;
  });
}
