/** PutMethodResponse, GetMethodResponse and DeleteMethodResponse. */

import {
  DeleteMethodResponse$,
  type DeleteMethodResponseCommand,
  GetMethodResponse$,
  type GetMethodResponseCommand,
  PutMethodResponse$,
  type PutMethodResponseCommand,
} from "@aws-sdk/client-api-gateway";
import { getOwn } from "../../../protocols/unknown-json.ts";
import { defined, unlessEmpty } from "../../apis/members.ts";
import { operation } from "./apigateway.ts";
import type { MethodDefinition, MethodResponseDefinition } from "./definitions.ts";
import { conflict, invalidMapping, notFound } from "./errors.ts";
import { checkModels } from "./methods.ts";

export const putMethodResponse = operation<PutMethodResponseCommand>(PutMethodResponse$, (input, context) => {
  const { service } = context;
  const method = service.method(context, input);
  const statusCode = input.statusCode as string;
  if (Object.hasOwn(method.responses, statusCode)) throw conflict("Response already exists for this resource");
  const response: MethodResponseDefinition = {
    statusCode,
    ...defined({
      responseParameters: unlessEmpty(input.responseParameters),
      responseModels: unlessEmpty(input.responseModels),
    }),
  };
  checkModels(service, method.apiId, response.responseModels);
  checkResponseParameters(response);
  service.methods.put({ ...method, responses: { ...method.responses, [statusCode]: response } });
  return describedMethodResponse(response);
});

export const getMethodResponse = operation<GetMethodResponseCommand>(GetMethodResponse$, (input, context) =>
  describedMethodResponse(methodResponse(context.service.method(context, input), input.statusCode as string)),
);

export const deleteMethodResponse = operation<DeleteMethodResponseCommand>(DeleteMethodResponse$, (input, context) => {
  const { service } = context;
  const method = service.method(context, input);
  const gone = methodResponse(method, input.statusCode as string);
  const responses = Object.fromEntries(Object.entries(method.responses).filter(([code]) => code !== gone.statusCode));
  service.methods.put({ ...method, responses });
});

/** @throws AwsError NotFoundException */
export function methodResponse({ responses }: MethodDefinition, statusCode: string): MethodResponseDefinition {
  const response = getOwn(responses, statusCode);
  if (response === undefined) throw notFound("Invalid Response status code specified");
  return response;
}

/** @throws AwsError BadRequestException */
export function checkResponseParameters({ responseParameters = {} }: MethodResponseDefinition): void {
  for (const key of Object.keys(responseParameters)) {
    if (!/^method\.response\.header\.[^\s]+$/.test(key)) throw invalidMapping(`specified: ${key}`);
  }
}

export function describedMethodResponse({ statusCode, responseParameters, responseModels }: MethodResponseDefinition) {
  return { statusCode, responseParameters, responseModels };
}
