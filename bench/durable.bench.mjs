/** A data directory with much in it: how long a start takes, what it holds in memory, and whom a reset or a purge keeps waiting. */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { awsJson, drive } from "./lib/load.mjs";
import { residentMiB, startBusbar } from "./lib/servers.mjs";

/** Two gigabytes. */
const messages = 2_000_000;
const length = 1000;
const purged = 1_000_000;
const queueUrl = (name) => `http://localhost:4566/000000000000/${name}`;

/** Asks on one connection, whose answers are JSON. */
async function call(server, operation, input) {
  let answer;
  await drive({
    port: server.port,
    count: 1,
    connections: 1,
    request: () => awsJson(`AmazonSQS.${operation}`, input),
    onAnswer: (bytes) => {
      answer = bytes.length > 0 ? JSON.parse(bytes.toString()) : {};
    },
  });
  return answer;
}

/** Sends messages no two of which are equal; answers messages a second. */
async function fill(server, queue, count) {
  const noise = randomBytes(length * 64).toString("base64");
  let at = 0;
  const entry = (_, i) => {
    at = (at + 37) % (noise.length - length);
    return { Id: `e${i}`, MessageBody: noise.slice(at, at + length) };
  };
  const request = () =>
    awsJson("AmazonSQS.SendMessageBatch", {
      QueueUrl: queueUrl(queue),
      Entries: Array.from({ length: 10 }, entry),
    });
  return (await drive({ port: server.port, count: count / 10, connections: 16, request })).perSecond * 10;
}

/** The longest that one SendMessage after the other of another client took while `work` went on, and how long that took. */
async function whileOthersSend(server, work) {
  let going = true;
  let longestMs = 0;
  const others = (async () => {
    while (going) {
      const at = performance.now();
      await call(server, "SendMessage", { QueueUrl: queueUrl("others"), MessageBody: "hello" }).catch(() => {});
      longestMs = Math.max(longestMs, performance.now() - at);
    }
  })();
  const at = performance.now();
  await work();
  const tookMs = performance.now() - at;
  // What is left to do behind the answer counts as well.
  await new Promise((resolve) => setTimeout(resolve, 3000));
  going = false;
  await others;
  return { longestMs, tookMs };
}

export async function bench() {
  const directory = await mkdtemp(join(tmpdir(), "busbar-bench-"));
  const rows = [];
  const start = () => startBusbar({ args: ["--data-dir", directory] });
  try {
    let server = await start();
    for (const name of ["many", "others"]) await call(server, "CreateQueue", { QueueName: name });
    const rate = await fill(server, "many", messages);
    rows.push([
      `SendMessageBatch, ${messages / 1e6} million of 1 KB`,
      `${Math.round(rate).toLocaleString("en-US")} messages/s`,
    ]);
    const before = await residentMiB(server.pid);
    await server.stop();
    server = await start();
    rows.push(["start with them", `${(server.startedMs / 1000).toFixed(1)} s`]);
    const after = await residentMiB(server.pid);
    rows.push([
      "resident memory before and after",
      `${before.toFixed(0)} and ${after.toFixed(0)} MiB`,
      (after / before).toFixed(2),
    ]);
    const reset = await whileOthersSend(server, () =>
      fetch(`http://127.0.0.1:${server.port}/_busbar/reset`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: "{}",
      }),
    );
    rows.push([
      "reset of all, and the longest wait of another client",
      `${reset.tookMs.toFixed(0)} and ${reset.longestMs.toFixed(0)} ms`,
    ]);
    for (const name of ["many", "others"]) await call(server, "CreateQueue", { QueueName: name });
    await fill(server, "many", purged);
    const purge = await whileOthersSend(server, () => call(server, "PurgeQueue", { QueueUrl: queueUrl("many") }));
    rows.push([
      `purge of ${purged / 1e6} million, likewise`,
      `${purge.tookMs.toFixed(0)} and ${purge.longestMs.toFixed(0)} ms`,
    ]);
    await server.stop();
    return rows;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
