import {
  ActivateEventSourceCommand,
  CreateEndpointCommand,
  type CreateEndpointCommandInput,
  CreateEventBusCommand,
  CreatePartnerEventSourceCommand,
  DeactivateEventSourceCommand,
  DeleteEndpointCommand,
  DeleteEventBusCommand,
  DeletePartnerEventSourceCommand,
  DescribeEndpointCommand,
  DescribeEventSourceCommand,
  DescribePartnerEventSourceCommand,
  type EventBridgeClient,
  ListEndpointsCommand,
  ListEventSourcesCommand,
  ListPartnerEventSourceAccountsCommand,
  ListPartnerEventSourcesCommand,
  PutPartnerEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
  UpdateEndpointCommand,
} from "@aws-sdk/client-eventbridge";
import { beforeAll, describe, expect, it } from "vitest";
import { account, type Harness, harness, refusal, region } from "./harness.ts";

let h: Harness;
beforeAll(async () => {
  h = await harness();
});

const created = new Date("2026-03-01T00:00:00Z");
const role = "arn:aws:iam::000000000000:role/r";

describe("global endpoints", () => {
  const busArn = (name: string, at = region) => `arn:aws:events:${at}:${account}:event-bus/${name}`;
  const RoutingConfig = {
    FailoverConfig: {
      Primary: { HealthCheck: "arn:aws:route53:::healthcheck/1" },
      Secondary: { Route: "us-west-2" },
    },
  };
  const input = (more: object = {}): CreateEndpointCommandInput => ({
    Name: "global",
    RoutingConfig,
    EventBuses: [{ EventBusArn: busArn("g") }, { EventBusArn: busArn("g", "us-west-2") }],
    RoleArn: role,
    ...more,
  });
  const create = (more: object = {}) => h.events.send(new CreateEndpointCommand(input(more)));
  /** PutEvents with an EndpointId, sent as it is: clients sign it in a way of its own. */
  const putEvents = async (body: object) => {
    const answer = await fetch(h.bus.endpoint, {
      method: "POST",
      headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": "AWSEvents.PutEvents" },
      body: JSON.stringify(body),
    });
    return { status: answer.status, body: await answer.json() };
  };

  it("are created, described, listed, updated and deleted", async () => {
    const { $metadata: _, ...answer } = await create();
    const shown = {
      Name: "global",
      Arn: `arn:aws:events:${region}:${account}:endpoint/global`,
      RoutingConfig,
      ReplicationConfig: { State: "ENABLED" },
      EventBuses: [{ EventBusArn: busArn("g") }, { EventBusArn: busArn("g", "us-west-2") }],
      RoleArn: role,
    };
    expect(answer).toEqual({ ...shown, State: "CREATING" });
    const { $metadata: _m, ...found } = await h.events.send(new DescribeEndpointCommand({ Name: "global" }));
    expect(found).toEqual({
      ...shown,
      EndpointId: expect.stringMatching(/^[a-z0-9]+\.[a-z0-9]+$/),
      EndpointUrl: `https://${found.EndpointId}.endpoint.events.amazonaws.com`,
      State: "ACTIVE",
      CreationTime: created,
      LastModifiedTime: created,
    });
    const { Endpoints } = await h.events.send(new ListEndpointsCommand({ NamePrefix: "g", MaxResults: 1 }));
    expect(Endpoints).toEqual([found]);
    const update = { Name: "global", ReplicationConfig: { State: "DISABLED" as const }, Description: "d" };
    expect(await h.events.send(new UpdateEndpointCommand(update))).toMatchObject({
      ReplicationConfig: { State: "DISABLED" },
      EndpointId: found.EndpointId,
      State: "UPDATING",
    });
    await h.events.send(new DeleteEndpointCommand({ Name: "global" }));
    expect(await refusal(h.events.send(new DescribeEndpointCommand({ Name: "global" })))).toContain(
      "ResourceNotFoundException",
    );
  });

  it("take events to their buses", async () => {
    for (const at of [region, "us-west-2"]) {
      await h.eventsAs({ region: at }).send(new CreateEventBusCommand({ Name: "g" }));
    }
    await create();
    const { EndpointId } = await h.events.send(new DescribeEndpointCommand({ Name: "global" }));
    const Entries = [{ Source: "s", DetailType: "d", Detail: "{}", EventBusName: "g" }];
    expect((await putEvents({ EndpointId, Entries })).body).toMatchObject({ FailedEntryCount: 0 });
    expect(h.bus.events({ bus: "g" }).map((event) => event.region)).toEqual(["us-west-2", region]);
    expect(await putEvents({ EndpointId: "no.one", Entries })).toMatchObject({ status: 400 });
  });

  it("are refused when their buses do not fit", async () => {
    expect(await refusal(create())).toBe("ResourceAlreadyExistsException: Endpoint global already exists.");
    const EventBuses = [{ EventBusArn: busArn("g") }, { EventBusArn: busArn("h", "us-west-2") }];
    expect(await refusal(create({ Name: "x", EventBuses }))).toContain("Parameter EventBuses is not valid.");
    const same = [{ EventBusArn: busArn("g") }, { EventBusArn: busArn("g") }];
    expect(await refusal(create({ Name: "x", EventBuses: same }))).toContain("Parameter EventBuses is not valid.");
    expect(await refusal(create({ Name: "x", RoleArn: undefined }))).toContain("Parameter RoleArn is not valid.");
  });
});

describe("partner event sources", () => {
  const Name = "aws.partner/shop.example/1/orders";
  const customer = "111122223333";
  let theirs: EventBridgeClient;
  const state = async () => (await theirs.send(new DescribeEventSourceCommand({ Name }))).State;
  const putOrder = () =>
    h.events.send(new PutPartnerEventsCommand({ Entries: [{ Source: Name, DetailType: "Order", Detail: "{}" }] }));

  beforeAll(() => {
    theirs = h.eventsAs({ account: customer });
  });

  it("are offered by a partner and seen by the customer", async () => {
    const Arn = `arn:aws:events:${region}::event-source/${Name}`;
    const offer = (Account: string) => h.events.send(new CreatePartnerEventSourceCommand({ Name, Account }));
    expect((await offer(customer)).EventSourceArn).toBe(Arn);
    await offer("444455556666");
    expect(await refusal(offer(customer))).toContain("ResourceAlreadyExistsException");
    expect(await h.events.send(new DescribePartnerEventSourceCommand({ Name }))).toMatchObject({ Arn, Name });
    const sources = await h.events.send(
      new ListPartnerEventSourcesCommand({ NamePrefix: "aws.partner/shop.example/" }),
    );
    expect(sources.PartnerEventSources).toEqual([{ Arn, Name }]);
    const accounts = await h.events.send(new ListPartnerEventSourceAccountsCommand({ EventSourceName: Name }));
    expect(accounts.PartnerEventSourceAccounts).toMatchObject([
      { Account: customer, State: "PENDING" },
      { Account: "444455556666", State: "PENDING" },
    ]);
    expect((await theirs.send(new ListEventSourcesCommand({}))).EventSources).toEqual([
      {
        Arn,
        Name,
        CreatedBy: "aws.partner/shop.example",
        State: "PENDING",
        CreationTime: created,
        ExpirationTime: new Date("2026-03-15T00:00:00Z"),
      },
    ]);
    expect(await refusal(h.events.send(new DescribeEventSourceCommand({ Name })))).toBe(
      `ResourceNotFoundException: Event source ${Name} does not exist.`,
    );
  });

  it("send their events to the bus of their name", async () => {
    await putOrder();
    expect(h.bus.events({ bus: Name })).toEqual([]);
    expect(await refusal(theirs.send(new CreateEventBusCommand({ Name })))).toContain("ValidationException");
    await theirs.send(new CreateEventBusCommand({ Name, EventSourceName: Name }));
    expect(await state()).toBe("ACTIVE");
    const { url, arn } = await h.queue("partner");
    const { RuleArn } = await theirs.send(
      new PutRuleCommand({ Name: "r", EventBusName: Name, EventPattern: '{"account":["111122223333"]}' }),
    );
    expect(RuleArn).toBe(`arn:aws:events:${region}:${customer}:rule/${Name}/r`);
    await theirs.send(new PutTargetsCommand({ Rule: "r", EventBusName: Name, Targets: [{ Id: "1", Arn: arn }] }));
    const { Entries } = await putOrder();
    expect(Entries).toEqual([{ EventId: expect.any(String) }]);
    const [message] = await h.take(url);
    expect(JSON.parse(message?.Body as string)).toMatchObject({ source: Name, account: customer });
    await theirs.send(new DeactivateEventSourceCommand({ Name }));
    await putOrder();
    expect(await h.take(url)).toEqual([]);
    await theirs.send(new ActivateEventSourceCommand({ Name }));
    await putOrder();
    expect(await h.take(url)).toHaveLength(1);
  });

  it("are deleted", async () => {
    await h.events.send(new DeletePartnerEventSourceCommand({ Name, Account: customer }));
    expect(await state()).toBe("DELETED");
    expect(await refusal(theirs.send(new ActivateEventSourceCommand({ Name })))).toContain("IllegalStatusException");
    await h.events.send(new DeletePartnerEventSourceCommand({ Name, Account: "444455556666" }));
    expect(await refusal(h.events.send(new DescribePartnerEventSourceCommand({ Name })))).toContain(
      "ResourceNotFoundException",
    );
    expect(await refusal(theirs.send(new DeleteEventBusCommand({ Name })))).toContain("since it has rules");
  });
});
