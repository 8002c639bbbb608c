/** Task tokens, which are opaque to workers and identify a task. */
import { decodeToken, encodeToken } from "../../../calls/page.ts";
import { shortId } from "../tables.ts";

/** A token for one attempt at a task; `nonce` prevents guessing. */
export function newToken(execution: string, taskId: string, nonce: string): string {
  return encodeToken([execution, shortId(taskId), nonce]);
}

/** The task of a token, with its id shortened; undefined if the text is not a token. */
export function parseToken(token: string): { execution: string; taskId: string } | undefined {
  const parts = decodeToken(token);
  if (!Array.isArray(parts) || parts.length !== 3 || !parts.every((part) => typeof part === "string")) return undefined;
  return { execution: parts[0] as string, taskId: parts[1] as string };
}
