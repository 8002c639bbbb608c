import type { StepFunctions } from "../stepfunctions.ts";
import type { ExecutionRow, WholeExecution } from "../tables.ts";

/** The given properties of a new execution; the rest is derived. */
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

/** The row of a new execution. */
export function executionRow(told: Pick<WholeExecution, Told> & Partial<WholeExecution>): WholeExecution {
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
    mapChild: undefined,
    ...told,
  };
}

/** An execution's input and output as JSON texts. */
export function payloadsOf(
  { runner: { texts } }: StepFunctions,
  { input, output }: ExecutionRow,
): { readonly input: string; readonly output: string | undefined } {
  return { input: texts.read(input), output: output === undefined ? undefined : texts.read(output) };
}
