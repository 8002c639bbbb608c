/** Lambda: how long functions take to begin and to answer through the SDK, beside a handler in process. */
import { execFileSync } from "node:child_process";
import { CreateFunctionCommand, InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { ZipFile } from "yazl";
import { createBusbar } from "../dist/index.js";

const coldStarts = 10;
const warmInvocations = 1000;
const role = "arn:aws:iam::000000000000:role/bench";
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const ms = (value) => `${value.toFixed(2)} ms`;
const code = `export const handler = async (event) => (event.pid ? process.pid : { hello: event.name });`;

async function zipOf(text) {
  const zip = new ZipFile();
  zip.addBuffer(Buffer.from(text), "index.mjs");
  zip.end();
  const chunks = [];
  for await (const chunk of zip.outputStream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Megabytes a process holds that it shares with nobody, or all it holds where the system does not tell. */
function megabytesOf(pid) {
  return Number(execFileSync("ps", ["-o", "rss=", "-p", String(pid)]).toString()) / 1024;
}

export async function bench() {
  const bus = await createBusbar();
  const client = new LambdaClient({ ...bus.clientConfig(), maxAttempts: 1 });
  const invoke = async (FunctionName, event) => {
    const began = performance.now();
    const { Payload } = await client.send(new InvokeCommand({ FunctionName, Payload: JSON.stringify(event) }));
    return { took: performance.now() - began, value: JSON.parse(Payload.transformToString()) };
  };
  try {
    const ZipFileBytes = await zipOf(code);
    const cold = [];
    for (let i = 0; i < coldStarts; i++) {
      const base = { Runtime: "nodejs20.x", Handler: "index.handler", Role: role };
      await client.send(
        new CreateFunctionCommand({ ...base, FunctionName: `f-${i}`, Code: { ZipFile: ZipFileBytes } }),
      );
      cold.push((await invoke(`f-${i}`, { name: "cold" })).took);
    }
    bus.registerFunction("in-process", async (event) => ({ hello: event.name }));
    const rounds = async (name) => {
      const took = [];
      for (let i = 0; i < warmInvocations; i++) took.push((await invoke(name, { name: "warm" })).took);
      return median(took.slice(100));
    };
    const [warm, inProcess] = [await rounds("f-0"), await rounds("in-process")];
    const { value: pid } = await invoke("f-0", { pid: true });
    return [
      ["cold start of a Node function, median", ms(median(cold))],
      ["warm invocation through the SDK, median", ms(warm)],
      ["the same of a handler in process, median", ms(inProcess)],
      ["what the process adds to that", ms(warm - inProcess)],
      ["memory of an idle process", `${Math.round(megabytesOf(pid))} MB`],
    ];
  } finally {
    client.destroy();
    await bus.close();
  }
}
