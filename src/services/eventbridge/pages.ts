/** Lists by name, page by page. */
import { decodeToken, encodeToken, filtered, takePage, withPrefix } from "../../calls/page.ts";
import type { Bounds } from "../../engine/table.ts";
import { invalidParameter } from "./errors.ts";

const longestPage = 100;

export interface ListRequest {
  readonly NamePrefix?: string | undefined;
  readonly Limit?: number | undefined;
  readonly NextToken?: string | undefined;
}

/** Where a token says the page begins: behind this text. @throws AwsError ValidationException */
export function pageStart(token: string | undefined): string | undefined {
  if (token === undefined) return undefined;
  const position = decodeToken(token);
  if (typeof position !== "string") throw invalidParameter("NextToken");
  return position;
}

/** A page of a sequence that is ordered by a text of its items. The token is absent on the last page. */
export function pageOf<Item>(
  sequence: Iterable<Item>,
  limit: number | undefined,
  orderOf: (item: Item) => string,
): { items: Item[]; NextToken: string | undefined } {
  const { items, more } = takePage(sequence, limit ?? longestPage);
  return { items, NextToken: more ? encodeToken(orderOf(items.at(-1) as Item)) : undefined };
}

/** A page of resources in the order of their names, those with the asked prefix that `keep` keeps. */
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
