/** Long payloads of history events are stored outside the heap, and once if they do not change. */
import { expect, it } from "vitest";
import { Store } from "../../../src/engine/store.ts";
import type { HistoryEvent } from "../../../src/services/stepfunctions/asl/history.ts";
import { eventsTable, eventTextTable } from "../../../src/services/stepfunctions/executions/event-tables.ts";
import { Histories } from "../../../src/services/stepfunctions/executions/histories.ts";

const entered = (id: number, input: string): HistoryEvent => ({
  id,
  previousEventId: id - 1,
  type: "PassStateEntered",
  timestampMs: 1,
  detailsKey: "stateEnteredEventDetails",
  details: { name: "A", input, inputDetails: { truncated: false } },
});

function opened() {
  const store = Store.memory();
  const histories = new Histories(store);
  const read = (reverse = false, withData = true) => [...histories.from("e", reverse ? 1e9 : 1, reverse, withData)];
  return { store, histories, read, texts: store.packedTable(eventTextTable), rows: store.table(eventsTable) };
}

it("a large payload that a loop carries along is stored once", () => {
  const { store, histories, read, texts, rows } = opened();
  const payload = JSON.stringify("x".repeat(100_000));
  const events = Array.from({ length: 1000 }, (_, at) => entered(at + 1, payload));
  for (let at = 0; at < events.length; at += 7) {
    store.transaction(() => histories.append("e", "0", events.slice(at, at + 7)));
  }
  expect(texts.size).toBe(1);
  expect([...rows.by.execution.range("e")].reduce((sum, { text }) => sum + text.length, 0)).toBeLessThan(300_000);
  expect(read()).toEqual(events);
  expect(read(true)).toEqual([...events].reverse());
  expect(read(false, false)[0]?.details?.["input"]).toBe("");
  store.transaction(() => histories.forget("e"));
  expect([texts.size, read()]).toEqual([0, []]);
});

it("executions do not share payloads, and an undone one is gone", () => {
  const { store, histories, read, texts } = opened();
  const payload = JSON.stringify("y".repeat(3000));
  const undone = () =>
    store.transaction(() => {
      histories.append("e", "0", [entered(1, payload)]);
      throw new Error("undone");
    });
  expect(undone).toThrow("undone");
  store.transaction(() => histories.append("f", "0", [entered(1, payload)]));
  store.transaction(() => histories.append("e", "0", [entered(1, payload)]));
  expect(texts.size).toBe(2);
  store.transaction(() => histories.forget("f"));
  expect(read()).toEqual([entered(1, payload)]);
});
