/** `GET /_busbar/watch`: what happens, as it happens, as server-sent events. */
import type { Writable } from "node:stream";
import type { Door } from "../calls/door.ts";
import type { RequestRecord } from "../calls/request-log.ts";
import type { DeliveryNews } from "../delivery/news.ts";
import type { Change } from "../engine/change.ts";
import { clearInterval, setInterval } from "../engine/real-time.ts";
import { corsHeaders } from "./cors.ts";

export interface WatchedEmulator {
  readonly clock: { now(): number };
  readonly requests: { watch(listener: (record: RequestRecord) => void): () => void };
  readonly deliveries: { watch(listener: (news: DeliveryNews) => void): () => void };
  readonly store: { watch(listener: (changes: readonly Change[]) => void): () => void };
}

const kinds = ["request", "delivery", "message", "state"] as const;
type Kind = (typeof kinds)[number];

/** How much may be queued for a slow reader; anything beyond is dropped and counted. */
const maxWaiting = 1024 * 1024;
/** Proxies and browsers close connections on which nothing arrives for a minute. */
const heartbeatMs = 15_000;

export function watchDoor(emulator: WatchedEmulator): Door {
  return {
    name: "watch",
    claims: ({ method, path }) => path === "/_busbar/watch" && method === "GET",
    serve(request, answer) {
      const asked = new URLSearchParams(request.query).get("kinds")?.split(",") ?? kinds;
      const unknown = asked.find((kind) => !kinds.includes(kind as Kind));
      if (unknown !== undefined) {
        const message = `There is no kind ${unknown}; use ${kinds.join(", ")}.`;
        answer.send(400, { "content-type": "application/json" }, JSON.stringify({ message }));
        return;
      }
      const head = {
        "content-type": "text/event-stream",
        "cache-control": "no-cache",
        ...corsHeaders(request.headers),
      };
      const end = follow(emulator, new Set(asked as readonly Kind[]), answer.stream(200, head));
      answer.onClose(end);
    },
  };
}

/** Writes what happens until the returned function is called. */
function follow(emulator: WatchedEmulator, wanted: ReadonlySet<Kind>, out: Writable): () => void {
  let left = 0;
  const write = (kind: string, data: object) => {
    if (out.writableLength > maxWaiting) {
      left += 1;
      return;
    }
    if (left > 0) {
      out.write(`event: left-out\ndata: ${JSON.stringify({ events: left })}\n\n`);
      left = 0;
    }
    out.write(`event: ${kind}\ndata: ${JSON.stringify(data)}\n\n`);
  };
  const time = () => new Date(emulator.clock.now()).toISOString();
  const ends: (() => void)[] = [];
  if (wanted.has("request")) {
    ends.push(emulator.requests.watch((record) => write("request", record)));
  }
  if (wanted.has("delivery"))
    ends.push(emulator.deliveries.watch((news) => write("delivery", { time: time(), ...news })));
  if (wanted.has("message") || wanted.has("state")) {
    ends.push(
      emulator.store.watch((changes) => {
        for (const change of changes) {
          const news = newsOf(change);
          if (news !== undefined && wanted.has(news.kind)) write(news.kind, { time: time(), ...news.data });
        }
      }),
    );
  }
  const beat = setInterval(() => write("beat", { time: time() }), heartbeatMs);
  out.write(": Busbar tells what happens\n\n");
  return () => {
    clearInterval(beat);
    for (const end of ends) end();
  };
}

/** A changed row in a form for people; undefined for internal rows. */
function newsOf({ table, key, before, after }: Change): { kind: "message" | "state"; data: object } | undefined {
  if (table.isPacked) return undefined;
  const change = before === undefined ? "added" : after === undefined ? "removed" : "changed";
  const row = (after ?? before) as { readonly queue?: unknown; readonly status?: unknown };
  if (table.name === "sqs.messages") return { kind: "message", data: { queue: row.queue, serial: key, change } };
  const status = typeof row.status === "string" ? { status: row.status } : {};
  return { kind: "state", data: { table: table.name, key, change, ...status } };
}
