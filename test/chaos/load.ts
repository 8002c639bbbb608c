/** Clients at work until their server dies. */
import { randomBytes } from "node:crypto";
import type { Chance } from "../support/chance.ts";
import { http } from "../support/http.ts";
import { zipOf } from "../support/lambda.ts";
import { arnOf, type Clients, functionSettings, groups, queueUrl, scheduleOf } from "./clients.ts";
import type { Ledger } from "./ledger.ts";

type Work = (clients: Clients, ledger: Ledger, chance: Chance) => Promise<void>;

const text = (id: string, chance: Chance) => id.padEnd(chance.of([20, 200, 5000]), " ");

async function send({ sqs }: Clients, ledger: Ledger, chance: Chance): Promise<void> {
  const id = ledger.newId("plain");
  await sqs.sendMessage({
    QueueUrl: queueUrl("plain"),
    MessageBody: text(id, chance),
    DelaySeconds: chance.of([0, 0, 1]),
  });
  ledger.owe("plain", id);
}

async function sendBatch({ sqs }: Clients, ledger: Ledger, chance: Chance): Promise<void> {
  const ids = Array.from({ length: 10 }, () => ledger.newId("plain"));
  const Entries = ids.map((id, n) => ({ Id: `${n}`, MessageBody: text(id, chance) }));
  const { Successful = [] } = await sqs.sendMessageBatch({ QueueUrl: queueUrl("plain"), Entries });
  for (const { Id } of Successful) ledger.owe("plain", ids[Number(Id)] as string);
}

async function receiveAndDelete({ sqs }: Clients, ledger: Ledger): Promise<void> {
  const { Messages = [] } = await sqs.receiveMessage({ QueueUrl: queueUrl("plain"), MaxNumberOfMessages: 5 });
  for (const { Body = "", ReceiptHandle } of Messages) {
    const id = Body.trim();
    ledger.inDoubt.add(id);
    await sqs.deleteMessage({ QueueUrl: queueUrl("plain"), ReceiptHandle });
    ledger.inDoubt.delete(id);
    ledger.deleted.add(id);
    ledger.owed.get("plain")?.delete(id);
    ledger.count("deleted");
  }
}

async function publish({ sns }: Clients, ledger: Ledger): Promise<void> {
  const id = ledger.newId("news");
  await sns.publish({ TopicArn: arnOf("sns", "news"), Message: id });
  ledger.owe("news", id);
}

async function putEvents({ events }: Clients, ledger: Ledger): Promise<void> {
  const ids = Array.from({ length: 3 }, () => ledger.newId("events"));
  const Entries = ids.map((id) => ({ Source: "chaos", DetailType: "test", Detail: JSON.stringify({ id }) }));
  await events.putEvents({ Entries });
  for (const id of ids) ledger.owe("events", id);
}

async function putRecords({ kinesis }: Clients, ledger: Ledger, chance: Chance): Promise<void> {
  const ids = Array.from({ length: chance.of([1, 20]) }, () => ledger.newId("record"));
  const Records = ids.map((id) => ({ PartitionKey: id, Data: Buffer.from(text(id, chance)) }));
  await kinesis.putRecords({ StreamName: "stream", Records });
  for (const id of ids) ledger.records.add(id);
  ledger.count("records", ids.length);
}

async function pipe({ sqs }: Clients, ledger: Ledger): Promise<void> {
  const id = ledger.newId("piped");
  await sqs.sendMessage({ QueueUrl: queueUrl("piped-in"), MessageBody: id });
  ledger.owe("piped-out", id);
}

async function execute({ sfn }: Clients, ledger: Ledger): Promise<void> {
  const name = ledger.newId("execution");
  const input = JSON.stringify({ id: name });
  await sfn.startExecution({ stateMachineArn: arnOf("states", "stateMachine:machine"), name, input });
  ledger.executions.add(name);
  ledger.owe("effects", name);
}

async function schedule({ scheduler }: Clients, ledger: Ledger): Promise<void> {
  const id = ledger.newId("schedule");
  await scheduler.createSchedule(scheduleOf(id));
  ledger.owe("scheduled", id);
}

async function invoke({ lambda }: Clients, ledger: Ledger): Promise<void> {
  const id = ledger.newId("event");
  await lambda.invoke({ FunctionName: "echo", InvocationType: "Event", Payload: JSON.stringify({ id }) });
  ledger.owe("handled", id);
}

async function createFunction({ lambda }: Clients, ledger: Ledger, chance: Chance): Promise<void> {
  const FunctionName = ledger.newId("function");
  const ZipFile = await zipOf({ data: randomBytes(chance.of([1_000, 300_000, 2_000_000])) });
  const { CodeSha256 = "" } = await lambda.createFunction({ FunctionName, ...functionSettings, Code: { ZipFile } });
  ledger.functions.set(FunctionName, CodeSha256);
  ledger.count("functions");
}

async function deleteFunction({ lambda }: Clients, ledger: Ledger): Promise<void> {
  const [FunctionName] = ledger.functions.keys();
  if (FunctionName === undefined) return;
  // There or not, unless the answer comes.
  ledger.functions.delete(FunctionName);
  await lambda.deleteFunction({ FunctionName });
  ledger.goneFunctions.add(FunctionName);
}

async function post({ apis }: Clients, ledger: Ledger): Promise<void> {
  const { Items: [api] = [] } = await apis.getApis({});
  const { port } = (await apis.config.endpoint?.()) ?? {};
  const id = ledger.newId("post");
  const url = `http://localhost:${port}/_aws/execute-api/${api?.ApiId}/`;
  const { status, text } = await http(url, { method: "POST", body: id });
  if (status !== 200) throw new Error(`a post was answered with ${status}: ${text}`);
  ledger.owe("posted", id);
}

const works: readonly Work[] = [
  ...[send, send, sendBatch, receiveAndDelete, receiveAndDelete, publish, putEvents, putRecords, pipe],
  ...[execute, schedule, invoke, createFunction, deleteFunction, post],
];

/** One client that does one thing after the other. */
async function worker(clients: Clients, ledger: Ledger, chance: Chance): Promise<void> {
  for (;;) {
    try {
      await chance.of(works)(clients, ledger, chance);
      ledger.answers += 1;
    } catch (error) {
      if (isDead(error)) return;
      throw error;
    }
  }
}

/** One producer of a FIFO group: the next message goes when the one before was answered for. */
async function orderedWorker({ sqs }: Clients, ledger: Ledger, group: string): Promise<void> {
  for (;;) {
    const n = (ledger.lastSent.get(group) ?? 0) + 1;
    // The number is taken even when the answer does not come: then the message is there or not.
    ledger.lastSent.set(group, n);
    const id = `${group} ${n}`;
    try {
      await sqs.sendMessage({
        QueueUrl: queueUrl("ordered.fifo"),
        MessageBody: id,
        MessageGroupId: group,
        MessageDeduplicationId: id.replace(" ", "-"),
      });
    } catch (error) {
      if (isDead(error)) return;
      throw error;
    }
    ledger.owe("ordered.fifo", id);
  }
}

/**
 * The server was killed, as opposed to an answer that is an error. An answer whose head had come when its socket broke
 * has a status as well as the socket's code.
 */
function isDead(error: unknown): boolean {
  if (error instanceof TypeError && error.cause !== undefined) return isDead(error.cause);
  const { $metadata, code, name } = error as { $metadata?: { httpStatusCode?: number }; code?: string; name?: string };
  if (code !== undefined && /^E[A-Z]+$|^ERR_|^UND_/.test(code)) return true;
  if ($metadata?.httpStatusCode !== undefined) return false;
  return code !== undefined || name === "TimeoutError" || /socket|closed|aborted|GOAWAY|session/i.test(String(error));
}

/** Works until the server is dead. @throws what the server answered, had it not died. */
export async function workUntilDead(clients: Clients, ledger: Ledger, chance: Chance, workers: number): Promise<void> {
  await Promise.all([
    ...Array.from({ length: workers }, () => worker(clients, ledger, chance)),
    ...groups.map((group) => orderedWorker(clients, ledger, group)),
  ]);
}
