/**
 * Uploads of a function, records and events as large as they may be (or a share of it), one after the other of each kind,
 * until the server ends: a process of its own, since to make them takes time. Prints a line once each kind was answered.
 *
 * node large-requests.mjs <endpoint> <share>
 */
import { randomBytes } from "node:crypto";
import { ZipFile } from "yazl";

const [endpoint, shareText] = process.argv.slice(2);
const share = Number(shareText);

async function zipOf(name, content) {
  const zip = new ZipFile();
  zip.addBuffer(content, name, { compress: false });
  zip.end();
  const chunks = [];
  for await (const chunk of zip.outputStream) chunks.push(chunk);
  return Buffer.concat(chunks).toString("base64");
}

/** A sender of one request again and again; `name` in the body becomes another one each time. */
function sender(service, path, headers, body) {
  const scope = `AKIAEXAMPLE/20260101/us-east-1/${service}/aws4_request`;
  const authorization = `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=${"0".repeat(64)}`;
  let sent = 0;
  return async () => {
    const answer = await fetch(endpoint + path, {
      method: "POST",
      headers: { authorization, ...headers },
      body: body.replace("{name}", `large-${sent++}`),
    });
    if (!answer.ok) throw new Error(`${path} was answered with ${answer.status}: ${await answer.text()}`);
    await answer.arrayBuffer();
  };
}

const kinesis = (operation, body) =>
  sender(
    "kinesis",
    "/",
    { "x-amz-target": `Kinesis_20131202.${operation}`, "content-type": "application/x-amz-json-1.1" },
    body,
  );
const lambda = (path, body) => sender("lambda", path, { "content-type": "application/json" }, body);

const functions = "/2015-03-31/functions";
const settings = `"Runtime":"nodejs20.x","Handler":"index.handler","Role":"arn:aws:iam::000000000000:role/any"`;
const functionOf = (name, zip) => `{"FunctionName":"${name}",${settings},"Code":{"ZipFile":"${zip}"}}`;
const code = Buffer.from("export const handler = (event) => event.length;");
const record = `{"PartitionKey":"k","Data":"${randomBytes(990_000 * share).toString("base64")}"}`;

await kinesis("CreateStream", '{"StreamName":"large","ShardCount":10}')();
await lambda(functions, functionOf("length", await zipOf("index.mjs", code)))();
const kinds = [
  kinesis("PutRecords", `{"StreamName":"large","Records":[${Array(10).fill(record).join()}]}`),
  lambda(`${functions}/length/invocations`, `[${"1,".repeat(3_000_000 * share)}1]`),
  lambda(functions, functionOf("{name}", await zipOf("data", randomBytes(45e6 * share)))),
];
for (const send of kinds) await send();
console.log("under way");
await Promise.race(
  kinds.map(async (send) => {
    for (;;) await send();
  }),
).catch((error) => {
  // The server was stopped.
  if (!(error instanceof TypeError)) throw error;
});
process.exit();
