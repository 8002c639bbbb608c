/** Reads the items of a distributed Map (Step Functions, ItemReader). */

import { getOwn } from "../../../../protocols/unknown-json.ts";
import type { MapRunRequest, ReadData } from "../asl/execution.ts";
import { isObject, type Json, type JsonObject, parseJson, textOf } from "../asl/json.ts";
import { numberOf } from "../asl/number-literal.ts";
import { CsvParser } from "./csv-parser.ts";
import { type ItemParser, ItemReaderError, JsonLinesParser, type ParsedItem } from "./item-parser.ts";
import { JsonParser, noSuchPath, notIterable, pointerNames } from "./json-parser.ts";
import { ObjectError, type ObjectFiles } from "./object-files.ts";

export type ReadItem = ReadData["items"][number];
type Items = readonly ReadItem[];

type Reader = NonNullable<MapRunRequest["itemReader"]>;

const maxItemCount = 100_000_000;
/** Most characters of a manifest, which is read as a whole. */
const maxManifestLength = 64 * 1024 * 1024;

/** Reads the items of each part of a file. @throws ItemReaderError */
export async function* readItems(files: ObjectFiles, reader: Reader): AsyncGenerator<Items> {
  let left = maxItems(reader.readerConfig);
  try {
    for await (const items of itemsOf(files, reader, reader.readerConfig)) {
      if (items.length > 0) yield items.length > left ? items.slice(0, left) : items;
      left -= items.length;
      if (left <= 0) return;
    }
  } catch (error) {
    throw readerError(error);
  }
}

/**
 * Reads items from text that stands in for the reader's object (TestState, mapItemReaderData). For a listing, or a manifest
 * and its files, it is the JSON array of their items.
 * @throws ItemReaderError
 */
export function readData(reader: Reader, text: string): ReadData {
  const { resource, parameters, readerConfig: config } = reader;
  const object = isObject(parameters) ? parameters : {};
  const source = `s3://${textOf(object["Bucket"] ?? "")}/${textOf(object["Key"] ?? "")}`;
  const listed = resource.endsWith(":listObjectsV2") && config["Transformation"] !== "LOAD_AND_FLATTEN";
  const limit = maxItems(config);
  try {
    let value: Json | undefined;
    let items: Items;
    if (listed || isManifest(config)) items = jsonItems(parseJson(text), source);
    else if (config["InputType"] === "JSON" && typeof config["ItemsPointer"] === "string") {
      value = valueAt(parseJson(text), config["ItemsPointer"]);
      items = jsonItems(value, source);
    } else {
      const parser = parserOf(config);
      items = [...parser.push(text), ...parser.end()].map((item) => ({ ...item, source }));
    }
    return { items: items.slice(0, limit), ...(value === undefined ? {} : { pointed: value }) };
  } catch (error) {
    throw readerError(error);
  }
}

function readerError(error: unknown): unknown {
  const isTheirs = error instanceof ObjectError || error instanceof SyntaxError || error instanceof RangeError;
  return isTheirs ? new ItemReaderError(error.message) : error;
}

function maxItems(config: JsonObject): number {
  const given = config["MaxItems"];
  if (given === undefined) return maxItemCount;
  const limit = numberOf(given) ?? Number(textOf(given));
  if (limit === 0) return maxItemCount;
  if (!(limit > 0)) throw new ItemReaderError("field MaxItems must be positive");
  return Math.min(limit, maxItemCount);
}

async function* itemsOf(
  files: ObjectFiles,
  { resource, parameters }: Reader,
  config: JsonObject,
): AsyncGenerator<Items> {
  const given = isObject(parameters) ? parameters : {};
  const bucket = textOf(given["Bucket"] ?? "");
  if (!resource.endsWith(":listObjectsV2")) {
    yield* objectItems(files, bucket, textOf(given["Key"] ?? ""), config);
    return;
  }
  for (const object of files.list(bucket, textOf(given["Prefix"] ?? ""))) {
    const key = textOf(object["Key"]);
    if (config["Transformation"] === "LOAD_AND_FLATTEN") yield* objectItems(files, bucket, key, config);
    else yield [{ value: object, source: `s3://${bucket}/${key}` }];
  }
}

async function* objectItems(
  files: ObjectFiles,
  bucket: string,
  key: string,
  config: JsonObject,
): AsyncGenerator<Items> {
  const texts = files.texts(bucket, key);
  if (isManifest(config)) {
    yield* manifestItems(files, await wholeText(texts), config);
    return;
  }
  const source = `s3://${bucket}/${key}`;
  const withSource = (items: ParsedItem[]) => items.map((item) => ({ ...item, source }));
  const parser = parserOf(config);
  for await (const text of texts) yield withSource(parser.push(text));
  yield withSource(parser.end());
}

/** @throws ItemReaderError */
async function wholeText(texts: AsyncIterable<string>): Promise<string> {
  let text = "";
  for await (const piece of texts) {
    text += piece;
    if (text.length > maxManifestLength) throw new ItemReaderError("The manifest is too large.");
  }
  return text;
}

function parserOf(config: JsonObject): ItemParser {
  const pointer = config["ItemsPointer"];
  switch (config["InputType"]) {
    case "CSV":
      return new CsvParser(config);
    case "JSONL":
      return new JsonLinesParser();
    case "PARQUET":
      throw new ItemReaderError("Busbar does not read PARQUET; use JSON, JSONL or CSV.");
    default:
      return new JsonParser(typeof pointer === "string" ? pointer : "");
  }
}

function jsonItems(value: Json, source: string): Items {
  if (Array.isArray(value)) return value.map((item) => ({ value: item, source }));
  if (isObject(value)) return Object.keys(value).map((key) => ({ value: value[key] as Json, key, source }));
  throw notIterable();
}

/** The value at a JSON pointer (RFC 6901). @throws ItemReaderError */
function valueAt(value: Json, pointer: string): Json {
  let at: Json | undefined = value;
  for (const name of pointerNames(pointer)) {
    if (Array.isArray(at)) at = /^\d+$/.test(name) ? at[Number(name)] : undefined;
    else at = isObject(at) ? getOwn(at, name) : undefined;
  }
  if (at !== undefined) return at;
  throw noSuchPath();
}

/** ManifestType alone also means a manifest: an InputType besides it is that of Athena's data files. */
function isManifest(config: JsonObject): boolean {
  return config["InputType"] === "MANIFEST" || config["ManifestType"] !== undefined;
}

/** A manifest of S3 Inventory lists CSV files with one object per line; one of Athena lists data files. */
async function* manifestItems(files: ObjectFiles, text: string, config: JsonObject): AsyncGenerator<Items> {
  if (config["ManifestType"] === "ATHENA_DATA") {
    const { ManifestType: _type, ...inner } = config;
    if (inner["InputType"] === undefined || inner["InputType"] === "MANIFEST") inner["InputType"] = "CSV";
    for (const line of text.split(/\r?\n/)) {
      const match = /^"?s3:\/\/([^/]+)\/([^"]+)"?$/.exec(line.trim());
      if (match) yield* objectItems(files, match[1] as string, match[2] as string, inner);
    }
    return;
  }
  const manifest = parseJson(text);
  const listed = isObject(manifest) ? manifest["files"] : undefined;
  if (!isObject(manifest) || !Array.isArray(listed)) throw new ItemReaderError("The manifest has no list of files.");
  const bucket = textOf(manifest["destinationBucket"] ?? "").replace(/^arn:[^:]*:s3:::/, "");
  const columns = textOf(manifest["fileSchema"] ?? "Bucket, Key")
    .split(",")
    .map((name) => name.trim());
  const inner = { InputType: "CSV", CSVHeaderLocation: "GIVEN", CSVHeaders: columns };
  for (const file of listed) {
    if (isObject(file)) yield* objectItems(files, bucket, textOf(file["key"]), inner);
  }
}
