/** Documents that clients send as the body of a request. */
import { Blob64 } from "../../../protocols/blob.ts";

/** The document's text, without a byte order mark. A call between services may bring bytes or a text. */
export function bodyText(body: unknown): string {
  if (typeof body === "string") return body;
  const bytes = body instanceof Blob64 ? body.bytes : body instanceof Uint8Array ? body : new Uint8Array();
  return new TextDecoder().decode(bytes);
}
