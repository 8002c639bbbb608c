/** Pages of lists: `maxResults` and `nextToken`. */
import { decodeToken, encodeToken, takePage } from "../../calls/page.ts";
import type { Index, Order } from "../../engine/table.ts";
import { badRequest } from "./errors.ts";

interface Paged {
  readonly MaxResults?: string | number | undefined;
  readonly NextToken?: string | undefined;
}

/** More than AWS's default, so that a short list is complete. */
const defaultPageSize = 100;
const maxPageSize = 500;

/**
 * One page of a group of an index, and where the next one starts.
 * @throws AwsError BadRequestException for an invalid size or token.
 */
export function page<Row, Item>(
  index: Index<Row>,
  group: string,
  { MaxResults, NextToken }: Paged,
  orderOf: (row: Row) => Order,
  show: (row: Row) => Item,
): { Items: Item[]; NextToken: string | undefined } {
  const limit = MaxResults === undefined || MaxResults === "" ? defaultPageSize : Number(MaxResults);
  if (!Number.isInteger(limit) || limit < 1) throw badRequest("Invalid value for maxResults");
  const after = NextToken === undefined || NextToken === "" ? undefined : decodeToken(NextToken);
  if (NextToken && typeof after !== "number" && typeof after !== "string") throw badRequest("Invalid nextToken");
  const rows = index.range(group, after === undefined ? {} : { gt: after as Order });
  const { items, more } = takePage(rows, Math.min(limit, maxPageSize));
  return { Items: items.map(show), NextToken: more ? encodeToken(orderOf(items.at(-1) as Row)) : undefined };
}
