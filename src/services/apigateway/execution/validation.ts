/** Request validators: parameters first, then the body (developer guide, request validation). */

import { getOwn } from "../../../../protocols/unknown-json.ts";
import { isValidatorLoaded, loadValidator, ModelUnusable } from "../../../apis/request-models/models.ts";
import type { RestCall } from "./call.ts";
import type { DeployedMethod } from "./deployed-api.ts";
import { configurationError, GatewayError } from "./gateway-error.ts";
import { typeOf } from "./media-types.ts";

/** @throws GatewayError 400; synchronously unless the schema library has to be loaded first. */
export function validate(call: RestCall, method: DeployedMethod): void | Promise<void> {
  const { validator } = method;
  if (validator === undefined) return;
  if (validator.validateRequestParameters) checkParameters(call, method);
  if (!validator.validateRequestBody) return;
  const { requestModels } = method.definition;
  const type = typeOf(call.request.header("content-type"));
  const model = modelFor(requestModels, type);
  if (model === undefined) return;
  if (isValidatorLoaded()) return checkBody(call, method, model);
  return loadValidator().then(() => checkBody(call, method, model));
}

function checkParameters({ request, pathParameters }: RestCall, { required }: DeployedMethod): void {
  const missing = required.filter(({ place, name }) => {
    switch (place) {
      case "querystring":
      case "multivaluequerystring":
        return isBlank(getOwn(request.lastQuery, name));
      case "header":
      case "multivalueheader":
        return isBlank(request.headerValues(name)?.at(-1));
      default:
        return isBlank(getOwn(pathParameters, name));
    }
  });
  if (missing.length === 0) return;
  const names = missing.map(({ name }) => name).join(", ");
  throw new GatewayError("BAD_REQUEST_PARAMETERS", `Missing required request parameters: [${names}]`, {
    log: `Missing required request parameters: [${names}]`,
  });
}

function checkBody(call: RestCall, { api }: DeployedMethod, model: string): void {
  let violation: string | undefined;
  try {
    violation = api.models.violation(model, call.request.body.toString());
  } catch (error) {
    if (error instanceof ModelUnusable) throw configurationError(`Invalid model ${model}: ${error.message}`);
    throw error;
  }
  if (violation === undefined) return;
  throw new GatewayError("BAD_REQUEST_BODY", "Invalid request body", {
    validation: violation,
    log: `Request body does not match model schema for content type application/json: ${violation}`,
  });
}

function modelFor(models: Readonly<Record<string, string>> | undefined, type: string): string | undefined {
  for (const [key, model] of Object.entries(models ?? {})) if (key.toLowerCase() === type) return model;
  return undefined;
}

function isBlank(text: string | undefined): boolean {
  return text === undefined || text.trim() === "";
}
