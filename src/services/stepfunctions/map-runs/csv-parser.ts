/** Parses CSV piece by piece. */

import { setOwn } from "../../../../protocols/unknown-json.ts";
import { javaHashOrder } from "../asl/java-values.ts";
import { type Json, type JsonObject, textOf } from "../asl/json.ts";
import { type ItemParser, type ParsedItem, UnfinishedItem } from "./item-parser.ts";

const delimiters: Readonly<Record<string, string>> = { COMMA: ",", PIPE: "|", SEMICOLON: ";", SPACE: " ", TAB: "\t" };

const lineFeed = 10;
const carriageReturn = 13;
const quote = 34;

/** Each row becomes an object of strings; its keys are from the given header or the first row (ReaderConfig). */
export class CsvParser implements ItemParser {
  readonly #rows: CsvRows;
  #columns: readonly { readonly name: string; readonly index: number }[] | undefined;

  constructor(config: JsonObject) {
    this.#rows = new CsvRows(delimiters[textOf(config["CSVDelimiter"] ?? "COMMA")] ?? ",");
    const given = config["CSVHeaderLocation"] === "GIVEN" ? config["CSVHeaders"] : undefined;
    if (Array.isArray(given)) this.#columns = columnsOf(given.map((name) => textOf(name)));
  }

  push(text: string): ParsedItem[] {
    return this.#itemsOf(this.#rows.push(text));
  }

  end(): ParsedItem[] {
    return this.#itemsOf(this.#rows.end());
  }

  #itemsOf(rows: string[][]): ParsedItem[] {
    const items: ParsedItem[] = [];
    for (const row of rows) {
      if (this.#columns === undefined) {
        this.#columns = columnsOf(row);
        continue;
      }
      const value: JsonObject = {};
      for (const { name, index } of this.#columns) setOwn(value, name, (row[index] ?? "") as Json);
      items.push({ value });
    }
    return items;
  }
}

/** If several columns have the same name, the last one counts. */
function columnsOf(header: readonly string[]): { name: string; index: number }[] {
  const indexes = new Map(header.map((name, index) => [name, index]));
  return javaHashOrder([...indexes.keys()]).map((name) => ({ name, index: indexes.get(name) as number }));
}

/** Splits text into rows. Fields may be quoted, with doubled quotes inside (RFC 4180). Empty lines are skipped. */
class CsvRows {
  readonly #delimiter: number;
  readonly #unfinished = new UnfinishedItem();
  /** Text that cannot be read without the next character. */
  #rest = "";
  #row: string[] = [];
  #field = "";
  #quoted = false;

  constructor(delimiter: string) {
    this.#delimiter = delimiter.charCodeAt(0);
  }

  push(text: string): string[][] {
    const rows = this.#read(this.#rest + text, false);
    this.#unfinished.grow(text.length, rows.length > 0);
    return rows;
  }

  end(): string[][] {
    const rows = this.#read(this.#rest, true);
    if (this.#field !== "" || this.#row.length > 0) this.#endRow(rows);
    return rows;
  }

  #read(text: string, isLast: boolean): string[][] {
    const rows: string[][] = [];
    this.#rest = "";
    for (let at = 0; at < text.length; ) {
      const end = this.#quoted ? endOfQuoted(text, at) : this.#endOfPlain(text, at);
      if (end > at) this.#field += text.slice(at, end);
      if (end === text.length) break;
      const code = text.charCodeAt(end);
      const needsNext = code === carriageReturn || this.#quoted;
      if (needsNext && end + 1 === text.length && !isLast) {
        this.#rest = text.slice(end);
        break;
      }
      at = end + 1;
      if (this.#quoted) {
        if (text.charCodeAt(at) === quote) {
          this.#field += '"';
          at += 1;
        } else this.#quoted = false;
      } else if (code === quote) this.#quoted = true;
      else if (code === lineFeed) this.#endRow(rows);
      else if (code === this.#delimiter) this.#endField();
      else if (text.charCodeAt(at) !== lineFeed) this.#field += "\r";
    }
    return rows;
  }

  /** Where an unquoted field may end. A quote only has a meaning at the start of a field. */
  #endOfPlain(text: string, from: number): number {
    let at = from;
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === this.#delimiter || code === lineFeed || code === carriageReturn) break;
      if (code === quote && at === from && this.#field === "") break;
    }
    return at;
  }

  #endField(): void {
    this.#row.push(this.#field);
    this.#field = "";
  }

  #endRow(rows: string[][]): void {
    this.#endField();
    if (this.#row.length > 1 || this.#row[0] !== "") rows.push(this.#row);
    this.#row = [];
  }
}

function endOfQuoted(text: string, from: number): number {
  const end = text.indexOf('"', from);
  return end < 0 ? text.length : end;
}
