/** What queues really hold: read from the store, which only tests of a reload may do. */
import { contentTable } from "../../src/services/sqs/contents.ts";
import { messageTable } from "../../src/services/sqs/tables.ts";
import type { ModelMessage } from "./queue-model.ts";
import type { World } from "./world.ts";

/** The messages of each queue by its name, in order, as they stand now; those past their retention may still be there. */
export function queuesOf(world: World): Map<string, ModelMessage[]> {
  const { store } = world.emulator;
  const now = world.now();
  const contents = store.packedTable(contentTable);
  const queues = new Map<string, ModelMessage[]>();
  const rows = [...store.table(messageTable).values()].sort((a, b) => a.serial - b.serial);
  for (const { queue, serial, group, sentMs, availableMs, delayed, received } of rows) {
    const name = queue.slice(queue.lastIndexOf(":") + 1);
    const untilMs = availableMs > now ? availableMs : 0;
    const message: ModelMessage = {
      token: tokenOf(contents.get(serial)?.body ?? ""),
      group,
      sentMs,
      order: serial,
      untilMs,
      delayed: delayed && untilMs > 0,
      receives: received?.count ?? 0,
      receivesBefore: received?.countBefore ?? 0,
    };
    queues.set(name, [...(queues.get(name) ?? []), message]);
  }
  return queues;
}

/** A body is the token itself, or an SNS notification of it. */
export function tokenOf(body: string): string {
  return body.startsWith("{") ? (JSON.parse(body) as { Message: string }).Message : body;
}
