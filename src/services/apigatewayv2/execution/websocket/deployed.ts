/** What every event of a WebSocket API starts from: the deployed stage, and the event itself. */
import type { ApiGatewayV2 } from "../../apigatewayv2.ts";
import { type ApiRow, partKey, type StageRow } from "../../tables.ts";
import { type Snapshot, snapshotOf } from "../snapshot.ts";
import type { Connection } from "./connection.ts";
import type { ConnectionEvent, EventType } from "./events.ts";
import { executionLog, logBegin } from "./logs.ts";

/** A stage with its deployment. */
export interface Deployed {
  readonly stage: StageRow;
  readonly snapshot: Snapshot;
}

/** Undefined if the stage does not exist or has no deployment. */
export function deployedOf(service: ApiGatewayV2, api: ApiRow, stageName: string): Deployed | undefined {
  const row = service.stages.get(partKey(api.id, stageName));
  if (row === undefined) return undefined;
  const stage = service.current(api, row);
  const deployment = service.deployments.get(partKey(api.id, stage.value.DeploymentId ?? ""));
  return deployment && { stage, snapshot: snapshotOf(deployment) };
}

export function newEvent(
  service: ApiGatewayV2,
  connection: Connection,
  stage: StageRow,
  type: EventType,
  routeKey: string,
): ConnectionEvent {
  const requestId = service.newRequestId();
  const event: ConnectionEvent = {
    connection,
    type,
    routeKey,
    requestId,
    nowMs: service.now,
    stageVariables: stage.value.StageVariables ?? {},
    integrated: {},
    log: executionLog(service, stage, routeKey, requestId),
  };
  // A message's route is only known once its body has been read.
  if (type !== "MESSAGE") logBegin(event);
  return event;
}
