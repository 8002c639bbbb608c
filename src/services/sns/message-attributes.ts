/** Message attributes: checks and size (SNS developer guide, "Amazon SNS message attributes"). */
import type { Blob64 } from "../../../protocols/blob.ts";
import { hasPrecision, hasScale, readNumber } from "../../delivery/number-attributes.ts";
import type { MessageAttributes } from "../../delivery/types.ts";
import { invalidParameter, invalidValue } from "./errors.ts";

/** An attribute as sent by clients. */
export interface SentAttribute {
  readonly DataType: string | undefined;
  readonly StringValue?: string | undefined;
  readonly BinaryValue?: Blob64 | undefined;
}

const none = { attributes: {}, size: 0 } as const;
const maxNameLength = 256;

/**
 * @returns the attributes as stored, and the total bytes of names, types and values.
 * @throws AwsError ParameterValueInvalid
 */
export function checkMessageAttributes(sent: Readonly<Record<string, SentAttribute | undefined>> | undefined): {
  readonly attributes: MessageAttributes;
  readonly size: number;
} {
  if (sent === undefined) return none;
  const attributes: Record<string, MessageAttributes[string]> = Object.create(null);
  let size = 0;
  for (const name of Object.keys(sent)) {
    checkName(name);
    const { DataType = "", StringValue, BinaryValue } = sent[name] as SentAttribute;
    if (!/^(String|Number|Binary)(\..+)?$/s.test(DataType)) {
      throw invalidValue(
        `The message attribute '${name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.`,
      );
    }
    size += Buffer.byteLength(name) + Buffer.byteLength(DataType);
    if (DataType.startsWith("Binary")) {
      checkValue(name, DataType, BinaryValue?.length, StringValue?.length, "Binary");
      attributes[name] = { DataType, BinaryValue: (BinaryValue as Blob64).base64 };
      size += (BinaryValue as Blob64).length;
    } else {
      checkValue(name, DataType, StringValue?.length, BinaryValue?.length, "String");
      const value = StringValue as string;
      if (DataType.startsWith("Number")) checkNumber(name, value);
      else if (/[\ud800-\udfff]/.test(value)) {
        throw invalidParameter(`Invalid attribute value was passed in for message attribute ${name}`);
      }
      attributes[name] = { DataType, StringValue: value };
      size += Buffer.byteLength(value);
    }
  }
  return { attributes, size };
}

function checkName(name: string): void {
  if (name.length > maxNameLength) throw invalidValue("Length of message attribute name must be less than 256 bytes.");
  const forbidden = /[^\w.-]/u.exec(name)?.[0];
  if (forbidden !== undefined) {
    const code = (forbidden.codePointAt(0) as number).toString(16).toUpperCase();
    throw invalidValue(
      `Invalid non-alphanumeric character '#x${code}' was found in the message attribute name. Can only include alphanumeric characters, hyphens, underscores, or dots.`,
    );
  }
  if (name.startsWith(".")) throw invalidValue("Invalid message attribute name starting with character '.' was found.");
  if (name.endsWith(".")) throw invalidValue("Invalid message attribute name ending with character '.' was found.");
  if (name.includes("..")) throw invalidValue("Message attribute name can not have successive '.' character.");
  if (name === "") throw invalidValue("Length of message attribute name must be greater than 0.");
}

function checkValue(name: string, type: string, length = 0, otherLength = 0, field: string): void {
  if (length > 0) return;
  if (otherLength > 0)
    throw invalidValue(`The message attribute '${name}' with type '${type}' must use field '${field}'.`);
  throw invalidValue(
    `The message attribute '${name}' must contain non-empty message attribute value for message attribute type '${type}'.`,
  );
}

function checkNumber(name: string, value: string): void {
  const number = readNumber(value);
  if (number === undefined) throw invalidValue(`Could not cast message attribute '${name}' value to number.`);
  const about = `Message attribute '${name}' number value [${value}]`;
  if (!hasScale(number)) throw invalidValue(`${about} scale must be 10^-128 and 10^126.`);
  if (!hasPrecision(number)) throw invalidValue(`${about} must have less than 38 precision digits.`);
}
