/** Reads the items of a distributed Map (Step Functions, ItemReader). */
import { gunzipSync } from "node:zlib";
import type { MapRunRequest, ReadData } from "../asl/execution.ts";
import { getOwn, isObject, type Json, type JsonObject, javaHashOrder, parseJson, setOwn, textOf } from "../asl/json.ts";
import { numberOf } from "../asl/number-literal.ts";
import { ObjectError, type ObjectFiles } from "./object-files.ts";

/** What a reader found wrong; the run fails with States.ItemReaderFailed. */
export class ItemReaderError extends Error {}

export type ReadItem = ReadData["items"][number];

type Reader = NonNullable<MapRunRequest["itemReader"]>;

const mostItems = 100_000_000;
const maxUnpackedBytes = 256 * 1024 * 1024;

/** @throws ItemReaderError */
export function readItems(files: ObjectFiles, reader: Reader): ReadItem[] {
  return limited(reader, () => itemsOf(files, reader, reader.readerConfig));
}

/**
 * What the reader makes of the text of its object (TestState, mapItemReaderData); a listing, and a manifest with the files
 * it names, stand there as the JSON array of their items.
 * @throws ItemReaderError
 */
export function readData(reader: Reader, text: string): ReadData {
  const { resource, parameters, readerConfig: config } = reader;
  const place = isObject(parameters) ? parameters : {};
  const source = `s3://${textOf(place["Bucket"] ?? "")}/${textOf(place["Key"] ?? "")}`;
  const listed = resource.endsWith(":listObjectsV2") && config["Transformation"] !== "LOAD_AND_FLATTEN";
  let value: Json | undefined;
  const items = limited(reader, () => {
    if (listed || isManifest(config)) return jsonItems(parseJson(text), source);
    if (config["InputType"] !== "JSON" || typeof config["ItemsPointer"] !== "string")
      return textItems(text, config, source);
    value = pointed(parseJson(text), config["ItemsPointer"]);
    return jsonItems(value, source);
  });
  return { items, ...(value === undefined ? {} : { pointed: value }) };
}

/** The first MaxItems of what is read. @throws ItemReaderError */
function limited(reader: Reader, read: () => ReadItem[]): ReadItem[] {
  const limit = maxItems(reader.readerConfig);
  try {
    const items = read();
    return items.length > limit ? items.slice(0, limit) : items;
  } catch (error) {
    if (error instanceof ObjectError || error instanceof SyntaxError || error instanceof RangeError) {
      throw new ItemReaderError(error.message);
    }
    throw error;
  }
}

function maxItems(config: JsonObject): number {
  const given = config["MaxItems"];
  if (given === undefined) return mostItems;
  const limit = numberOf(given) ?? Number(textOf(given));
  if (limit === 0) return mostItems;
  if (!(limit > 0)) throw new ItemReaderError("field MaxItems must be positive");
  return Math.min(limit, mostItems);
}

function itemsOf(files: ObjectFiles, { resource, parameters }: Reader, config: JsonObject): ReadItem[] {
  const place = isObject(parameters) ? parameters : {};
  const bucket = textOf(place["Bucket"] ?? "");
  if (resource.endsWith(":listObjectsV2")) {
    const found = files.list(bucket, textOf(place["Prefix"] ?? ""));
    if (config["Transformation"] !== "LOAD_AND_FLATTEN") {
      return found.map((value) => ({ value, source: `s3://${bucket}/${textOf(value["Key"])}` }));
    }
    return found.flatMap((one) => objectItems(files, bucket, textOf(one["Key"]), config));
  }
  return objectItems(files, bucket, textOf(place["Key"] ?? ""), config);
}

function objectItems(files: ObjectFiles, bucket: string, key: string, config: JsonObject): ReadItem[] {
  const source = `s3://${bucket}/${key}`;
  const bytes = files.read(bucket, key);
  const packed = key.endsWith(".gz") || (bytes[0] === 0x1f && bytes[1] === 0x8b);
  const text = (packed ? gunzipSync(bytes, { maxOutputLength: maxUnpackedBytes }) : bytes)
    .toString("utf8")
    .replace(/^\uFEFF/, "");
  return isManifest(config) ? manifestItems(files, text, config) : textItems(text, config, source);
}

function textItems(text: string, config: JsonObject, source: string): ReadItem[] {
  switch (config["InputType"]) {
    case "CSV":
      return csvItems(text, config).map((value) => ({ value, source }));
    case "JSONL":
      return text
        .split(/\r?\n/)
        .filter((line) => line.trim() !== "")
        .map((line) => ({ value: parseJson(line), source }));
    case "PARQUET":
      throw new ItemReaderError("Busbar does not read PARQUET; use JSON, JSONL or CSV.");
    default:
      return jsonItems(pointed(parseJson(text), config["ItemsPointer"]), source);
  }
}

function jsonItems(value: Json, source: string): ReadItem[] {
  if (Array.isArray(value)) return value.map((item) => ({ value: item, source }));
  if (isObject(value)) return Object.keys(value).map((key) => ({ value: value[key] as Json, key, source }));
  throw new ItemReaderError("Attempting to map over non-iterable node.");
}

/** Follows a JSON pointer (RFC 6901). */
function pointed(value: Json, pointer: Json | undefined): Json {
  if (typeof pointer !== "string" || pointer === "") return value;
  let at: Json | undefined = value;
  for (const part of pointer.split("/").slice(1)) {
    const name = part.replaceAll("~1", "/").replaceAll("~0", "~");
    if (Array.isArray(at)) at = /^\d+$/.test(name) ? at[Number(name)] : undefined;
    else at = isObject(at) ? getOwn(at, name) : undefined;
  }
  if (at !== undefined) return at;
  throw new ItemReaderError(
    "The provided ReaderConfig.ItemsPointer does not match any valid path in the JSON structure.",
  );
}

const delimiters: Readonly<Record<string, string>> = { COMMA: ",", PIPE: "|", SEMICOLON: ";", SPACE: " ", TAB: "\t" };

function csvItems(text: string, config: JsonObject): JsonObject[] {
  const rows = csvRows(text, delimiters[textOf(config["CSVDelimiter"] ?? "COMMA")] ?? ",");
  const given = config["CSVHeaderLocation"] === "GIVEN" ? config["CSVHeaders"] : undefined;
  const header = Array.isArray(given) ? given.map((name) => textOf(name)) : (rows.shift() ?? []);
  const names = javaHashOrder([...new Set(header)]);
  const places = new Map(header.map((name, index) => [name, index]));
  return rows.map((row) => {
    const item: JsonObject = {};
    for (const name of names) setOwn(item, name, row[places.get(name) as number] ?? "");
    return item;
  });
}

/** Fields may be quoted, with quotes doubled inside (RFC 4180). Lines that are empty are no rows. */
function csvRows(text: string, delimiter: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let field = "";
  let quoted = false;
  const endRow = () => {
    row.push(field);
    field = "";
    if (row.length > 1 || row[0] !== "") rows.push(row);
    row = [];
  };
  for (let at = 0; at < text.length; at++) {
    const char = text[at] as string;
    if (quoted) {
      if (char !== '"') field += char;
      else if (text[at + 1] === '"') field += text[++at];
      else quoted = false;
    } else if (char === '"' && field === "") quoted = true;
    else if (char === delimiter) {
      row.push(field);
      field = "";
    } else if (char === "\n") endRow();
    else if (char !== "\r" || text[at + 1] !== "\n") field += char;
  }
  if (field !== "" || row.length > 0) endRow();
  return rows;
}

/** A manifest may be told by its type alone: beside it InputType, if there is one, says what Athena's data files are. */
function isManifest(config: JsonObject): boolean {
  return config["InputType"] === "MANIFEST" || config["ManifestType"] !== undefined;
}

/** A manifest of S3 Inventory names CSV files with one object a line; one of Athena is a list of data files. */
function manifestItems(files: ObjectFiles, text: string, config: JsonObject): ReadItem[] {
  if (config["ManifestType"] === "ATHENA_DATA") {
    const { ManifestType: _type, ...inner } = config;
    if (inner["InputType"] === undefined || inner["InputType"] === "MANIFEST") inner["InputType"] = "CSV";
    return text
      .split(/\r?\n/)
      .map((line) => /^"?s3:\/\/([^/]+)\/([^"]+)"?$/.exec(line.trim()))
      .flatMap((match) => (match ? objectItems(files, match[1] as string, match[2] as string, inner) : []));
  }
  const manifest = parseJson(text);
  const listed = isObject(manifest) ? manifest["files"] : undefined;
  if (!isObject(manifest) || !Array.isArray(listed)) throw new ItemReaderError("The manifest has no list of files.");
  const bucket = textOf(manifest["destinationBucket"] ?? "").replace(/^arn:[^:]*:s3:::/, "");
  const columns = textOf(manifest["fileSchema"] ?? "Bucket, Key")
    .split(",")
    .map((name) => name.trim());
  const inner = { InputType: "CSV", CSVHeaderLocation: "GIVEN", CSVHeaders: columns };
  return listed.flatMap((file) => (isObject(file) ? objectItems(files, bucket, textOf(file["key"]), inner) : []));
}
