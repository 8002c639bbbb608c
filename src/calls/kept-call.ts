/** Finished calls, as the request log stores them. */
import type { AwsError } from "../../protocols/error.ts";
import type { OperationModel } from "../../protocols/schema.ts";
import { isoTime } from "../engine/iso-time.ts";
import { performance } from "../engine/real-time.ts";
import type { Call } from "./call.ts";
import type { Cause } from "./cause.ts";
import { KeptInput } from "./kept-input.ts";
import type { RequestRecord } from "./request-log.ts";
import { parametersOf, resourceOf } from "./shown-call.ts";

/**
 * What is stored of one call. These objects are reused: thousands of calls a second, each kept for the next thousand,
 * would otherwise be most of what the garbage collector moves. Anything costly is computed when somebody looks.
 */
export class KeptCall implements RequestRecord {
  timeMs = 0;
  service: string | undefined;
  operation: string | undefined;
  method: string | undefined;
  host: string | undefined;
  path: string | undefined;
  account = "";
  region = "";
  status = 0;
  hint: string | undefined;
  durationMs = 0;
  requestId = "";
  #failure: AwsError | undefined;
  #cause: Cause | undefined;
  readonly #input = new KeptInput();
  #inputModel: OperationModel | undefined;
  #resource: string | undefined;

  /** Copies a call that has just ended. */
  fill(call: Call, status: number, failure: AwsError | undefined): void {
    this.timeMs = call.time;
    this.service = call.service;
    this.operation = call.operation;
    const { request } = call;
    const host = request && String(request.headers["host"] ?? request.headers[":authority"] ?? "");
    this.method = request?.method;
    // Mostly what it was, and then the text that is old already need not be moved.
    if (this.host !== host) this.host = host;
    this.path = request?.path;
    this.account = call.caller.account;
    this.region = call.caller.region;
    this.status = status;
    this.hint = call.hint;
    this.durationMs = performance.now() - call.startedAt;
    this.requestId = call.requestId;
    this.#failure = failure;
    this.#cause = call.cause;
    this.#input.fill(call);
    this.#inputModel = call.inputModel;
    this.#resource = call.resource;
  }

  get time(): string {
    return isoTime(this.timeMs);
  }

  get resource(): string | undefined {
    const input = this.#input.value(this.host);
    return input === undefined ? this.#resource : resourceOf(input);
  }

  get parameters(): Readonly<Record<string, string>> | undefined {
    const input = this.#input.value(this.host);
    if (input === undefined || this.#inputModel === undefined) return undefined;
    return parametersOf(this.#inputModel, input);
  }

  get errorName(): string | undefined {
    return this.#failure?.name;
  }

  get error(): string | undefined {
    return this.#failure?.queryCode;
  }

  get message(): string | undefined {
    return this.#failure?.message;
  }

  get cause(): string | undefined {
    return this.#cause?.chain;
  }
}
