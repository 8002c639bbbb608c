/** Message attributes: checks, size, MD5 and selection (SQS developer guide: message metadata). */
import { createHash } from "node:crypto";
import type { Blob64 } from "../../../protocols/blob.ts";
import { Blob64 as Blob } from "../../../protocols/blob.ts";
import { hasPrecision, hasScale, plainNumber, readNumber } from "../../delivery/number-attributes.ts";
import type { StoredAttribute } from "./contents.ts";
import { invalidParameterValue, unsupportedOperation } from "./errors.ts";

/** An attribute as sent by clients. */
export interface SentAttribute {
  readonly DataType: string | undefined;
  readonly StringValue?: string | undefined;
  readonly BinaryValue?: Blob64 | undefined;
  readonly StringListValues?: readonly unknown[] | undefined;
  readonly BinaryListValues?: readonly unknown[] | undefined;
}

export interface CheckedAttributes {
  /** As stored and received: numbers in plain form. */
  readonly attributes: Readonly<Record<string, StoredAttribute>> | undefined;
  /** As sent, if that form differs; SendMessage's MD5 is computed over these. */
  readonly asSent?: Readonly<Record<string, StoredAttribute>> | undefined;
  /** Bytes that count towards the size of the message: names, types and values. */
  readonly size: number;
}

const none: CheckedAttributes = { attributes: undefined, size: 0 };
const maxAttributes = 10;
const maxNameLength = 256;

/** @throws AwsError InvalidParameterValue, UnsupportedOperation */
export function checkAttributes(
  sent: Readonly<Record<string, SentAttribute | undefined>> | undefined,
): CheckedAttributes {
  if (sent === undefined) return none;
  const names = Object.keys(sent);
  if (names.length === 0) return none;
  if (names.length > maxAttributes) {
    throw invalidParameterValue(
      `Number of message attributes [${names.length}] exceeds the allowed maximum [${maxAttributes}].`,
    );
  }
  const attributes: Record<string, StoredAttribute> = Object.create(null);
  let asSent: Record<string, StoredAttribute> | undefined;
  let size = 0;
  for (const name of names) {
    checkName(name);
    const attribute = checkAttribute(name, sent[name] as SentAttribute);
    attributes[name] = attribute.stored;
    if (attribute.asSent !== undefined && attribute.asSent !== attribute.stored.StringValue) {
      asSent = { ...asSent, [name]: { ...attribute.stored, StringValue: attribute.asSent } };
    }
    size += Buffer.byteLength(name) + Buffer.byteLength(attribute.stored.DataType) + attribute.valueSize;
  }
  return { attributes, asSent: asSent && { ...attributes, ...asSent }, size };
}

function checkName(name: string): void {
  if (!/^[\p{L}\p{M}\p{N}_.-]*$/u.test(name)) {
    throw invalidParameterValue(
      "Message (user) attribute name can contain only A-Z, a-z, 0-9, underscore (_), hyphen (-), and period (.) characters",
    );
  }
  if (name.length === 0 || name.length > maxNameLength) {
    throw invalidParameterValue(`Message (user) attribute name must be shorter than ${maxNameLength} Bytes.`);
  }
  if (/^(aws|amazon)\./i.test(name)) {
    throw invalidParameterValue("You can not use message attribute names that start with AWS. or Amazon.");
  }
  if (name.startsWith(".") || name.endsWith(".") || name.includes("..")) {
    throw invalidParameterValue(
      `Message (user) attribute name can not start or end with a period or have two periods in a row: ${name}`,
    );
  }
}

function checkAttribute(
  name: string,
  sent: SentAttribute,
): { stored: StoredAttribute; asSent?: string; valueSize: number } {
  const type = sent.DataType;
  if (sent.StringListValues?.length || sent.BinaryListValues?.length) {
    throw unsupportedOperation("Message attribute list values in SendMessage operation are not supported.");
  }
  if (type === undefined || type === "") {
    throw invalidParameterValue(`The message attribute '${name}' must contain a non-empty message attribute type.`);
  }
  if (!/^(String|Number|Binary)(\..+)?$/s.test(type) || Buffer.byteLength(type) > maxNameLength) {
    throw invalidParameterValue(
      `The message attribute '${name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.`,
    );
  }
  const binary = type.startsWith("Binary");
  const other = binary ? sent.StringValue : sent.BinaryValue;
  const value = binary ? sent.BinaryValue : sent.StringValue;
  if (value === undefined && other !== undefined) {
    throw invalidParameterValue(
      `The message attribute '${name}' with type '${type}' must use field '${binary ? "Binary" : "String"}'.`,
    );
  }
  if (value === undefined || value.length === 0) {
    throw invalidParameterValue(`Message (user) attribute '${name}' must contain a non-empty value of type '${type}'.`);
  }
  if (typeof value !== "string") {
    return { stored: { DataType: type, BinaryValue: value.base64 }, valueSize: value.length };
  }
  checkCharacters(value);
  if (type.startsWith("Number")) {
    const plain = checkNumber(name, value);
    return { stored: { DataType: type, StringValue: plain }, asSent: value, valueSize: Buffer.byteLength(value) };
  }
  return { stored: { DataType: type, StringValue: value }, valueSize: Buffer.byteLength(value) };
}

/** The number in the form in which it is received. @throws AwsError InvalidParameterValue */
function checkNumber(name: string, value: string): string {
  const number = readNumber(value);
  if (number === undefined) {
    throw invalidParameterValue(`Can't cast the value of message (user) attribute '${name}' to a number.`);
  }
  const about = `Message (user) attribute '${name}' number value [${value}]`;
  if (!hasScale(number)) throw invalidParameterValue(`${about} must be between 10^-128 and 10^126.`);
  if (!hasPrecision(number)) throw invalidParameterValue(`${about} must contain fewer than 38 precision digits.`);
  return plainNumber(number);
}

/** Whether a text holds only the characters SQS allows (XML 1.0's). */
export function hasOnlyAllowedCharacters(text: string): boolean {
  // The common case in one scan; surrogates are only checked when there are any.
  if (!/[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]/.test(text)) return true;
  return !/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|\p{Surrogate}/u.test(text);
}

function checkCharacters(value: string): void {
  if (!hasOnlyAllowedCharacters(value))
    throw invalidParameterValue("Invalid characters found in a message attribute value.");
}

/** MD5 over the attributes sorted by name, as SDKs verify it; see the developer guide for the layout. */
export function attributesMd5(attributes: Readonly<Record<string, StoredAttribute>>): string {
  const hash = createHash("md5");
  const names = Object.keys(attributes).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  for (const name of names) {
    const { DataType, StringValue, BinaryValue } = attributes[name] as StoredAttribute;
    updateWithLength(hash, Buffer.from(name));
    updateWithLength(hash, Buffer.from(DataType));
    hash.update(BinaryValue === undefined ? stringMark : binaryMark);
    updateWithLength(
      hash,
      BinaryValue === undefined ? Buffer.from(StringValue ?? "") : Buffer.from(BinaryValue, "base64"),
    );
  }
  return hash.digest("hex");
}

const stringMark = Buffer.from([1]);
const binaryMark = Buffer.from([2]);

function updateWithLength(hash: ReturnType<typeof createHash>, bytes: Buffer): void {
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32BE(bytes.length);
  hash.update(length).update(bytes);
}

/** The attributes requested by a receive: exact names, `prefix.*`, or everything (`All`, `*`, `.*`). */
export function selectAttributes(
  attributes: Readonly<Record<string, StoredAttribute>> | undefined,
  wanted: readonly string[] | undefined,
): Record<string, StoredAttribute> | undefined {
  if (attributes === undefined || wanted === undefined || wanted.length === 0) return undefined;
  const selected: Record<string, StoredAttribute> = {};
  for (const name of Object.keys(attributes)) {
    if (wanted.some((pattern) => selects(pattern, name))) selected[name] = attributes[name] as StoredAttribute;
  }
  return Object.keys(selected).length === 0 ? undefined : selected;
}

function selects(pattern: string, name: string): boolean {
  if (pattern === "All" || pattern === "*" || pattern === ".*") return true;
  return pattern.endsWith(".*") ? name.startsWith(pattern.slice(0, -2)) : pattern === name;
}

/** As received by clients. */
export function shownAttributes(attributes: Readonly<Record<string, StoredAttribute>>) {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, { DataType, StringValue, BinaryValue }]) => [
      name,
      BinaryValue === undefined ? { DataType, StringValue } : { DataType, BinaryValue: Blob.fromBase64(BinaryValue) },
    ]),
  );
}
