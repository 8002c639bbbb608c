/** What the dispatcher answers when there is no operation to run, or one that has a bug, in every protocol. */
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import type { WireResponse } from "../../../protocols/protocol.ts";
import type { OperationModel } from "../../../protocols/schema.ts";
import { Dispatcher } from "../../../src/calls/dispatcher.ts";
import { Identities } from "../../../src/calls/identity.ts";
import type { OperationDefinition } from "../../../src/calls/operation.ts";
import { RequestLog } from "../../../src/calls/request-log.ts";
import { services as definitions } from "../../../src/emulator.ts";
import { Clock } from "../../../src/engine/clock.ts";
import { Random } from "../../../src/engine/random.ts";
import { Store } from "../../../src/engine/store.ts";
import { arbitraryOf } from "../../fuzz/schema-arbitrary.ts";
import { dialects } from "../../fuzz/sdk-wire.ts";

const bugs: string[] = [];
const requests = new RequestLog();

beforeEach(() => {
  bugs.length = 0;
  requests.clear();
});

/** A dispatcher of services that have no operations, or the one given alone. */
function dispatcherWith(operations: OperationDefinition<unknown>[]): Dispatcher {
  const store = Store.memory();
  const clock = new Clock({ mode: "virtual" });
  const identities = new Identities(store, clock, "us-east-1");
  const onBug = (error: unknown, where: string) => bugs.push(`${where}: ${(error as Error).message}`);
  const dispatcher = new Dispatcher(
    { store, clock, random: new Random("seed"), identities, requests, onBug },
    definitions.map(({ model }) => model),
  );
  for (const definition of definitions) {
    dispatcher.add({ definition: { ...definition, operations }, state: undefined });
  }
  return dispatcher;
}

function modelOf(service: string): OperationModel {
  const definition = definitions.find(({ model }) => model.name === service)!;
  return [...definition.model.operations.values()].find(({ output }) => output.getEventStreamMember() === "")!;
}

// The codec tests have SQS speak CBOR too, which AWS's does not.
const spoken = dialects.filter(({ name }) => name !== "SQS over CBOR");

describe.each(spoken)("$name", ({ service, send }) => {
  const operation = modelOf(service);
  const without = new Set(["EndpointId", "MessageSystemAttributeNames"]);
  const seeds = { numRuns: 1, seed: 7 };
  const input = fc.sample(arbitraryOf(operation.input, without), seeds)[0] as object;

  it("says which operation is not built", async () => {
    const dispatcher = dispatcherWith([]);
    const answered = send(operation.name, input, (request) => dispatcher.handle(request, "") as WireResponse);
    await expect(answered).rejects.toMatchObject({
      name: "NotImplemented",
      message: `Busbar does not implement ${service}:${operation.name}.`,
      $metadata: { httpStatusCode: 501 },
    });
    expect(bugs).toEqual([]);
    expect([...requests.newestFirst()]).toMatchObject([{ service, operation: operation.name, status: 501 }]);
  });

  it("answers a bug as InternalFailure, and tells nobody but the log what it was", async () => {
    const dispatcher = dispatcherWith([]);
    const answered = send(operation.name, input, (request) =>
      dispatcher.refuse(request, new TypeError("a secret of ours")),
    );
    await expect(answered).rejects.toMatchObject({
      name: "InternalFailure",
      message: expect.not.stringContaining("secret"),
      $metadata: { httpStatusCode: 500 },
    });
    expect(bugs).toEqual([`${service}:${operation.name}: a secret of ours`]);
  });
});

it("goes on after an operation had a bug", async () => {
  const { send } = dialects.find(({ name }) => name === "SQS over JSON")!;
  let calls = 0;
  const dispatcher = dispatcherWith([
    {
      kind: "operation",
      name: "ListQueues",
      run() {
        calls += 1;
        if (calls === 1) throw new TypeError("a secret of ours");
        return { QueueUrls: ["fine"] };
      },
    },
  ]);
  const ask = () => send("ListQueues", {}, (request) => dispatcher.handle(request, "") as WireResponse);
  await expect(ask()).rejects.toMatchObject({ name: "InternalFailure" });
  expect(bugs).toEqual(["sqs:ListQueues: a secret of ours"]);
  expect(await ask()).toMatchObject({ QueueUrls: ["fine"] });
});
