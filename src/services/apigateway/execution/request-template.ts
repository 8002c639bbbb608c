/** The body of a request to a backend: rendered by a template, or passed through (passthrough behaviors). */

import { TemplateError } from "../../../apis/vtl/syntax.ts";
import {
  BodyNotJson,
  MappingTemplate,
  type Overrides,
  type TemplateInput,
  type TemplateParameters,
} from "../../../apis/vtl/template.ts";
import type { IntegrationDefinition, Texts } from "../definitions.ts";
import type { RestCall } from "./call.ts";
import { configurationError, GatewayError } from "./gateway-error.ts";
import { typeOf } from "./media-types.ts";
import { Payload } from "./payload.ts";

/** What templates see of a call. A class, since V8 makes an object with getters slowly; each part is built only for templates that use it. */
class CallInput implements TemplateInput {
  readonly body: string;
  readonly #call: RestCall;

  constructor(call: RestCall, body: string) {
    this.#call = call;
    this.body = body;
  }

  get params(): TemplateParameters {
    const { request, pathParameters: path } = this.#call;
    return { path, querystring: request.lastQuery, header: request.lastHeaders };
  }

  get stageVariables(): Texts {
    return this.#call.place.variables;
  }

  get context(): object {
    return this.#call.context();
  }

  get overrides(): Overrides {
    return this.#call.overrides;
  }
}

/** Templates by content type; an invalid one fails when it is used. */
export class Templates {
  readonly #byType = new Map<string, { readonly type: string; readonly template: MappingTemplate | TemplateError }>();

  constructor(texts: Readonly<Record<string, string>> | undefined) {
    for (const [type, text] of Object.entries(texts ?? {})) {
      this.#byType.set(type.toLowerCase(), { type, template: parsed(text) });
    }
  }

  get size(): number {
    return this.#byType.size;
  }

  has(type: string): boolean {
    return this.#byType.has(type);
  }

  /** The type of the first template. */
  get first(): string | undefined {
    return this.#byType.keys().next().value;
  }

  /** @throws GatewayError if the template cannot be rendered. */
  render(type: string, call: RestCall, body: string, onNotJson: (reason: string) => GatewayError): string {
    const { template } = this.#byType.get(type) as { template: MappingTemplate | TemplateError };
    if (template instanceof TemplateError) throw templateFailure(template);
    if (template.constant !== undefined) return template.constant;
    try {
      return template.render(new CallInput(call, body));
    } catch (error) {
      if (error instanceof BodyNotJson) throw onNotJson(error.message);
      // A template that recurses without end.
      if (error instanceof TemplateError || error instanceof RangeError) throw templateFailure(error);
      throw error;
    }
  }

  /** The type as the template's key is spelt. */
  spelling(type: string): string {
    return this.#byType.get(type)?.type ?? type;
  }
}

function parsed(text: string): MappingTemplate | TemplateError {
  try {
    return new MappingTemplate(text);
  } catch (error) {
    if (error instanceof TemplateError) return error;
    if (error instanceof RangeError) return new TemplateError(error.message);
    throw error;
  }
}

function templateFailure(error: Error): GatewayError {
  return configurationError(`Unable to transform request: ${error.message}`);
}

export class RequestTemplate {
  readonly #templates: Templates;
  readonly #behavior: IntegrationDefinition["passthroughBehavior"];

  constructor({ requestTemplates, passthroughBehavior }: IntegrationDefinition) {
    this.#templates = new Templates(requestTemplates);
    this.#behavior = passthroughBehavior;
  }

  /**
   * @throws GatewayError 415 if no template matches and nothing passes through; 400 if the body should be JSON and is
   * not.
   */
  apply(call: RestCall, payload: Payload): Payload {
    const type = typeOf(call.request.header("content-type"));
    if (this.#templates.has(type)) {
      return Payload.ofText(this.#templates.render(type, call, payload.text, notJson));
    }
    const passes =
      this.#behavior === "WHEN_NO_MATCH" || (this.#behavior === "WHEN_NO_TEMPLATES" && this.#templates.size === 0);
    if (!passes) throw new GatewayError("UNSUPPORTED_MEDIA_TYPE", "Unsupported Media Type");
    return payload;
  }
}

function notJson(reason: string): GatewayError {
  return new GatewayError("BAD_REQUEST_BODY", `Could not parse request body into json: ${reason}`);
}
