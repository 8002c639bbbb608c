/** Step Functions: standard and express executions, a Map as it grows, pages of a long history. */
import { awsJson, drive, percentile } from "./lib/load.mjs";
import { startBare, startBusbar } from "./lib/servers.mjs";

const rounds = 5;
const connections = 32;
const roleArn = "arn:aws:iam::000000000000:role/bench";
const request = (operation, input) => awsJson(`AWSStepFunctions.${operation}`, input, { service: "states" });
const rate = (perSecond) => `${Math.round(perSecond).toLocaleString("en-US")}/s`;
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

const fiveStates = {
  StartAt: "Prepare",
  States: {
    Prepare: { Type: "Pass", Result: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], ResultPath: "$.items", Next: "Check" },
    Check: { Type: "Choice", Choices: [{ Variable: "$.items[0]", NumericEquals: 1, Next: "Wait" }], Default: "Done" },
    Wait: { Type: "Wait", Seconds: 0, Next: "Each" },
    Each: {
      Type: "Map",
      ItemsPath: "$.items",
      ItemProcessor: { StartAt: "Item", States: { Item: { Type: "Pass", End: true } } },
      Next: "Done",
    },
    Done: { Type: "Succeed" },
  },
};
const one = { StartAt: "A", States: { A: { Type: "Pass", End: true } } };
const mapping = {
  StartAt: "Each",
  States: {
    Each: {
      Type: "Map",
      ItemProcessor: {
        StartAt: "Item",
        States: { Item: { Type: "Pass", Parameters: { "n.$": "$" }, End: true } },
      },
      ResultPath: null,
      OutputPath: null,
      End: true,
    },
  },
};
const looping = {
  StartAt: "Count",
  States: {
    Count: {
      Type: "Pass",
      Parameters: { "n.$": "States.MathAdd($.n, 1)" },
      Next: "More",
    },
    More: { Type: "Choice", Choices: [{ Variable: "$.n", NumericLessThan: 5000, Next: "Count" }], Default: "Done" },
    Done: { Type: "Succeed" },
  },
};

/** What JSONata machines do: pick and reshape, filter and sum, map with a function, decide. */
const querying = {
  QueryLanguage: "JSONata",
  StartAt: "Shape",
  States: {
    Shape: {
      Type: "Pass",
      Output: {
        orders:
          "{% $states.input.orders.{'id': id, 'total': $sum(lines.(price * quantity)), 'open': status = 'OPEN'} %}",
        now: "{% $fromMillis($millis(), '[Y0001]-[M01]-[D01]') %}",
      },
      Next: "Sum",
    },
    Sum: {
      Type: "Pass",
      Assign: {
        open: "{% $states.input.orders[open] ~> $map(function($o){ $merge([$o, {'label': $uppercase($o.id)}]) }) %}",
      },
      Output: { total: "{% $sum($states.input.orders[open].total) %}", day: "{% $states.input.now %}" },
      Next: "Decide",
    },
    Decide: {
      Type: "Choice",
      Choices: [{ Condition: "{% $states.input.total > 100 and $count($open) > 1 %}", Next: "Done" }],
      Default: "Done",
    },
    Done: { Type: "Succeed", Output: "{% $join($open.label, ',') & ' ' & $string($states.input.total) %}" },
  },
};
const orders = JSON.stringify({
  orders: Array.from({ length: 20 }, (_, index) => ({
    id: `order-${index}`,
    status: index % 3 === 0 ? "DONE" : "OPEN",
    lines: Array.from({ length: 5 }, (_line, line) => ({ price: index + line, quantity: line + 1 })),
  })),
});

async function call(server, operation, input) {
  let answer;
  await drive({
    port: server.port,
    count: 1,
    connections: 1,
    request: () => request(operation, input),
    onAnswer: (bytes) => {
      answer = JSON.parse(bytes.toString());
    },
  });
  return answer;
}

async function create(server, name, definition, type = "STANDARD") {
  const input = { name, definition: JSON.stringify(definition), roleArn, type };
  return (await call(server, "CreateStateMachine", input)).stateMachineArn;
}

/** Waits until no execution of the machine runs. */
async function settled(server, stateMachineArn) {
  for (;;) {
    const input = { stateMachineArn, statusFilter: "RUNNING", maxResults: 1 };
    if ((await call(server, "ListExecutions", input)).executions.length === 0) return;
  }
}

/** Executions a second from the first start to the last end. */
async function executionRate(server, stateMachineArn, count) {
  const start = request("StartExecution", { stateMachineArn });
  const startedAt = performance.now();
  await drive({ port: server.port, count, connections, request: () => start });
  await settled(server, stateMachineArn);
  return count / ((performance.now() - startedAt) / 1000);
}

async function mapMs(server, stateMachineArn, items) {
  const input = JSON.stringify(Array.from({ length: items }, (_, index) => index));
  const at = performance.now();
  const { status, cause } = await call(server, "StartSyncExecution", { stateMachineArn, input });
  if (status !== "SUCCEEDED") throw new Error(`the Map ended ${status}: ${cause}`);
  return performance.now() - at;
}

export async function bench() {
  const rows = [];
  const bare = await startBare();
  const memory = await startBusbar();
  const durable = await startBusbar({ durable: true });
  const machines = new Map();
  for (const server of [memory, durable]) machines.set(server, await create(server, "five", fiveStates));
  const express = await create(memory, "express", one, "EXPRESS");
  const expressFive = await create(memory, "express-five", fiveStates, "EXPRESS");
  const sync = (stateMachineArn) => request("StartSyncExecution", { stateMachineArn });
  const syncRate = async (arn, count) =>
    (await drive({ port: memory.port, count, connections, request: () => sync(arn) })).perSecond;
  const queries = await create(memory, "queries", querying, "EXPRESS");
  const query = request("StartSyncExecution", { stateMachineArn: queries, input: orders });
  const queryRate = async (count) =>
    (await drive({ port: memory.port, count, connections, request: () => query })).perSecond;
  const bareRate = async (count) =>
    (await drive({ port: bare.port, count, connections, request: () => sync(express) })).perSecond;

  await bareRate(20_000);
  await executionRate(memory, machines.get(memory), 1000);
  await executionRate(durable, machines.get(durable), 500);
  await syncRate(express, 5000);
  const { status, cause } = await call(memory, "StartSyncExecution", { stateMachineArn: queries, input: orders });
  if (status !== "SUCCEEDED") throw new Error(`the JSONata machine ended ${status}: ${cause}`);
  await queryRate(500);
  const measured = { bare: [], memory: [], durable: [], sync: [], syncFive: [], query: [] };
  for (let round = 0; round < rounds; round++) {
    measured.bare.push(await bareRate(20_000));
    measured.memory.push(await executionRate(memory, machines.get(memory), 1000));
    measured.durable.push(await executionRate(durable, machines.get(durable), 500));
    measured.sync.push(await syncRate(express, 5000));
    measured.syncFive.push(await syncRate(expressFive, 1000));
    measured.query.push(await queryRate(500));
  }
  const of = (values) => `${(median(values) / median(measured.bare)).toFixed(3)} of bare`;
  rows.push(["bare node:http, 32 connections", rate(median(measured.bare)), "1.00"]);
  rows.push(["standard executions of five states (Map over 10)", rate(median(measured.memory)), of(measured.memory)]);
  rows.push(["the same, durable", rate(median(measured.durable)), of(measured.durable)]);
  rows.push(["StartSyncExecution of one state", rate(median(measured.sync)), of(measured.sync)]);
  rows.push(["StartSyncExecution of the five states", rate(median(measured.syncFive)), of(measured.syncFive)]);

  rows.push(["StartSyncExecution of four JSONata states", rate(median(measured.query)), of(measured.query)]);

  const map = await create(memory, "map", mapping, "EXPRESS");
  await mapMs(memory, map, 1000);
  const times = { few: [], many: [] };
  for (let round = 0; round < rounds; round++) {
    times.few.push(await mapMs(memory, map, 1000));
    times.many.push(await mapMs(memory, map, 10_000));
  }
  const [few, many] = [median(times.few), median(times.many)];
  rows.push([
    "inline Map over 1,000 and 10,000 items",
    `${few.toFixed(0)} and ${many.toFixed(0)} ms`,
    (many / few).toFixed(1),
  ]);

  const loop = await create(memory, "loop", looping);
  const { executionArn } = await call(memory, "StartExecution", { stateMachineArn: loop, input: '{"n":0}' });
  await settled(memory, loop);
  const tokens = [undefined];
  let events = 0;
  for (let nextToken; ; ) {
    const page = await call(memory, "GetExecutionHistory", { executionArn, maxResults: 1000, nextToken });
    events += page.events.length;
    nextToken = page.nextToken;
    if (nextToken === undefined) break;
    tokens.push(nextToken);
  }
  const page = (index) =>
    request("GetExecutionHistory", { executionArn, maxResults: 100, nextToken: tokens[index % tokens.length] });
  const first = await drive({ port: memory.port, count: 300, connections: 1, request: () => page(0) });
  const last = await drive({ port: memory.port, count: 300, connections: 1, request: () => page(tokens.length - 1) });
  const [firstMs, lastMs] = [percentile(first.latenciesMs, 0.5), percentile(last.latenciesMs, 0.5)];
  rows.push([
    `page of 100 events, first and last of ${events.toLocaleString("en-US")}`,
    `${firstMs.toFixed(2)} and ${lastMs.toFixed(2)} ms`,
    (lastMs / firstMs).toFixed(2),
  ]);
  for (const server of [bare, memory, durable]) await server.stop();
  return rows;
}
