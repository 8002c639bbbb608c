/** API keys in usage plans, and the rules for which keys go into which plans. */
import {
  CreateUsagePlanKey$,
  type CreateUsagePlanKeyCommand,
  DeleteUsagePlanKey$,
  type DeleteUsagePlanKeyCommand,
  GetUsagePlanKey$,
  type GetUsagePlanKeyCommand,
  GetUsagePlanKeys$,
  type GetUsagePlanKeysCommand,
} from "@aws-sdk/client-api-gateway";
import type { Place } from "../../calls/place.ts";
import { type ApiKeyRow, planKeyKey, type UsagePlanKeyRow, type UsagePlanRow } from "./account-tables.ts";
import { apiKeyOf } from "./api-keys.ts";
import { type ApiGateway, operation } from "./apigateway.ts";
import { badRequest, conflict, limitExceeded, notFound } from "./errors.ts";
import { pageOf } from "./pages.ts";
import { childKey } from "./tables.ts";

/** Plans a key may be in. */
const maxPlans = 10;
const maxStages = 1_000;
/** Methods of a stage with throttles of their own; no API has more. */
const maxThrottles = 4_000;

export const quotaPeriods: readonly string[] = ["DAY", "WEEK", "MONTH"];

export const createUsagePlanKey = operation<CreateUsagePlanKeyCommand>(CreateUsagePlanKey$, (input, context) => {
  const { service } = context;
  const plan = planOf(service, context, input.usagePlanId);
  if (input.keyType !== "API_KEY") throw badRequest("Invalid Usage Plan key type specified. Must be one of [API_KEY]");
  const key = apiKeyOf(service, context, input.keyId);
  addPlanKey(service, plan, key);
  return described(key);
});

export const getUsagePlanKey = operation<GetUsagePlanKeyCommand>(GetUsagePlanKey$, (input, context) => {
  const { service } = context;
  const { keyId } = planKeyOf(service, context, input);
  return described(apiKeyOf(service, context, keyId));
});

export const getUsagePlanKeys = operation<GetUsagePlanKeysCommand>(GetUsagePlanKeys$, (input, context) => {
  const { service } = context;
  const { nameQuery = "" } = input;
  const plan = service.usagePlans.get(input.usagePlanId as string);
  // AWS accepts a plan that does not exist.
  if (plan === undefined || plan.account !== context.account) return { items: [] };
  const keyOf = ({ keyId }: UsagePlanKeyRow) => apiKeyOf(service, context, keyId);
  const keep = (row: UsagePlanKeyRow) => (keyOf(row).name ?? "").startsWith(nameQuery);
  const { rows, position } = pageOf(service.usagePlanKeys.by.plan, plan.id, input, { newestFirst: true, keep });
  return { items: rows.map((row) => described(keyOf(row))), position };
});

export const deleteUsagePlanKey = operation<DeleteUsagePlanKeyCommand>(DeleteUsagePlanKey$, (input, context) => {
  const { service } = context;
  const { planId, keyId } = planKeyOf(service, context, input);
  service.deletePlanKey(planId, keyId);
});

/** Puts a key into a plan. Inside a transaction. @throws AwsError ConflictException, LimitExceededException */
export function addPlanKey(service: ApiGateway, plan: UsagePlanRow, key: ApiKeyRow): void {
  const row: UsagePlanKeyRow = { planId: plan.id, keyId: key.id, account: plan.account, serial: service.nextSerial() };
  if (service.usagePlanKeys.has(planKeyKey(plan.id, key.id))) throw sharedStage(plan, key.id, plan);
  checkKeyOfPlan(service, plan, key.id);
  if (service.usagePlanKeys.by.key.size(key.id) >= maxPlans) throw limitExceeded("usage plans for this API key");
  service.usagePlanKeys.put(row);
}

/** A key may reach a stage through only one plan. */
function checkKeyOfPlan(service: ApiGateway, plan: UsagePlanRow, keyId: string): void {
  for (const { planId } of service.usagePlanKeys.by.key.range(keyId)) {
    const other = service.usagePlans.get(planId);
    if (planId !== plan.id && other !== undefined && commonStage(plan, other) !== undefined) {
      throw sharedStage(plan, keyId, other);
    }
  }
}

function commonStage(plan: UsagePlanRow, other: UsagePlanRow): string | undefined {
  const stages = new Set(other.apiStages.map(({ apiId, stage }) => `${apiId}:${stage}`));
  return plan.apiStages.map(({ apiId, stage }) => `${apiId}:${stage}`).find((stage) => stages.has(stage));
}

function sharedStage(plan: UsagePlanRow, keyId: string, other: UsagePlanRow) {
  return conflict(
    `Usage Plan ${plan.id} cannot be added because API Key ${keyId} cannot reference multiple Usage Plans with the same API Stage: ${commonStage(plan, other) ?? ""}`,
  );
}

/** Checks that the stages of a plan exist and its numbers are valid. @throws AwsError */
export function checkPlan(service: ApiGateway, plan: UsagePlanRow): void {
  const { apiStages, throttle, quota } = plan;
  if (!plan.name) throw badRequest("Usage Plan name cannot be blank");
  if (apiStages.length > maxStages) throw limitExceeded("API stages for this usage plan");
  for (const { apiId, stage, throttle: methods = {} } of apiStages) {
    if (Object.keys(methods).length > maxThrottles) {
      throw badRequest(`An API stage may have throttles for at most ${maxThrottles} methods`);
    }
    const isRest = service.hasApi(plan, apiId) && service.stages.has(childKey(apiId, stage));
    if (!isRest && service.deps.apis.of(apiId)?.takesKeys?.(plan, apiId, stage) !== true) {
      // A stage that was deleted later does not keep its plan from being changed.
      const known = service.usagePlans.get(plan.id)?.apiStages;
      if (!known?.some((each) => each.apiId === apiId && each.stage === stage)) {
        throw notFound(`API Stage not found: ${apiId}:${stage}`);
      }
    }
  }
  for (const limit of [throttle?.burstLimit, throttle?.rateLimit]) {
    if (limit !== undefined && limit < 0) throw badRequest("Usage Plan throttle limits must be non-negative numerics");
  }
  if (quota !== undefined) {
    if (quota.limit === undefined || quota.limit < 0) {
      throw badRequest("Usage Plan quota limit must be a non-negative numeric");
    }
    if (!quotaPeriods.includes(quota.period)) {
      throw badRequest("Invalid Usage Plan quota period specified. Must be one of [DAY, WEEK, MONTH]");
    }
    checkOffset(quota.period, quota.offset);
  }
  for (const { keyId } of service.usagePlanKeys.by.plan.range(plan.id)) checkKeyOfPlan(service, plan, keyId);
}

function checkOffset(period: "DAY" | "WEEK" | "MONTH", offset: number): void {
  const last = { DAY: 0, WEEK: 6, MONTH: 27 }[period];
  if (offset >= 0 && offset <= last) return;
  if (period === "DAY") throw badRequest("Usage Plan quota offset must be zero in the DAY period");
  throw badRequest(`Usage Plan quota offset must be between 0 and ${last} in the ${period} period`);
}

/** @throws AwsError NotFoundException */
export function planOf(service: ApiGateway, { account, region }: Place, id: string | undefined): UsagePlanRow {
  const plan = service.usagePlans.get(id as string);
  if (plan === undefined || plan.account !== account || plan.region !== region) {
    throw notFound("Invalid Usage Plan ID specified");
  }
  return plan;
}

interface PlanKeyAddress {
  readonly usagePlanId: string | undefined;
  readonly keyId: string | undefined;
}

/** @throws AwsError NotFoundException */
export function planKeyOf(service: ApiGateway, place: Place, { usagePlanId, keyId }: PlanKeyAddress): UsagePlanKeyRow {
  const plan = planOf(service, place, usagePlanId);
  const row = service.usagePlanKeys.get(planKeyKey(plan.id, keyId as string));
  if (row === undefined) throw notFound("Invalid API Key identifier specified");
  return row;
}

function described({ id, value, name }: ApiKeyRow) {
  return { id, type: "API_KEY", value, name };
}
