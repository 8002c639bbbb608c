/** Payload compression (developer guide, enable payload compression). */
import { deflateSync, gunzipSync, gzipSync, inflateSync } from "node:zlib";
import { maxPayloadBytes } from "../../../apis/service-request.ts";
import { lastHeader } from "./backend.ts";
import { GatewayError } from "./gateway-error.ts";
import type { Outcome } from "./outcome.ts";

/** @throws GatewayError 415 for an unknown coding, 400 for invalid data, 413 if there is too much of it. */
export function inflated(body: Buffer, coding: string): Buffer {
  const limit = { maxOutputLength: maxPayloadBytes };
  try {
    switch (coding.trim().toLowerCase()) {
      case "gzip":
        return gunzipSync(body, limit);
      case "deflate":
        return inflateSync(body, limit);
      case "identity":
        return body;
      default:
        throw new GatewayError("UNSUPPORTED_MEDIA_TYPE", "Unsupported Media Type");
    }
  } catch (error) {
    if (error instanceof GatewayError) throw error;
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge();
    throw new GatewayError("DEFAULT_4XX", "Bad Request", { status: 400 });
  }
}

export function tooLarge(): GatewayError {
  return new GatewayError("REQUEST_TOO_LARGE", "Request Too Long");
}

/** Compresses an answer of at least `minimumBytes` in a coding the client accepts, unless it is compressed already. */
export function compressed(outcome: Outcome, accepted: string | undefined, minimumBytes: number): Outcome {
  if (accepted === undefined || lastHeader(outcome.headers, "content-encoding") !== undefined) return outcome;
  const size = typeof outcome.body === "string" ? Buffer.byteLength(outcome.body) : outcome.body.length;
  if (size === 0 || size < minimumBytes) return outcome;
  const coding = chosen(accepted);
  if (coding === undefined) return outcome;
  const body = coding === "gzip" ? gzipSync(outcome.body) : deflateSync(outcome.body);
  return { ...outcome, headers: [...outcome.headers, "Content-Encoding", coding], body };
}

/** The first coding we have that the client accepts. */
function chosen(accepted: string): "gzip" | "deflate" | undefined {
  for (const one of accepted.toLowerCase().split(",")) {
    const [name = "", ...parameters] = one.split(";").map((part) => part.trim());
    if (parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter))) continue;
    if (name === "gzip" || name === "*") return "gzip";
    if (name === "deflate") return "deflate";
  }
  return undefined;
}
