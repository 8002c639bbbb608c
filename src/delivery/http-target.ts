/** Deliveries of kind `http`: one request to an HTTP or HTTPS endpoint. */

import { percentDecoded } from "../../protocols/form.ts";
import type { Invocation } from "../calls/invocation.ts";
import type { Random } from "../engine/random.ts";
import { type HttpAnswer, type HttpCall, HttpCallError, httpCall } from "../outside/http-client.ts";
import { authorizationFor } from "./http-auth.ts";
import { type DeliverTo, type Delivery, DeliveryFailure } from "./types.ts";

const snsTimeoutMs = 15_000;
const maxBodyBytes = 65_536;
const traceName = "X-Amzn-Trace-Id";

/** How a request is made: over the network, or to one of our own APIs. */
export type Exchange = (url: URL, call: HttpCall, invocation: Invocation) => Promise<HttpAnswer>;

/**
 * 2xx means delivered; 429, 5xx, timeouts and failed connections are retried; everything else is not (SNS developer
 * guide, "Message delivery retries"). Resolves with the answer; a failure has it in its details.
 */
export function httpTarget(random: Random, exchange: Exchange = httpCall): DeliverTo<"http"> {
  return async (delivery, invocation) => {
    const { signal, trace } = invocation;
    const { method = "POST" } = delivery.parameters;
    const headers = { [traceName]: trace, ...delivery.parameters.headers };
    const timeoutMs = httpDeadline(delivery);
    let url: URL;
    try {
      url = new URL(delivery.target);
      if (url.protocol !== "http:" && url.protocol !== "https:") throw new Error("no web address");
    } catch {
      throw new DeliveryFailure("InvalidUrl", `${delivery.target} is not an http or https URL.`, false);
    }
    const credentials = { user: percentDecoded(url.username), password: percentDecoded(url.password) };
    url.username = "";
    url.password = "";
    const call = { method, headers, body: delivery.payload, timeoutMs, signal, maxBodyBytes };
    try {
      let answer = await exchange(url, call, invocation);
      const challenge = answer.headers["www-authenticate"];
      if (answer.status === 401 && challenge !== undefined && credentials.user !== "") {
        const uri = `${url.pathname}${url.search}`;
        const authorization = authorizationFor(challenge, credentials, method, uri, random.hex(16));
        if (authorization !== undefined) {
          answer = await exchange(url, { ...call, headers: { ...headers, Authorization: authorization } }, invocation);
        }
      }
      return judged(answer);
    } catch (error) {
      if (error instanceof HttpCallError) throw new DeliveryFailure(error.code, error.message, true);
      if (error instanceof TypeError) throw new DeliveryFailure("InvalidRequest", error.message, false);
      throw error;
    }
  };
}

/** How long an attempt may take, in milliseconds. */
export function httpDeadline({ parameters }: Delivery<"http">): number {
  return parameters.timeoutMs ?? snsTimeoutMs;
}

function judged(answer: HttpAnswer): HttpAnswer {
  const { status } = answer;
  if (status >= 200 && status < 300) return answer;
  const retryable = status >= 500 || status === 429;
  throw new DeliveryFailure(String(status), `The endpoint answered with status ${status}.`, retryable, { ...answer });
}
