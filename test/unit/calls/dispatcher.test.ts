/** What the dispatcher answers when there is no operation to run, or one that has a bug, in every protocol. */
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import type { WireResponse } from "../../../protocols/protocol.ts";
import type { OperationModel } from "../../../protocols/schema.ts";
import { Cause } from "../../../src/calls/cause.ts";
import { Dispatcher } from "../../../src/calls/dispatcher.ts";
import { Identities } from "../../../src/calls/identity.ts";
import { Invocation } from "../../../src/calls/invocation.ts";
import type { OperationDefinition } from "../../../src/calls/operation.ts";
import { RequestLog } from "../../../src/calls/request-log.ts";
import { AccountResets } from "../../../src/engine/account-resets.ts";
import { Clock } from "../../../src/engine/clock.ts";
import { Random } from "../../../src/engine/random.ts";
import { Store } from "../../../src/engine/store.ts";
import { catalog } from "../../../src/services.ts";
import { arbitraryOf } from "../../fuzz/schema-arbitrary.ts";
import { dialects } from "../../fuzz/sdk-wire.ts";

const definitions = catalog.all();
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
  const resets = new AccountResets(store, clock, () => {});
  // Without a state there is nothing that has names.
  const running = new Map(
    definitions.map((definition) => {
      const { name } = definition.model;
      return [name, { definition: { ...definition, operations, named: () => [] }, state: undefined }];
    }),
  );
  return new Dispatcher(
    {
      store,
      resets,
      clock,
      random: new Random("seed"),
      identities,
      requests,
      onBug,
      onNotice: () => {},
      endpoints: {},
    },
    {
      claim: (request) => catalog.claim(request),
      modelsFor: (request) => catalog.modelsFor(request),
      running: (name) => running.get(name),
    },
  );
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

describe("a request that a service relays", () => {
  const echo: OperationDefinition<unknown> = {
    kind: "operation",
    name: "SendMessage",
    run: (input, { account, region, principal }) => ({
      MessageId: JSON.stringify({ account, region, principal, input }),
    }),
  };
  const invocation = Invocation.ofService(
    "apigateway",
    "arn:aws:execute-api:eu-west-1:111122223333:a/dev/GET/",
    { account: "111122223333", region: "eu-west-1" },
    Cause.ofRequest("r1", 0, "http://localhost:4566", undefined),
  );
  const request = (headers: Record<string, string>, body: string) => ({
    method: "POST",
    path: "/000000000000/q",
    query: "",
    headers: {
      host: "sqs",
      authorization: "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/sqs/aws4_request",
      ...headers,
    },
    body: Buffer.from(body),
  });

  it("is the invocation's, whoever seems to have signed it, and is answered in the service's form", async () => {
    const form = { "content-type": "application/x-www-form-urlencoded", accept: "application/json" };
    const answer = await dispatcherWith([echo]).relay(request(form, "Action=SendMessage&MessageBody=m"), invocation);
    const { SendMessageResponse } = JSON.parse(answer.body as string);
    expect(JSON.parse(SendMessageResponse.SendMessageResult.MessageId)).toMatchObject({
      account: "111122223333",
      region: "eu-west-1",
      principal: { kind: "service", service: "apigateway.amazonaws.com" },
      input: { QueueUrl: "http://sqs/000000000000/q", MessageBody: "m" },
    });
    expect([...requests.newestFirst()]).toMatchObject([
      { service: "sqs", operation: "SendMessage", account: "111122223333", status: 200, cause: "request:r1" },
    ]);
  });

  it("gets errors as a client would", async () => {
    const json = { "content-type": "application/x-amz-json-1.0", "x-amz-target": "AmazonSQS.Nonsense" };
    const answer = await dispatcherWith([echo]).relay(request(json, "{}"), invocation);
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body as string)).toMatchObject({ __type: expect.stringContaining("UnknownOperation") });
  });
});
