/** Any JSON value as parameters of the Query protocol or as CBOR, whether or not an operation has such a parameter. */
import { CborWriter } from "../../protocols/cbor-bytes.ts";
import type { Chance } from "./chance.ts";
import { hostileJson } from "./hostile-json.ts";

const times = [0, -1, 1e18, Number.NaN, Number.POSITIVE_INFINITY, 1.7e9];

/** `a.member.1.b=c&…`: lists and maps in one of the forms that services have. */
export function queryOf(chance: Chance, value: unknown, encode: (text: string) => string): string {
  const pairs: string[] = [];
  const write = (name: string, part: unknown): void => {
    if (typeof part !== "object" || part === null) {
      // Many texts are JSON themselves.
      const text = chance.chance(0.05) ? hostileJson(chance) : String(part);
      pairs.push(`${encode(name)}=${encode(text)}`);
    } else if (Array.isArray(part)) {
      const form = chance.of([".member.", ".", ".entry."]);
      for (const [at, item] of part.entries()) write(`${name}${form}${at + chance.int(2)}`, item);
    } else {
      const map = chance.of([".entry.", ".", ""]);
      for (const [at, [key, member]] of Object.entries(part).entries()) {
        if (map === "" || chance.chance(0.5)) write(name === "" ? key : `${name}.${key}`, member);
        else {
          write(`${name}${map}${at + 1}.${chance.of(["key", "Name", "Key"])}`, key);
          write(`${name}${map}${at + 1}.${chance.of(["value", "Value"])}`, member);
        }
      }
    }
  };
  write("", value);
  return pairs.join("&");
}

export function cborOf(chance: Chance, value: unknown): Buffer {
  const writer = new CborWriter();
  const write = (part: unknown): void => {
    if (chance.chance(0.03)) odd(chance, writer);
    else if (part === null) writer.null();
    else if (typeof part === "boolean") writer.boolean(part);
    else if (typeof part === "number") writer.number(part);
    else if (typeof part === "string") {
      if (chance.chance(0.1)) writer.bytes(Buffer.from(part));
      else writer.text(part);
    } else if (Array.isArray(part)) {
      writer.array(part.length);
      for (const item of part) write(item);
    } else {
      const entries = Object.entries(part as object);
      writer.map(entries.length);
      for (const [key, member] of entries) {
        writer.text(key);
        write(member);
      }
    }
  };
  write(value);
  return Buffer.from(writer.finish());
}

/** What JSON has no form for: times, bytes, tags, and keys that are no texts. */
function odd(chance: Chance, writer: CborWriter): void {
  switch (chance.int(5)) {
    case 0:
      writer.tag(1);
      writer.number(chance.of(times));
      break;
    case 1:
      writer.bytes(chance.bytes(chance.int(40)));
      break;
    case 2:
      writer.tag(chance.of([0, 2, 3, 4, 24, 55_799, 2 ** 40]));
      writer.bytes(chance.bytes(chance.int(20)));
      break;
    case 3:
      writer.map(1);
      writer.number(chance.int(3));
      writer.null();
      break;
    default:
      writer.number(chance.of([...times, -0, 2 ** 53, 5e-324]));
  }
}
