/** What must be true after each restart. */
import { http } from "../support/http.ts";
import { arnOf, type Clients, type QueueName, queues, queueUrl } from "./clients.ts";
import type { Ledger } from "./ledger.ts";

/** How long what is owed may take on a machine that has much to do. */
const patienceMs = 120_000;

/** A promise that was broken. */
class Broken extends Error {
  override readonly name = "Broken";
}

/** Waits until everything that was answered for has come to pass. @throws Broken */
export async function check(endpoint: string, clients: Clients, ledger: Ledger): Promise<void> {
  const until = performance.now() + patienceMs;
  const outputs = queues.filter((name) => name !== "piped-in");
  await Promise.all([
    ...outputs.map((queue) => collect(clients, ledger, queue, until)),
    readStream(clients, ledger),
    endExecutions(clients, ledger, until),
    checkFunctions(clients, ledger),
  ]);
  await checkDeliveries(endpoint);
  await checkUploads(endpoint);
}

/** Takes everything out of a queue until nothing is owed there. */
async function collect({ sqs }: Clients, ledger: Ledger, queue: QueueName, until: number): Promise<void> {
  const owed = ledger.owed.get(queue) ?? new Set();
  if (queue === "plain") for (const id of ledger.inDoubt) owed.delete(id);
  let isEmpty = false;
  while (owed.size > 0 || !isEmpty) {
    if (performance.now() > until) throw new Broken(`${queue} owes ${owed.size} messages: ${[...owed].slice(0, 10)}`);
    const QueueUrl = queueUrl(queue);
    const { Messages = [] } = await sqs.receiveMessage({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 0 });
    isEmpty = Messages.length === 0;
    if (isEmpty && owed.size > 0) await pause();
    if (isEmpty) continue;
    for (const { Body = "" } of Messages) found(ledger, queue, owed, idOf(Body));
    const Entries = Messages.map(({ ReceiptHandle }, n) => ({ Id: `${n}`, ReceiptHandle }));
    await sqs.deleteMessageBatch({ QueueUrl, Entries });
  }
  if (queue === "plain") ledger.inDoubt.clear();
}

/** EventBridge sends a text as JSON, and Lambda an object. */
function idOf(body: string): string {
  if (body.startsWith("{")) return (JSON.parse(body) as { responsePayload: string }).responsePayload;
  return (body.startsWith('"') ? (JSON.parse(body) as string) : body).trim();
}

function found(ledger: Ledger, queue: QueueName, owed: Set<string>, id: string): void {
  if (ledger.deleted.has(id)) throw new Broken(`${queue} gave out ${id}, which was deleted`);
  if (!owed.delete(id)) ledger.count("never answered for, or given out again");
  if (queue === "plain") ledger.deleted.add(id);
  ledger.count("received");
  if (queue !== "ordered.fifo") return;
  const [group, n] = id.split(" ") as [string, string];
  const last = ledger.lastReceived.get(group) ?? 0;
  // One that was received and not deleted when its process ended may come again, but never behind a later one.
  if (Number(n) < last) throw new Broken(`group ${group} gave out ${n} after ${last}`);
  ledger.lastReceived.set(group, Number(n));
}

/** Reads on where the last check ended: every record that was answered for is there, in the order of sequence numbers. */
async function readStream({ kinesis }: Clients, ledger: Ledger): Promise<void> {
  const StreamName = "stream";
  const { Shards = [] } = await kinesis.listShards({ StreamName });
  for (const { ShardId = "" } of Shards) {
    const last = ledger.sequences.get(ShardId);
    const from =
      last === undefined
        ? { ShardIteratorType: "TRIM_HORIZON" as const }
        : { ShardIteratorType: "AFTER_SEQUENCE_NUMBER" as const, StartingSequenceNumber: last };
    let { ShardIterator } = await kinesis.getShardIterator({ StreamName, ShardId, ...from });
    for (;;) {
      const { Records = [], NextShardIterator } = await kinesis.getRecords({ ShardIterator });
      for (const { Data, SequenceNumber = "" } of Records) {
        const before = ledger.sequences.get(ShardId);
        if (before !== undefined && BigInt(SequenceNumber) <= BigInt(before)) {
          throw new Broken(`${ShardId} gave out ${SequenceNumber} after ${before}`);
        }
        ledger.sequences.set(ShardId, SequenceNumber);
        ledger.records.delete(
          Buffer.from(Data ?? [])
            .toString()
            .trim(),
        );
      }
      if (Records.length === 0) break;
      ShardIterator = NextShardIterator;
    }
  }
  const lost = [...ledger.records].slice(0, 10);
  if (lost.length > 0) throw new Broken(`${ledger.records.size} records are lost: ${lost}`);
}

/** Every execution ends, with a history that begins, ends and has no gap. */
async function endExecutions({ sfn }: Clients, ledger: Ledger, until: number): Promise<void> {
  for (const name of ledger.executions) {
    const executionArn = arnOf("states", `execution:machine:${name}`);
    for (;;) {
      const { status } = await sfn.describeExecution({ executionArn });
      if (status === "SUCCEEDED") break;
      if (status !== "RUNNING") throw new Broken(`${name} is ${status}`);
      if (performance.now() > until) throw new Broken(`${name} does not end`);
      await pause();
    }
    const { events = [] } = await sfn.getExecutionHistory({ executionArn, maxResults: 1000 });
    const [first, last] = [events[0]?.type, events.at(-1)?.type];
    const gaps = events.filter(({ id }, n) => id !== n + 1);
    if (first !== "ExecutionStarted" || last !== "ExecutionSucceeded" || gaps.length > 0) {
      throw new Broken(`${name} has a history from ${first} to ${last} with ${gaps.length} gaps`);
    }
    ledger.executions.delete(name);
    ledger.count("ended executions");
  }
}

/** Every function is there with its code, and goes then; none is there that was deleted. */
async function checkFunctions({ lambda }: Clients, ledger: Ledger): Promise<void> {
  const found = new Map<string, string>();
  for (let Marker: string | undefined; ; ) {
    const page = await lambda.listFunctions({ Marker });
    for (const { FunctionName = "", CodeSha256 = "" } of page.Functions ?? []) found.set(FunctionName, CodeSha256);
    Marker = page.NextMarker;
    if (Marker === undefined) break;
  }
  for (const [name, digest] of ledger.functions) {
    if (found.get(name) !== digest) throw new Broken(`${name} has the code ${found.get(name)} instead of ${digest}`);
  }
  for (const name of ledger.goneFunctions) if (found.has(name)) throw new Broken(`${name} is there and was deleted`);
  found.delete("echo");
  for (const FunctionName of found.keys()) await lambda.deleteFunction({ FunctionName });
  ledger.functions.clear();
  ledger.goneFunctions.clear();
}

/** Nothing is left of code whose function was never created. */
async function checkUploads(endpoint: string): Promise<void> {
  const { text } = await http(`${endpoint}/_busbar/state`);
  const left = (JSON.parse(text) as { tables: Record<string, number> }).tables["lambda.uploads"];
  if (left !== 0) throw new Broken(`${left} uploads are left`);
}

/** What was pushed has come to an end, or has a time for its next attempt. */
async function checkDeliveries(endpoint: string): Promise<void> {
  const { text } = await http(`${endpoint}/_busbar/deliveries?limit=100000`);
  const { deliveries } = JSON.parse(text) as { deliveries: { id: string; status: string; nextAttemptAt?: string }[] };
  for (const { id, status, nextAttemptAt } of deliveries) {
    if (status === "pending" && nextAttemptAt === undefined) throw new Broken(`the delivery ${id} waits for nothing`);
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 100));
}
