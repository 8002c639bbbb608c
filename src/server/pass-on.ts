/** Forwards clients' calls to another server as streams. */
import { pipeline } from "node:stream";
import type { WireResponse } from "../../protocols/protocol.ts";
import type { DoorAnswer, DoorRequest } from "../calls/door.ts";
import { forward } from "../outside/forward.ts";
import { awsCorsHeaders } from "./cors.ts";

/** Is told what becomes of a forwarded call. */
export interface PassedOn {
  readonly url: string;
  /** The other side has answered. */
  answered(status: number): void;
  /** The other side has not answered; returns the answer for the client. */
  failed(error: Error): WireResponse;
}

export async function passOn(passedOn: PassedOn, request: DoorRequest, answer: DoorAnswer): Promise<void> {
  const gone = new AbortController();
  answer.onClose(() => gone.abort());
  const { method, path, query, rawHeaders, headers, body } = request;
  const target = query === "" ? path : `${path}?${query}`;
  try {
    const from = await forward(passedOn.url, { method, target, rawHeaders, body, signal: gone.signal });
    passedOn.answered(from.status);
    const told = from.rawHeaders.some((name) => name.toLowerCase() === "access-control-allow-origin");
    const cors = told ? [] : Object.entries(awsCorsHeaders(headers)).flat();
    const out = answer.stream(from.status, [...from.rawHeaders, ...cors]);
    // A break on either side breaks the other: half an answer must not look complete.
    pipeline(from.body, out, () => {});
  } catch (error) {
    if (gone.signal.aborted) return;
    const refusal = passedOn.failed(error as Error);
    answer.endConnection();
    answer.send(refusal.status, refusal.headers, refusal.body as string | Uint8Array);
  }
}
