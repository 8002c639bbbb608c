import type { ExecutionRow } from "../tables.ts";

/** What is told of an execution that begins; the rest follows. */
type Told =
  | "arn"
  | "account"
  | "region"
  | "name"
  | "machine"
  | "revision"
  | "roleArn"
  | "startedMs"
  | "input"
  | "causedBy"
  | "serial"
  | "testCase";

/** The row of an execution that begins. */
export function executionRow(told: Pick<ExecutionRow, Told> & Partial<ExecutionRow>): ExecutionRow {
  return {
    versionArn: undefined,
    aliasArn: undefined,
    traceHeader: undefined,
    status: "RUNNING",
    stoppedMs: undefined,
    output: undefined,
    error: undefined,
    cause: undefined,
    redriveCount: 0,
    redrivenMs: undefined,
    redriveTokens: [],
    mapRun: undefined,
    mapState: undefined,
    itemCount: undefined,
    ...told,
  };
}
