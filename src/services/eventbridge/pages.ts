/** Lists by name, page by page. */
import { decodeToken, encodeToken, filtered, takePage, withPrefix } from "../../calls/page.ts";
import type { Bounds } from "../../engine/table.ts";
import { invalidParameter } from "./errors.ts";

const maxPageSize = 100;

export interface ListRequest {
  readonly NamePrefix?: string | undefined;
  readonly Limit?: number | undefined;
  readonly NextToken?: string | undefined;
}

/** The text after which a token's page begins. @throws AwsError ValidationException */
export function pageStart(token: string | undefined): string | undefined {
  if (token === undefined) return undefined;
  const position = decodeToken(token);
  if (typeof position !== "string") throw invalidParameter("NextToken");
  return position;
}

/** A page of a sequence that is ordered by a text of its items. The last page has no token. */
export function pageOf<Item>(
  sequence: Iterable<Item>,
  limit: number | undefined,
  orderOf: (item: Item) => string,
): { items: Item[]; NextToken: string | undefined } {
  const { items, more } = takePage(sequence, limit ?? maxPageSize);
  return { items, NextToken: more ? encodeToken(orderOf(items.at(-1) as Item)) : undefined };
}

/** A page of resources ordered by name: those with the requested prefix that `keep` accepts. */
export function namePage<Row extends { readonly name: string }>(
  rowsWithin: (bounds: Bounds) => Iterable<Row>,
  request: ListRequest,
  keep: (row: Row) => boolean = () => true,
): { items: Row[]; NextToken: string | undefined } {
  const prefix = request.NamePrefix ?? "";
  const after = pageStart(request.NextToken);
  const rows = rowsWithin(after !== undefined && after >= prefix ? { gt: after } : { gte: prefix });
  return pageOf(filtered(withPrefix(rows, prefix), keep), request.Limit, (row) => row.name);
}
