/** State machines: create, describe, update, delete, list; and the check of a definition. */
import {
  CreateStateMachine$,
  type CreateStateMachineCommand,
  type CreateStateMachineInput,
  DeleteStateMachine$,
  type DeleteStateMachineCommand,
  DescribeStateMachine$,
  type DescribeStateMachineCommand,
  ListStateMachines$,
  type ListStateMachinesCommand,
  UpdateStateMachine$,
  type UpdateStateMachineCommand,
  ValidateStateMachineDefinition$,
  type ValidateStateMachineDefinitionCommand,
} from "@aws-sdk/client-sfn";
import { checkName, isRoleArn, machineArnOf, newArn } from "../arns.ts";
import { parseDefinition } from "../asl/validation/definition.ts";
import { variableReferences } from "../asl/validation/variable-references.ts";
import {
  alreadyPublished,
  invalidArn,
  invalidRoleArn,
  machineAlreadyExists,
  machineDoesNotExist,
  missingParameter,
  qualifiedDoesNotExist,
  validation,
} from "../errors.ts";
import { pageOf, placeIn } from "../pages.ts";
import { operation, type StepFunctions } from "../stepfunctions.ts";
import type { MachineRow, RevisionRow, VersionRow } from "../tables.ts";
import { unsupportedCalls } from "../tasks/unsupported-calls.ts";
import { checkDefinition, encryptionOf, loggingOf, shownLogging, withTags } from "./configurations.ts";
import { publishVersion } from "./versions.ts";

export const createStateMachine = operation<CreateStateMachineCommand>(CreateStateMachine$, (input, context) => {
  const { service, account, region } = context;
  const name = input.name as string;
  const definition = input.definition as string;
  const roleArn = input.roleArn as string;
  const type = input.type ?? "STANDARD";
  if (input.versionDescription !== undefined && input.publish !== true) {
    throw validation("Version description can only be set when publish is true");
  }
  checkName(name);
  if (!isRoleArn(roleArn)) throw invalidRoleArn(roleArn);
  checkDefinition(service, definition, type);
  const logging = loggingOf(input.loggingConfiguration);
  const tracing = input.tracingConfiguration?.enabled ?? false;
  const encryption = encryptionOf(input.encryptionConfiguration);
  const arn = newArn(context, "stateMachine", name);
  const tags = withTags([], input.tags, arn);
  const existing = service.machines.get(arn);
  if (existing) {
    const present = service.revisionOf(existing.revision);
    const asked = substance({ ...present, definition, logging, tracing, encryption });
    if (existing.type !== type || asked !== substance(present)) throw machineAlreadyExists(arn);
    return {
      stateMachineArn: arn,
      creationDate: new Date(existing.createdMs),
      stateMachineVersionArn: firstVersion(service, existing, input)?.arn,
    };
  }
  const now = service.now;
  const revision: RevisionRow = {
    key: `${arn} ${service.deps.store.nextSerial()}`,
    account,
    machine: arn,
    revisionId: undefined,
    definition,
    type,
    roleArn,
    logging,
    tracing,
    encryption,
    updatedMs: now,
  };
  const machine: MachineRow = {
    arn,
    account,
    region,
    name,
    type,
    createdMs: now,
    revision: revision.key,
    lastVersion: 0,
    tags,
  };
  service.revisions.put(revision);
  service.machines.put(machine);
  const version = input.publish ? publishVersion(service, machine, input.versionDescription) : undefined;
  return { stateMachineArn: arn, creationDate: new Date(now), stateMachineVersionArn: version?.arn };
});

/** The version returned when a machine's creation is repeated. @throws AwsError StateMachineAlreadyExists */
function firstVersion(
  service: StepFunctions,
  machine: MachineRow,
  { publish = false, versionDescription }: Pick<CreateStateMachineInput, "publish" | "versionDescription">,
): VersionRow | undefined {
  const wasPublished = machine.lastVersion > 0;
  if (!publish) {
    if (wasPublished) throw alreadyPublished(false);
    return undefined;
  }
  const first = service.versions.get(`${machine.arn}:1`);
  if (!wasPublished) throw machineAlreadyExists(machine.arn);
  if (first === undefined || first.description !== versionDescription) throw alreadyPublished(true);
  return first;
}

export const describeStateMachine = operation<DescribeStateMachineCommand>(DescribeStateMachine$, (input, context) => {
  const { service } = context;
  const given = input.stateMachineArn as string;
  const { qualifier, label } = machineArnOf(given);
  if (label !== undefined) {
    throw validation("This API does not support labeled ARNs", "API_DOES_NOT_SUPPORT_LABELED_ARNS");
  }
  if (qualifier !== undefined && !/^\d+$/.test(qualifier)) {
    throw invalidArn(`Resource type not valid in this context: stateMachineAlias`);
  }
  const machine = service.machineNamed(given);
  const version = qualifier === undefined ? undefined : service.versions.get(given);
  if (qualifier !== undefined && version === undefined) throw qualifiedDoesNotExist(given);
  const revision = service.revisionOf(version?.revision ?? machine.revision);
  const metadataOnly = input.includedData === "METADATA_ONLY";
  return {
    stateMachineArn: given,
    name: machine.name,
    status: "ACTIVE",
    definition: metadataOnly ? "{}" : revision.definition,
    roleArn: revision.roleArn,
    type: machine.type,
    creationDate: new Date(version?.createdMs ?? machine.createdMs),
    loggingConfiguration: shownLogging(revision.logging),
    tracingConfiguration: { enabled: revision.tracing },
    revisionId: revision.revisionId,
    description: version?.description,
    encryptionConfiguration: revision.encryption,
    variableReferences: metadataOnly ? undefined : referencesOf(service, revision),
  };
});

/** Absent when no state refers to a variable. */
export function referencesOf(service: StepFunctions, revision: RevisionRow): Record<string, string[]> | undefined {
  const references = variableReferences(service.machineOf({ revision: revision.key, mapState: undefined }));
  return Object.keys(references).length > 0 ? references : undefined;
}

export const updateStateMachine = operation<UpdateStateMachineCommand>(UpdateStateMachine$, (input, context) => {
  const { service } = context;
  const given = input.stateMachineArn as string;
  const { definition, roleArn, loggingConfiguration, tracingConfiguration, encryptionConfiguration } = input;
  if ([definition, roleArn, loggingConfiguration, tracingConfiguration, encryptionConfiguration].every(isAbsent)) {
    throw missingParameter(
      "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified",
    );
  }
  if (input.versionDescription !== undefined && input.publish !== true) {
    throw validation("Version description can only be set when publish is true");
  }
  const { qualifier } = machineArnOf(given);
  if (qualifier !== undefined) throw machineDoesNotExist(given);
  const machine = service.machineNamed(given);
  if (roleArn !== undefined && !isRoleArn(roleArn)) throw invalidRoleArn(roleArn);
  if (definition !== undefined) checkDefinition(service, definition, machine.type);
  const before = service.revisionOf(machine.revision);
  const now = service.now;
  const after: RevisionRow = {
    ...before,
    key: `${machine.arn} ${service.deps.store.nextSerial()}`,
    definition: definition ?? before.definition,
    roleArn: roleArn ?? before.roleArn,
    logging: loggingConfiguration === undefined ? before.logging : loggingOf(loggingConfiguration),
    tracing: tracingConfiguration === undefined ? before.tracing : (tracingConfiguration.enabled ?? false),
    encryption: encryptionConfiguration === undefined ? before.encryption : encryptionOf(encryptionConfiguration),
    revisionId: service.deps.random.uuid(),
    updatedMs: now,
  };
  let updated = machine;
  if (substance(after) !== substance(before)) {
    updated = { ...machine, revision: after.key };
    service.revisions.put(after);
    service.machines.put(updated);
    service.dropRevision(before.key);
  }
  const version = input.publish === true ? publishVersion(service, updated, input.versionDescription) : undefined;
  return {
    updateDate: new Date(now),
    revisionId: service.revisionOf(updated.revision).revisionId,
    stateMachineVersionArn: version?.arn,
  };
});

function isAbsent(value: unknown): boolean {
  return value === undefined;
}

/** What distinguishes two revisions. */
function substance({ definition, roleArn, logging, tracing, encryption }: RevisionRow): string {
  return JSON.stringify([definition, roleArn, logging, tracing, encryption]);
}

export const deleteStateMachine = operation<DeleteStateMachineCommand>(DeleteStateMachine$, (input, context) => {
  const { service } = context;
  const { arn } = machineArnOf(input.stateMachineArn as string);
  const machine = service.machines.get(arn);
  if (machine === undefined) return {};
  service.machines.delete(arn);
  for (const version of service.versions.by.machine.range(arn)) service.versions.delete(version.arn);
  for (const alias of service.aliases.by.machine.range(arn)) service.aliases.delete(alias.arn);
  for (const revision of service.revisions.by.machine.range(arn)) service.dropRevision(revision.key);
  const { executions } = service.runner;
  for (const { arn: execution, revision } of executions.by.machineStatus.range(`${arn} RUNNING`)) {
    service.turns.soon(() => {
      // A machine created again may run an execution of the same name by then.
      if (executions.get(execution)?.revision === revision) service.signal(execution, { type: "abort" });
    });
  }
  return {};
});

export const listStateMachines = operation<ListStateMachinesCommand>(ListStateMachines$, (input, context) => {
  const { service, account, region } = context;
  const after = placeIn(input, "machines", "string");
  const rows = service.machines.by.name.range(`${account} ${region}`, after === undefined ? {} : { gt: after });
  const { items, nextToken } = pageOf(input, "machines", rows, ({ name }) => name);
  const stateMachines = items.map(({ arn, name, type, createdMs }) => ({
    stateMachineArn: arn,
    name,
    type,
    creationDate: new Date(createdMs),
  }));
  return { stateMachines, nextToken };
});

export const validateDefinition = operation<ValidateStateMachineDefinitionCommand>(
  ValidateStateMachineDefinition$,
  (input, { service }) => {
    const { diagnostics, machine } = parseDefinition(input.definition as string, input.type ?? "STANDARD");
    const all = machine === undefined ? diagnostics : [...diagnostics, ...unsupportedCalls(service.performer, machine)];
    const wanted = all.filter(({ severity }) => input.severity === "WARNING" || severity === "ERROR");
    const limit = input.maxResults || 100;
    return {
      result: all.some(({ severity }) => severity === "ERROR") ? "FAIL" : "OK",
      diagnostics: wanted.slice(0, limit),
      truncated: wanted.length > limit,
    };
  },
);
