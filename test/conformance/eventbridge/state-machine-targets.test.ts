import { PutEventsCommand, PutRuleCommand, PutTargetsCommand } from "@aws-sdk/client-eventbridge";
import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  ListExecutionsCommand,
  SFNClient,
} from "@aws-sdk/client-sfn";
import { beforeAll, describe, expect, it } from "vitest";
import { account, type Harness, harness, region } from "./harness.ts";

const role = `arn:aws:iam::${account}:role/r`;
let h: Harness;
let sfn: SFNClient;

beforeAll(async () => {
  h = await harness();
  sfn = new SFNClient({ ...h.bus.clientConfig() });
});

async function machine(name: string): Promise<string> {
  const definition = JSON.stringify({ StartAt: "P", States: { P: { Type: "Pass", End: true } } });
  const created = await sfn.send(new CreateStateMachineCommand({ name, definition, roleArn: role }));
  return created.stateMachineArn as string;
}

describe("a state machine as a target", () => {
  it("is started with the event as its input, and its status comes back as an event", async () => {
    const arn = await machine("from-rule");
    await h.events.send(new PutRuleCommand({ Name: "start", EventPattern: '{"source":["orders"]}' }));
    await h.events.send(new PutTargetsCommand({ Rule: "start", Targets: [{ Id: "m", Arn: arn, RoleArn: role }] }));
    const { url, arn: queueArn } = await h.queue("ended");
    const pattern = { source: ["aws.states"], detail: { status: ["SUCCEEDED"], stateMachineArn: [arn] } };
    await h.events.send(new PutRuleCommand({ Name: "ended", EventPattern: JSON.stringify(pattern) }));
    await h.events.send(new PutTargetsCommand({ Rule: "ended", Targets: [{ Id: "q", Arn: queueArn }] }));

    const entry = { Source: "orders", DetailType: "Placed", Detail: '{"n":1}', Time: new Date("2026-03-01T00:00:00Z") };
    const { Entries } = await h.events.send(new PutEventsCommand({ Entries: [entry] }));
    await h.bus.settled();

    const { executions = [] } = await sfn.send(new ListExecutionsCommand({ stateMachineArn: arn }));
    expect(executions.map(({ status }) => status)).toEqual(["SUCCEEDED"]);
    const { executionArn, name } = executions[0] ?? {};
    const { input } = await sfn.send(new DescribeExecutionCommand({ executionArn }));
    const event = JSON.parse(input ?? "");
    expect(event).toEqual({
      version: "0",
      id: Entries?.[0]?.EventId,
      "detail-type": "Placed",
      source: "orders",
      account,
      time: "2026-03-01T00:00:00Z",
      region,
      resources: [],
      detail: { n: 1 },
    });

    expect((await h.take(url)).map(({ Body = "" }) => JSON.parse(Body))).toMatchObject([
      {
        "detail-type": "Step Functions Execution Status Change",
        resources: [executionArn],
        detail: { executionArn, name, stateMachineArn: arn, status: "SUCCEEDED", input },
      },
    ]);
  });

  it("that does not exist is given up with its reason", async () => {
    const arn = `arn:aws:states:${region}:${account}:stateMachine:gone`;
    await h.events.send(new PutRuleCommand({ Name: "lost", EventPattern: '{"source":["lost"]}' }));
    await h.events.send(new PutTargetsCommand({ Rule: "lost", Targets: [{ Id: "m", Arn: arn, RoleArn: role }] }));
    const entry = { Source: "lost", DetailType: "Placed", Detail: "{}" };
    await h.events.send(new PutEventsCommand({ Entries: [entry] }));
    await h.bus.settled();
    const [delivery] = h.bus.deliveries({ target: arn });
    expect(delivery).toMatchObject({ status: "failed", attempts: [{ code: "StateMachineDoesNotExist" }] });
  });
});
