/** UpdateMethod and UpdateMethodResponse. */
import {
  UpdateMethod$,
  type UpdateMethodCommand,
  UpdateMethodResponse$,
  type UpdateMethodResponseCommand,
} from "@aws-sdk/client-api-gateway";
import { operation } from "./apigateway.ts";
import type { MethodResponseDefinition } from "./definitions.ts";
import { notFound } from "./errors.ts";
import { checkResponseParameters, describedMethodResponse, methodResponse } from "./method-responses.ts";
import { authorizationTypeOf, checkMethod, checkModels, describedMethod } from "./methods.ts";
import { asFlag, asText, PatchTable, rulesFor, shortErrors } from "./patch.ts";
import type { MethodRow } from "./tables.ts";

export const updateMethod = operation<UpdateMethodCommand>(UpdateMethod$, (input, context) => {
  const { service } = context;
  const method = service.method(context, input);
  const updated = methodPatches.apply(method, input.patchOperations);
  // Without authorization the authorizer is not replaced.
  if (updated.authorizationType === "NONE") updated.authorizerId = method.authorizerId;
  checkMethod(service, method, updated);
  service.methods.put(updated);
  return describedMethod(updated);
});

export const updateMethodResponse = operation<UpdateMethodResponseCommand>(UpdateMethodResponse$, (input, context) => {
  const { service } = context;
  const method = service.method(context, input);
  const updated = responsePatches.apply(methodResponse(method, input.statusCode as string), input.patchOperations);
  checkModels(service, method.apiId, updated.responseModels);
  checkResponseParameters(updated);
  service.methods.put({ ...method, responses: { ...method.responses, [updated.statusCode]: updated } });
  return describedMethodResponse(updated);
});

export const missingParameter = { error: () => notFound("Invalid parameter name specified") };
export const missingType = { error: () => notFound("Content-Type specified was not found") };

const rules = rulesFor<MethodRow>();

const methodPatches = new PatchTable<MethodRow>(
  [
    {
      path: "/authorizationType",
      ops: {
        replace: (draft, { value }) => {
          draft.authorizationType = authorizationTypeOf(value);
        },
      },
    },
    rules.text("authorizerId"),
    rules.flag("apiKeyRequired"),
    rules.text("operationName"),
    rules.text("requestValidatorId"),
    rules.entries("requestParameters", asFlag, missingParameter),
    rules.entries("requestModels", asText, missingType),
    rules.items("authorizationScopes"),
  ],
  shortErrors,
);

const responseRules = rulesFor<MethodResponseDefinition>();

const responsePatches = new PatchTable<MethodResponseDefinition>(
  [
    responseRules.entries("responseParameters", asFlag, { ...missingParameter, onReplace: true }),
    responseRules.entries("responseModels", asText, { ...missingType, onReplace: true }),
  ],
  shortErrors,
);
