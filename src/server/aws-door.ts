/** The last door: takes everything that speaks AWS, and whatever no other door has claimed. */
import { gunzipSync } from "node:zlib";
import { AwsError } from "../../protocols/error.ts";
import type { WireRequest, WireResponse } from "../../protocols/protocol.ts";
import type { PendingResponse } from "../calls/dispatcher.ts";
import { BodyTooLarge, type Door, type DoorAnswer, type DoorRequest } from "../calls/door.ts";
import { bodyTooLarge } from "../calls/refusals.ts";
import { bodyLimitBytes, bodyLimitOf } from "./body.ts";
import { awsCorsHeaders, awsPreflight, isAwsPreflight } from "./cors.ts";
import type { ServedAnswer, ServedRequest } from "./exchange.ts";
import { type PassedOn, passOn } from "./pass-on.ts";
import { isVisit, type WelcomingEmulator, welcome } from "./welcome.ts";

/** What the door needs from the emulator behind it. */
export interface AwsEmulator extends WelcomingEmulator {
  handle(request: WireRequest, origin: string): WireResponse | PendingResponse;
  refuse(request: WireRequest, error: unknown): WireResponse;
  /** Where to forward a request that another server must answer; decided by its head alone. */
  passedOn(request: WireRequest): PassedOn | undefined;
  /** A request id for answers to what is not a call. */
  requestId(): string;
  reportBug(error: unknown, where: string): void;
}

const noBody = Buffer.alloc(0);

export class AwsDoor implements Door {
  readonly name = "aws";
  readonly #emulator: AwsEmulator;

  constructor(emulator: AwsEmulator) {
    this.#emulator = emulator;
  }

  claims(): boolean {
    return true;
  }

  serve(request: ServedRequest, answer: ServedAnswer): void | Promise<void> {
    if (isAwsPreflight(request)) return answer.send(200, awsPreflight(request, this.#emulator.requestId()));
    if (isVisit(request)) return welcome(this.#emulator, request, answer);
    const wire = new AwsRequest(request);
    const elsewhere = this.#emulator.passedOn(wire);
    if (elsewhere !== undefined) return passOn(elsewhere, request, answer);
    // Without a promise, of which most requests have no need.
    request.read(bodyLimitOf(request.path), (error, body) => {
      try {
        this.#answer(error, body, wire, request, answer)?.catch((late) => answer.fail(late, this.name));
      } catch (bug) {
        answer.fail(bug, this.name);
      }
    });
  }

  /** Returns a promise only for what has to wait: most answers are ready at once, and promises would delay them. */
  #answer(
    error: Error | undefined,
    body: Buffer,
    wire: AwsRequest,
    request: DoorRequest,
    answer: DoorAnswer,
  ): void | Promise<void> {
    let response: WireResponse | PendingResponse;
    try {
      if (error !== undefined) throw error;
      const encoding = request.headers["content-encoding"];
      wire.body = encoding === undefined || body.length === 0 ? body : inflate(body, encoding);
      response = this.#emulator.handle(wire, `${request.scheme}://${request.host || "localhost:4566"}`);
    } catch (error) {
      response = this.#refuse(error, wire, answer);
    }
    if ("status" in response) return this.#send(response, request, answer);
    answer.onClose(response.abort);
    return response.response.then((late) => this.#send(late, request, answer));
  }

  refuse(request: DoorRequest, answer: DoorAnswer, message: string): void {
    const error = AwsError.unmodeled({ name: "AccessDeniedException", status: 403, message });
    const { status, headers, body } = this.#emulator.refuse(new AwsRequest(request), error);
    answer.send(status, headers, body as string | Uint8Array);
  }

  #refuse(error: unknown, wire: WireRequest, answer: DoorAnswer): WireResponse {
    if (error instanceof AwsError) return this.#emulator.refuse(wire, error);
    const { message, statusCode: status } = error as { message: string; statusCode?: number };
    // The rest of the body is not read: the connection closes after the answer.
    answer.endConnection();
    if (error instanceof BodyTooLarge) return this.#emulator.refuse(wire, error);
    // An error without such a status was not meant for the client: it is reported and answered as a bug.
    const isBug = status === undefined || status < 400 || status >= 500;
    const refusal = isBug ? error : AwsError.unmodeled({ name: "SerializationException", status, message });
    return this.#emulator.refuse(wire, refusal);
  }

  #send({ status, headers, body }: WireResponse, request: DoorRequest, answer: DoorAnswer): void | Promise<void> {
    if (request.headers["origin"] !== undefined)
      Object.assign(headers, awsCorsHeaders(request.headers, Object.keys(headers)));
    if (typeof body !== "string" && !(body instanceof Uint8Array)) return this.#pump(body, status, headers, answer);
    answer.send(status, headers, body);
  }

  /** Writes an event stream frame by frame; a slow reader pauses the source, and one that leaves ends it. */
  async #pump(
    frames: AsyncIterable<Uint8Array>,
    status: number,
    headers: Record<string, string>,
    answer: DoorAnswer,
  ): Promise<void> {
    const out = answer.stream(status, headers);
    const iterator = frames[Symbol.asyncIterator]();
    let gone = false;
    // Racing each step against one promise of the end would keep every frame in memory until then.
    let goOn = () => {};
    out.on("drain", () => goOn());
    answer.onClose(() => {
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
        if (gone || out.write(next.value)) continue;
        await new Promise<void>((resolve) => {
          goOn = resolve;
        });
      }
    } catch (error) {
      // AWS errors are sent as frames; anything thrown is a bug.
      this.#emulator.reportBug(error, "an event stream");
      out.destroy();
    } finally {
      // Not awaited: a source waiting for its next event must not delay the end of the answer.
      void iterator.return?.();
      out.end();
    }
  }
}

/** A request as protocols read it; a class, so that rarely used members cost nothing until they are read. */
class AwsRequest implements WireRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: WireRequest["headers"];
  body: Buffer = noBody;
  readonly #request: DoorRequest;

  constructor(request: DoorRequest) {
    this.method = request.method;
    this.path = request.path;
    this.query = request.query;
    this.headers = request.headers;
    this.#request = request;
  }

  get sourceIp(): string | undefined {
    return this.#request.sourceIp;
  }
}

/** @throws AwsError */
function inflate(body: Buffer, encoding: string | string[]): Buffer {
  const coding = String(encoding).toLowerCase();
  if (coding === "identity" || coding === "aws-chunked") return body;
  try {
    if (coding === "gzip") return gunzipSync(body, { maxOutputLength: bodyLimitBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE")
      throw bodyTooLarge(new BodyTooLarge(bodyLimitBytes));
    throw AwsError.unmodeled({ name: "SerializationException", message: "The request body is not valid gzip." });
  }
  const message = `Content-Encoding ${encoding} is not supported; send gzip or none.`;
  throw AwsError.unmodeled({ name: "UnsupportedMediaTypeException", status: 415, message });
}
