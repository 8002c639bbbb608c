/** Whole histories, event by event: types, ids, previous ids and details, as the API gives them, in both directions. */
import { GetExecutionHistoryCommand } from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectedEvent, historyOf, readHistoryCases } from "../../support/history-cases.ts";
import { outsideFor } from "../../support/history-outside.ts";

const cases = readHistoryCases(new URL("../../cases/histories.txt", import.meta.url));

describe.each(["memory", "disk"])("the history, in %s,", (backing) => {
  let outside: Awaited<ReturnType<typeof outsideFor>>;
  beforeAll(async () => {
    outside = await outsideFor({ durable: backing === "disk" });
  });
  afterAll(() => outside.close());

  it("exists for every machine", () => expect(cases).toHaveLength(91));

  it.each(cases.map((one) => [one.name, one] as const))("of %s", async (_name, one) => {
    const { events, executionArn } = await historyOf(one, outside);
    expect(events.map(({ timestamp: _time, ...event }) => event)).toEqual(one.events.map(expectedEvent));
    const times = events.map(({ timestamp }) => timestamp?.getTime() ?? Number.NaN);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    const listed = async (how: object) => {
      const command = new GetExecutionHistoryCommand({ executionArn, maxResults: 1000, ...how });
      return (await outside.states.client.send(command)).events ?? [];
    };
    expect(await listed({ reverseOrder: true })).toEqual([...events].reverse());
    const bare = await listed({ includeExecutionData: false });
    expect(bare.map(({ id, type }) => [id, type])).toEqual(events.map(({ id, type }) => [id, type]));
    expect(JSON.stringify(bare)).not.toMatch(/"(input|output|assignedVariables)(Details)?":/);
  });
});
