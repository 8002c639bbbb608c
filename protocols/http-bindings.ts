/** Values that travel as text in labels, query strings and headers. */
import { type Kind, kindOf, type Shape, type TimestampFormat, timestampFormat } from "./schema.ts";
import {
  base64Of,
  blobFromBase64,
  formatTimestamp,
  isFractional,
  numberWord,
  parseTimestamp,
  serializationError,
} from "./serialization.ts";
import type { MemberFacts } from "./validate.ts";

export type TextDecoder = (text: string) => unknown;

const INTEGER = /^[+-]?\d{1,20}$/;
const FRACTION = /^(?:[+-]?(?:\d{1,300}\.?\d{0,300}|\.\d{1,300})(?:[eE][+-]?\d{1,3})?|NaN|-?Infinity)$/;

/** Reader of one value; wrong text is a SerializationException. `format` is how timestamps stand in this place. */
export function textDecoder(shape: Shape, facts: MemberFacts | undefined, format: TimestampFormat): TextDecoder {
  const kind: Kind = kindOf(shape);
  switch (kind) {
    case "boolean":
      return (text) => {
        if (text !== "true" && text !== "false") throw cannot("a Boolean");
        return text === "true";
      };
    case "number": {
      const [pattern, word] = [isFractional(facts) ? FRACTION : INTEGER, numberWord(facts)];
      return (text) => {
        if (!pattern.test(text)) throw cannot(word);
        return Number(text);
      };
    }
    case "timestamp":
      return (text) => {
        const date = parseTimestamp(text, timestampFormat(shape, format));
        if (date === undefined) throw cannot("milliseconds since epoch");
        return date;
      };
    case "blob":
      return blobFromBase64;
    default:
      return (text) => text;
  }
}

function cannot(wanted: string): Error {
  return serializationError(`STRING_VALUE can not be converted to ${wanted}`);
}

/** Writer of one value as header text. */
export function textEncoder(shape: Shape, format: TimestampFormat): (value: unknown) => string {
  switch (kindOf(shape)) {
    case "timestamp":
      return (value) => formatTimestamp(value as Date, timestampFormat(shape, format));
    case "blob":
      return base64Of;
    case "list": {
      const encode = textEncoder(shape.getValueSchema(), format);
      return (value) => (value as unknown[]).map(encode).join(", ");
    }
    default:
      return String;
  }
}
