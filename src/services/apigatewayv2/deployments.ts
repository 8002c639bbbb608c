/** Deployments. */
import {
  CreateDeployment$,
  type CreateDeploymentCommand,
  DeleteDeployment$,
  type DeleteDeploymentCommand,
  GetDeployment$,
  type GetDeploymentCommand,
  GetDeployments$,
  type GetDeploymentsCommand,
  UpdateDeployment$,
  type UpdateDeploymentCommand,
} from "@aws-sdk/client-apigatewayv2";
import { type ApiGatewayV2, type Context, operation, patched } from "./apigatewayv2.ts";
import { badRequest, notFound, unknownId } from "./errors.ts";
import { page } from "./pages.ts";
import { type ApiRow, type DeploymentRow, partKey } from "./tables.ts";

export const createDeployment = operation<CreateDeploymentCommand>(CreateDeployment$, (input, context) => {
  const { service } = context;
  const api = service.api(context, input.ApiId as string);
  const { StageName: name, Description } = input;
  const stage = name === undefined || name === "" ? undefined : service.stages.get(partKey(api.id, name));
  if (name && stage === undefined) throw notFound("Invalid stage identifier specified");
  if (stage?.value.AutoDeploy === true) {
    throw badRequest("Deployments cannot be made to a stage with AutoDeploy enabled.");
  }
  if (service.routes.by.parent.size(partKey(api.id, "")) === 0) {
    throw badRequest("Unable to deploy API because no routes exist in this API");
  }
  const row = service.deploy(api, false, Description);
  if (stage !== undefined) {
    service.stages.put({ ...stage, updatedMs: service.now, value: { ...stage.value, DeploymentId: row.id } });
  }
  return shownDeployment(row);
});

/** Automatic deployments that are due are made first. */
function deploymentOf(context: Context, apiId: string, id: string): { api: ApiRow; row: DeploymentRow } {
  const { service } = context;
  const api = service.api(context, apiId);
  service.settle(api);
  const row = service.deployments.get(partKey(apiId, id));
  if (row === undefined) throw unknownId("Deployment", id);
  return { api, row };
}

export const getDeployment = operation<GetDeploymentCommand>(GetDeployment$, (input, context) =>
  shownDeployment(deploymentOf(context, input.ApiId as string, input.DeploymentId as string).row),
);

export const getDeployments = operation<GetDeploymentsCommand>(GetDeployments$, (input, context) => {
  const { service }: { service: ApiGatewayV2 } = context;
  const api = service.api(context, input.ApiId as string);
  service.settle(api);
  return page(service.deployments.by.parent, partKey(api.id, ""), input, (row) => row.serial, shownDeployment);
});

export const updateDeployment = operation<UpdateDeploymentCommand>(UpdateDeployment$, (input, context) => {
  const { row } = deploymentOf(context, input.ApiId as string, input.DeploymentId as string);
  const changed = { ...row, value: patched(row.value, input, ["Description"]) };
  context.service.deployments.put(changed);
  return shownDeployment(changed);
});

export const deleteDeployment = operation<DeleteDeploymentCommand>(DeleteDeployment$, (input, context) => {
  const { service } = context;
  const { api, row } = deploymentOf(context, input.ApiId as string, input.DeploymentId as string);
  if (service.stages.by.deployment.size(partKey(api.id, row.id)) > 0) {
    const must = "Active stages must be deleted or moved to another deployment before it is deleted.";
    throw badRequest(`Active stages with deploymentId '${row.id}' exist. ${must}`);
  }
  service.deployments.delete(partKey(api.id, row.id));
  return {};
});

function shownDeployment({ id, value, createdMs }: DeploymentRow) {
  return { ...value, DeploymentId: id, CreatedDate: new Date(createdMs) };
}
