/** What a WebSocket API's events begin with: the stage as it is deployed, and what is known of the event. */
import type { ApiGatewayV2 } from "../../apigatewayv2.ts";
import { type ApiRow, partKey, type StageRow } from "../../tables.ts";
import { type Snapshot, snapshotOf } from "../snapshot.ts";
import type { Connection } from "./connection.ts";
import type { EventType, Happening } from "./events.ts";
import { executionLog, logBegin } from "./logs.ts";

/** A stage that is deployed. */
export interface Deployed {
  readonly stage: StageRow;
  readonly snapshot: Snapshot;
}

/** Undefined for a stage that is not there, or has no deployment. */
export function deployedOf(service: ApiGatewayV2, api: ApiRow, stageName: string): Deployed | undefined {
  const row = service.stages.get(partKey(api.id, stageName));
  if (row === undefined) return undefined;
  const stage = service.current(api, row);
  const deployment = service.deployments.get(partKey(api.id, stage.value.DeploymentId ?? ""));
  return deployment && { stage, snapshot: snapshotOf(deployment) };
}

export function happeningOf(
  service: ApiGatewayV2,
  connection: Connection,
  stage: StageRow,
  type: EventType,
  routeKey: string,
): Happening {
  const requestId = service.newRequestId();
  const what: Happening = {
    connection,
    type,
    routeKey,
    requestId,
    nowMs: service.now,
    stageVariables: stage.value.StageVariables ?? {},
    integrated: {},
    log: executionLog(service, stage, routeKey, requestId),
  };
  // A message's route is known only when its body has been looked at.
  if (type !== "MESSAGE") logBegin(what);
  return what;
}
