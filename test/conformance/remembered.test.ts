/** What is remembered over a reset and over a restart. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EventBridge } from "@aws-sdk/client-eventbridge";
import { SQS } from "@aws-sdk/client-sqs";
import { expect, it } from "vitest";
import { createBusbar } from "../../src/index.ts";

it("a reset of an account removes its requests and no others", async () => {
  const bus = await createBusbar({ port: false });
  const ask = (account: string) => new SQS(bus.clientConfig({ account })).listQueues({});
  await ask("111122223333");
  await ask("444455556666");
  await ask("111122223333");
  await bus.reset("111122223333");
  expect(bus.requests().map(({ account }) => account)).toEqual(["444455556666"]);
  await bus.reset();
  expect(bus.requests()).toEqual([]);
  await bus.close();
});

it("the default bus was created with the data directory, whichever process shows it", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "busbar-test-"));
  const created: (Date | undefined)[] = [];
  for (let run = 0; run < 2; run += 1) {
    const bus = await createBusbar({ port: false, clock: "virtual", dataDir });
    const events = new EventBridge(bus.clientConfig());
    created.push((await events.describeEventBus({})).CreationTime);
    created.push((await events.listEventBuses({})).EventBuses?.[0]?.CreationTime);
    await bus.clock.advance("1h");
    if (run === 0) await bus.reset();
    await bus.close();
  }
  expect(new Set(created.map((time) => time?.getTime())).size).toBe(1);
  await rm(dataDir, { recursive: true });
});
