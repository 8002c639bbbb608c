/** The outbox: deliveries that are pending, and those that failed. */
import { defineTable } from "../engine/table.ts";
import type { KeptAttempt, KeptDelivery, Order, Receiver, Shared, Way } from "./types.ts";

export interface DeliveryRow {
  readonly id: string;
  readonly account: string;
  /** Order of arrival. */
  readonly serial: number;
  readonly status: "pending" | "failed";
  readonly request: Omit<Order, "payload"> & Way;
  /** The row that holds the payload; undefined once the delivery failed and only the preview is left. */
  readonly payloadId: string | undefined;
  readonly preview: string | undefined;
  /** The text of its cause. */
  readonly cause: string;
  readonly acceptedMs: number;
  readonly nextMs: number;
  /** An earlier delivery with the same order key is unfinished. */
  readonly blocked: boolean;
  readonly attemptCount: number;
  readonly attempts: readonly KeptAttempt[];
  readonly deadLetter: KeptDelivery["deadLetter"];
}

/**
 * Key of deliveries that share a concurrency limit: those to one target, and with a rate limit those from one source.
 */
export function laneOf({ kind, target, source, retry }: DeliveryRow["request"]): string {
  return retry.maxPerSecond === undefined ? `${kind} ${target}` : `${kind} ${target} ${retry.rateKey ?? source}`;
}

/** Key of deliveries that keep their order. */
export function orderOf({ source, orderKey }: Pick<Order, "source" | "orderKey">): string | undefined {
  return orderKey === undefined ? undefined : `${source}\n${orderKey}`;
}

/** Keys sort in order of arrival, so that of those due at the same time the oldest goes first. */
export function deliveryKey({ serial }: Pick<DeliveryRow, "serial">): string {
  return String(serial).padStart(16, "0");
}

export const deliveryTable = defineTable<DeliveryRow>()({
  name: "delivery.outbox",
  key: deliveryKey,
  account: (row) => row.account,
  indexes: {
    lane: {
      group: (row) => (row.status === "pending" && !row.blocked ? laneOf(row.request) : undefined),
      order: (row) => row.nextMs,
    },
    order: {
      group: (row) => (row.status === "pending" ? orderOf(row.request) : undefined),
      order: (row) => row.serial,
    },
    status: { group: (row) => row.status, order: (row) => row.serial },
    payload: { group: (row) => row.payloadId, order: (row) => row.serial },
  },
});

/** A payload, stored once for all deliveries that carry it. */
export interface PayloadRow {
  readonly id: string;
  readonly account: string;
  readonly text: string;
}

export const payloadTable = defineTable<PayloadRow>()({
  name: "delivery.payloads",
  key: (row) => row.id,
  account: (row) => row.account,
  indexes: {},
});

/** A large fan-out with parts still to be attempted. */
export interface FanOutRow {
  readonly serial: number;
  readonly account: string;
  readonly shared: Shared;
  /** The text of its cause. */
  readonly cause: string | undefined;
}

export const fanOutTable = defineTable<FanOutRow>()({
  name: "delivery.fanOuts",
  key: (row) => row.serial,
  account: (row) => row.account,
  indexes: {},
});

/** A part of a fan-out, whose deliveries are attempted together. */
export interface FanOutPartRow {
  readonly serial: number;
  readonly account: string;
  /** Serial of the fan-out. */
  readonly fanOut: number;
  readonly receivers: readonly Receiver[];
}

export const fanOutPartTable = defineTable<FanOutPartRow>()({
  name: "delivery.fanOutParts",
  key: (row) => row.serial,
  account: (row) => row.account,
  indexes: { fanOut: { group: (row) => String(row.fanOut), order: (row) => row.serial } },
});
