/** Control routes that show the contents of a resource without changing them. */
import type { FastifyInstance } from "fastify";
import { badRequest, eventFilter, filtersOf } from "./filters.ts";

/** What services show, by service and view; undefined when the resource does not exist. */
export type Look = (service: string, view: string, filter: object) => unknown;

interface View {
  readonly service: string;
  readonly view: string;
  /** What its resources are called. */
  readonly resource: string;
  /** The member of the answer with the results. Default: the name of the view. */
  readonly found?: string;
  readonly filters: readonly string[];
  /** The filter for the service. @throws Error with a `statusCode` */
  readonly filter: (place: Place, query: Readonly<Record<string, string>>) => object;
}

interface Place {
  readonly account: string;
  readonly region: string;
  readonly name: string;
}

const views: readonly View[] = [
  {
    ...{ service: "sqs", view: "messages", resource: "queue", filters: ["state"] },
    filter(place, query) {
      const { state } = query;
      if (state !== undefined && !states.includes(state)) throw badRequest(`state is one of ${states.join(", ")}.`);
      return { ...place, ...query };
    },
  },
  {
    ...{ service: "kinesis", view: "records", resource: "stream", found: "shards", filters: ["shard"] },
    filter: ({ name, ...place }, query) => ({ ...place, stream: name, ...query }),
  },
  {
    ...{ service: "eventbridge", view: "events", resource: "event bus", filters: ["source", "detailType", "matched"] },
    filter: ({ name, ...place }, query) => ({ ...place, bus: name, ...eventFilter(query) }),
  },
  {
    ...{ service: "stepfunctions", view: "executions", resource: "state machine", filters: ["status"] },
    filter: ({ account, region, name }, query) => ({
      machine: `arn:aws:states:${region}:${account}:stateMachine:${name}`,
      ...query,
    }),
  },
];

const states = ["visible", "delayed", "inFlight"];

/** `GET /{service}/{account}/{region}/{name}/{view}` for each of them. */
export function viewRoutes(app: FastifyInstance, look: Look): void {
  for (const { service, view, resource, found = view, filter, filters } of views) {
    app.get(`/${service}/:account/:region/:name/${view}`, (request, reply) => {
      const { account, region, name } = request.params as Place;
      const { query, limit } = filtersOf(request, filters);
      const seen = look(service, view, { ...filter({ account, region, name }, query), limit });
      if (seen !== undefined) return { [found]: seen };
      return reply.code(404).send({ message: `There is no ${resource} ${name} in account ${account} and ${region}.` });
    });
  }
}
