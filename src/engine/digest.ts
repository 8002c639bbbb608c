import { hash } from "node:crypto";

/** A UUID (of version 4 by its form) made of a text: always the same for the same text. */
export function uuidFor(text: string): string {
  const hex = sha256Hex(text);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** The SHA-256 of a text, in 64 hexadecimal digits. */
export function sha256Hex(text: string): string {
  return hash("sha256", text);
}
