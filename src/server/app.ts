/** The Fastify application: control routes under `/_busbar/`, and one route for everything that speaks AWS. */
import { gunzipSync } from "node:zlib";
import Fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { AwsError } from "../../protocols/error.ts";
import type { WireRequest, WireResponse } from "../../protocols/protocol.ts";
import type { PendingResponse } from "../calls/dispatcher.ts";
import { BodyTooLarge, bodyLimitBytes, noBody, readBody } from "./body.ts";
import type { ControlledEmulator } from "./control.ts";
import { controlRoutes } from "./control.ts";
import { createListener, type Listener, type TlsFiles } from "./listener.ts";

/** What the server needs of the emulator it serves. */
export interface ServedEmulator extends ControlledEmulator {
  handle(request: WireRequest, origin: string): WireResponse | PendingResponse;
  refuse(request: WireRequest, error: unknown): WireResponse;
  listensAt(origin: string): void;
}

export interface AppOptions {
  readonly tls?: TlsFiles | undefined;
  readonly logger?: FastifyBaseLogger | undefined;
}

const corsHeaders = {
  "access-control-allow-origin": "*",
  "access-control-expose-headers": "x-amzn-RequestId, x-amzn-ErrorType, x-amzn-query-error, x-amz-id-2, Date",
} as const;

export function createApp(emulator: ServedEmulator, options: AppOptions): { app: FastifyInstance; listener: Listener } {
  let listener: Listener | undefined;
  // Logging each request costs more than answering it, and even a silent logger costs each request a child.
  const logsRequests = options.logger?.level === "debug" || options.logger?.level === "trace";
  const app = Fastify({
    serverFactory: (handler) => {
      listener = createListener(handler, options.tls);
      return listener.server as never;
    },
    ...(logsRequests && options.logger ? { loggerInstance: options.logger } : {}),
    // No route has a schema, so the compilers for them, half of Fastify's code, are neither loaded nor bundled.
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    exposeHeadRoutes: true,
    // Paths are AWS's business: whatever a client sends reaches the AWS route as it came.
    frameworkErrors: (error, request, reply) => sendRefusal(emulator, error, request as FastifyRequest, reply as never),
  });
  // Bodies are read by body.ts: Fastify's way from a Content-Type to a parser costs as much as all of our own work.
  for (const method of app.supportedMethods) app.addHttpMethod(method, { hasBody: false, overrideExisting: true });
  app.setErrorHandler((error, request, reply) => sendRefusal(emulator, error, request, reply));
  app.register(controlRoutes, { prefix: "/_busbar", emulator });
  app.all("/*", (request, reply) => serve(emulator, request, reply));
  return { app, listener: listener as unknown as Listener };
}

function noSchemas(): never {
  throw new Error("a route with a schema needs its compiler: see scripts/build.mjs");
}

function serve(emulator: ServedEmulator, request: FastifyRequest, reply: FastifyReply): void {
  if (request.method === "OPTIONS" && request.headers["access-control-request-method"] !== undefined) {
    sendPreflight(emulator, request, reply);
    return;
  }
  readBody(request.raw, (error, body) => {
    try {
      if (error) throw error;
      answer(emulator, request, reply, new ServedRequest(request, body));
    } catch (refused) {
      sendRefusal(emulator, refused, request, reply);
    }
  });
}

function answer(emulator: ServedEmulator, request: FastifyRequest, reply: FastifyReply, wire: ServedRequest): void {
  const encoding = wire.headers["content-encoding"];
  if (encoding !== undefined && wire.body.length > 0) {
    const inflated = inflate(wire.body, encoding);
    if (inflated instanceof AwsError) {
      send(emulator, request, reply, emulator.refuse(wire, inflated));
      return;
    }
    wire.body = inflated;
  }
  const host = wire.headers["host"];
  const scheme = "encrypted" in request.raw.socket ? "https" : "http";
  const answered = emulator.handle(
    wire,
    `${scheme}://${typeof host === "string" && host !== "" ? host : "localhost:4566"}`,
  );
  if ("status" in answered) {
    send(emulator, request, reply, answered);
    return;
  }
  reply.raw.once("close", answered.abort);
  answered.response.then((response) => send(emulator, request, reply, response));
}

/** Lets browser clients through: AWS's own preflight answers are as permissive. */
function sendPreflight(emulator: ServedEmulator, request: FastifyRequest, reply: FastifyReply): void {
  send(emulator, request, reply, {
    status: 200,
    headers: {
      ...corsHeaders,
      "access-control-allow-methods": "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
      "access-control-allow-headers": request.headers["access-control-request-headers"] ?? "*",
      "access-control-max-age": "172800",
    },
    body: "",
  });
}

/** A request as it came; a class, so that what only few ask for costs the others nothing. */
class ServedRequest implements WireRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: WireRequest["headers"];
  body: Buffer;
  readonly #raw: FastifyRequest["raw"];

  constructor(request: FastifyRequest, body: Buffer) {
    const raw = request.raw;
    const url = pathOf(raw.url as string);
    const mark = url.indexOf("?");
    const authority = raw.headers[":authority"];
    this.method = raw.method as string;
    this.path = mark < 0 ? url : url.slice(0, mark);
    this.query = mark < 0 ? "" : url.slice(mark + 1);
    this.headers = authority === undefined ? raw.headers : { host: authority, ...raw.headers };
    this.body = body;
    this.#raw = raw;
  }

  get sourceIp(): string | undefined {
    return this.#raw.socket.remoteAddress;
  }
}

/** The path of a request target, which clients that believe in a proxy send as a whole URL (RFC 9112 section 3.2.2). */
function pathOf(target: string): string {
  if (target.startsWith("/") || !/^https?:\/\//i.test(target)) return target;
  const path = target.slice(target.indexOf("//") + 2).replace(/^[^/?]*/, "");
  return path.startsWith("/") ? path : `/${path}`;
}

/** Answers that are ready, and where they go, until the end of this turn of the event loop. */
let ready: (readonly [FastifyReply["raw"], number, Record<string, string>, string | Uint8Array | undefined])[] = [];

/**
 * Writes the answers of one turn together. A write wakes the client; when they come in a row it stays awake for all,
 * which under load saves a good part of what a request costs.
 */
function flushReady(): void {
  const answers = ready;
  ready = [];
  for (const [raw, status, headers, body] of answers) {
    raw.writeHead(status, headers);
    raw.end(body);
  }
}

/** Sends past Fastify's reply: the answer is whole already, and its serialisation and hooks have nothing to add. */
function send(emulator: ServedEmulator, request: FastifyRequest, reply: FastifyReply, response: WireResponse): void {
  reply.hijack();
  const { status, headers, body } = response;
  if (request.headers.origin !== undefined) Object.assign(headers, corsHeaders);
  if (typeof body !== "string" && !(body instanceof Uint8Array)) {
    reply.raw.writeHead(status, headers);
    void pump(emulator, body, reply.raw);
    return;
  }
  headers["content-length"] = String(typeof body === "string" ? Buffer.byteLength(body) : body.length);
  if (ready.push([reply.raw, status, headers, request.method === "HEAD" ? undefined : body]) === 1) {
    setImmediate(flushReady);
  }
}

/** Writes an event stream frame by frame; a slow reader holds the source back, a gone one ends it. */
async function pump(
  emulator: ServedEmulator,
  frames: AsyncIterable<Uint8Array>,
  raw: FastifyReply["raw"],
): Promise<void> {
  raw.flushHeaders?.();
  const iterator = frames[Symbol.asyncIterator]();
  let gone = false;
  // Racing each step against one promise of the end would keep every frame ever sent until then.
  let goOn = () => {};
  raw.on("drain", () => goOn());
  raw.once("close", () => {
    gone = true;
    goOn();
  });
  try {
    while (!gone) {
      const next = await new Promise<IteratorResult<Uint8Array> | undefined>((resolve, reject) => {
        goOn = () => gone && resolve(undefined);
        iterator.next().then(resolve, reject);
      });
      if (next === undefined || next.done) break;
      if (gone || raw.write(next.value)) continue;
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
    }
  } catch (error) {
    // Errors of AWS's are frames; what is thrown is a bug.
    emulator.reportBug(error, "an event stream");
    raw.destroy();
  } finally {
    // Not awaited: a source that waits for its next event must not hold up the end of the answer.
    void iterator.return?.();
    raw.end();
  }
}

function inflate(body: Buffer, encoding: string | string[]): Buffer | AwsError {
  const coding = String(encoding).toLowerCase();
  if (coding === "identity" || coding === "aws-chunked") return body;
  try {
    if (coding === "gzip") return gunzipSync(body, { maxOutputLength: bodyLimitBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") return tooLarge();
    return AwsError.unmodeled({ name: "SerializationException", message: "The request body is not valid gzip." });
  }
  const message = `Content-Encoding ${encoding} is not supported; send gzip or none.`;
  return AwsError.unmodeled({ name: "UnsupportedMediaTypeException", status: 415, message });
}

function sendRefusal(emulator: ServedEmulator, error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const { message, statusCode: status } = error as { message: string; statusCode?: number };
  // What has no such status was not thrown for the client: it is a bug, and told as one.
  const isBug = status === undefined || status < 400 || status >= 500;
  const refusal =
    error instanceof BodyTooLarge
      ? tooLarge()
      : isBug
        ? error
        : AwsError.unmodeled({ name: "SerializationException", status, message });
  // What is left of the body is not read: the connection ends with the answer.
  reply.raw.shouldKeepAlive = false;
  send(emulator, request, reply, emulator.refuse(new ServedRequest(request, noBody), refusal));
}

function tooLarge(): AwsError {
  const { message, statusCode } = new BodyTooLarge();
  return AwsError.unmodeled({ name: "RequestEntityTooLargeException", status: statusCode, message });
}
