/** Enrichments, input templates and every target. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { functionArn, PipesEnvironment } from "../../support/pipes.ts";

describe("a pipe", () => {
  let env: PipesEnvironment;
  beforeAll(async () => {
    env = await PipesEnvironment.start();
  });
  afterAll(() => env.stop());

  /** Sends messages through a new pipe out of a new queue. */
  async function through(
    target: string,
    more: Parameters<PipesEnvironment["pipe"]>[2],
    ...bodies: string[]
  ): Promise<{ name: string; left: number }> {
    const { url, arn } = await env.queue();
    const name = await env.pipe(arn, target, more);
    await env.send(url, ...bodies);
    const [visible, inFlight] = await env.counts(url);
    return { name, left: visible + inFlight };
  }

  it("hands queues, topics and streams one record each, as JSON or as a template makes it", async () => {
    const queue = await env.queue();
    await through(queue.arn, {}, "plain");
    expect(JSON.parse((await env.bodies(queue.url))[0] as string)).toMatchObject({
      body: "plain",
      eventSource: "aws:sqs",
    });
    const { TopicArn } = await env.sns.createTopic({ Name: "target" });
    await env.sns.subscribe({
      TopicArn,
      Protocol: "sqs",
      Endpoint: queue.arn,
      Attributes: { RawMessageDelivery: "true" },
    });
    await through(TopicArn as string, { TargetParameters: { InputTemplate: "<$.body.a>!" } }, '{"a":"to the topic"}');
    expect(await env.bodies(queue.url)).toEqual(["to the topic!"]);
    const stream = await env.stream(2);
    const { left } = await through(
      stream.arn,
      {
        TargetParameters: {
          InputTemplate: '{"n":<$.body.n>}',
          KinesisStreamParameters: { PartitionKey: "$.body.key" },
        },
      },
      '{"n":1,"key":"a"}',
      '{"n":2,"key":"b"}',
    );
    expect(left).toBe(0);
    expect((await env.records(stream.name)).sort()).toEqual(['{"n":1}', '{"n":2}']);
  });

  it("keeps in the source what a target's batch call refused, and no more", async () => {
    const small = await env.queue({ MaximumMessageSize: "1024" });
    const { url, arn } = await env.queue();
    const template = { TargetParameters: { InputTemplate: "<$.body>" } };
    const Name = await env.pipe(arn, small.arn, { ...template, DesiredState: "STOPPED" }, "STOPPED");
    await env.send(url, "small", "x".repeat(2000), "also small");
    await env.pipes.startPipe({ Name });
    await env.reaches(Name, "RUNNING");
    expect((await env.bodies(small.url)).sort()).toEqual(["also small", "small"]);
    expect(await env.counts(url)).toEqual([0, 1]);
    await env.sqs.setQueueAttributes({ QueueUrl: small.url, Attributes: { MaximumMessageSize: "4096" } });
    await env.bus.clock.advance("30s");
    expect(await env.bodies(small.url)).toEqual(["x".repeat(2000)]);
  });

  it("keeps in the source a record that a stream refused, and puts the others of its batch in order", async () => {
    const stream = await env.stream(1);
    const { url, arn } = await env.queue();
    const parameters = {
      InputTemplate: "<$.body.n>",
      KinesisStreamParameters: { PartitionKey: "$.body.key" },
    };
    const Name = await env.pipe(arn, stream.arn, { TargetParameters: parameters, DesiredState: "STOPPED" }, "STOPPED");
    const bodies = ["a", "k".repeat(257), "b"].map((key, n) => JSON.stringify({ n, key }));
    await env.send(url, ...bodies);
    await env.pipes.startPipe({ Name });
    await env.reaches(Name, "RUNNING");
    expect(await env.records(stream.name)).toEqual(["0", "2"]);
    expect(await env.counts(url)).toEqual([0, 1]);
  });

  it("puts events on a bus", async () => {
    const caught = await env.queue();
    const bus = "arn:aws:events:us-east-1:000000000000:event-bus/default";
    await env.events.putRule({ Name: "all", EventPattern: '{"account":["000000000000"]}' });
    await env.events.putTargets({ Rule: "all", Targets: [{ Id: "q", Arn: caught.arn }] });
    const { name } = await through(bus, {}, "plain");
    const [plain] = (await env.bodies(caught.url)).map((body) => JSON.parse(body));
    expect(plain).toMatchObject({
      source: `Pipe ${name}`,
      "detail-type": "Event from aws:sqs",
      resources: [],
      detail: { body: "plain" },
    });
    await through(
      bus,
      {
        TargetParameters: {
          InputTemplate: '{"order":<$.body.order>}',
          EventBridgeEventBusParameters: {
            Source: "shop",
            DetailType: "$.body.type",
            Resources: ["$.eventSourceARN"],
            Time: "$.body.at",
          },
        },
      },
      '{"type":"Order","order":{"id":7},"at":"2026-01-02T03:04:05Z"}',
    );
    const [order] = (await env.bodies(caught.url)).map((body) => JSON.parse(body));
    expect(order).toMatchObject({
      source: "shop",
      "detail-type": "Order",
      time: "2026-01-02T03:04:05Z",
      resources: [expect.stringMatching(/^arn:aws:sqs:/)],
      detail: { order: { id: 7 } },
    });
    const { left } = await through(bus, { TargetParameters: { InputTemplate: "no JSON" } }, "x");
    expect(left).toBe(1);
  });

  it("invokes functions and waits, or does not", async () => {
    const events: unknown[] = [];
    env.bus.registerFunction("asynchronous", (event) => {
      events.push(event);
      throw new Error("nobody waits");
    });
    const parameters = {
      InputTemplate: '"<$.body>"',
      LambdaFunctionParameters: { InvocationType: "FIRE_AND_FORGET" },
    } as const;
    const { left } = await through(functionArn("asynchronous"), { TargetParameters: parameters }, "m");
    expect(left).toBe(0);
    expect(events).toEqual([["m"]]);
    expect((await through(functionArn("nobody"), {}, "m")).left).toBe(1);
    const bare = { TargetParameters: { InputTemplate: "<$.body>" } };
    env.bus.registerFunction("sync", (event) => void events.push(event));
    expect((await through(functionArn("sync"), bare, "no JSON")).left).toBe(1);
    expect((await through(functionArn("sync"), bare, '{"some":"JSON"}')).left).toBe(0);
    expect(events.at(-1)).toEqual([{ some: "JSON" }]);
  });

  it("fills in its own attributes", async () => {
    const queue = await env.queue();
    const names = ["pipe-arn", "pipe-name", "source-arn", "target-arn", "event.ingestion-time"];
    const template = `${names.map((name) => `<aws.pipes.${name}>`).join(" ")} <aws.pipes.event.json>`;
    const { name } = await through(queue.arn, { TargetParameters: { InputTemplate: template } }, '{"a":[1]}');
    const [body] = await env.bodies(queue.url);
    const [pipeArn, pipeName, source, target, time, ...json] = (body as string).split(" ");
    expect([pipeArn, pipeName, target]).toEqual([`arn:aws:pipes:us-east-1:000000000000:pipe/${name}`, name, queue.arn]);
    expect(source).toMatch(/^arn:aws:sqs:/);
    expect(new Date(time as string).getTime()).toBeLessThanOrEqual(env.bus.clock.now());
    expect(JSON.parse(json.join(" "))).toMatchObject({ body: { a: [1] }, eventSource: "aws:sqs" });
  });

  it("writes to log groups and stores what other services would get", async () => {
    const group = "arn:aws:logs:us-east-1:000000000000:log-group:target";
    await through(
      group,
      { TargetParameters: { InputTemplate: "<$.body>", CloudWatchLogsParameters: { LogStreamName: "s1" } } },
      "line",
    );
    expect(env.bus.logs({ group: "target" })).toMatchObject([{ message: "line", stream: "s1" }]);
    const firehose = "arn:aws:firehose:us-east-1:000000000000:deliverystream/d";
    await through(firehose, { TargetParameters: { InputTemplate: "<$.body>" } }, "row");
    expect(env.bus.mailbox({ channel: "firehose" })[0]).toMatchObject({ body: "row", to: firehose });
    const cluster = "arn:aws:ecs:us-east-1:000000000000:cluster/c";
    const TaskDefinitionArn = "arn:aws:ecs:us-east-1:000000000000:task-definition/t:1";
    await through(cluster, { TargetParameters: { EcsTaskParameters: { TaskDefinitionArn } } }, "task");
    expect(env.bus.mailbox({ channel: "ecs" })[0]).toMatchObject({
      details: { EcsTaskParameters: { TaskDefinitionArn } },
    });
  });

  it.each<[string, unknown, string[] | undefined, number]>([
    ["an array", [{ n: 1 }, { n: 2 }], ['{"n":1}', '{"n":2}'], 0],
    ["an object", { n: 3 }, ['{"n":3}'], 0],
    ["an empty text", "", undefined, 0],
    ["an empty object", {}, undefined, 0],
    ["an empty array", [], undefined, 0],
    ["an array of an empty object", [{}], ["{}"], 0],
    ["more than the target takes", Array.from({ length: 11 }, (_, n) => ({ n })), undefined, 1],
  ])("continues with %s from its enrichment", async (_what, answer, bodies, left) => {
    const queue = await env.queue();
    const name = env.name("enrich");
    const asked: unknown[] = [];
    env.bus.registerFunction(name, (event) => {
      asked.push(event);
      return answer;
    });
    const enrichment = {
      Enrichment: functionArn(name),
      EnrichmentParameters: { InputTemplate: '{"given":"<$.body>"}' },
    };
    expect((await through(queue.arn, enrichment, "m")).left).toBe(left);
    expect(asked).toEqual([[{ given: "m" }]]);
    expect((await env.bodies(queue.url)).sort()).toEqual(bodies ?? []);
  });

  it("lets the target's template and parameters read the enrichment's answer, and retries when it fails", async () => {
    const stream = await env.stream();
    let calls = 0;
    env.bus.registerFunction("answers", (event) => {
      calls += 1;
      if (calls === 1) throw new Error("later");
      return (event as { body: string }[]).map(({ body }) => ({ user: { name: body } }));
    });
    const { left } = await through(
      stream.arn,
      {
        Enrichment: functionArn("answers"),
        TargetParameters: {
          InputTemplate: "hello <$.user.name>",
          KinesisStreamParameters: { PartitionKey: "$.user.name" },
        },
      },
      "ada",
    );
    expect(left).toBe(1);
    await env.bus.clock.advance("30s");
    expect(await env.records(stream.name)).toEqual(["hello ada"]);
  });

  it("calls API destinations, as target and as enrichment", async () => {
    const { webServer } = await import("../../support/web-server.ts");
    const web = await webServer(({ body }) => ({ status: 200, body: JSON.stringify({ heard: body }) }));
    const { ConnectionArn } = await env.events.createConnection({
      Name: "c",
      AuthorizationType: "API_KEY",
      AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: "x-key", ApiKeyValue: "secret" } },
    });
    const { ApiDestinationArn } = await env.events.createApiDestination({
      Name: "d",
      ConnectionArn,
      HttpMethod: "POST",
      InvocationEndpoint: `${web.url}/items/*`,
    });
    const HttpParameters = {
      PathParameterValues: ["$.body.id"],
      HeaderParameters: { "x-kind": "$.body.kind" },
      QueryStringParameters: { q: "fixed" },
    };
    const InputTemplate = '{"id":<$.body.id>}';
    const body = '{"id":7,"kind":"blue"}';
    const { left } = await through(
      ApiDestinationArn as string,
      { TargetParameters: { InputTemplate, HttpParameters } },
      body,
    );
    expect(left).toBe(0);
    expect(web.heard[0]).toMatchObject({
      method: "POST",
      url: "/items/7?q=fixed",
      body: '{"id":7}',
      headers: { "x-key": "secret", "x-kind": "blue" },
    });
    const queue = await env.queue();
    await through(
      queue.arn,
      { Enrichment: ApiDestinationArn, EnrichmentParameters: { InputTemplate, HttpParameters } },
      body,
    );
    expect(await env.bodies(queue.url)).toEqual(['{"heard":"{\\"id\\":7}"}']);
    await web.close();
  });

  it("starts state machines and waits for express ones, as target and as enrichment", async () => {
    const { SFN } = await import("@aws-sdk/client-sfn");
    const sfn = new SFN({ ...env.bus.clientConfig(), maxAttempts: 1 });
    const machine = async (type: "STANDARD" | "EXPRESS", state: object) => {
      const { stateMachineArn = "" } = await sfn.createStateMachine({
        name: env.name("machine"),
        type,
        roleArn: "arn:aws:iam::000000000000:role/r",
        definition: JSON.stringify({ StartAt: "S", States: { S: state } }),
      });
      return stateMachineArn;
    };
    const standard = await machine("STANDARD", { Type: "Pass", End: true });
    const parameters = (InvocationType: "FIRE_AND_FORGET" | "REQUEST_RESPONSE") => ({
      TargetParameters: { InputTemplate: '"<$.body>"', StepFunctionStateMachineParameters: { InvocationType } },
    });
    expect((await through(standard, parameters("FIRE_AND_FORGET"), "begun")).left).toBe(0);
    const { executions = [] } = await sfn.listExecutions({ stateMachineArn: standard });
    const { input } = await sfn.describeExecution({ executionArn: executions[0]?.executionArn });
    expect(input).toBe('["begun"]');
    expect((await through(standard, parameters("REQUEST_RESPONSE"), "not waited for")).left).toBe(1);

    const express = await machine("EXPRESS", { Type: "Pass", End: true });
    const failing = await machine("EXPRESS", { Type: "Fail", Error: "Broken", Cause: "on purpose" });
    expect((await through(express, parameters("REQUEST_RESPONSE"), "waited for")).left).toBe(0);
    expect((await through(failing, parameters("REQUEST_RESPONSE"), "refused")).left).toBe(1);

    const queue = await env.queue();
    const enriching = await machine("EXPRESS", { Type: "Pass", Parameters: { "seen.$": "$[0].body" }, End: true });
    const template = { TargetParameters: { InputTemplate: "<$.seen>" } };
    expect((await through(queue.arn, { Enrichment: enriching, ...template }, "enriched")).left).toBe(0);
    expect(await env.bodies(queue.url)).toEqual(["enriched"]);
    expect((await through(queue.arn, { Enrichment: failing, ...template }, "kept")).left).toBe(1);
    sfn.destroy();
  });
});
