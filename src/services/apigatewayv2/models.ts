/** Models of WebSocket APIs. */
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
} from "@aws-sdk/client-apigatewayv2";
import { type ApiGatewayV2, type Context, given, operation, patched } from "./apigatewayv2.ts";
import { badRequest, conflict } from "./errors.ts";
import { page } from "./pages.ts";
import { type ApiRow, type ModelValue, partKey } from "./tables.ts";

const usualType = "application/json";
const settings = ["ContentType", "Description", "Name", "Schema"] as const;

export const createModel = operation<CreateModelCommand>(CreateModel$, (input, context) => {
  const { service } = context;
  const api = service.api(context, input.ApiId as string);
  if (api.value.ProtocolType !== "WEBSOCKET") throw badRequest("Models are not supported on protocolType HTTP");
  const ModelId = service.newId(7);
  const value = { ContentType: usualType, ...given<ModelValue>(input, settings), ModelId } as ModelValue;
  checkModel(service, api, value);
  service.models.put(service.newPart(api, value, ModelId));
  service.changed(api);
  return value;
});

/** @throws AwsError */
function checkModel(service: ApiGatewayV2, api: ApiRow, { ModelId, Name, Schema }: ModelValue): void {
  if (!/^[a-zA-Z0-9]+$/.test(Name ?? "")) throw badRequest(`Model name must be alphanumeric: ${Name}`);
  for (const other of service.models.by.parent.range(partKey(api.id, ""))) {
    if (other.id !== ModelId && other.value.Name === Name)
      throw conflict(`Model name already exists for this REST API`);
  }
  try {
    const schema: unknown = JSON.parse(Schema ?? "");
    if (typeof schema === "object" && schema !== null) return;
  } catch {
    // Told below.
  }
  throw badRequest("Invalid model schema specified");
}

function modelOf(context: Context, apiId: string, id: string) {
  const { service } = context;
  const api = service.api(context, apiId);
  return { api, model: service.part(service.models, "Model", apiId, id) };
}

export const getModel = operation<GetModelCommand>(
  GetModel$,
  (input, context) => modelOf(context, input.ApiId as string, input.ModelId as string).model.value,
);

export const getModels = operation<GetModelsCommand>(GetModels$, (input, context) => {
  const { service } = context;
  const { id } = service.api(context, input.ApiId as string);
  return page(
    service.models.by.parent,
    partKey(id, ""),
    input,
    (row) => row.serial,
    (row) => row.value,
  );
});

/** A template that copies the members in the schema. */
export const getModelTemplate = operation<GetModelTemplateCommand>(GetModelTemplate$, (input, context) => {
  const { model } = modelOf(context, input.ApiId as string, input.ModelId as string);
  const schema: unknown = JSON.parse(model.value.Schema as string);
  const { properties } = schema as { properties?: unknown };
  const names = typeof properties === "object" && properties !== null ? Object.keys(properties) : [];
  const lines = names.map((name) => `  ${JSON.stringify(name)}: $input.json('$.${name}')`);
  return { Value: `{\n${lines.join(",\n")}\n}` };
});

export const updateModel = operation<UpdateModelCommand>(UpdateModel$, (input, context) => {
  const { service } = context;
  const { api, model } = modelOf(context, input.ApiId as string, input.ModelId as string);
  const value = { ContentType: usualType, ...patched<ModelValue>(model.value, input, settings) };
  checkModel(service, api, value);
  service.models.put({ ...model, value });
  service.changed(api);
  return value;
});

export const deleteModel = operation<DeleteModelCommand>(DeleteModel$, (input, context) => {
  const { service } = context;
  const { api, model } = modelOf(context, input.ApiId as string, input.ModelId as string);
  service.models.delete(partKey(api.id, model.id));
  service.changed(api);
  return {};
});
