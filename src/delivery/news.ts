/** What becomes of deliveries, for who wants to hear of it at once. */
import type { DeliveryRecord } from "./types.ts";

export type DeliveryNews = Pick<
  DeliveryRecord,
  "id" | "account" | "region" | "service" | "source" | "target" | "kind" | "status"
> & { readonly reason?: string | undefined };
