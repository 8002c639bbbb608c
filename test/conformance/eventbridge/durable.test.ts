import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CreateApiDestinationCommand,
  CreateArchiveCommand,
  CreateConnectionCommand,
  DescribeArchiveCommand,
  DescribeConnectionCommand,
  DescribeReplayCommand,
  ListTargetsByRuleCommand,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
  StartReplayCommand,
} from "@aws-sdk/client-eventbridge";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { webServer } from "../../support/web-server.ts";
import { account, type Harness, harness, region, start } from "./harness.ts";

let dataDir: string;
let h: Harness;
const role = "arn:aws:iam::000000000000:role/r";
const bus = `arn:aws:events:${region}:${account}:event-bus/default`;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "busbar-events-"));
  h = await harness({ dataDir });
});
afterAll(async () => {
  await h.close();
  await rm(dataDir, { recursive: true });
});

async function restart(): Promise<void> {
  await h.close();
  h = await harness({ dataDir, startTime: undefined as never, clock: undefined as never });
}

describe("after a restart", () => {
  it("a retry continues where it was, with its dead letter at the end", async () => {
    let status = 503;
    const server = await webServer(() => ({ status }));
    const { ConnectionArn } = await h.events.send(
      new CreateConnectionCommand({
        Name: "c",
        AuthorizationType: "API_KEY",
        AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: "k", ApiKeyValue: "v" } },
      }),
    );
    const { ApiDestinationArn } = await h.events.send(
      new CreateApiDestinationCommand({ Name: "d", ConnectionArn, InvocationEndpoint: server.url, HttpMethod: "POST" }),
    );
    const dead = await h.queue("dead");
    await h.events.send(new PutRuleCommand({ Name: "retry", EventPattern: '{"source":["retry"]}' }));
    const target = { Id: "1", Arn: ApiDestinationArn as string, RoleArn: role, DeadLetterConfig: { Arn: dead.arn } };
    const RetryPolicy = { MaximumRetryAttempts: 4 };
    await h.events.send(new PutTargetsCommand({ Rule: "retry", Targets: [{ ...target, RetryPolicy }] }));
    const put = async () => {
      await h.events.send(new PutEventsCommand({ Entries: [{ Source: "retry", DetailType: "d", Detail: "{}" }] }));
      await h.bus.settled();
    };
    await put();
    await h.bus.clock.advance("2s");
    expect(server.heard).toHaveLength(2);

    await restart();
    expect(h.bus.clock.now()).toBe(Date.parse(start) + 2000);
    expect(h.bus.deliveries({ status: "pending" })).toMatchObject([{ attemptCount: 2 }]);
    const { Targets } = await h.events.send(new ListTargetsByRuleCommand({ Rule: "retry" }));
    expect(Targets).toEqual([{ ...target, RetryPolicy }]);
    await h.bus.clock.advance("1m");
    expect(server.heard).toHaveLength(5);
    const [letter] = await h.take(dead.url);
    expect(letter?.MessageAttributes).toMatchObject({
      EXHAUSTED_RETRY_CONDITION: { StringValue: "MaximumRetryAttempts" },
      RETRY_ATTEMPTS: { StringValue: "4" },
    });

    status = 200;
    await put();
    expect(server.heard).toHaveLength(6);
    expect(server.heard[5]?.headers["k"]).toBe("v");
    await server.close();
  });

  it("a replay continues where it was, and every event comes once", async () => {
    const queue = await h.queue("replayed");
    await h.events.send(new CreateArchiveCommand({ ArchiveName: "a", EventSourceArn: bus }));
    const minute = (n: number) => new Date(Date.UTC(2026, 1, 1, 0, n));
    for (let n = 0; n < 10; n++) {
      const entry = { Source: "replay", DetailType: "d", Detail: `{"n":${n}}`, Time: minute(n) };
      await h.events.send(new PutEventsCommand({ Entries: [entry] }));
    }
    await h.events.send(new PutRuleCommand({ Name: "replay", EventPattern: '{"replay-name":["again"]}' }));
    await h.events.send(new PutTargetsCommand({ Rule: "replay", Targets: [{ Id: "1", Arn: queue.arn }] }));
    await h.events.send(
      new StartReplayCommand({
        ReplayName: "again",
        EventSourceArn: `arn:aws:events:${region}:${account}:archive/a`,
        EventStartTime: minute(0),
        EventEndTime: minute(60),
        Destination: { Arn: bus },
      }),
    );
    await h.bus.clock.advance(400);
    const find = () => h.events.send(new DescribeReplayCommand({ ReplayName: "again" }));
    expect(await find()).toMatchObject({ State: "RUNNING", EventLastReplayedTime: minute(3) });

    await restart();
    expect(await find()).toMatchObject({ State: "RUNNING", EventLastReplayedTime: minute(3) });
    expect(await h.events.send(new DescribeArchiveCommand({ ArchiveName: "a" }))).toMatchObject({ EventCount: 10 });
    await h.bus.clock.advance("1m");
    expect((await find()).State).toBe("COMPLETED");
    const numbers = (await h.take(queue.url)).map(({ Body }) => JSON.parse(Body as string).detail.n);
    expect(numbers).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it("rules match and schedules fire", async () => {
    const { url, arn } = await h.queue("woken");
    const rule = { Name: "woken", ScheduleExpression: "rate(1 hour)", EventPattern: '{"source":["woken"]}' };
    await h.events.send(new PutRuleCommand(rule));
    await h.events.send(new PutTargetsCommand({ Rule: "woken", Targets: [{ Id: "1", Arn: arn, Input: "1" }] }));
    await h.bus.clock.advance("30m");
    await restart();
    await h.events.send(new PutEventsCommand({ Entries: [{ Source: "woken", DetailType: "d", Detail: "{}" }] }));
    expect(await h.take(url)).toHaveLength(1);
    await h.bus.clock.advance("31m");
    expect(await h.take(url)).toHaveLength(1);
  });

  it("a connection that was waiting for its token asks again", async () => {
    let silent = true;
    const server = await webServer(() => ({ silent, body: '{"access_token":"t"}' }));
    const OAuthParameters = {
      ClientParameters: { ClientID: "i", ClientSecret: "s" },
      AuthorizationEndpoint: server.url,
      HttpMethod: "POST" as const,
    };
    const AuthorizationType = "OAUTH_CLIENT_CREDENTIALS";
    await h.events.send(
      new CreateConnectionCommand({ Name: "waiting", AuthorizationType, AuthParameters: { OAuthParameters } }),
    );
    const state = async () => (await h.events.send(new DescribeConnectionCommand({ Name: "waiting" }))).ConnectionState;
    expect(await state()).toBe("AUTHORIZING");
    silent = false;
    await restart();
    await h.bus.settled();
    expect(await state()).toBe("AUTHORIZED");
    await server.close();
  });
});
