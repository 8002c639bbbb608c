/** Pages of lists: 100 items unless told, 0 meaning the same; a token says after which item the next one begins. */
import { decodeToken, encodeToken, type PageSize, takePage } from "../../calls/page.ts";
import { inconsistentToken, invalidToken } from "./errors.ts";

const defaultPage = 100;

interface PageInput {
  readonly maxResults?: number | undefined;
  readonly nextToken?: string | undefined;
}

/** The place a token gives, of the type the list is ordered by; `list` says what all is listed. @throws AwsError InvalidToken */
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

/** One page of a sequence that begins at the place of the token, of limited size when one is given. */
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
