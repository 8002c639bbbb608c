/** Task tokens: opaque to workers, the place of a task to us. */
import { decodeToken, encodeToken } from "../../../calls/page.ts";
import { shortId } from "../tables.ts";

/** A token for one attempt at a task; `nonce` keeps it from being guessed. */
export function newToken(execution: string, taskId: string, nonce: string): string {
  return encodeToken([execution, shortId(taskId), nonce]);
}

/** Where the task of a token is, its id shortened; undefined for a text that is no token. */
export function placeOfToken(token: string): { execution: string; taskId: string } | undefined {
  const place = decodeToken(token);
  if (!Array.isArray(place) || place.length !== 3 || !place.every((part) => typeof part === "string")) return undefined;
  return { execution: place[0] as string, taskId: place[1] as string };
}
