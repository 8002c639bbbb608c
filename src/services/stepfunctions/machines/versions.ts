/** Versions of state machines. */
import {
  DeleteStateMachineVersion$,
  type DeleteStateMachineVersionCommand,
  ListStateMachineVersions$,
  type ListStateMachineVersionsCommand,
  PublishStateMachineVersion$,
  type PublishStateMachineVersionCommand,
} from "@aws-sdk/client-sfn";
import { machineArnOf } from "../arns.ts";
import { conflict, quotaExceeded, validation } from "../errors.ts";
import { pageOf, placeIn } from "../pages.ts";
import { operation, type StepFunctions } from "../stepfunctions.ts";
import type { MachineRow, VersionRow } from "../tables.ts";

const maxVersions = 1000;

/** The version of the machine's current revision, created if necessary. Inside a transaction. */
export function publishVersion(
  service: StepFunctions,
  machine: MachineRow,
  description: string | undefined,
): VersionRow {
  const existing = service.versions.by.revision.last(machine.revision);
  if (existing) return existing;
  if (service.versions.by.machine.size(machine.arn) >= maxVersions) {
    throw quotaExceeded(`The maximum number of versions (${maxVersions}) for the state machine has been reached.`);
  }
  const number = machine.lastVersion + 1;
  const version: VersionRow = {
    arn: `${machine.arn}:${number}`,
    account: machine.account,
    machine: machine.arn,
    number,
    revision: machine.revision,
    description,
    createdMs: service.now,
  };
  service.versions.put(version);
  service.machines.put({ ...machine, lastVersion: number });
  return version;
}

export const publishStateMachineVersion = operation<PublishStateMachineVersionCommand>(
  PublishStateMachineVersion$,
  (input, { service }) => {
    const machine = service.machineNamed(input.stateMachineArn as string);
    const current = service.revisionOf(machine.revision).revisionId ?? "INITIAL";
    if (input.revisionId !== undefined && input.revisionId !== current) {
      throw conflict(
        `Failed to publish the State Machine version for revision ${input.revisionId}. The current State Machine revision is ${current}.`,
      );
    }
    const { arn, createdMs } = publishVersion(service, machine, input.description);
    return { stateMachineVersionArn: arn, creationDate: new Date(createdMs) };
  },
);

export const listStateMachineVersions = operation<ListStateMachineVersionsCommand>(
  ListStateMachineVersions$,
  (input, { service }) => {
    const { arn } = service.machineNamed(input.stateMachineArn as string);
    const before = placeIn(input, `versions ${arn}`, "number");
    const bounds = before === undefined ? { reverse: true } : { lt: before, reverse: true };
    const rows = service.versions.by.machine.range(arn, bounds);
    const { items, nextToken } = pageOf(input, `versions ${arn}`, rows, ({ number }) => number);
    const stateMachineVersions = items.map((version) => ({
      stateMachineVersionArn: version.arn,
      creationDate: new Date(version.createdMs),
    }));
    return { stateMachineVersions, nextToken };
  },
);

export const deleteStateMachineVersion = operation<DeleteStateMachineVersionCommand>(
  DeleteStateMachineVersion$,
  (input, { service }) => {
    const given = input.stateMachineVersionArn as string;
    const { arn, qualifier } = machineArnOf(given);
    if (qualifier === undefined || !/^\d+$/.test(qualifier)) {
      throw validation(`The ARN must be that of a state machine version. Received: ${given}`);
    }
    const version = service.versions.get(given);
    if (version === undefined) return {};
    const aliases = [...service.aliases.by.machine.range(arn)]
      .filter(({ routes }) => routes.some(({ stateMachineVersionArn }) => stateMachineVersionArn === given))
      .map(({ name }) => name);
    if (aliases.length > 0) {
      throw conflict(
        `Version to be deleted must not be referenced by an alias. Current list of aliases referencing this version: [${aliases.join(", ")}]`,
      );
    }
    service.versions.delete(given);
    service.dropRevision(version.revision);
    return {};
  },
);
