/**
 * Pages of lists: by default 100 items, which 0 means too; a token contains the item that the next page begins after.
 */
import { decodeToken, encodeToken, type PageSize, takePage } from "../../calls/page.ts";
import { inconsistentToken, invalidToken } from "./errors.ts";

const defaultPage = 100;

interface PageInput {
  readonly maxResults?: number | undefined;
  readonly nextToken?: string | undefined;
}

/**
 * The position in a token, of the type that orders the list; `list` identifies what is listed.
 * @throws AwsError InvalidToken
 */
export function placeIn<Type extends "string" | "number">(
  { nextToken }: PageInput,
  list: string,
  type: Type,
): (Type extends "string" ? string : number) | undefined {
  if (nextToken === undefined) return undefined;
  const place = decodeToken(nextToken);
  if (!Array.isArray(place) || typeof place[0] !== "string" || typeof place[1] !== type) throw invalidToken();
  if (place[0] !== list) throw inconsistentToken();
  return place[1] as Type extends "string" ? string : number;
}

/** One page of a sequence that begins at the token's position, with an optional size limit. */
export function pageOf<Item>(
  input: PageInput,
  list: string,
  sequence: Iterable<Item>,
  placeOf: (item: Item) => string | number,
  size?: PageSize<Item>,
): { items: Item[]; nextToken: string | undefined } {
  const { items, more } = takePage(sequence, input.maxResults || defaultPage, size);
  const last = items.at(-1);
  return { items, nextToken: more && last !== undefined ? encodeToken([list, placeOf(last)]) : undefined };
}
