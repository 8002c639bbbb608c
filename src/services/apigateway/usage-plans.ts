/** Usage plans. */

import {
  CreateUsagePlan$,
  type CreateUsagePlanCommand,
  DeleteUsagePlan$,
  type DeleteUsagePlanCommand,
  GetUsagePlan$,
  type GetUsagePlanCommand,
  GetUsagePlans$,
  type GetUsagePlansCommand,
  UpdateUsagePlan$,
  type UpdateUsagePlanCommand,
} from "@aws-sdk/client-api-gateway";
import { defined } from "../../apis/members.ts";
import { placeKey } from "../../calls/place.ts";
import type { UsagePlanRow } from "./account-tables.ts";
import { planKeyKey } from "./account-tables.ts";
import { operation } from "./apigateway.ts";
import type { PlanStageDefinition, QuotaDefinition } from "./definitions.ts";
import { badRequest, limitExceeded } from "./errors.ts";
import { pageOf } from "./pages.ts";
import { checkedTags, shownTags } from "./tag-checks.ts";
import { checkPlan, planOf } from "./usage-plan-keys.ts";
import { planPatches } from "./usage-plan-patches.ts";

const maxPlans = 300;

export const createUsagePlan = operation<CreateUsagePlanCommand>(CreateUsagePlan$, (input, context) => {
  const { service, account, region } = context;
  if (input.name === "") throw badRequest("Usage Plan name cannot be blank");
  const { throttle, quota } = input;
  const plan: UsagePlanRow = {
    account,
    region,
    id: service.newId("plans", 6),
    serial: service.nextSerial(),
    name: input.name as string,
    apiStages: (input.apiStages ?? []) as PlanStageDefinition[],
    ...defined({
      description: input.description || undefined,
      throttle: throttle && { burstLimit: throttle.burstLimit ?? 0, rateLimit: throttle.rateLimit ?? 0 },
      quota: quota && ({ ...quota, offset: quota.offset ?? 0 } as QuotaDefinition),
    }),
    tags: checkedTags({}, input.tags),
  };
  checkPlan(service, plan);
  if (service.usagePlans.by.place.size(placeKey(context)) >= maxPlans) {
    throw limitExceeded("usage plans for this account");
  }
  service.usagePlans.put(plan);
  return described(plan);
});

export const getUsagePlan = operation<GetUsagePlanCommand>(GetUsagePlan$, (input, context) =>
  described(planOf(context.service, context, input.usagePlanId)),
);

export const getUsagePlans = operation<GetUsagePlansCommand>(GetUsagePlans$, (input, context) => {
  const { service } = context;
  const { keyId } = input;
  const keep = (plan: UsagePlanRow) => keyId === undefined || service.usagePlanKeys.has(planKeyKey(plan.id, keyId));
  const { rows, position } = pageOf(service.usagePlans.by.place, placeKey(context), input, { keep });
  return { items: rows.map(described), position };
});

export const updateUsagePlan = operation<UpdateUsagePlanCommand>(UpdateUsagePlan$, (input, context) => {
  const { service } = context;
  const updated = planPatches.apply(planOf(service, context, input.usagePlanId), input.patchOperations);
  checkPlan(service, updated);
  service.usagePlans.put(updated);
  return { ...described(updated), tags: updated.tags };
});

export const deleteUsagePlan = operation<DeleteUsagePlanCommand>(DeleteUsagePlan$, (input, context) => {
  const { service } = context;
  const { id, apiStages } = planOf(service, context, input.usagePlanId);
  if (apiStages.length > 0) {
    const stages = apiStages.map(({ apiId, stage }) => `${apiId}:${stage}`).join(", ");
    throw badRequest(
      `Cannot delete Usage Plan ${id} because there are API Stages associated with it, including ${stages}`,
    );
  }
  for (const { keyId } of [...service.usagePlanKeys.by.plan.range(id)]) service.deletePlanKey(id, keyId);
  service.usagePlans.delete(id);
});

function described({ id, name, description, apiStages, throttle, quota, productCode, tags }: UsagePlanRow) {
  return { id, name, description, apiStages: [...apiStages], throttle, quota, productCode, tags: shownTags(tags) };
}
