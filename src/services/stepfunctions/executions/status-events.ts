/** Execution Status Change events for EventBridge's default bus. */
import type { Json } from "../asl/json.ts";
import type { StepFunctions } from "../stepfunctions.ts";
import type { ExecutionRow } from "../tables.ts";
import { payloadsOf } from "./execution-row.ts";
import { redriveState } from "./redrive-state.ts";

/** The event's detail; all keys are always present. */
function statusDetail(row: ExecutionRow, service: StepFunctions): Record<string, Json> {
  const { status, reason } = redriveState(service, row);
  const { input, output } = payloadsOf(service, row);
  return {
    executionArn: row.arn,
    stateMachineArn: row.machine,
    stateMachineVersionArn: row.versionArn ?? null,
    stateMachineAliasArn: row.aliasArn ?? null,
    name: row.name,
    status: row.status,
    startDate: row.startedMs,
    stopDate: row.stoppedMs ?? null,
    input,
    output: output ?? null,
    inputDetails: { included: true },
    outputDetails: output === undefined ? null : { included: true },
    redriveCount: row.redriveCount,
    redriveDate: row.redrivenMs ?? null,
    redriveStatus: status,
    redriveStatusReason: reason ?? null,
    error: row.error ?? null,
    cause: row.cause ?? null,
  };
}

/** Sends EventBridge an execution's new status, inside the transaction that changes it. */
export function statusEvent(service: StepFunctions, row: ExecutionRow): void {
  service.deps.awsEvents.emit({
    account: row.account,
    region: row.region,
    source: "aws.states",
    detailType: "Step Functions Execution Status Change",
    resources: [row.arn],
    detail: statusDetail(row, service),
  });
}
