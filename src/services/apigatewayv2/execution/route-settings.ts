/** What a stage sets for each of its routes. */
import type { Rate } from "../../../apis/throttle.ts";
import type { StageRow } from "../tables.ts";

/** The settings of a route on a stage: its own override the stage's defaults. */
export function routeSettings({ value }: StageRow, routeKey: string) {
  return { ...value.DefaultRouteSettings, ...value.RouteSettings?.[routeKey] };
}

/** A route's throttle, and the key of its bucket: routes without limits of their own share the stage's. */
export function routeThrottle(stage: StageRow, routeKey: string): (Rate & { readonly key: string }) | undefined {
  const { DefaultRouteSettings: ofStage, RouteSettings } = stage.value;
  const own = RouteSettings?.[routeKey];
  const rate = own?.ThrottlingRateLimit ?? ofStage?.ThrottlingRateLimit;
  const burst = own?.ThrottlingBurstLimit ?? ofStage?.ThrottlingBurstLimit;
  if (rate === undefined && burst === undefined) return undefined;
  const hasOwn = own?.ThrottlingRateLimit !== undefined || own?.ThrottlingBurstLimit !== undefined;
  return {
    key: `${stage.apiId} ${stage.name} ${hasOwn ? routeKey : ""}`,
    rate: rate ?? Number.POSITIVE_INFINITY,
    burst: burst ?? Math.max(1, rate ?? 0),
  };
}
