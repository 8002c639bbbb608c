/** Acknowledged data survives any crash: a process is killed again and again in the middle of its work. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Message, SQS } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type RunningCli, startCli, stopAll } from "../support/cli.ts";
import { http } from "../support/http.ts";

const kills = 20;
const senders = 16;
const deleters = 6;

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "busbar-durability-"));
});
afterAll(async () => {
  await stopAll();
  await rm(directory, { recursive: true, force: true });
});

/** What is known of each message by its body. */
class Ledger {
  readonly sent = new Set<string>();
  readonly deleted = new Set<string>();
  /** A delete was requested but not answered: the message may exist or not. */
  readonly inDoubt = new Set<string>();
  /** How many deletions were acknowledged. */
  deletions = 0;
  #next = 0;

  newBody(): string {
    this.#next += 1;
    return `message-${this.#next}`;
  }

  /** Acknowledged, and neither deleted nor unknown. */
  expected(): string[] {
    return [...this.sent].filter((body) => !this.deleted.has(body) && !this.inDoubt.has(body));
  }
}

function clientOf({ endpoint }: RunningCli): SQS {
  return new SQS({
    endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "000000000000", secretAccessKey: "x" },
    maxAttempts: 1,
  });
}

async function sendUntilDead(sqs: SQS, QueueUrl: string, ledger: Ledger, batch: boolean): Promise<void> {
  for (;;) {
    const bodies = Array.from({ length: batch ? 5 : 1 }, () => ledger.newBody());
    try {
      if (batch) {
        const Entries = bodies.map((MessageBody, index) => ({ Id: `e${index}`, MessageBody }));
        const { Successful = [] } = await sqs.sendMessageBatch({ QueueUrl, Entries });
        expect(Successful.length).toBe(5);
      } else {
        await sqs.sendMessage({ QueueUrl, MessageBody: bodies[0] });
      }
    } catch {
      return;
    }
    for (const body of bodies) ledger.sent.add(body);
  }
}

async function deleteUntilDead(sqs: SQS, QueueUrl: string, ledger: Ledger): Promise<void> {
  for (;;) {
    let messages: Message[];
    try {
      messages = (await sqs.receiveMessage({ QueueUrl, MaxNumberOfMessages: 10 })).Messages ?? [];
    } catch {
      return;
    }
    // Two thirds of them; the others are in flight when the process dies.
    for (const { Body, ReceiptHandle } of messages.filter((_, index) => index % 3 > 0)) {
      const body = Body as string;
      ledger.inDoubt.add(body);
      try {
        await sqs.deleteMessage({ QueueUrl, ReceiptHandle });
      } catch {
        return;
      }
      ledger.inDoubt.delete(body);
      ledger.deleted.add(body);
      ledger.deletions += 1;
    }
  }
}

/** Every message of the queue, in flight or not. */
async function drain(cli: RunningCli, sqs: SQS, QueueUrl: string): Promise<string[]> {
  const endVisibility = () =>
    http(`${cli.endpoint}/_busbar/clock`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ advance: "31s" }),
    });
  await endVisibility();
  const bodies: string[] = [];
  const receiver = async () => {
    for (;;) {
      const { Messages } = await sqs.receiveMessage({ QueueUrl, MaxNumberOfMessages: 10 });
      if (!Messages) return;
      bodies.push(...Messages.map(({ Body }) => Body as string));
    }
  };
  await Promise.all([receiver(), receiver(), receiver(), receiver()]);
  await endVisibility();
  return bodies;
}

it(`after ${kills} kills, every acknowledged message exists and no deleted one`, async () => {
  const ledger = new Ledger();
  const start = () => startCli(["--data-dir", directory]);
  let checked = 0;
  let unacknowledged = 0;
  let cli = await start();
  const { QueueUrl } = await clientOf(cli).createQueue({ QueueName: "durable" });
  const queueUrl = new URL(QueueUrl as string).pathname;
  for (let kill = 1; kill <= kills; kill++) {
    const sqs = clientOf(cli);
    const work = [
      ...Array.from({ length: senders }, (_, index) => sendUntilDead(sqs, queueUrl, ledger, index % 3 === 0)),
      ...Array.from({ length: deleters }, () => deleteUntilDead(sqs, queueUrl, ledger)),
    ];
    const { kill: end, ended } = cli;
    setTimeout(() => end("SIGKILL"), 50 + Math.random() * 500);
    await Promise.all(work);
    expect((await ended).signal).toBe("SIGKILL");
    sqs.destroy();

    cli = await start();
    const found = await drain(cli, clientOf(cli), queueUrl);
    const there = new Set(found);
    expect(there.size, "a message is there twice").toBe(found.length);
    const lost = ledger.expected().filter((body) => !there.has(body));
    const back = [...ledger.deleted].filter((body) => there.has(body));
    expect({ kill, lost, back }).toEqual({ kill, lost: [], back: [] });
    checked += ledger.expected().length;
    // The unknown ones are known now: those that are seen exist, the others are gone.
    for (const body of ledger.inDoubt) if (!there.has(body)) ledger.deleted.add(body);
    ledger.inDoubt.clear();
    for (const body of found) {
      if (ledger.sent.has(body)) continue;
      unacknowledged += 1;
      ledger.sent.add(body);
    }
    // So that checking all messages does not take longer with each kill.
    if (kill % 5 === 0) {
      await clientOf(cli).purgeQueue({ QueueUrl: queueUrl });
      for (const body of found) ledger.deleted.add(body);
    }
  }
  cli.kill("SIGTERM");
  expect((await cli.ended).code).toBe(0);
  expect(ledger.sent.size).toBeGreaterThan(kills);
  expect(ledger.deletions).toBeGreaterThan(0);
  console.log(
    `${kills} kills: ${ledger.sent.size} messages sent, ${ledger.deletions} deleted, ${checked} looked for and found; ` +
      `${unacknowledged} written though their answer never left; none lost, none back.`,
  );
});
