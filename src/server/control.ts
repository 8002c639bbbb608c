/** Control routes under `/_busbar/`: what the emulator is and did, and actions for tests. */

import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { AwsError } from "../../protocols/error.ts";
import { isExcessiveJson } from "../../protocols/json-text.ts";
import { jsonObject } from "../../protocols/unknown-json.ts";
import type { RequestFilter, RequestRecord } from "../calls/request-log.ts";
import type { ServiceCoverage } from "../calls/service.ts";
import type { DeliveryCounts } from "../delivery/history.ts";
import type { MailboxFilter, MailboxMessage } from "../delivery/mailbox.ts";
import { type DeliveryFilter, type DeliveryRecord, deliveryStatuses } from "../delivery/types.ts";
import { parseDuration } from "../engine/duration.ts";
import { lastMs } from "../engine/iso-time.ts";
import { realDelay } from "../engine/real-time.ts";
import { EndlessWork } from "../engine/work.ts";
import type { EventFilter, EventRecord } from "../events/event-records.ts";
import type { LogEvent, LogFilter } from "../logs/log-groups.ts";
import { bodyLimitBytes, readBody } from "./body.ts";
import { controlPrefix } from "./control-door.ts";
import { corsHeaders } from "./cors.ts";
import { badRequest, eventFilter, filtersOf } from "./filters.ts";
import type { InitState } from "./localstack/door.ts";
import { type Look, viewRoutes } from "./views.ts";

/** What control routes show and change. */
export interface ControlledEmulator {
  readonly version: string;
  readonly clock: {
    readonly mode: "real" | "virtual";
    now(): number;
    advance(ms: number): Promise<void>;
    set(epochMs: number): Promise<void>;
    setMode(mode: "real" | "virtual"): void;
  };
  readonly requests: { list(filter: RequestFilter): RequestRecord[] };
  readonly store: { readonly durable: boolean; counts(): Record<string, number> };
  readonly deliveries: {
    list(filter: DeliveryFilter): DeliveryRecord[];
    counts(): DeliveryCounts;
    settled(): Promise<void>;
  };
  readonly mailbox: { list(filter: MailboxFilter): MailboxMessage[] };
  readonly logs: { list(filter: LogFilter): LogEvent[] };
  events(filter: EventFilter): EventRecord[];
  readonly look: Look;
  readonly coverage: readonly ServiceCoverage[];
  reset(account?: string): Promise<void>;
  pull(service: string, lever: string, body: object): Promise<object | undefined>;
  reportBug(error: unknown, where: string): void;
}

/** The control routes, ready to be asked. Fastify starts on timers that may be a test's fakes, which are not waited for. */
export async function controlApp(
  emulator: ControlledEmulator,
  init: Pick<InitState, "isReady">,
): Promise<FastifyInstance> {
  const app = Fastify({
    // No route has a schema, so Fastify's schema compilers, half of its code, are neither loaded nor bundled.
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    exposeHeadRoutes: true,
    frameworkErrors: (error, _request, reply: FastifyReply) => {
      reply.code(error.statusCode ?? 400).send({ message: error.message });
    },
  });
  // body.ts reads bodies, whatever their Content-Type.
  for (const method of app.supportedMethods) app.addHttpMethod(method, { hasBody: false, overrideExisting: true });
  app.register(controlRoutes, { prefix: controlPrefix, emulator, init });
  await app.ready();
  return app;
}

function noSchemas(): never {
  throw new Error("a route with a schema needs its compiler: see scripts/build.mjs");
}

const filters = ["service", "operation", "account", "region", "resource", "status", "error"] as const;

interface ControlOptions {
  readonly emulator: ControlledEmulator;
  readonly init: Pick<InitState, "isReady">;
}

async function controlRoutes(app: FastifyInstance, { emulator, init }: ControlOptions): Promise<void> {
  app.addHook("onRequest", (request, reply, done) => {
    reply.headers(corsHeaders(request.headers));
    done();
  });
  app.addHook("preHandler", (request, _reply, done) => {
    readBody(request.raw, bodyLimitBytes, (error, body) => {
      request.body = body;
      done(error);
    });
  });

  // Clients that wait for the start must keep waiting.
  app.get("/health", (_request, reply) =>
    reply.code(init.isReady ? 200 : 503).send({
      status: init.isReady ? "running" : "starting",
      version: emulator.version,
      storage: emulator.store.durable ? "durable" : "memory",
      clock: clockState(emulator),
      services: Object.fromEntries(
        emulator.coverage.map(({ service, operations, of }) => [service, { operations, of }]),
      ),
    }),
  );

  app.get("/clock", () => clockState(emulator));
  app.register(changingRoutes, { emulator });

  app.get("/requests", (request) => {
    const { query, limit } = filtersOf(request, filters);
    return { requests: emulator.requests.list({ ...query, limit }) };
  });

  app.get("/deliveries", (request) => {
    const { query, limit } = filtersOf(request, ["account", "source", "target", "status"]);
    const { status } = query;
    if (status !== undefined && !(deliveryStatuses as readonly string[]).includes(status)) {
      throw badRequest(`status is one of ${deliveryStatuses.join(", ")}.`);
    }
    const deliveries = emulator.deliveries.list({ ...(query as DeliveryFilter), limit });
    return { deliveries, counts: emulator.deliveries.counts() };
  });

  app.get("/mailbox", (request) => {
    const { query, limit } = filtersOf(request, ["account", "channel", "to"]);
    return { messages: emulator.mailbox.list({ ...query, limit }) };
  });

  app.get("/events", (request) => {
    const { query, limit } = filtersOf(request, ["account", "region", "bus", "source", "detailType", "matched"]);
    return { events: emulator.events({ ...eventFilter(query), limit }) };
  });

  app.get("/logs", (request) => {
    const { query, limit } = filtersOf(request, ["account", "group", "stream", "source"]);
    return { events: emulator.logs.list({ ...query, limit }) };
  });

  viewRoutes(app, (service, view, filter) => emulator.look(service, view, filter));

  app.get("/state", () => ({ tables: emulator.store.counts() }));

  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    // A StoreError means that the disk refuses writes, so the client may try again. Other errors without a status are
    // bugs.
    const status = error.statusCode ?? (error.name === "StoreError" ? 503 : 500);
    if (status === 500) emulator.reportBug(error, `${request.method} ${request.url}`);
    reply.code(status).send({ message: error.message });
  });
  for (const path of ["/", "/*"]) {
    app.all(path, (request, reply) => {
      reply.code(404).send({ message: `There is no ${request.method} ${request.url}. ${routesSentence}` });
    });
  }
}

/** Routes that change something. */
async function changingRoutes(app: FastifyInstance, { emulator }: { emulator: ControlledEmulator }): Promise<void> {
  // A page cannot send either of these headers without a preflight, however it got in.
  app.addHook("preHandler", (request, _reply, done) => {
    const { "content-type": type = "", "x-busbar": ours } = request.headers;
    if (ours !== undefined || /^application\/json\b/i.test(type)) return done();
    const message = `${request.method} ${request.url} wants the header "Content-Type: application/json", or "X-Busbar: 1".`;
    done(Object.assign(new Error(message), { statusCode: 415 }));
  });

  app.post("/clock", async (request, reply) => moveClock(emulator, request, reply));

  app.post("/settle", async (request, reply) => {
    const { limit = "30s" } = jsonBody(request) as { limit?: unknown };
    if (typeof limit !== "string" && typeof limit !== "number") {
      return refuse(reply, 'limit must be milliseconds or a text such as "30s".');
    }
    let limitMs: number;
    try {
      limitMs = Math.min(parseDuration(limit), maxSettleMs);
    } catch (error) {
      return refuse(reply, (error as Error).message);
    }
    const settled = await Promise.race([
      emulator.deliveries.settled().then(() => true),
      realDelay(limitMs).then(() => false),
    ]);
    const { pending } = emulator.deliveries.counts();
    return reply.code(settled ? 200 : 408).send({ settled, pending });
  });

  app.post("/reset", async (request, reply) => {
    const { account } = { ...(request.query as object), ...jsonBody(request) } as { account?: unknown };
    if (account !== undefined && (typeof account !== "string" || !/^\d{12}$/.test(account))) {
      return refuse(
        reply,
        'account must be a string of 12 digits, for example {"account":"111122223333"}; leave it out to reset everything.',
      );
    }
    await emulator.reset(account);
    return { reset: account ?? "all" };
  });

  app.post("/:service/:lever", async (request, reply) => {
    const { service, lever } = request.params as { service: string; lever: string };
    const body = jsonBody(request) as { account?: unknown; region?: unknown };
    for (const name of ["account", "region"] as const) {
      if (body[name] !== undefined && typeof body[name] !== "string") return refuse(reply, `${name} must be a string.`);
    }
    try {
      const result = await emulator.pull(service, lever, body);
      return result ?? reply.code(404).send({ message: `There is no lever ${lever} of ${service}. ${routesSentence}` });
    } catch (error) {
      if (error instanceof AwsError) return refuse(reply, error.message);
      throw error;
    }
  });
}

const maxSettleMs = 600_000;

const routesSentence =
  "Busbar has GET /_busbar/health, GET and POST /_busbar/clock, POST /_busbar/reset and settle, GET /_busbar/watch, POST /_busbar/sns/opt-out, GET /_busbar/requests, deliveries, mailbox, events, logs and state, and what lies in a resource at GET /_busbar/sqs/{account}/{region}/{queue}/messages, /_busbar/kinesis/…/{stream}/records, /_busbar/eventbridge/…/{bus}/events and /_busbar/stepfunctions/…/{machine}/executions.";

function clockState({ clock }: ControlledEmulator): object {
  return { mode: clock.mode, now: new Date(clock.now()).toISOString(), epochMs: clock.now() };
}

async function moveClock(emulator: ControlledEmulator, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const body = jsonBody(request) as { mode?: unknown; set?: unknown; advance?: unknown };
  const { clock } = emulator;
  if (body.mode === undefined && body.set === undefined && body.advance === undefined) {
    return refuse(reply, 'Send {"advance":"15m"}, {"set":"2030-01-01T00:00:00Z"} or {"mode":"virtual"}.');
  }
  if (body.mode !== undefined && body.mode !== "real" && body.mode !== "virtual") {
    return refuse(reply, 'mode must be "real" or "virtual".');
  }
  let target: number | undefined;
  if (body.set !== undefined) {
    target = typeof body.set === "number" ? body.set : typeof body.set === "string" ? Date.parse(body.set) : Number.NaN;
    if (!(target >= 0 && target <= lastMs)) {
      return refuse(reply, "set must be an ISO 8601 time or epoch milliseconds, from 1970 to 9999.");
    }
  }
  let duration: number | undefined;
  if (body.advance !== undefined) {
    if (typeof body.advance !== "string" && typeof body.advance !== "number") {
      return refuse(reply, 'advance must be milliseconds or a text such as "15m".');
    }
    try {
      duration = parseDuration(body.advance);
    } catch (error) {
      return refuse(reply, (error as Error).message);
    }
    if ((target ?? clock.now()) + duration > lastMs) return refuse(reply, "advance must not go beyond the year 9999.");
  }
  if (body.mode !== undefined) clock.setMode(body.mode);
  try {
    if (target !== undefined) await clock.set(target);
    if (duration !== undefined) await clock.advance(duration);
  } catch (error) {
    if (error instanceof EndlessWork) return reply.code(409).send({ message: error.message });
    throw error;
  }
  return clockState(emulator);
}

function jsonBody(request: FastifyRequest): object {
  const body = request.body as Buffer | undefined;
  if (body === undefined || body.length === 0) return {};
  const value = isExcessiveJson(body) ? undefined : jsonObject(body.toString());
  if (value === undefined) {
    throw Object.assign(new Error("The body must be a JSON object."), { statusCode: 400 });
  }
  return value;
}

function refuse(reply: FastifyReply, message: string): FastifyReply {
  return reply.code(400).send({ message });
}
