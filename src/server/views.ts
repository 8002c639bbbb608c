/** Control routes that show what lies in a resource, without touching it. */
import type { FastifyInstance } from "fastify";
import { badRequest, filtersOf } from "./filters.ts";

/** What services show, by service and view; undefined when there is no such resource. */
export type Look = (service: string, view: string, filter: object) => unknown;

interface View {
  readonly service: string;
  readonly view: string;
  /** What one of its resources is called, and how its ARN is made of place and name. */
  readonly resource: string;
  readonly filter: (place: Place) => object;
  readonly filters: readonly string[];
}

interface Place {
  readonly account: string;
  readonly region: string;
  readonly name: string;
}

const views: readonly View[] = [
  {
    ...{ service: "sqs", view: "messages", resource: "queue", filters: ["state"] },
    filter: ({ account, region, name }) => ({ account, region, name }),
  },
  {
    ...{ service: "kinesis", view: "records", resource: "stream", filters: ["shard"] },
    filter: ({ account, region, name }) => ({ account, region, stream: name }),
  },
  {
    ...{ service: "stepfunctions", view: "executions", resource: "state machine", filters: ["status"] },
    filter: ({ account, region, name }) => ({ machine: `arn:aws:states:${region}:${account}:stateMachine:${name}` }),
  },
];

const states = ["visible", "delayed", "inFlight"];

/** `GET /{service}/{account}/{region}/{name}/{view}` for each of them. */
export function viewRoutes(app: FastifyInstance, look: Look): void {
  for (const { service, view, resource, filter, filters } of views) {
    app.get(`/${service}/:account/:region/:name/${view}`, (request, reply) => {
      const place = request.params as Place;
      const { query, limit } = filtersOf(request, filters);
      if (query["state"] !== undefined && !states.includes(query["state"])) {
        throw badRequest(`state is one of ${states.join(", ")}.`);
      }
      const found = look(service, view, { ...filter(place), ...query, limit });
      if (found !== undefined) return { [view === "records" ? "shards" : view]: found };
      const { account, region, name } = place;
      return reply.code(404).send({ message: `There is no ${resource} ${name} in account ${account} and ${region}.` });
    });
  }
}
