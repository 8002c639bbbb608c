/** Lets SDK clients in the same process call an emulator without a socket. */

import { Readable } from "node:stream";
import type { WireRequest, WireResponse } from "../protocols/protocol.ts";
import type { Emulator } from "./emulator.ts";
import { setImmediate } from "./engine/real-time.ts";
import { forward } from "./outside/forward.ts";

const noBody = Buffer.alloc(0);

/** A request handler as SDK clients accept one. */
export interface InProcessHandler {
  readonly metadata: { handlerProtocol: string };
  handle(request: SdkRequest, options?: { abortSignal?: unknown }): Promise<{ response: SdkResponse }>;
  updateHttpClientConfig(): void;
  httpHandlerConfigs(): Record<string, never>;
  destroy(): void;
}

interface SdkRequest {
  method: string;
  protocol: string;
  hostname: string;
  port?: number | undefined;
  path: string;
  query?: Record<string, string | string[] | null> | undefined;
  headers: Record<string, string>;
  body?: unknown;
}

interface SdkResponse {
  statusCode: number;
  headers: Record<string, string>;
  body: unknown;
}

/** Carries an SDK client's requests to the emulator without a socket. */
export function inProcessHandler(emulator: Emulator, isClosed: () => boolean): InProcessHandler {
  return {
    metadata: { handlerProtocol: "http/1.1" },
    async handle(request, options) {
      // Answers arrive in a later turn of the event loop, as over a socket: otherwise a client that polls in a loop
      // would keep what it waits for from happening.
      await new Promise<void>((resolve) => {
        setImmediate(resolve);
      });
      if (isClosed()) {
        throw Object.assign(new Error("This Busbar is closed."), { code: "ECONNREFUSED" });
      }
      const signal = options?.abortSignal as AbortSignal | undefined;
      const elsewhere = emulator.passedOn(headOf(request));
      if (elsewhere !== undefined) {
        try {
          return { response: await passedOn(elsewhere.url, request, signal, elsewhere.answered) };
        } catch (error) {
          return { response: sdkResponse(elsewhere.failed(error as Error)) };
        }
      }
      const answer = emulator.handle(await wireRequest(request), originAsked(request));
      if ("status" in answer) return { response: sdkResponse(answer) };
      let leave: () => void = () => {};
      const gone = new Promise<never>((_resolve, reject) => {
        leave = () => {
          answer.abort();
          reject(Object.assign(new Error("Request aborted"), { name: "AbortError" }));
        };
      });
      if (signal?.aborted) leave();
      signal?.addEventListener("abort", leave);
      try {
        const response = sdkResponse(await Promise.race([answer.response, gone]));
        // A client that abandons an event stream destroys its body.
        if (response.body instanceof Readable) response.body.once("close", answer.abort);
        return { response };
      } finally {
        signal?.removeEventListener("abort", leave);
      }
    },
    updateHttpClientConfig() {},
    httpHandlerConfigs: () => ({}),
    destroy() {},
  };
}

function originAsked(request: SdkRequest): string {
  return `${request.protocol}//${hostOf(request)}`;
}

function hostOf({ hostname, port }: SdkRequest): string {
  return port === undefined ? hostname : `${hostname}:${port}`;
}

/** The request without its body. */
function headOf(request: SdkRequest): WireRequest {
  const headers: Record<string, string> = { host: hostOf(request) };
  for (const [name, value] of Object.entries(request.headers)) headers[name.toLowerCase()] = value;
  const { method, path } = request;
  return { method, path, query: queryText(request.query), headers, body: noBody };
}

async function wireRequest(request: SdkRequest): Promise<WireRequest> {
  return { ...headOf(request), body: await bytesOf(request.body) };
}

/** The answer of another server, with its body as a stream. */
async function passedOn(
  url: string,
  request: SdkRequest,
  signal: AbortSignal | undefined,
  answered: (status: number) => void,
): Promise<SdkResponse> {
  const { method, path, query } = headOf(request);
  const answer = await forward(url, {
    method,
    target: query === "" ? path : `${path}?${query}`,
    rawHeaders: Object.entries(request.headers).flat(),
    body: request.body instanceof Readable ? request.body : await bytesOf(request.body),
    signal: signal ?? new AbortController().signal,
  });
  answered(answer.status);
  const headers: Record<string, string> = {};
  for (let at = 0; at + 1 < answer.rawHeaders.length; at += 2) {
    const name = (answer.rawHeaders[at] as string).toLowerCase();
    const value = answer.rawHeaders[at + 1] as string;
    headers[name] = Object.hasOwn(headers, name) ? `${headers[name]}, ${value}` : value;
  }
  return { statusCode: answer.status, headers, body: answer.body };
}

function queryText(query: SdkRequest["query"]): string {
  const pairs: string[] = [];
  for (const [name, value] of Object.entries(query ?? {})) {
    for (const one of Array.isArray(value) ? value : [value]) {
      pairs.push(one === null ? encodeURIComponent(name) : `${encodeURIComponent(name)}=${encodeURIComponent(one)}`);
    }
  }
  return pairs.join("&");
}

async function bytesOf(body: unknown): Promise<Buffer> {
  if (body === undefined || body === null) return Buffer.alloc(0);
  if (typeof body === "string") return Buffer.from(body);
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const chunks: Uint8Array[] = [];
  for await (const chunk of body as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function sdkResponse({ status, headers, body }: WireResponse): SdkResponse {
  const lower: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) lower[name.toLowerCase()] = value;
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  return { statusCode: status, headers: lower, body: bytes instanceof Uint8Array ? bytes : Readable.from(bytes) };
}
