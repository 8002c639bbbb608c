/** Request validators. */

import {
  CreateRequestValidator$,
  type CreateRequestValidatorCommand,
  DeleteRequestValidator$,
  type DeleteRequestValidatorCommand,
  GetRequestValidator$,
  type GetRequestValidatorCommand,
  GetRequestValidators$,
  type GetRequestValidatorsCommand,
  UpdateRequestValidator$,
  type UpdateRequestValidatorCommand,
} from "@aws-sdk/client-api-gateway";
import { defined } from "../../apis/members.ts";
import type { Place } from "../../calls/place.ts";
import { type ApiGateway, operation } from "./apigateway.ts";
import { badRequest, conflict, limitExceeded, notFound } from "./errors.ts";
import { pageOf } from "./pages.ts";
import { listedErrors, PatchTable, rulesFor } from "./patch.ts";
import { childKey, type RequestValidatorRow } from "./tables.ts";

const maxRequestValidators = 1_000;

export const createRequestValidator = operation<CreateRequestValidatorCommand>(
  CreateRequestValidator$,
  (input, context) => {
    const { service } = context;
    if (!service.hasApi(context, input.restApiId)) throw badRequest("Invalid REST API identifier specified");
    const apiId = input.restApiId as string;
    if (input.name === "") throw badRequest("Request Validator name cannot be blank");
    if (service.requestValidators.by.api.size(apiId) >= maxRequestValidators) {
      throw limitExceeded("request validators for this API");
    }
    const validator: RequestValidatorRow = {
      apiId,
      account: context.account,
      id: service.newId("validators", 6),
      serial: service.nextSerial(),
      ...defined({ name: input.name }),
      validateRequestBody: input.validateRequestBody ?? false,
      validateRequestParameters: input.validateRequestParameters ?? false,
    };
    service.requestValidators.put(validator);
    return described(validator);
  },
);

export const getRequestValidator = operation<GetRequestValidatorCommand>(GetRequestValidator$, (input, context) =>
  described(validatorOf(context.service, context, input)),
);

export const getRequestValidators = operation<GetRequestValidatorsCommand>(GetRequestValidators$, (input, context) => {
  const { service } = context;
  const api = service.api(context, input.restApiId);
  const { rows, position } = pageOf(service.requestValidators.by.api, api.id, input);
  return { items: rows.map(described), position };
});

export const updateRequestValidator = operation<UpdateRequestValidatorCommand>(
  UpdateRequestValidator$,
  (input, context) => {
    const { service } = context;
    const validator = patches.apply(validatorOf(service, context, input), input.patchOperations);
    service.requestValidators.put(validator);
    return described(validator);
  },
);

export const deleteRequestValidator = operation<DeleteRequestValidatorCommand>(
  DeleteRequestValidator$,
  (input, context) => {
    const { service } = context;
    const { apiId, id } = validatorOf(service, context, input);
    for (const method of service.methods.by.api.range(apiId)) {
      if (method.requestValidatorId === id) {
        throw conflict(
          `Cannot delete request validator '${id}', is referenced in method: ${service.methodName(method)}`,
        );
      }
    }
    service.requestValidators.delete(childKey(apiId, id));
  },
);

const rules = rulesFor<RequestValidatorRow>();

const patches = new PatchTable<RequestValidatorRow>(
  [
    {
      path: "/name",
      ops: {
        replace: (draft, { value }) => {
          if (value === "") throw badRequest("Request Validator name cannot be blank");
          draft.name = value;
        },
      },
    },
    rules.flag("validateRequestParameters"),
    rules.flag("validateRequestBody"),
  ],
  listedErrors("/name", "/validateRequestParameters", "/validateRequestBody"),
);

/** @throws AwsError NotFoundException */
function validatorOf(
  service: ApiGateway,
  place: Place,
  {
    restApiId,
    requestValidatorId,
  }: { readonly restApiId?: string | undefined; readonly requestValidatorId?: string | undefined },
): RequestValidatorRow {
  const validator = service.hasApi(place, restApiId)
    ? service.requestValidators.get(childKey(restApiId as string, requestValidatorId as string))
    : undefined;
  if (validator === undefined) throw notFound("Invalid Request Validator identifier specified");
  return validator;
}

function described({ id, name, validateRequestBody, validateRequestParameters }: RequestValidatorRow) {
  return { id, name, validateRequestBody, validateRequestParameters };
}
