/** Models: JSON schemas of an API that methods and validators refer to by name. */

import {
  CreateModel$,
  type CreateModelCommand,
  DeleteModel$,
  type DeleteModelCommand,
  GetModel$,
  type GetModelCommand,
  GetModels$,
  type GetModelsCommand,
  GetModelTemplate$,
  type GetModelTemplateCommand,
  UpdateModel$,
  type UpdateModelCommand,
} from "@aws-sdk/client-api-gateway";
import { jsonObject } from "../../../protocols/unknown-json.ts";
import { defined } from "../../apis/members.ts";
import type { Place } from "../../calls/place.ts";
import { type ApiGateway, operation } from "./apigateway.ts";
import { badRequest, conflict, limitExceeded, notFound } from "./errors.ts";
import { flattened, modelTemplate } from "./model-schemas.ts";
import { pageOf } from "./pages.ts";
import { listedErrors, PatchTable, rulesFor } from "./patch.ts";
import { isSchema } from "./schema-syntax.ts";
import { childKey, type ModelRow } from "./tables.ts";

export const maxModels = 2_000;
const maxSchemaBytes = 400 * 1024;

export const createModel = operation<CreateModelCommand>(CreateModel$, (input, context) => {
  const { service } = context;
  const api = service.api(context, input.restApiId);
  const name = input.name as string;
  if (name === "") throw badRequest("Model name must be non-empty");
  if (!/^[a-zA-Z0-9]+$/.test(name)) throw badRequest(`Model name must be alphanumeric: ${name}`);
  checkSchema(input.schema, input.contentType as string);
  if (service.models.has(childKey(api.id, name))) throw conflict("Model name already exists for this REST API");
  if (service.models.by.api.size(api.id) >= maxModels) throw limitExceeded("models for this API");
  const model: ModelRow = {
    apiId: api.id,
    account: api.account,
    id: service.newId("models", 6),
    serial: service.nextSerial(),
    name,
    ...defined({ description: input.description || undefined }),
    contentType: input.contentType as string,
    schema: input.schema as string,
  };
  service.models.put(model);
  return describedModel(model);
});

export const getModel = operation<GetModelCommand>(GetModel$, (input, context) => {
  const { service } = context;
  const model = modelOf(service, context, input);
  if (!input.flatten) return describedModel(model);
  const schemas = (name: string) => service.models.get(childKey(model.apiId, name))?.schema;
  return describedModel({ ...model, schema: flattened(model.schema, schemas) });
});

export const getModels = operation<GetModelsCommand>(GetModels$, (input, context) => {
  const { service } = context;
  const api = service.api(context, input.restApiId);
  const { rows, position } = pageOf(service.models.by.api, api.id, input);
  return { items: rows.map(describedModel), position };
});

export const updateModel = operation<UpdateModelCommand>(UpdateModel$, (input, context) => {
  const { service } = context;
  const model = patches.apply(modelOf(service, context, input), input.patchOperations);
  checkSchema(model.schema, model.contentType);
  service.models.put(model);
  return describedModel(model);
});

export const deleteModel = operation<DeleteModelCommand>(DeleteModel$, (input, context) => {
  const { service } = context;
  const { apiId, name } = modelOf(service, context, input);
  for (const method of service.methods.by.api.range(apiId)) {
    const where = () => `${service.resources.get(childKey(apiId, method.resourceId))?.path}/${method.httpMethod}`;
    if (Object.values(method.requestModels ?? {}).includes(name)) {
      throw conflict(`Cannot delete model '${name}', is referenced in method request: ${where()}`);
    }
    const responses = Object.values(method.responses);
    if (responses.some(({ responseModels = {} }) => Object.values(responseModels).includes(name))) {
      throw conflict(`Cannot delete model '${name}', is referenced in method response: ${where()}`);
    }
  }
  service.models.delete(childKey(apiId, name));
});

export const getModelTemplate = operation<GetModelTemplateCommand>(GetModelTemplate$, (input, context) => {
  const { service } = context;
  const model = modelOf(service, context, input);
  const schemas = (name: string) => service.models.get(childKey(model.apiId, name))?.schema;
  return { value: modelTemplate(model.schema, schemas) };
});

const rules = rulesFor<ModelRow>();

const patches = new PatchTable<ModelRow>(
  [rules.text("description"), rules.text("schema")],
  listedErrors("/description", "/schema"),
);

/** A model of an API, which may not exist itself. @throws AwsError NotFoundException */
function modelOf(
  service: ApiGateway,
  place: Place,
  { restApiId, modelName }: { readonly restApiId: string | undefined; readonly modelName: string | undefined },
): ModelRow {
  const model = service.hasApi(place, restApiId)
    ? service.models.get(childKey(restApiId as string, modelName as string))
    : undefined;
  if (model === undefined) throw notFound(`Invalid model name specified: ${modelName}`);
  return model;
}

/** @throws AwsError BadRequestException for a schema AWS would refuse. */
function checkSchema(schema: string | undefined, contentType: string): void {
  const document = checkSchemaText(schema, contentType);
  if (document !== undefined && !isSchema(document)) throw invalidSchema();
}

/**
 * The checks that also apply to imported schemas. Returns the parsed schema; undefined if its content type is not JSON.
 * @throws AwsError BadRequestException
 */
export function checkSchemaText(
  schema: string | undefined,
  contentType: string,
): Readonly<Record<string, unknown>> | undefined {
  if (schema === undefined || schema === "") {
    throw badRequest("Model schema must have at least 1 property or array items defined");
  }
  if (Buffer.byteLength(schema) > maxSchemaBytes) {
    throw badRequest(`Model schemas may have at most ${maxSchemaBytes} bytes`);
  }
  if (!/json/i.test(contentType)) return undefined;
  const document = jsonObject(schema);
  if (document === undefined) throw invalidSchema();
  return document;
}

function invalidSchema() {
  return badRequest(
    "Invalid model specified: Validation Result: warnings : [], errors : [Invalid model schema specified]",
  );
}

function describedModel({ id, name, description, contentType, schema }: ModelRow) {
  return { id, name, description, contentType, schema };
}
