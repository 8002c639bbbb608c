/** What becomes of deliveries, for who wants to hear of it at once. */
import type { KeptDelivery } from "./types.ts";

export type DeliveryNews = Pick<
  KeptDelivery,
  "id" | "account" | "region" | "service" | "source" | "target" | "kind" | "status"
> & { readonly reason?: string | undefined };
