import { PutEventsCommand, PutRuleCommand, PutTargetsCommand } from "@aws-sdk/client-eventbridge";
import { CreatePipeCommand, PipesClient } from "@aws-sdk/client-pipes";
import { SendMessageCommand } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { webServer } from "../../support/web-server.ts";
import { account, type Harness, harness, region } from "./harness.ts";

const role = `arn:aws:iam::${account}:role/r`;
const method = `arn:aws:execute-api:${region}:${account}:abc123/prod/PUT/orders/*/lines`;
let api: Awaited<ReturnType<typeof webServer>>;
let h: Harness;

beforeAll(async () => {
  api = await webServer(({ url }) => ({ body: url.includes("enrich") ? '[{"enriched":true}]' : "{}" }));
  h = await harness({ endpoints: { "execute-api": api.url } });
});

afterAll(() => api.close());

describe("a method of an API", () => {
  it("is called by a rule as API Gateway would be", async () => {
    const HttpParameters = {
      PathParameterValues: ["$.detail.id"],
      HeaderParameters: { "x-shop": "north" },
      QueryStringParameters: { dry: "yes & no" },
    };
    await h.events.send(new PutRuleCommand({ Name: "api", EventPattern: '{"source":["shop"]}' }));
    const target = { Id: "a", Arn: method, RoleArn: role, InputPath: "$.detail", HttpParameters };
    await h.events.send(new PutTargetsCommand({ Rule: "api", Targets: [target] }));
    const entry = { Source: "shop", DetailType: "Placed", Detail: '{"id":"o/1"}' };
    await h.events.send(new PutEventsCommand({ Entries: [entry] }));
    await h.bus.settled();
    expect(api.heard.splice(0)).toMatchObject([
      {
        method: "PUT",
        url: "/prod/orders/o%2F1/lines?dry=yes+%26+no",
        headers: { host: `abc123.execute-api.${region}.amazonaws.com`, "x-shop": "north" },
        body: '{"id":"o/1"}',
      },
    ]);
  });

  it("enriches and receives what a pipe moves", async () => {
    const { url, arn } = await h.queue("pipe-source");
    const pipes = new PipesClient({ ...h.bus.clientConfig() });
    await pipes.send(
      new CreatePipeCommand({
        Name: "to-api",
        RoleArn: role,
        Source: arn,
        Enrichment: `arn:aws:execute-api:${region}:${account}:abc123/prod/POST/enrich`,
        Target: method,
        TargetParameters: { HttpParameters: { PathParameterValues: ["7"] } },
      }),
    );
    await h.bus.clock.advance("1s");
    await h.sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: '{"n":1}' }));
    await h.bus.clock.advance("1s");
    await h.bus.settled();
    const [enrichment, target] = api.heard.splice(0);
    expect(enrichment).toMatchObject({ method: "POST", url: "/prod/enrich" });
    expect(JSON.parse(enrichment?.body ?? "")).toMatchObject({ body: '{"n":1}', eventSource: "aws:sqs" });
    expect(target).toMatchObject({ method: "PUT", url: "/prod/orders/7/lines", body: '{"enriched":true}' });
    expect(await h.take(url)).toEqual([]);
    pipes.destroy();
  });

  it("is given up without an endpoint for API Gateway, with advice", async () => {
    const other = await harness();
    await other.events.send(new PutRuleCommand({ Name: "api", EventPattern: '{"source":["shop"]}' }));
    await other.events.send(new PutTargetsCommand({ Rule: "api", Targets: [{ Id: "a", Arn: method, RoleArn: role }] }));
    await other.events.send(new PutEventsCommand({ Entries: [{ Source: "shop", DetailType: "x", Detail: "{}" }] }));
    await other.bus.settled();
    expect(other.bus.deliveries({ target: method })).toMatchObject([
      { status: "failed", attempts: [{ message: expect.stringContaining("--endpoint execute-api=url") }] },
    ]);
    await other.close();
  });
});
