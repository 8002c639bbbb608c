import type { Target } from "@aws-sdk/client-eventbridge";
import { describe, expect, it } from "vitest";
import { Guard } from "../../../src/access/guard.ts";
import { Apis } from "../../../src/apis/apis.ts";
import { Catalog } from "../../../src/calls/catalog.ts";
import { Identities } from "../../../src/calls/identity.ts";
import { Notes } from "../../../src/calls/notes.ts";
import { DeliveryEngine } from "../../../src/delivery/engine.ts";
import { eventRetry } from "../../../src/delivery/event-retry.ts";
import { Mailbox } from "../../../src/delivery/mailbox.ts";
import type { Delivery, DeliveryRequest } from "../../../src/delivery/types.ts";
import { Clock } from "../../../src/engine/clock.ts";
import { Processes } from "../../../src/engine/processes.ts";
import { Random } from "../../../src/engine/random.ts";
import { Store } from "../../../src/engine/store.ts";
import { Timers } from "../../../src/engine/timers.ts";
import { AwsEvents } from "../../../src/events/aws-events.ts";
import { Functions } from "../../../src/functions/functions.ts";
import { FunctionRuntime } from "../../../src/functions/runtime/function-runtime.ts";
import { Connections } from "../../../src/outside/connections.ts";
import { EventBridge } from "../../../src/services/eventbridge/eventbridge.ts";
import { errorCode } from "../../../src/services/eventbridge/failure-codes.ts";
import { Arrivals } from "../../../src/sources/arrivals.ts";

const account = "111122223333";
const region = "eu-west-1";
const owner = { account, region };

/** EventBridge alone, with targets that write down what they are given. */
function alone() {
  const store = Store.memory();
  const clock = new Clock({ mode: "virtual", startMs: Date.UTC(2026, 2, 1) });
  const random = new Random("seed");
  const timers = new Timers(store, clock);
  const delivery = new DeliveryEngine({ store, clock, random });
  const given: Delivery[] = [];
  for (const kind of ["sns", "kinesis", "states", "execute-api"] as const) {
    delivery.registerLocal(kind, (one) => given.push(one));
  }
  const awsEvents = new AwsEvents();
  const processes = new Processes();
  const workshop = { node: undefined, endpoint: () => "" };
  const service = new EventBridge({
    store,
    clock,
    timers,
    random,
    delivery,
    guard: new Guard({ mode: "off", clock, notes: new Notes() }),
    awsEvents,
    arrivals: new Arrivals(),
    options: { strict: false, streamDelayMs: 0 },
    memory: undefined,
    apis: new Apis({ store, clock, identities: new Identities(store, clock, "us-east-1") }),
    functions: new Functions({ random, clock, store }),
    runtime: new FunctionRuntime({ clock, random, processes, workshop, writeLog: () => {} }),
    processes,
    mailbox: new Mailbox(store, clock),
    call: () => Promise.reject(new Error("not asked")),
    relay: () => Promise.reject(new Error("not asked")),
    identityOf: () => new Identities(store, clock, "us-east-1").user(account, region),
    connections: new Connections(),
    onNotice: () => {},
    models: new Catalog([]),
  });
  timers.start();
  delivery.start();
  const rule = (pattern: object, ...targets: Target[]) =>
    store.transaction(() => {
      const arn = `arn:aws:events:${region}:${account}:rule/r`;
      const bus = service.defaultBus(account, region);
      service.putRule({
        ...owner,
        arn,
        name: "r",
        bus: bus.arn,
        busName: "default",
        createdBy: account,
        serial: 1,
        pattern: JSON.stringify(pattern),
        schedule: undefined,
        anchorMs: 0,
        state: "ENABLED",
        description: undefined,
        roleArn: undefined,
        managedBy: undefined,
        archive: undefined,
        tags: {},
      });
      for (const spec of targets) {
        service.targets.put({ rule: arn, ruleName: "r", bus: bus.arn, account, spec: spec as never });
      }
    });
  return { service, store, delivery, awsEvents, given, rule };
}

const emitted = {
  ...owner,
  source: "aws.states",
  detailType: "Step Functions Execution Status Change",
  resources: ["arn:aws:states:eu-west-1:111122223333:execution:m:e"],
  detail: { status: "RUNNING", name: "part" },
};

describe("targets of other services", () => {
  it("get the event with what they need besides", async () => {
    const { store, awsEvents, given, rule, service } = alone();
    const targets = {
      sns: `arn:aws:sns:${region}:${account}:topic`,
      kinesis: `arn:aws:kinesis:${region}:${account}:stream/s`,
      states: `arn:aws:states:${region}:${account}:stateMachine:m`,
      api: `arn:aws:execute-api:${region}:${account}:api/stage/POST/a/*/b`,
    };
    rule(
      { source: ["aws.states"] },
      { Id: "1", Arn: targets.sns },
      { Id: "2", Arn: targets.kinesis },
      { Id: "3", Arn: targets.kinesis, KinesisParameters: { PartitionKeyPath: "$.detail.name" } },
      { Id: "4", Arn: targets.kinesis, KinesisParameters: { PartitionKeyPath: "$.detail.none" } },
      { Id: "5", Arn: targets.states },
      {
        Id: "6",
        Arn: targets.api,
        HttpParameters: { PathParameterValues: ["$.detail.status"], HeaderParameters: { h: "$.id" } },
      },
    );
    store.transaction(() => awsEvents.emit(emitted));
    const [event] = service.recent.list();
    const id = event?.eventId as string;
    expect(event).toMatchObject({ account, region, source: "aws.states", bus: "default" });
    expect(event?.event).toEqual({
      version: "0",
      id,
      "detail-type": emitted.detailType,
      source: "aws.states",
      account,
      time: "2026-03-01T00:00:00Z",
      region,
      resources: emitted.resources,
      detail: emitted.detail,
    });
    const name = expect.stringMatching(new RegExp(`^${id}_[0-9a-f-]{36}$`));
    expect(given.map(({ kind, target, parameters }) => [kind, target, parameters])).toEqual([
      ["sns", targets.sns, {}],
      ["kinesis", targets.kinesis, { partitionKey: name }],
      ["kinesis", targets.kinesis, { partitionKey: '"part"' }],
      ["kinesis", targets.kinesis, { partitionKey: "{}" }],
      ["states", targets.states, { name }],
      ["execute-api", targets.api, { path: ["RUNNING"], headers: { h: id }, query: {} }],
    ]);
    for (const { payload } of given) expect(JSON.parse(payload)).toEqual(event?.event);
  });

  it("get nothing of what is undone", () => {
    const { store, awsEvents, delivery, rule, service } = alone();
    rule({ source: ["aws.states"] }, { Id: "1", Arn: `arn:aws:kinesis:${region}:${account}:stream/s` });
    const undone = () =>
      store.transaction(() => {
        awsEvents.emit(emitted);
        throw new Error("undone");
      });
    expect(undone).toThrow("undone");
    expect(service.recent.list()).toEqual([]);
    expect(delivery.list()).toEqual([]);
  });
});

describe("the target kind events", () => {
  const request: DeliveryRequest = {
    ...owner,
    service: "scheduler",
    source: "arn:aws:scheduler:eu-west-1:111122223333:schedule/default/s",
    target: `arn:aws:events:${region}:${account}:event-bus/default`,
    kind: "events",
    payload: '{"a": 1}',
    parameters: { source: "mine", detailType: "T" },
    retry: { phases: [] },
  };

  it("puts an event on a bus", () => {
    const { store, delivery, service } = alone();
    store.transaction(() => delivery.submit(request));
    expect(service.recent.list()).toMatchObject([{ source: "mine", detailType: "T", account, region }]);
    expect(service.recent.list()[0]?.event).toMatchObject({ detail: { a: 1 } });
  });

  it("refuses what PutEvents refuses", () => {
    const { store, delivery, service } = alone();
    store.transaction(() => {
      delivery.submit({ ...request, payload: "[]" });
      delivery.submit({ ...request, parameters: { source: "aws.s3", detailType: "T" } });
    });
    expect(service.recent.list()).toEqual([]);
    expect(delivery.list().map(({ attempts }) => attempts[0]?.code)).toEqual([
      "NotAuthorizedForSourceException",
      "MalformedDetail",
    ]);
  });
});

describe("the retry policy", () => {
  const total = (policy: Parameters<typeof eventRetry>[0]) =>
    eventRetry(policy).phases.reduce((sum, { count }) => sum + count, 0);

  it("has as many retries as asked for, 185 by default, within a day", () => {
    expect([total({}), total({ MaximumRetryAttempts: 0 }), total({ MaximumRetryAttempts: 7 })]).toEqual([185, 0, 7]);
    expect(eventRetry({}).maxAgeMs).toBe(86_400_000);
    expect(eventRetry({ MaximumEventAgeInSeconds: 60 }).maxAgeMs).toBe(60_000);
    expect(eventRetry({ MaximumRetryAttempts: 3 }).phases).toEqual([
      { count: 3, minMs: 1000, maxMs: 4000, curve: "geometric" },
    ]);
  });
});

describe("error codes of dead letters", () => {
  it("are AWS's, whatever the target said", () => {
    const said = {
      "AWS.SimpleQueueService.NonExistentQueue": "NO_RESOURCE",
      ResourceNotFoundException: "NO_RESOURCE",
      StateMachineDoesNotExist: "NO_RESOURCE",
      ProvisionedThroughputExceededException: "THROTTLING",
      429: "THROTTLING",
      503: "ERROR_FROM_TARGET",
      ECONNREFUSED: "CONNECTION_FAILURE",
      TIMEOUT: "TIMEOUT",
      INVALID_JSON: "INVALID_JSON",
      ExecutionAlreadyExists: "RESOURCE_ALREADY_EXISTS",
      AccessDeniedException: "NO_PERMISSIONS",
      InternalFailure: "INTERNAL_ERROR",
      Whatever: "UNKNOWN",
    };
    for (const [code, expected] of Object.entries(said)) expect([code, errorCode(code)]).toEqual([code, expected]);
  });
});
