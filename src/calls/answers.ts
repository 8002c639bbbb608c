import { AwsError } from "../../protocols/error.ts";
import type { OperationCodec, WireRequest, WireResponse } from "../../protocols/protocol.ts";
import { StoreError } from "../engine/store-error.ts";
import type { Call, Request } from "./call.ts";
import { elsewhere } from "./elsewhere.ts";
import { internalFailure, unavailable } from "./refusals.ts";
import type { RequestLog } from "./request-log.ts";
import type { Routes } from "./routes.ts";

/** How many unimplemented services are announced at most: clients can sign for service names they make up. */
const MOST_ANNOUNCED = 500;

export interface AnswerDependencies {
  readonly requests: RequestLog;
  /** Called for everything that is a bug of ours: thrown, but not an AwsError. */
  readonly onBug: (error: unknown, where: string) => void;
  /** Called once with what a user should know and no answer can say. */
  readonly onNotice: (text: string) => void;
}

/** Encodes what operations return or throw in the caller's protocol, and logs the finished call. */
export class Answers {
  readonly #deps: AnswerDependencies;
  readonly #routes: Routes;
  /** Services that Busbar does not implement and that were already announced. */
  readonly #announced = new Set<string>();

  constructor(dependencies: AnswerDependencies, routes: Routes) {
    this.#deps = dependencies;
    this.#routes = routes;
  }

  succeed(codec: OperationCodec, output: object | undefined, call: Request, request: WireRequest): WireResponse {
    let response: WireResponse;
    try {
      response = codec.encode(output, call.requestId, request);
    } catch (error) {
      return this.fail(error, call, request);
    }
    this.record(call, response.status, undefined);
    return response;
  }

  /** @param error anything; what is not an AwsError is reported as a bug and answered as InternalFailure. */
  fail(error: unknown, call: Request, request: WireRequest): WireResponse {
    const awsError = this.#awsError(error, call);
    const response = call.protocol.encodeError(awsError, call.requestId, call.model, request);
    if (call.isForeign) this.#announce(call.service as string, awsError, response);
    else this.#hint(call, awsError, response);
    this.record(call, response.status, awsError);
    return response;
  }

  /** Logs a finished call. */
  record(call: Call, status: number, failure: AwsError | undefined): void {
    this.#deps.requests.add(call, status, failure);
  }

  /** Adds a hint that AWS would not give but that helps to find the reason. */
  #hint(call: Request, error: AwsError, { headers }: WireResponse): void {
    const running = call.model && this.#routes.service(call.model.name);
    const named = running?.definition.named?.(running.state);
    if (named !== undefined) call.hint = elsewhere(error, call.resources, call.caller, named);
    if (call.hint !== undefined) headers["x-busbar-hint"] = call.hint.replaceAll(/[^ -~]/g, "?");
  }

  /** Says that Busbar lacks the service: in a header, since an answer may have no body, and once to the user. */
  #announce(service: string, { message, status }: AwsError, { headers }: WireResponse): void {
    if (status !== 501) return;
    headers["x-busbar-hint"] = message;
    if (this.#announced.has(service) || this.#announced.size >= MOST_ANNOUNCED) return;
    this.#announced.add(service);
    this.#deps.onNotice(message);
  }

  #awsError(error: unknown, call: Call): AwsError {
    if (error instanceof AwsError) return error;
    if (error instanceof StoreError) return unavailable(error.message);
    this.#deps.onBug(error, `${call.service}:${call.operation}`);
    return internalFailure();
  }
}
