/** Announces what becomes of deliveries as it happens. */
import type { KeptDelivery } from "./types.ts";

export type DeliveryNews = Pick<
  KeptDelivery,
  "id" | "account" | "region" | "service" | "source" | "target" | "kind" | "status"
> & { readonly reason?: string | undefined };
