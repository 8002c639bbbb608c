/** What the error answers of the JSON and CBOR protocols share. */
import type { AwsError } from "./error.ts";
import type { ServiceModel } from "./schema.ts";
import { type Shape, shapeOf } from "./schema.ts";

const messageMembers = new WeakMap<object, string>();

/** Framework errors that say `Message`; all others say `message`. */
const capitals = new Set(["SerializationException", "AccessDeniedException"]);

/** The member an error's text travels in: as the model spells it, or the framework. */
export function messageMember(error: AwsError): string {
  if (error.schema === undefined) return capitals.has(error.name) ? "Message" : "message";
  let name = messageMembers.get(error.schema);
  if (name === undefined) {
    name = shapeHas(shapeOf(error.schema), "Message") ? "Message" : "message";
    messageMembers.set(error.schema, name);
  }
  return name;
}

function shapeHas(shape: Shape, member: string): boolean {
  return [...shape.structIterator()].some(([name]) => name === member);
}

/** `x-amzn-query-error` for clients that know this service's codes from its Query days. */
export function queryErrorHeader(error: AwsError, service: ServiceModel | undefined): Readonly<Record<string, string>> {
  if (!service?.queryCompatible) return {};
  return { "x-amzn-query-error": `${error.queryCode};${error.fault === "server" ? "Receiver" : "Sender"}` };
}

/** `x-amz-id-2`: opaque; made of the request id so that it needs no randomness. */
export function extendedRequestId(requestId: string): string {
  return Buffer.from(requestId.repeat(2)).toString("base64");
}
