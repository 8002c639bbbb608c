/** CSV as it comes, piece by piece. */

import { setOwn } from "../../../../protocols/unknown-json.ts";
import { javaHashOrder } from "../asl/java-values.ts";
import { type Json, type JsonObject, textOf } from "../asl/json.ts";
import { type ItemParser, OpenText, type ParsedItem } from "./item-parser.ts";

const delimiters: Readonly<Record<string, string>> = { COMMA: ",", PIPE: "|", SEMICOLON: ";", SPACE: " ", TAB: "\t" };

const lineFeed = 10;
const carriageReturn = 13;
const quote = 34;

/** Each row is an object of texts, by the names of the header, which is given or the first row (ReaderConfig). */
export class CsvParser implements ItemParser {
  readonly #rows: CsvRows;
  #columns: readonly { readonly name: string; readonly place: number }[] | undefined;

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
      for (const { name, place } of this.#columns) setOwn(value, name, (row[place] ?? "") as Json);
      items.push({ value });
    }
    return items;
  }
}

/** Of columns of one name the last counts. */
function columnsOf(header: readonly string[]): { name: string; place: number }[] {
  const places = new Map(header.map((name, index) => [name, index]));
  return javaHashOrder([...places.keys()]).map((name) => ({ name, place: places.get(name) as number }));
}

/** Fields may be quoted, with quotes doubled inside (RFC 4180). Lines that are empty are no rows. */
class CsvRows {
  readonly #delimiter: number;
  readonly #open = new OpenText();
  /** What cannot be read without the next character. */
  #held = "";
  #row: string[] = [];
  #field = "";
  #quoted = false;

  constructor(delimiter: string) {
    this.#delimiter = delimiter.charCodeAt(0);
  }

  push(text: string): string[][] {
    const rows = this.#read(this.#held + text, false);
    this.#open.note(text.length, rows.length > 0);
    return rows;
  }

  end(): string[][] {
    const rows = this.#read(this.#held, true);
    if (this.#field !== "" || this.#row.length > 0) this.#endRow(rows);
    return rows;
  }

  #read(text: string, isLast: boolean): string[][] {
    const rows: string[][] = [];
    this.#held = "";
    for (let at = 0; at < text.length; ) {
      const end = this.#quoted ? endOfQuoted(text, at) : this.#endOfPlain(text, at);
      if (end > at) this.#field += text.slice(at, end);
      if (end === text.length) break;
      const code = text.charCodeAt(end);
      const needsNext = code === carriageReturn || this.#quoted;
      if (needsNext && end + 1 === text.length && !isLast) {
        this.#held = text.slice(end);
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

  /** Where a field without quotes may end; a quote means something at its beginning alone. */
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
