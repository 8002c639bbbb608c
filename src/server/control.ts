/** Control routes under `/_busbar/`: what the emulator is and did, and the levers a test needs. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { MailboxFilter, MailboxMessage } from "../core/delivery/mailbox.ts";
import type { DeliveryFilter, DeliveryRecord } from "../core/delivery/types.ts";
import type { RequestRecord } from "../core/request-log.ts";
import type { ServiceCoverage } from "../core/service.ts";
import { parseDuration } from "../engine/duration.ts";

/** What control routes show and move. */
export interface ControlledEmulator {
  readonly version: string;
  readonly clock: {
    readonly mode: "real" | "virtual";
    now(): number;
    advance(ms: number): Promise<void>;
    set(epochMs: number): Promise<void>;
    setMode(mode: "real" | "virtual"): void;
  };
  readonly requests: { newestFirst(): Iterable<RequestRecord> };
  readonly store: { readonly durable: boolean; counts(): Record<string, number> };
  readonly deliveries: { list(filter: DeliveryFilter): DeliveryRecord[] };
  readonly mailbox: { list(filter: MailboxFilter): MailboxMessage[] };
  readonly coverage: readonly ServiceCoverage[];
  reset(account?: string): Promise<void>;
}

const filters = ["service", "operation", "account", "region", "status", "error"] as const;

export async function controlRoutes(
  app: FastifyInstance,
  { emulator }: { emulator: ControlledEmulator },
): Promise<void> {
  app.get("/health", () => ({
    status: "running",
    version: emulator.version,
    storage: emulator.store.durable ? "durable" : "memory",
    clock: clockState(emulator),
    services: Object.fromEntries(
      emulator.coverage.map(({ service, built, known }) => [service, { operations: built.length, of: known.length }]),
    ),
  }));

  app.get("/clock", () => clockState(emulator));
  app.post("/clock", async (request, reply) => moveClock(emulator, request, reply));

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

  app.get("/requests", (request) => {
    const { query, limit } = filtersOf(request, filters);
    const requests: object[] = [];
    for (const record of emulator.requests.newestFirst()) {
      if (!filters.every((name) => query[name] === undefined || String(record[name]) === query[name])) continue;
      requests.push({
        ...record,
        time: new Date(record.time).toISOString(),
        durationMs: Math.round(record.durationMs * 1000) / 1000,
      });
      if (requests.length === limit) break;
    }
    return { requests };
  });

  app.get("/deliveries", (request) => {
    const { query, limit } = filtersOf(request, ["account", "source", "target", "status"]);
    if (query["status"] !== undefined && !/^(pending|delivered|failed)$/.test(query["status"])) {
      throw badRequest("status is pending, delivered or failed.");
    }
    const deliveries = emulator.deliveries.list({ ...(query as DeliveryFilter), limit });
    return { deliveries: deliveries.map(shownDelivery) };
  });

  app.get("/mailbox", (request) => {
    const { query, limit } = filtersOf(request, ["account", "channel", "to"]);
    const messages = emulator.mailbox.list({ ...query, limit });
    return { messages: messages.map(({ timeMs, ...message }) => ({ ...message, time: iso(timeMs) })) };
  });

  app.get("/state", () => ({ tables: emulator.store.counts() }));

  app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    reply.code(error.statusCode ?? 500).send({ message: error.message });
  });
  app.all("/*", (request, reply) => {
    reply.code(404).send({ message: `There is no ${request.method} ${request.url}. ${routesSentence}` });
  });
}

const routesSentence =
  "Busbar has GET /_busbar/health, GET and POST /_busbar/clock, POST /_busbar/reset, and GET /_busbar/requests, deliveries, mailbox and state.";

/** The filters of a query by name, each given at most once, and the limit. */
function filtersOf(request: FastifyRequest, names: readonly string[]) {
  const query = request.query as Record<string, string>;
  const limit = query["limit"] === undefined ? 100 : Number(query["limit"]);
  if (!Number.isInteger(limit) || limit < 1) throw badRequest("limit must be a whole number from 1.");
  const unknown = Object.keys(query).find((name) => name !== "limit" && !names.includes(name));
  if (unknown) throw badRequest(`There is no filter ${unknown}; use limit, ${names.join(", ")}.`);
  const { limit: _limit, ...filters } = query;
  return { query: filters, limit };
}

function shownDelivery({ acceptedMs, nextAttemptMs, attempts, ...record }: DeliveryRecord): object {
  return {
    ...record,
    accepted: iso(acceptedMs),
    nextAttempt: nextAttemptMs === undefined ? undefined : iso(nextAttemptMs),
    attempts: attempts.map(({ timeMs, ...attempt }) => ({ time: iso(timeMs), ...attempt })),
  };
}

/** Any number of milliseconds as ISO 8601; beyond the last date there is, that date. */
function iso(epochMs: number): string {
  return new Date(Math.min(epochMs, maxDateMs)).toISOString();
}

function badRequest(message: string): Error {
  return Object.assign(new Error(message), { statusCode: 400 });
}

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
    if (!Number.isFinite(target) || Math.abs(target) > maxDateMs) {
      return refuse(reply, "set must be an ISO 8601 time or epoch milliseconds.");
    }
  }
  let duration: number | undefined;
  if (body.advance !== undefined) {
    try {
      duration = parseDuration(body.advance as string | number);
    } catch (error) {
      return refuse(reply, (error as Error).message);
    }
    if (clock.now() + duration > maxDateMs) return refuse(reply, "advance goes beyond the last date there is.");
  }
  if (body.mode !== undefined) clock.setMode(body.mode);
  if (target !== undefined) await clock.set(target);
  if (duration !== undefined) await clock.advance(duration);
  return clockState(emulator);
}

/** The range of ECMAScript time values, in milliseconds from the epoch. */
const maxDateMs = 8.64e15;

function jsonBody(request: FastifyRequest): object {
  const body = request.body as Buffer | undefined;
  if (body === undefined || body.length === 0) return {};
  let value: unknown;
  try {
    value = JSON.parse(body.toString("utf8"));
  } catch {
    value = undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw Object.assign(new Error("The body must be a JSON object."), { statusCode: 400 });
  }
  return value;
}

function refuse(reply: FastifyReply, message: string): FastifyReply {
  return reply.code(400).send({ message });
}
