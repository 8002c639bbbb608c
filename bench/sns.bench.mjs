/** SNS: Publish to ten queues, counted where it arrives; many filter policies of which one matches. */
import { awsJson, awsQuery, drive } from "./lib/load.mjs";
import { startBare, startBusbar } from "./lib/servers.mjs";

const rounds = 5;
const message = "x".repeat(200);
const account = "000000000000";
const topicArn = (name) => `arn:aws:sns:us-east-1:${account}:${name}`;
const queueArn = (name) => `arn:aws:sqs:us-east-1:${account}:${name}`;
const queueUrl = (name) => `http://localhost:4566/${account}/${name}`;
const rate = (perSecond) => `${Math.round(perSecond).toLocaleString("en-US")}/s`;
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

async function call(server, request) {
  let answer = "";
  await drive({
    port: server.port,
    count: 1,
    connections: 1,
    request: () => request,
    onAnswer: (bytes) => {
      answer = bytes.toString();
    },
  });
  return answer;
}

const sns = (server, Action, parameters) => call(server, awsQuery("sns", "2010-03-31", { Action, ...parameters }));
const sqs = (server, operation, input) => call(server, awsJson(`AmazonSQS.${operation}`, input));

function subscribe(server, topic, queue, attributes = {}) {
  const entries = Object.entries(attributes).flatMap(([key, value], i) => [
    [`Attributes.entry.${i + 1}.key`, key],
    [`Attributes.entry.${i + 1}.value`, value],
  ]);
  const parameters = { TopicArn: topicArn(topic), Protocol: "sqs", Endpoint: queueArn(queue) };
  return sns(server, "Subscribe", { ...parameters, ...Object.fromEntries(entries) });
}

const publish = (topic, more = {}) =>
  awsQuery("sns", "2010-03-31", { Action: "Publish", TopicArn: topicArn(topic), Message: message, ...more });

const perSecond = async (server, count, request) =>
  (await drive({ port: server.port, count, request: () => request })).perSecond;

async function held(server, queue) {
  const input = { QueueUrl: queueUrl(queue), AttributeNames: ["ApproximateNumberOfMessages"] };
  return Number(JSON.parse(await sqs(server, "GetQueueAttributes", input)).Attributes.ApproximateNumberOfMessages);
}

async function empty(server, queues) {
  for (const queue of queues) await sqs(server, "PurgeQueue", { QueueUrl: queueUrl(queue) });
}

export async function bench() {
  const rows = [];
  const bare = await startBare();
  const server = await startBusbar();
  const queues = Array.from({ length: 10 }, (_, i) => `q${i}`);
  for (const QueueName of queues) await sqs(server, "CreateQueue", { QueueName });
  const send = awsJson("AmazonSQS.SendMessage", { QueueUrl: queueUrl("q0"), MessageBody: message });

  // One topic whose queues get the envelope, one whose queues get the message as it is.
  for (const [topic, attributes] of [
    ["signed", {}],
    ["raw", { RawMessageDelivery: "true" }],
  ]) {
    await sns(server, "CreateTopic", { Name: topic });
    for (const queue of queues) await subscribe(server, topic, queue, attributes);
  }
  const published = 3000;
  const measured = { bare: [], send: [], signed: [], raw: [] };
  for (let round = -1; round < rounds; round++) {
    const bareNow = await perSecond(bare, 20_000, send);
    const sendNow = await perSecond(server, 20_000, send);
    await empty(server, queues);
    const now = { bare: bareNow, send: sendNow };
    for (const topic of ["signed", "raw"]) {
      now[topic] = await perSecond(server, published, publish(topic));
      for (const queue of queues) {
        const count = await held(server, queue);
        if (count !== published) throw new Error(`${queue} holds ${count} messages of ${published} published`);
      }
      await empty(server, queues);
    }
    // The first round lets every process compile its hot paths.
    if (round >= 0) for (const name of Object.keys(measured)) measured[name].push(now[name]);
  }
  const bareRate = median(measured.bare);
  rows.push(["bare node:http, 64 connections", rate(bareRate), "1.00"]);
  rows.push(["SendMessage", rate(median(measured.send)), `${(median(measured.send) / bareRate).toFixed(2)} of bare`]);
  for (const [name, title] of [
    ["signed", "envelopes, signed"],
    ["raw", "raw"],
  ]) {
    const publishes = median(measured[name]);
    const microseconds = 1e6 / (publishes * 10);
    rows.push([`Publish to 10 queues, ${title}`, rate(publishes), `${(publishes / bareRate).toFixed(3)} of bare`]);
    rows.push([
      `deliveries of it, counted at the queues`,
      `${rate(publishes * 10)}, ${microseconds.toFixed(1)} µs each`,
      `${((publishes * 10) / median(measured.send)).toFixed(2)} of SendMessage`,
    ]);
  }

  for (const [topic, count] of [
    ["few", 10],
    ["many", 1000],
  ]) {
    await sns(server, "CreateTopic", { Name: topic });
    for (let i = 0; i < count; i++) {
      const FilterPolicy = JSON.stringify({ store: [`shop-${i}`], price: [{ numeric: [">=", 10] }] });
      await sqs(server, "CreateQueue", { QueueName: `f${i}` });
      await subscribe(server, topic, `f${i}`, { FilterPolicy, RawMessageDelivery: "true" });
    }
  }
  const filtered = {
    "MessageAttributes.entry.1.Name": "store",
    "MessageAttributes.entry.1.Value.DataType": "String",
    "MessageAttributes.entry.1.Value.StringValue": "shop-7",
    "MessageAttributes.entry.2.Name": "price",
    "MessageAttributes.entry.2.Value.DataType": "Number",
    "MessageAttributes.entry.2.Value.StringValue": "12.5",
  };
  const rates = { few: [], many: [] };
  for (let round = -1; round < rounds; round++) {
    for (const topic of ["few", "many"]) {
      const now = await perSecond(server, 10_000, publish(topic, filtered));
      if (round >= 0) rates[topic].push(now);
      const count = await held(server, "f7");
      if (count !== 10_000) throw new Error(`f7 holds ${count} messages of 10000 published`);
      await empty(server, ["f7"]);
    }
  }
  const [few, many] = [median(rates.few), median(rates.many)];
  rows.push([
    "Publish, one of 10 and one of 1,000 filter policies matching",
    `${rate(few)} and ${rate(many)}`,
    `${(few / many).toFixed(2)} times the cost`,
  ]);
  for (const one of [bare, server]) await one.stop();
  return rows;
}
