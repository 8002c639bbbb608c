/** Serves function URLs (Lambda developer guide, "Invoking Lambda function URLs") and downloads of zips. */

import { AwsError } from "../../../protocols/error.ts";
import { callerOf } from "../../apis/caller.ts";
import { Cause } from "../../calls/cause.ts";
import type { Door, DoorAnswer, DoorRequest } from "../../calls/door.ts";
import { Invocation } from "../../calls/invocation.ts";
import type { FunctionAnswer } from "../../functions/types.ts";
import { mayAskUrl } from "./access.ts";
import { maxSyncBytes } from "./invoke.ts";
import type { Lambda } from "./lambda.ts";
import type { UrlRow } from "./tables.ts";
import { answerOf, StreamedAnswer, type UrlAnswer } from "./url-answers.ts";
import { corsFields, isPreflight, preflightFields } from "./url-cors.ts";
import { type Asked, urlEvent } from "./url-events.ts";
import { codePath, isAtUrlDoor, urlHost, urlPath } from "./url-places.ts";

const json = "application/json";

export class UrlDoor implements Door {
  readonly name = "lambda";
  /** Pages of any origin may call a function's URL: its own CORS settings say what they may read. */
  readonly forEveryOrigin = true;
  readonly #lambda: Lambda;

  constructor(lambda: Lambda) {
    this.#lambda = lambda;
  }

  claims(request: DoorRequest): boolean {
    return isAtUrlDoor(request);
  }

  async serve(request: DoorRequest, answer: DoorAnswer): Promise<void> {
    if (request.path.startsWith(codePath) && !urlHost.test(request.host)) {
      await this.#download(request, answer);
      return;
    }
    const asked = askedOf(request);
    const [row] = this.#lambda.urls.by.id.range(asked.urlId);
    // Browsers do not sign preflights.
    if (row?.cors !== undefined && isPreflight(request)) {
      answer.send(200, ["Content-Type", json, ...preflightFields(row.cors, request)], "");
      return;
    }
    const { random, apis } = this.#lambda.deps;
    const requestId = random.fork("urls").uuid();
    const caller = callerOf(request, apis.identities);
    if (row === undefined || !mayAskUrl(this.#lambda, row, request, caller, requestId)) {
      answer.send(403, ["Content-Type", json, "x-amzn-ErrorType", "AccessDeniedException"], '{"Message":null}');
      return;
    }
    await this.#invoke(row, { ...asked, caller }, request, answer, requestId);
  }

  async #invoke(row: UrlRow, asked: Asked, request: DoorRequest, answer: DoorAnswer, requestId: string): Promise<void> {
    const { functions, clock, store } = this.#lambda.deps;
    const cors = corsFields(row.cors, request);
    const origin = `${request.scheme}://${request.host}`;
    const cause = Cause.ofRequest(requestId, clock.now(), origin, request.headers["x-amzn-trace-id"]);
    const event = await urlEvent(
      row,
      asked,
      request,
      { requestId, trace: cause.trace, nowMs: clock.now() },
      maxSyncBytes,
    );
    // A client that leaves does not stop the function.
    const invocation = Invocation.ofService("lambda", row.functionArn, row, cause);
    const fields = ["x-amzn-RequestId", requestId, "X-Amzn-Trace-Id", cause.trace];
    const streamed = row.invokeMode === "RESPONSE_STREAM" ? new StreamedAnswer(answer, fields, cors) : undefined;
    let given: FunctionAnswer;
    try {
      await store.untilDurable();
      given = await functions.invoke(row.arn, JSON.stringify(event), invocation, { requestId, sink: streamed });
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      const { status, name, message } = error;
      const isThrottled = status === 429;
      const body = isThrottled
        ? JSON.stringify({ Reason: "ConcurrentInvocationLimitExceeded", Type: "User", message })
        : "Internal Server Error";
      send(
        answer,
        { status: isThrottled ? 429 : 502, fields: ["Content-Type", json, "x-amzn-ErrorType", name], body },
        fields,
      );
      return;
    }
    if (streamed?.hasBegun) {
      streamed.end();
      return;
    }
    send(answer, answerOf(given, cors), fields);
  }

  async #download({ path, method }: DoorRequest, answer: DoorAnswer): Promise<void> {
    const id = Buffer.from(decodeURIComponent(path.slice(codePath.length)), "base64url").toString();
    const zip = await this.#lambda.codes.zip(id);
    if (zip === undefined || (method !== "GET" && method !== "HEAD")) {
      answer.send(404, ["Content-Type", json], '{"message":"There is no such zip."}');
      return;
    }
    answer.send(200, ["Content-Type", "application/zip"], zip);
  }
}

function send(answer: DoorAnswer, { status, fields, body }: UrlAnswer, more: readonly string[]): void {
  answer.send(status, [...fields, ...more], body);
}

/** By host name, or by path where the name does not resolve to us. */
function askedOf({ host, path }: DoorRequest): Asked {
  const byHost = urlHost.exec(host)?.[1];
  if (byHost !== undefined) return { urlId: byHost.toLowerCase(), rawPath: path, host };
  const [urlId = "", ...rest] = path.slice(urlPath.length).split("/");
  return { urlId, rawPath: `/${rest.join("/")}`, host };
}
