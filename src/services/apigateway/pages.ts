/** Pages of lists: 25 items by default, 500 at most, and a position only if there is more. */
import { decodeToken, encodeToken, filtered, takePage } from "../../calls/page.ts";
import type { Index } from "../../engine/table.ts";
import { badRequest } from "./errors.ts";

const defaultPage = 25;
const maxItems = 500;

export interface PageInput {
  readonly limit?: number | null | undefined;
  readonly position?: string | undefined;
}

export interface Pages<Row> {
  readonly rows: readonly Row[];
  readonly position: string | undefined;
}

/** A page of an index's group, which is ordered by the rows' serials. @throws AwsError BadRequestException */
export function pageOf<Row extends { readonly serial: number }>(
  index: Index<Row>,
  group: string,
  input: PageInput,
  { newestFirst = false, keep = () => true }: { newestFirst?: boolean; keep?: (row: Row) => boolean } = {},
): Pages<Row> {
  const after = positionIn(input.position);
  const bounds = after === undefined ? {} : newestFirst ? { lt: after } : { gt: after };
  const rows = index.range(group, { ...bounds, reverse: newestFirst });
  const { items, more } = takePage(filtered(rows, keep), limitOf(input));
  return { rows: items, position: more ? encodeToken(items.at(-1)?.serial) : undefined };
}

/** A page of a complete list; its position is an index into it. @throws AwsError BadRequestException */
export function pageOfList<Item>(items: readonly Item[], input: PageInput): Pages<Item> {
  const from = positionIn(input.position) ?? 0;
  const to = from + limitOf(input);
  return { rows: items.slice(from, to), position: to < items.length ? encodeToken(to) : undefined };
}

function limitOf({ limit }: PageInput): number {
  if (limit === undefined || limit === null) return defaultPage;
  if (limit < 1) throw badRequest("Invalid limit specified. Limit must be greater than 0");
  return Math.min(limit, maxItems);
}

function positionIn(token: string | undefined): number | undefined {
  if (token === undefined) return undefined;
  const position = decodeToken(token);
  if (typeof position !== "number") throw badRequest("Invalid position specified");
  return position;
}
