/**
 * Every operation of every service with hostile values in every member: none is answered with a 5xx but 501, none
 * hangs, none leaves memory behind. `BUSBAR_TEST_FULL=1` calls each a hundred times; `EVERY_SEED` repeats a run.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import * as apigateway from "@aws-sdk/client-api-gateway";
import * as management from "@aws-sdk/client-apigatewaymanagementapi";
import * as apigatewayv2 from "@aws-sdk/client-apigatewayv2";
import * as eventbridge from "@aws-sdk/client-eventbridge";
import * as kinesis from "@aws-sdk/client-kinesis";
import * as lambda from "@aws-sdk/client-lambda";
import * as pipes from "@aws-sdk/client-pipes";
import * as scheduler from "@aws-sdk/client-scheduler";
import * as sfn from "@aws-sdk/client-sfn";
import * as sns from "@aws-sdk/client-sns";
import * as sqs from "@aws-sdk/client-sqs";
import * as sts from "@aws-sdk/client-sts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { shapeOf } from "../../protocols/schema.ts";
import { Emulator } from "../../src/emulator.ts";
import { inProcessHandler } from "../../src/in-process.ts";
import { Chance } from "../support/chance.ts";
import { HostileValues, rawNumbers } from "../support/hostile-values.ts";

const callsEach = process.env["BUSBAR_TEST_FULL"] === "1" ? 100 : 2;
const seed = Number(process.env["EVERY_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const atOnce = 20;
/** Longer means that it hangs. */
const hangMs = 60_000;
const mebibyte = 1024 * 1024;

interface Client {
  send(command: object): Promise<Record<string, unknown>>;
  destroy(): void;
}

const clientClasses: [Readonly<Record<string, unknown>>, new (config: object) => Client][] = [
  [sqs, sqs.SQSClient],
  [sns, sns.SNSClient],
  [kinesis, kinesis.KinesisClient],
  [eventbridge, eventbridge.EventBridgeClient],
  [scheduler, scheduler.SchedulerClient],
  [pipes, pipes.PipesClient],
  [sfn, sfn.SFNClient],
  [apigateway, apigateway.APIGatewayClient],
  [apigatewayv2, apigatewayv2.ApiGatewayV2Client],
  [management, management.ApiGatewayManagementApiClient],
  [lambda, lambda.LambdaClient],
  [sts, sts.STSClient],
] as unknown as [Readonly<Record<string, unknown>>, new (config: object) => Client][];

const bugs: string[] = [];
const note = (error: unknown, where = "rejection") => bugs.push(`${where}: ${(error as Error)?.stack ?? "?"}`);

/** Nothing that clients send may cause a warning to the operator. */
const noteWarning = (warning: Error) => {
  if (warning.name.startsWith("YAML")) note(warning, "warning");
};

let emulator: Emulator;
beforeAll(async () => {
  process.on("unhandledRejection", note);
  process.on("warning", noteWarning);
  emulator = await Emulator.start({ onBug: note, clock: "virtual", seed: `${seed}` });
});
afterAll(async () => {
  process.off("unhandledRejection", note);
  process.off("warning", noteWarning);
  await emulator.close();
});

interface Sent {
  body?: unknown;
}

/** A client of the emulator whose requests carry numbers that JavaScript would not write. */
function clientOf(Class: new (config: object) => Client): Client {
  const inner = inProcessHandler(emulator, () => false) as { handle(request: Sent, ...rest: unknown[]): unknown };
  const handle = (request: Sent, ...rest: unknown[]) => {
    if (typeof request.body === "string") request.body = rawNumbers(request.body);
    return inner.handle(request, ...rest);
  };
  return new Class({
    endpoint: "http://localhost:4566",
    region: "us-east-1",
    credentials: { accessKeyId: "000000000000", secretAccessKey: "x" },
    maxAttempts: 1,
    disableHostPrefix: true,
    requestHandler: { ...inner, handle },
  });
}

function commandsOf(module: Readonly<Record<string, unknown>>) {
  return Object.entries(module).flatMap(([name, Command]) => {
    if (!name.endsWith("Command") || typeof Command !== "function") return [];
    const schema = module[`${name.slice(0, -"Command".length)}$`] as readonly unknown[] | undefined;
    return schema === undefined ? [] : [{ name, Command: Command as new (input: object) => object, input: schema[4] }];
  });
}

/** Whether the call is answered; moves time on meanwhile, since some wait for messages. */
async function settled(work: Promise<unknown>): Promise<boolean> {
  let over = false;
  void work.finally(() => {
    over = true;
  });
  for (const until = performance.now() + hangMs; !over && performance.now() < until; ) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    if (!over) await emulator.clock.advance(1000);
  }
  return over;
}

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

async function heapAfterReset(): Promise<number> {
  await emulator.reset();
  await emulator.clock.advance(1000);
  collect();
  return process.memoryUsage().heapUsed / mebibyte;
}

it("is answered as by AWS, and nothing remains", async () => {
  const chance = new Chance(seed);
  const ends = new Map<string, number>();
  const count = (end: string) => ends.set(end, (ends.get(end) ?? 0) + 1);
  const faults: string[] = [];
  const round = async () => {
    const values = new HostileValues(chance);
    for (const [module, Class] of clientClasses) {
      const client = clientOf(Class);
      const calls = commandsOf(module).flatMap((each) => Array.from({ length: callsEach }, () => each));
      for (let at = 0; at < calls.length; at += atOnce) {
        const batch = calls.slice(at, at + atOnce).map(async ({ name, Command, input }) => {
          const given = values.of(shapeOf(input)) as object;
          try {
            values.learn(await client.send(new Command(given)));
            count("success");
          } catch (error) {
            const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
            count(`${status ?? "unsent"}`);
            if (status !== undefined && status >= 500 && status !== 501) {
              faults.push(`${name} ${status} ${String(error)}: ${JSON.stringify(given).slice(0, 1000)}`);
            }
          }
        });
        const names = calls.slice(at, at + atOnce).map(({ name }) => name);
        if (!(await settled(Promise.all(batch)))) faults.push(`one hangs: ${[...new Set(names)]}`);
      }
      client.destroy();
    }
  };
  await round();
  const before = await heapAfterReset();
  await round();
  const after = await heapAfterReset();
  console.info(`seed ${seed}: ${JSON.stringify([...ends])}, ${before.toFixed(0)} and then ${after.toFixed(0)} MiB`);
  expect([seed, [...new Set(bugs)].slice(0, 5), faults.slice(0, 5)]).toEqual([seed, [], []]);
  expect(ends.get("success")).toBeGreaterThan(20);
  expect(after).toBeLessThan(before * 1.2 + 20);
}, 3_600_000);
