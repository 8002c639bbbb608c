/** Checkpoint tokens: each contains its execution and its number; only the last one is valid. */
import { sha256Hex } from "../../../engine/digest.ts";
import { invalidParameter } from "../errors.ts";
import type { ExecutionRow } from "./tables.ts";

export function checkpointToken(arn: string, number: number): string {
  const digest = sha256Hex(arn).slice(0, 32);
  return Buffer.from(JSON.stringify([digest, number])).toString("base64");
}

/**
 * @throws AwsError InvalidParameterValueException for any token but the valid one, or for an execution that has ended.
 */
export function checkToken(row: ExecutionRow | undefined, token: string): ExecutionRow {
  if (row?.status === "RUNNING" && token === checkpointToken(row.arn, row.token)) return row;
  throw invalidParameter("Invalid Checkpoint Token");
}
