/** MOCK: the rendered request template selects the response, and there is no body. */
import type { MethodDefinition } from "../definitions.ts";
import type { BackendAnswer } from "./backend.ts";
import type { RestCall } from "./call.ts";
import type { DeployedApi } from "./deployed-api.ts";
import { configurationError } from "./gateway-error.ts";
import { Payload } from "./payload.ts";
import { RequestTemplate } from "./request-template.ts";

const nothing = Payload.ofText("");
const defaultAnswer: BackendAnswer = { status: 200, selector: undefined, rawHeaders: [], payload: nothing };

export class MockIntegration {
  readonly #template: RequestTemplate;
  readonly #contentHandling;
  readonly #binary;
  /** The answer to the last rendered text, which is usually the same each time. */
  #last: { readonly text: string; readonly answer: BackendAnswer } | undefined;

  constructor({ integration }: MethodDefinition, { binary }: Pick<DeployedApi, "binary">) {
    if (integration === undefined) throw new Error("a method without integration");
    this.#template = new RequestTemplate(integration);
    this.#contentHandling = integration.contentHandling;
    this.#binary = binary;
  }

  /** @throws GatewayError */
  call(call: RestCall): BackendAnswer {
    const payload = call.requestPayload(this.#binary).converted(this.#contentHandling);
    const rendered = this.#template.apply(call, payload);
    const { text } = rendered;
    // A body that just passes through need not name a status; the default response is selected then.
    if (rendered === payload && !/statusCode/.test(text)) return defaultAnswer;
    if (this.#last?.text !== text) {
      const status = statusIn(text);
      this.#last = { text, answer: { status, selector: String(status), rawHeaders: [], payload: nothing } };
    }
    call.log?.line(`Endpoint request body after transformations: ${text}`);
    return this.#last.answer;
  }
}

/** @throws GatewayError */
function statusIn(text: string): number {
  let status: unknown;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) ({ statusCode: status } = value as { statusCode?: unknown });
  } catch {
    // AWS is lenient: names without quotes are fine.
    status = /[{,]\s*["']?statusCode["']?\s*:\s*["']?([^\s"',}]+)/.exec(text)?.[1];
    if (status === undefined) {
      throw configurationError("Unable to parse statusCode. It should be an integer which defined in request template");
    }
  }
  const number = typeof status === "string" && /^\d{3}$/.test(status) ? Number(status) : status;
  if (typeof number !== "number" || !Number.isInteger(number)) {
    throw configurationError("statusCode should be an integer which defined in request template");
  }
  return number;
}
