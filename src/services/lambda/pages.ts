/** Markers of Lambda's lists. */
import { decodeToken, encodeToken } from "../../calls/page.ts";
import { invalidParameter } from "./errors.ts";

/** Lists have at most 50 entries per page, whatever is requested (Lambda API reference, ListFunctions). */
export function pageSize(asked: number | undefined): number {
  return Math.min(asked ?? 50, 50);
}

export function nextMarker(more: boolean, position: readonly unknown[] | undefined): string | undefined {
  return more ? encodeToken(position) : undefined;
}

/** Where the page begins: after this. @throws AwsError InvalidParameterValueException */
export function positionIn(marker: string | undefined): readonly (string | number)[] | undefined {
  if (marker === undefined || marker === "") return undefined;
  const position = decodeToken(marker);
  const isPlace = (part: unknown) => typeof part === "string" || typeof part === "number";
  if (Array.isArray(position) && position.length > 0 && position.every(isPlace)) return position;
  throw invalidParameter("Invalid pagination key.");
}
