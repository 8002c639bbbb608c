/** Whether a receive gave what it had to. */
import { isDeepStrictEqual } from "node:util";
import type { Message } from "@aws-sdk/client-sqs";
import type { QueueModel } from "./queue-model.ts";
import { tokenOf } from "./queue-peek.ts";
import { Violation } from "./world.ts";

/** Nothing but what may be given, in order, and as much as there is. */
export function checkGiven(queue: QueueModel, messages: readonly Message[], max: number): void {
  const given = messages.map(({ Body }) => tokenOf(Body as string));
  const { name } = queue.settings;
  if (!queue.fifo) {
    const wanted = queue.next(max).map(({ token }) => token);
    if (!isDeepStrictEqual(given, wanted))
      throw new Violation("a receive gives other messages", { name, given, wanted });
  } else {
    const able = queue.receivable();
    if (given.length !== Math.min(max, able.length)) {
      throw new Violation("a receive gives too few or too many", {
        name,
        given,
        able: able.map(({ token }) => token),
      });
    }
    for (const group of new Set(able.map((message) => message.group))) {
      const wanted = able.filter((message) => message.group === group).map(({ token }) => token);
      const got = given.filter((token) => wanted.includes(token));
      if (!isDeepStrictEqual(got, wanted.slice(0, got.length))) {
        throw new Violation("a group's order is broken", { name, group, got, wanted });
      }
    }
  }
  for (const { Body, Attributes } of messages) {
    const receives = Number(Attributes?.ApproximateReceiveCount);
    const known = queue.find(tokenOf(Body as string))?.receives ?? Number.NaN;
    if (receives !== known + 1) throw new Violation("a receive count is wrong", { Body, receives, known });
  }
}
