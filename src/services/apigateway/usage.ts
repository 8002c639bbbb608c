/** GetUsage and UpdateUsage. */
import { GetUsage$, type GetUsageCommand, UpdateUsage$, type UpdateUsageCommand } from "@aws-sdk/client-api-gateway";
import { dayMs } from "../../engine/duration.ts";
import { planKeyKey, type UsagePlanRow } from "./account-tables.ts";
import { type ApiGateway, operation } from "./apigateway.ts";
import { badRequest } from "./errors.ts";
import { pageOf } from "./pages.ts";
import { integerOf, listedErrors, PatchTable } from "./patch.ts";
import { dayOf, keptDays } from "./quotas.ts";
import { planKeyOf, planOf } from "./usage-plan-keys.ts";

export const getUsage = operation<GetUsageCommand>(GetUsage$, (input, context) => {
  const { service } = context;
  const plan = planOf(service, context, input.usagePlanId);
  const [startMs, endMs] = [timeOf(input.startDate), timeOf(input.endDate)];
  if (startMs > endMs) throw badRequest("Invalid date range specified: the start date is after the end date");
  if (endMs - startMs > keptDays * dayMs) throw badRequest(`Usage of at most ${keptDays} days can be asked for`);
  const { keyId } = input;
  const { rows, position } = pageOf(service.usagePlanKeys.by.plan, plan.id, input, {
    keep: (row) => keyId === undefined || row.keyId === keyId,
  });
  const items = rows.map((row) => [row.keyId, usageOf(service, plan, row.keyId, startMs, endMs)] as const);
  return { ...usageFrame(plan, dayOf(startMs), dayOf(endMs)), items: Object.fromEntries(items), position };
});

export const updateUsage = operation<UpdateUsageCommand>(UpdateUsage$, (input, context) => {
  const { service } = context;
  const plan = planOf(service, context, input.usagePlanId);
  const { keyId } = planKeyOf(service, context, input);
  const { remaining } = patches.apply({ remaining: undefined }, input.patchOperations);
  if (remaining !== undefined) service.quotas.setRemaining(plan, keyId, remaining);
  const today = dayOf(service.now);
  const usage = usageOf(service, plan, keyId, service.now, service.now);
  return { ...usageFrame(plan, today, today), items: { [keyId]: usage } };
});

interface Remaining {
  readonly remaining: number | undefined;
}

const patches = new PatchTable<Remaining>(
  [
    {
      path: "/remaining",
      ops: {
        replace: (draft, { value, path }) => {
          draft.remaining = integerOf(value, path);
        },
      },
    },
  ],
  listedErrors("/remaining"),
);

function usageFrame({ id }: UsagePlanRow, startDate: string, endDate: string) {
  return { usagePlanId: id, startDate, endDate };
}

/** Used and remaining requests for each day, first and last included. */
function usageOf(service: ApiGateway, plan: UsagePlanRow, keyId: string, startMs: number, endMs: number): number[][] {
  const days: number[][] = [];
  let remaining = plan.quota?.limit ?? 0;
  for (let ms = startMs; ms <= endMs; ms += dayMs) {
    const row = service.usage.get(`${planKeyKey(plan.id, keyId)} ${dayOf(ms)}`);
    remaining = row?.remaining ?? remaining;
    days.push([row?.used ?? 0, remaining]);
  }
  return days;
}

/** @throws AwsError BadRequestException for what is no day, the 30th of February either. */
function timeOf(date: string | undefined): number {
  const ms = /^\d{4}-\d\d-\d\d$/.test(date ?? "") ? Date.parse(`${date}T00:00:00Z`) : Number.NaN;
  if (Number.isNaN(ms) || dayOf(ms) !== date) {
    throw badRequest(`Invalid date specified: ${date}. Dates must have the form YYYY-MM-DD`);
  }
  return ms;
}
