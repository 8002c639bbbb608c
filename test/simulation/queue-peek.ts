/** What queues really hold: read from the store, which is only for tests. */
import { contentTable } from "../../src/services/sqs/contents.ts";
import { messageTable } from "../../src/services/sqs/tables.ts";
import type { ModelMessage } from "./queue-model.ts";
import type { World } from "./world.ts";

/** The messages of a queue in order, as they stand now; those past their retention may still be there. */
export function messagesIn(world: World, name: string): ModelMessage[] {
  const { store } = world.emulator;
  const now = world.now();
  const contents = store.packedTable(contentTable);
  const rows = [...store.table(messageTable).by.sent.range(world.arn("sqs", name))];
  rows.sort((a, b) => a.serial - b.serial);
  return rows.map(({ serial, group, sentMs, availableMs, delayed, received }) => {
    const untilMs = availableMs > now ? availableMs : 0;
    return {
      token: tokenOf(contents.get(serial)?.body ?? ""),
      group,
      sentMs,
      order: serial,
      untilMs,
      delayed: delayed && untilMs > 0,
      receives: received?.count ?? 0,
      receivesBefore: received?.countBefore ?? 0,
    };
  });
}

/** Of a queue's messages those whose places are not known yet, which then are: what they say, and their ids. */
export function newIn(world: World, name: string, known: Set<number>): { token: string; id: string }[] {
  const { store } = world.emulator;
  const contents = store.packedTable(contentTable);
  const found: { token: string; id: string }[] = [];
  for (const { serial } of store.table(messageTable).by.sent.range(world.arn("sqs", name))) {
    if (known.has(serial)) continue;
    known.add(serial);
    const { body = "", id = "" } = contents.get(serial) ?? {};
    found.push({ token: tokenOf(body), id });
  }
  return found;
}

interface Told {
  readonly Message?: string;
  readonly token?: string;
  readonly detail?: { readonly token: string };
  readonly "replay-name"?: string;
}

/** A body is the token itself, or tells it: an SNS notification, an event, a record, an input. */
export function tokenOf(body: string): string {
  if (!body.startsWith("{") && !body.startsWith("[")) return body.startsWith('"') ? JSON.parse(body) : body;
  const told = JSON.parse(body) as Told;
  const replay = told["replay-name"] === undefined ? "" : `${told["replay-name"]} `;
  return replay + (told.Message ?? told.token ?? told.detail?.token ?? body);
}
