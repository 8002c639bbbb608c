/** API mappings and routing rules: which API and stage a custom domain's paths lead to. */
import {
  CreateApiMapping$,
  type CreateApiMappingCommand,
  CreateRoutingRule$,
  type CreateRoutingRuleCommand,
  DeleteApiMapping$,
  type DeleteApiMappingCommand,
  DeleteRoutingRule$,
  type DeleteRoutingRuleCommand,
  GetApiMapping$,
  type GetApiMappingCommand,
  GetApiMappings$,
  type GetApiMappingsCommand,
  GetRoutingRule$,
  type GetRoutingRuleCommand,
  ListRoutingRules$,
  type ListRoutingRulesCommand,
  PutRoutingRule$,
  type PutRoutingRuleCommand,
  type RoutingRuleAction,
  type RoutingRuleCondition,
  UpdateApiMapping$,
  type UpdateApiMappingCommand,
} from "@aws-sdk/client-apigatewayv2";
import { type DomainRow, type MappingRow, mappingKey, type RoutingRuleRow, ruleKey } from "../../apis/domains.ts";
import { type Context, operation } from "./apigatewayv2.ts";
import { domainArn, domainOf } from "./domain-names.ts";
import { badRequest, conflict, notFound, unknownId } from "./errors.ts";
import { page } from "./pages.ts";
import { partKey } from "./tables.ts";

export const createApiMapping = operation<CreateApiMappingCommand>(CreateApiMapping$, (input, context) => {
  const { service } = context;
  const domain = domainOf(service, context, input.DomainName as string);
  checkTarget(context, input.ApiId as string, input.Stage as string);
  checkKind(context, domain, input.ApiId as string);
  const row = {
    domain: domain.name,
    account: domain.account,
    id: service.newId(7),
    path: checkedKey(context, domain, input.ApiMappingKey ?? ""),
    apiId: input.ApiId as string,
    stage: input.Stage as string,
  };
  service.deps.apis.domains.mappings.put(row);
  return shownMapping(row);
});

/** A domain name serves either WebSocket APIs or others. @param own the mapping being changed. @throws AwsError */
function checkKind({ service }: Context, { name }: DomainRow, apiId: string, own?: MappingRow): void {
  const isWebSocket = (id: string) => service.apis.get(id)?.value.ProtocolType === "WEBSOCKET";
  for (const { id, apiId: other } of service.deps.apis.domains.mappings.by.path.range(name)) {
    if (id !== own?.id && isWebSocket(other) !== isWebSocket(apiId)) {
      throw badRequest("WebSocket APIs cannot share a domain name with HTTP or REST APIs.");
    }
  }
}

/** The path of a mapping key. @throws AwsError */
function checkedKey({ service }: Context, { name }: DomainRow, key: string, own?: MappingRow): string {
  const path = key === "(none)" ? "" : key;
  if (path.length > 300 || !/^[A-Za-z0-9$_.+!*'()/-]*$/.test(path) || /^\/|\/$|\/\//.test(path)) {
    throw badRequest("API mapping key should not start with a '/' or have consecutive '/'s.");
  }
  const there = service.deps.apis.domains.mappings.get(mappingKey(name, path));
  if (there !== undefined && there.id !== own?.id) throw conflict("ApiMapping key already exists for this domain name");
  return path;
}

/** REST APIs can be mapped too; the stage is then not checked here. @throws AwsError */
function checkTarget(context: Context, apiId: string, stage: string): void {
  const { service } = context;
  const own = service.apis.get(apiId);
  if (own === undefined) {
    if (service.deps.apis.of(apiId) === undefined) throw unknownId("API", apiId);
    return;
  }
  service.api(context, apiId);
  if (!service.stages.has(partKey(apiId, stage))) throw badRequest("Invalid stage identifier specified");
}

function mappingOf(context: Context, domainName: string, id: string): { domain: DomainRow; row: MappingRow } {
  const { service } = context;
  const domain = domainOf(service, context, domainName);
  const row = service.deps.apis.domains.mappings.by.id.first(`${domain.name} ${id}`);
  if (row === undefined) throw unknownId("ApiMapping", id);
  return { domain, row };
}

export const getApiMapping = operation<GetApiMappingCommand>(GetApiMapping$, (input, context) =>
  shownMapping(mappingOf(context, input.DomainName as string, input.ApiMappingId as string).row),
);

export const getApiMappings = operation<GetApiMappingsCommand>(GetApiMappings$, (input, context) => {
  const { service } = context;
  const { name } = domainOf(service, context, input.DomainName as string);
  return page(service.deps.apis.domains.mappings.by.path, name, input, (row) => row.path, shownMapping);
});

export const updateApiMapping = operation<UpdateApiMappingCommand>(UpdateApiMapping$, (input, context) => {
  const { service } = context;
  const { domain, row } = mappingOf(context, input.DomainName as string, input.ApiMappingId as string);
  const apiId = input.ApiId ?? row.apiId;
  const stage = input.Stage ?? row.stage;
  checkTarget(context, apiId, stage);
  checkKind(context, domain, apiId, row);
  const path = input.ApiMappingKey === undefined ? row.path : checkedKey(context, domain, input.ApiMappingKey, row);
  const { mappings } = service.deps.apis.domains;
  mappings.delete(mappingKey(domain.name, row.path));
  const changed = { ...row, apiId, stage, path };
  mappings.put(changed);
  return shownMapping(changed);
});

export const deleteApiMapping = operation<DeleteApiMappingCommand>(DeleteApiMapping$, (input, context) => {
  const { domain, row } = mappingOf(context, input.DomainName as string, input.ApiMappingId as string);
  context.service.deps.apis.domains.mappings.delete(mappingKey(domain.name, row.path));
  return {};
});

function shownMapping({ id, apiId, stage, path }: MappingRow) {
  return { ApiId: apiId, ApiMappingId: id, ApiMappingKey: path, Stage: stage };
}

interface RuleInput {
  readonly Priority?: number | undefined;
  readonly Conditions?: readonly RoutingRuleCondition[] | undefined;
  readonly Actions?: readonly RoutingRuleAction[] | undefined;
}

/** @throws AwsError */
function ruleRow(context: Context, domain: DomainRow, id: string, input: RuleInput): RoutingRuleRow {
  const { Priority: priority = 0, Conditions: conditions = [], Actions: actions = [] } = input;
  const invoke = actions[0]?.InvokeApi;
  if (!Number.isInteger(priority) || priority < 1 || priority > 1_000_000) {
    throw badRequest("Priority must be between 1 and 1000000");
  }
  if (invoke === undefined || actions.length !== 1) throw badRequest("Exactly one InvokeApi action must be provided");
  checkTarget(context, invoke.ApiId as string, invoke.Stage as string);
  const { rules } = context.service.deps.apis.domains;
  const [same] = rules.by.priority.range(domain.name, { gte: priority, lte: priority });
  if (same !== undefined && same.id !== id) throw conflict(`A routing rule with priority ${priority} already exists`);
  return {
    domain: domain.name,
    account: domain.account,
    id,
    priority,
    conditions,
    apiId: invoke.ApiId as string,
    stage: invoke.Stage as string,
    stripBasePath: invoke.StripBasePath === true,
  };
}

function ruleOf(context: Context, domainName: string, id: string): { domain: DomainRow; row: RoutingRuleRow } {
  const domain = domainOf(context.service, context, domainName);
  const row = context.service.deps.apis.domains.rules.get(ruleKey(domain.name, id));
  if (row === undefined) throw notFound(`Invalid routing rule identifier specified ${id}`);
  return { domain, row };
}

export const createRoutingRule = operation<CreateRoutingRuleCommand>(CreateRoutingRule$, (input, context) => {
  const { service } = context;
  const domain = domainOf(service, context, input.DomainName as string);
  const row = ruleRow(context, domain, service.newId(7), input as RuleInput);
  service.deps.apis.domains.rules.put(row);
  return shownRule(domain, row);
});

export const getRoutingRule = operation<GetRoutingRuleCommand>(GetRoutingRule$, (input, context) => {
  const { domain, row } = ruleOf(context, input.DomainName as string, input.RoutingRuleId as string);
  return shownRule(domain, row);
});

export const listRoutingRules = operation<ListRoutingRulesCommand>(ListRoutingRules$, (input, context) => {
  const { service } = context;
  const domain = domainOf(service, context, input.DomainName as string);
  const { by } = service.deps.apis.domains.rules;
  const show = (row: RoutingRuleRow) => shownRule(domain, row);
  const { Items, NextToken } = page(by.priority, domain.name, input, (row) => row.priority, show);
  return { RoutingRules: Items, NextToken };
});

export const putRoutingRule = operation<PutRoutingRuleCommand>(PutRoutingRule$, (input, context) => {
  const { domain, row } = ruleOf(context, input.DomainName as string, input.RoutingRuleId as string);
  const changed = ruleRow(context, domain, row.id, input as RuleInput);
  context.service.deps.apis.domains.rules.put(changed);
  return shownRule(domain, changed);
});

export const deleteRoutingRule = operation<DeleteRoutingRuleCommand>(DeleteRoutingRule$, (input, context) => {
  const { domain, row } = ruleOf(context, input.DomainName as string, input.RoutingRuleId as string);
  context.service.deps.apis.domains.rules.delete(ruleKey(domain.name, row.id));
  return {};
});

function shownRule(domain: DomainRow, row: RoutingRuleRow) {
  const { apiId, stage, stripBasePath } = row;
  return {
    Actions: [{ InvokeApi: { ApiId: apiId, Stage: stage, StripBasePath: stripBasePath } }],
    Conditions: row.conditions as RoutingRuleCondition[],
    Priority: row.priority,
    RoutingRuleArn: `${domainArn(domain)}/routingrules/${row.id}`,
    RoutingRuleId: row.id,
  };
}
