/** Queries of control routes. */
import type { FastifyRequest } from "fastify";
import type { EventFilter } from "../events/event-records.ts";

/** Filters from a query by name, each given at most once, and the limit. @throws Error with a `statusCode` */
export function filtersOf(request: FastifyRequest, names: readonly string[]) {
  const query = request.query as Record<string, string>;
  const limit = query["limit"] === undefined ? 100 : Number(query["limit"]);
  if (!Number.isInteger(limit) || limit < 1) throw badRequest("limit must be a whole number from 1.");
  const unknown = Object.keys(query).find((name) => name !== "limit" && !names.includes(name));
  if (unknown) throw badRequest(`There is no filter ${unknown}; use limit, ${names.join(", ")}.`);
  const { limit: _limit, ...filters } = query;
  return { query: filters, limit };
}

export function badRequest(message: string): Error {
  return Object.assign(new Error(message), { statusCode: 400 });
}

/** The filter for events on buses. @throws Error with a `statusCode` */
export function eventFilter({ matched, ...filters }: Readonly<Record<string, string>>): EventFilter {
  if (matched === undefined) return filters;
  if (matched !== "true" && matched !== "false") throw badRequest("matched is true or false.");
  return { ...filters, matched: matched === "true" };
}
