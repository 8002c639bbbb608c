/** The patch operations of UpdateUsagePlan. */
import { jsonObject } from "../../../protocols/unknown-json.ts";
import type { UsagePlanRow } from "./account-tables.ts";
import type { PlanStageDefinition, QuotaDefinition, ThrottleDefinition } from "./definitions.ts";
import { badRequest } from "./errors.ts";
import { type Apply, type Change, type Draft, decimalOf, integerOf, PatchTable, type Rule, rulesFor } from "./patch.ts";
import { quotaPeriods } from "./usage-plan-keys.ts";

type PlanDraft = Draft<UsagePlanRow>;

function stageNamed(draft: PlanDraft, name: string, change: Change): PlanStageDefinition {
  const found = draft.apiStages.find(({ apiId, stage }) => `${apiId}:${stage}` === name);
  if (found === undefined) {
    const [api, stage] = name.split(":");
    throw badRequest(`Invalid API Stage {api: ${api}, stage: ${stage}} specified for usageplan ${draft.id}`);
  }
  if (!change.path.startsWith("/apiStages/")) throw invalidPath(change);
  return found;
}

function putStage(draft: PlanDraft, stage: PlanStageDefinition): void {
  draft.apiStages = draft.apiStages.map((each) =>
    each.apiId === stage.apiId && each.stage === stage.stage ? stage : each,
  );
}

/** `/orders/GET` of `/orders/GET` and `orders/GET`. */
function throttleKey(text: string): string {
  return text.startsWith("/") ? text : `/${text}`;
}

function withLimit(throttle: ThrottleDefinition | undefined, name: string, { value, path }: Change) {
  const limit = name === "burstLimit" ? integerOf(value, path) : decimalOf(value, path);
  return { burstLimit: 0, rateLimit: 0, ...throttle, [name]: limit };
}

const setMethodLimit: Apply<UsagePlanRow> = (draft, change) => {
  const [name = "", method = "", limit = ""] = change.names;
  if (limit !== "burstLimit" && limit !== "rateLimit") throw invalidPath(change);
  const stage = stageNamed(draft, name, change);
  const key = throttleKey(method);
  const throttle = { ...stage.throttle, [key]: withLimit(stage.throttle?.[key], limit, change) };
  putStage(draft, { ...stage, throttle });
};

const setThrottles: Apply<UsagePlanRow> = (draft, change) => {
  const stage = stageNamed(draft, change.names[0] ?? "", change);
  const given = jsonObject(change.value);
  if (given === undefined) throw badRequest("Invalid throttle settings specified");
  const entries = Object.entries(given).map(([key, limits]) => {
    const { burstLimit = 0, rateLimit = 0 } = (limits ?? {}) as Readonly<Record<string, unknown>>;
    if (typeof burstLimit !== "number" || typeof rateLimit !== "number") {
      throw badRequest("Invalid throttle settings specified");
    }
    return [throttleKey(key), { burstLimit, rateLimit }] as const;
  });
  putStage(draft, { ...stage, throttle: Object.fromEntries(entries) });
};

function setQuota(draft: PlanDraft, change: Change): void {
  const [name = ""] = change.names;
  const quota: Partial<QuotaDefinition> = draft.quota ?? {};
  if (name === "period") {
    if (!quotaPeriods.includes(change.value)) {
      throw badRequest("Invalid Usage Plan quota period specified. Must be one of [DAY, WEEK, MONTH]");
    }
    draft.quota = { offset: 0, ...quota, period: change.value } as QuotaDefinition;
  } else if (name === "limit" || name === "offset") {
    draft.quota = { offset: 0, ...quota, [name]: integerOf(change.value, change.path) } as QuotaDefinition;
  } else throw invalidPath(change);
}

function setThrottle(draft: PlanDraft, change: Change): void {
  const [name = ""] = change.names;
  if (name !== "burstLimit" && name !== "rateLimit") throw invalidPath(change);
  draft.throttle = withLimit(draft.throttle, name, change);
}

/** The line break and the spelling are AWS's. */
function invalidPath({ op, path }: { readonly op: string; readonly path: string }) {
  return badRequest(
    `Invalid patch path  '${path}' specified for op '${op}'. \nMust be one of: [/apiStages, /quota, /throttle, /productCode, /apiStages/<apidId:stageName>/throttle/<resourcePath>/<httpMethod>, /apiStages/<apidId:stageName>/throttle]`,
  );
}

const rules = rulesFor<UsagePlanRow>();

const stages: Rule<UsagePlanRow>[] = [
  {
    path: "/apiStages",
    ops: {
      add: (draft, { value }) => {
        const [apiId = "", stage = ""] = value.split(":");
        if (draft.apiStages.some((each) => each.apiId === apiId && each.stage === stage)) return;
        draft.apiStages = [...draft.apiStages, { apiId, stage }];
      },
      remove: (draft, change) => {
        const gone = stageNamed(draft, change.value, { ...change, path: "/apiStages/" });
        draft.apiStages = draft.apiStages.filter((each) => each !== gone);
      },
    },
  },
  { path: "/apiStages/{stage}/throttle", ops: { add: setThrottles, replace: setThrottles, remove: removeThrottles } },
  {
    path: "/apiStages/{stage}/throttle/{method+}/{limit}",
    ops: { add: setMethodLimit, replace: setMethodLimit, remove: removeThrottle },
  },
];

function removeThrottles(draft: PlanDraft, change: Change): void {
  putStage(draft, { ...stageNamed(draft, change.names[0] ?? "", change), throttle: undefined });
}

function removeThrottle(draft: PlanDraft, change: Change): void {
  const [name = "", path = "", verb = ""] = change.names;
  const stage = stageNamed(draft, name, change);
  const key = throttleKey(`${path}/${verb}`);
  const left = Object.entries(stage.throttle ?? {}).filter(([each]) => each !== key);
  putStage(draft, { ...stage, throttle: left.length === 0 ? undefined : Object.fromEntries(left) });
}

export const planPatches = new PatchTable<UsagePlanRow>(
  [
    rules.text("name"),
    rules.text("description"),
    rules.text("productCode", ["add", "replace", "remove"]),
    ...stages,
    { path: "/quota/{name}", ops: { add: setQuota, replace: setQuota } },
    {
      path: "/quota",
      ops: {
        remove: (draft) => {
          draft.quota = undefined;
        },
      },
    },
    { path: "/throttle/{name}", ops: { add: setThrottle, replace: setThrottle } },
    {
      path: "/throttle",
      ops: {
        remove: (draft) => {
          draft.throttle = undefined;
        },
      },
    },
  ],
  { unknownPath: invalidPath, unknownOp: invalidPath },
);
