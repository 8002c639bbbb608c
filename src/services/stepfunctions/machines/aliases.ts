/** Aliases of state machines and their routing. */
import {
  CreateStateMachineAlias$,
  type CreateStateMachineAliasCommand,
  DeleteStateMachineAlias$,
  type DeleteStateMachineAliasCommand,
  DescribeStateMachineAlias$,
  type DescribeStateMachineAliasCommand,
  ListStateMachineAliases$,
  type ListStateMachineAliasesCommand,
  type RoutingConfigurationListItem,
  UpdateStateMachineAlias$,
  type UpdateStateMachineAliasCommand,
} from "@aws-sdk/client-sfn";
import { machineArnOf } from "../arns.ts";
import {
  conflict,
  invalidArn,
  machineDoesNotExist,
  quotaExceeded,
  resourceNotFound,
  taggedNotFound,
  validation,
} from "../errors.ts";
import { pageOf, placeIn } from "../pages.ts";
import { operation, type StepFunctions } from "../stepfunctions.ts";
import type { AliasRow, Route } from "../tables.ts";

const maxAliases = 100;

/** The routes of an alias, and their machine. @throws AwsError ValidationException */
function routesOf(
  service: StepFunctions,
  given: readonly RoutingConfigurationListItem[] | undefined,
): { routes: Route[]; machine: string } {
  const routes = (given ?? []).map(({ stateMachineVersionArn, weight }) => ({
    stateMachineVersionArn: stateMachineVersionArn as string,
    weight: weight as number,
  }));
  const refuse = (message: string) => validation(message, "INVALID_ROUTING_CONFIGURATION");
  const arns = routes.map(({ stateMachineVersionArn }) => stateMachineVersionArn);
  const places = arns.map((arn) => machineArnOf(arn));
  if (places.some(({ qualifier }) => qualifier === undefined || !/^\d+$/.test(qualifier))) {
    throw refuse(`Routing configuration must contain state machine version ARNs. Received: [${arns.join(", ")}]`);
  }
  if (new Set(arns).size < arns.length) {
    throw refuse(
      `Routing configuration must contain distinct state machine version ARNs. Received: [${arns.join(", ")}]`,
    );
  }
  const weights = routes.map(({ weight }) => weight);
  if (weights.reduce((sum, weight) => sum + weight, 0) !== 100) {
    throw refuse(`Sum of routing configuration weights must equal 100. Received: [${weights.join(", ")}]`);
  }
  const machine = places[0]?.arn as string;
  if (places.some(({ arn }) => arn !== machine)) {
    throw refuse(
      `Routing configuration must contain versions of the same state machine. Received: [${arns.join(", ")}]`,
    );
  }
  const missing = arns.find((arn) => !service.versions.has(arn));
  if (missing !== undefined) throw resourceNotFound();
  return { routes, machine };
}

function aliasNamed(service: StepFunctions, arn: string): AliasRow | undefined {
  if (machineArnOf(arn).qualifier === undefined)
    throw invalidArn(`Resource type not valid in this context: stateMachine`);
  return service.aliases.get(arn);
}

export const createStateMachineAlias = operation<CreateStateMachineAliasCommand>(
  CreateStateMachineAlias$,
  (input, { service, account }) => {
    const name = input.name as string;
    const { routes, machine } = routesOf(service, input.routingConfiguration);
    const arn = `${machine}:${name}`;
    const existing = service.aliases.get(arn);
    if (existing) {
      const same =
        existing.description === input.description && JSON.stringify(existing.routes) === JSON.stringify(routes);
      if (same) return { stateMachineAliasArn: arn, creationDate: new Date(existing.createdMs) };
      throw conflict(
        "Failed to create alias because an alias with the same name and a different routing configuration already exists.",
      );
    }
    if (service.aliases.by.machine.size(machine) >= maxAliases) {
      throw quotaExceeded(`The maximum number of aliases (${maxAliases}) for the state machine has been reached.`);
    }
    const createdMs = service.now;
    service.aliases.put({
      arn,
      account,
      machine,
      name,
      description: input.description,
      routes,
      createdMs,
      updatedMs: undefined,
      serial: service.deps.store.nextSerial(),
    });
    return { stateMachineAliasArn: arn, creationDate: new Date(createdMs) };
  },
);

export const describeStateMachineAlias = operation<DescribeStateMachineAliasCommand>(
  DescribeStateMachineAlias$,
  (input, { service }) => {
    const arn = input.stateMachineAliasArn as string;
    const alias = aliasNamed(service, arn);
    if (alias === undefined) throw taggedNotFound(arn);
    return {
      stateMachineAliasArn: alias.arn,
      name: alias.name,
      description: alias.description,
      routingConfiguration: alias.routes,
      creationDate: new Date(alias.createdMs),
      updateDate: alias.updatedMs === undefined ? undefined : new Date(alias.updatedMs),
    };
  },
);

export const updateStateMachineAlias = operation<UpdateStateMachineAliasCommand>(
  UpdateStateMachineAlias$,
  (input, { service }) => {
    const { description, routingConfiguration } = input;
    if (description === undefined && routingConfiguration === undefined) {
      throw validation("Either description or routing configuration must be specified");
    }
    const alias = aliasNamed(service, input.stateMachineAliasArn as string);
    if (alias === undefined) throw resourceNotFound();
    const given = routingConfiguration && routesOf(service, routingConfiguration);
    if (given && given.machine !== alias.machine) {
      throw validation(
        "Routing configuration must contain versions of the alias's state machine.",
        "INVALID_ROUTING_CONFIGURATION",
      );
    }
    const updatedMs = service.now;
    service.aliases.put({
      ...alias,
      // An empty description keeps the old one.
      description: description || alias.description,
      routes: given?.routes ?? alias.routes,
      updatedMs,
    });
    return { updateDate: new Date(updatedMs) };
  },
);

export const deleteStateMachineAlias = operation<DeleteStateMachineAliasCommand>(
  DeleteStateMachineAlias$,
  (input, { service }) => {
    const arn = input.stateMachineAliasArn as string;
    if (machineArnOf(arn).qualifier === undefined) {
      throw invalidArn("Resource type not valid in this context: stateMachine");
    }
    service.aliases.delete(arn);
    return {};
  },
);

export const listStateMachineAliases = operation<ListStateMachineAliasesCommand>(
  ListStateMachineAliases$,
  (input, { service }) => {
    const given = input.stateMachineArn as string;
    const { arn, qualifier } = machineArnOf(given);
    const after = placeIn(input, `aliases ${given}`, "number");
    if (!service.machines.has(arn)) throw machineDoesNotExist(given);
    const all = service.aliases.by.machine.range(arn, after === undefined ? {} : { gt: after });
    const rows = qualifier === undefined ? all : [...all].filter(({ routes }) => leadsTo(routes, given));
    const { items, nextToken } = pageOf(input, `aliases ${given}`, rows, ({ serial }) => serial);
    const stateMachineAliases = items.map((alias) => ({
      stateMachineAliasArn: alias.arn,
      creationDate: new Date(alias.createdMs),
    }));
    return { stateMachineAliases, nextToken };
  },
);

function leadsTo(routes: readonly Route[], version: string): boolean {
  return routes.some(({ stateMachineVersionArn }) => stateMachineVersionArn === version);
}
