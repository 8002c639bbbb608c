import { defineTable } from "../../../src/engine/table.ts";

/** How many of the latest transactions leave their rows in the tables. */
export const WINDOW = 40;

/** Each transaction n puts one row here and one in `right`, and deletes those of n - WINDOW. */
export const left = defineTable<{ id: string; n: number; serial: number }>()({
  name: "left",
  key: (row) => row.id,
  account: () => "1",
  indexes: { n: { group: () => "all", order: (row) => row.n } },
});

export const right = defineTable<{ id: string; n: number; filler: string }>()({
  name: "right",
  key: (row) => row.id,
  account: () => "1",
  indexes: { n: { group: () => "all", order: (row) => row.n } },
});
