/** What queues really hold: read from the store, which only tests of a reload may do. */
import { contentTable } from "../../src/services/sqs/contents.ts";
import { messageTable } from "../../src/services/sqs/tables.ts";
import type { ModelMessage } from "./queue-model.ts";
import type { World } from "./world.ts";

/** The messages of each queue by its name, in order, as they stand now; those past their retention may still be there. */
export function queuesOf(world: World): Map<string, (ModelMessage & { readonly id: string })[]> {
  const { store } = world.emulator;
  const now = world.now();
  const contents = store.packedTable(contentTable);
  const queues = new Map<string, (ModelMessage & { readonly id: string })[]>();
  const rows = [...store.table(messageTable).values()].sort((a, b) => a.serial - b.serial);
  for (const { queue: arn, serial, group, sentMs, availableMs, delayed, received } of rows) {
    const name = arn.slice(arn.lastIndexOf(":") + 1);
    const untilMs = availableMs > now ? availableMs : 0;
    const content = contents.get(serial);
    const message = {
      id: content?.id ?? "",
      token: tokenOf(content?.body ?? ""),
      group,
      sentMs,
      order: serial,
      untilMs,
      delayed: delayed && untilMs > 0,
      receives: received?.count ?? 0,
      receivesBefore: received?.countBefore ?? 0,
    };
    const queue = queues.get(name);
    if (queue === undefined) queues.set(name, [message]);
    else queue.push(message);
  }
  return queues;
}

/** A body is the token itself, or tells it: an SNS notification, an event, a record, an input. */
export function tokenOf(body: string): string {
  if (!body.startsWith("{") && !body.startsWith("[")) return body.startsWith('"') ? JSON.parse(body) : body;
  const read = JSON.parse(body) as {
    Message?: string;
    token?: string;
    detail?: { token: string };
    "replay-name"?: string;
  };
  const replayed = read["replay-name"] === undefined ? "" : `${read["replay-name"]} `;
  return replayed + (read.Message ?? read.token ?? read.detail?.token ?? body);
}
