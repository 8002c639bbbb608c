import {
  CreateEventBusCommand,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
  TestEventPatternCommand,
} from "@aws-sdk/client-eventbridge";
import { beforeAll, describe, expect, it } from "vitest";
import { account, type Harness, harness, refusal, region } from "./harness.ts";

let h: Harness;
let queue: { url: string; arn: string };

beforeAll(async () => {
  h = await harness();
  queue = await h.queue("sink");
  await h.events.send(new PutRuleCommand({ Name: "orders", EventPattern: '{"source":["shop"]}' }));
  await h.events.send(new PutTargetsCommand({ Rule: "orders", Targets: [{ Id: "q", Arn: queue.arn }] }));
});

const entry = (more: object = {}) => ({ Source: "shop", DetailType: "Order", Detail: "{}", ...more });
const put = (...entries: object[]) => h.events.send(new PutEventsCommand({ Entries: entries }));

describe("PutEvents", () => {
  it("delivers a matching event as compact JSON in AWS's order of keys", async () => {
    const { Entries, FailedEntryCount } = await put(
      entry({
        Detail: '{ "id" : 300.0, "name" : "two words",\n "big": 12345678901234567890 }',
        Resources: ["arn:aws:s3:::b"],
        Time: new Date("2026-02-03T04:05:06.789Z"),
      }),
    );
    expect(FailedEntryCount).toBe(0);
    const id = Entries?.[0]?.EventId;
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const [message] = await h.take(queue.url);
    expect(message?.Body).toBe(
      `{"version":"0","id":"${id}","detail-type":"Order","source":"shop","account":"${account}",` +
        `"time":"2026-02-03T04:05:06Z","region":"${region}","resources":["arn:aws:s3:::b"],` +
        '"detail":{"id":300.0,"name":"two words","big":12345678901234567890}}',
    );
    expect(message?.MessageAttributes).toBeUndefined();
    expect(message?.Attributes?.["AWSTraceHeader"]).toBeUndefined();
  });

  it("takes the time of the call and no resources by default", async () => {
    await put(entry());
    const [message] = await h.take(queue.url);
    expect(JSON.parse(message?.Body as string)).toMatchObject({ time: "2026-03-01T00:00:00Z", resources: [] });
  });

  it("answers entry by entry, in order", async () => {
    const { Entries, FailedEntryCount } = await put(
      { DetailType: "Order", Detail: "{}" },
      entry({ Detail: undefined }),
      entry({ DetailType: "" }),
      entry({ Detail: "text" }),
      entry({ Detail: "[]" }),
      entry({ Detail: '"{}"' }),
      entry({ Source: "aws.ec2" }),
      entry(),
    );
    const required = (name: string) => ({
      ErrorCode: "InvalidArgument",
      ErrorMessage: `Parameter ${name} is not valid. Reason: ${name} is a required argument.`,
    });
    const malformed = { ErrorCode: "MalformedDetail", ErrorMessage: "Detail is malformed." };
    expect(FailedEntryCount).toBe(7);
    expect(Entries).toEqual([
      required("Source"),
      required("Detail"),
      required("DetailType"),
      malformed,
      malformed,
      malformed,
      { ErrorCode: "NotAuthorizedForSourceException", ErrorMessage: "Not authorized for the source." },
      { EventId: expect.any(String) },
    ]);
    expect(await h.take(queue.url)).toHaveLength(1);
  });

  it("drops an event for a bus that does not exist, and says so in the list of events", async () => {
    const { FailedEntryCount } = await put(entry({ EventBusName: "nowhere" }), entry());
    expect(FailedEntryCount).toBe(0);
    expect(await h.take(queue.url)).toHaveLength(1);
    expect(h.bus.events({ bus: "nowhere" })).toMatchObject([
      { matched: [], reason: "Event bus nowhere does not exist." },
    ]);
  });

  it("refuses a batch that is too large as a whole", async () => {
    const eleven = Array.from({ length: 11 }, () => ({ Source: "s", DetailType: "d", Detail: "{}" }));
    const one =
      "PutEventsRequestEntry(time=null, source=s, resources=null, detailType=d, detail={}, eventBusName=null, traceHeader=null, kmsKeyIdentifier=null, internalMetadata=null)";
    expect(await refusal(put(...eleven))).toBe(
      `ValidationException: 1 validation error detected: Value '[${Array(11).fill(one).join(", ")}]' at 'entries' failed to satisfy constraint: Member must have length less than or equal to 10`,
    );
    const large = { Source: "s", DetailType: "d", Detail: `{"a":"${"x".repeat(1_048_576 - 10)}"}` };
    expect(await refusal(put(large))).toBe(
      "ValidationException: Total size of the entries in the request is over the limit.",
    );
    const justSmallEnough = { ...large, Detail: `{"a":"${"x".repeat(1_048_576 - 11)}"}` };
    expect((await put(justSmallEnough)).FailedEntryCount).toBe(0);
    const withTime = { ...justSmallEnough, Time: new Date(0) };
    expect(await refusal(put(withTime))).toContain("over the limit");
  });

  it("puts events on the bus of another account and region by its ARN, as the sender's", async () => {
    const other = { account: "111122223333", region: "eu-west-1" };
    const there = h.eventsAs(other);
    const { EventBusArn } = await there.send(new CreateEventBusCommand({ Name: "theirs" }));
    await there.send(new PutRuleCommand({ Name: "all", EventBusName: "theirs", EventPattern: '{"source":["shop"]}' }));
    const far = await h.queue("far");
    await there.send(
      new PutTargetsCommand({ Rule: "all", EventBusName: "theirs", Targets: [{ Id: "1", Arn: far.arn }] }),
    );
    await put(entry({ EventBusName: EventBusArn }));
    const [message] = await h.take(far.url);
    expect(JSON.parse(message?.Body as string)).toMatchObject({ account, region });
  });
});

describe("TestEventPattern", () => {
  const envelope = { id: "1", account, time: "2026-03-01T00:00:00Z", region, "detail-type": "d" };
  const test = (pattern: unknown, event: unknown) => {
    const whole = Array.isArray(event) ? event : { ...envelope, ...(event as object) };
    return h.events.send(
      new TestEventPatternCommand({ EventPattern: JSON.stringify(pattern), Event: JSON.stringify(whole) }),
    );
  };

  it("says whether they match", async () => {
    expect((await test({ source: ["a"] }, { source: "a" })).Result).toBe(true);
    expect((await test({ source: ["a"] }, { source: "b" })).Result).toBe(false);
  });

  it("refuses an event that is not an object and an invalid pattern", async () => {
    expect(await refusal(test({ source: ["a"] }, []))).toBe("ValidationException: Parameter Event is not valid.");
    expect(await refusal(test({ source: "a" }, {}))).toBe(
      'InvalidEventPatternException: Event pattern is not valid. Reason: "source" must be an object or an array\n at [Source: (String)"{"source":"a"}"; line: 1, column: 12]',
    );
    expect(await refusal(test({ source: ["a".repeat(2048)] }, {}))).toContain("InvalidEventPatternException");
  });
});

describe("the list of events", () => {
  it("shows the rules that matched, and for the others the first field that did not", async () => {
    const put = (Name: string, pattern: object, State?: "DISABLED") =>
      h.events.send(new PutRuleCommand({ Name, EventPattern: JSON.stringify(pattern), State }));
    await put("far", { source: ["x"], "detail-type": ["y"], detail: { a: [1] } });
    await put("near", { source: ["lab"], detail: { a: [1, { exists: false }] } });
    await put("asleep", { source: ["lab"] }, "DISABLED");
    await put("takes", { source: ["lab"], detail: { a: [2] } });
    await h.events.send(new PutEventsCommand({ Entries: [{ Source: "lab", DetailType: "T", Detail: '{"a":2}' }] }));
    const arn = (name: string) => `arn:aws:events:${region}:${account}:rule/${name}`;
    const [record] = h.bus.events({ source: "lab" });
    expect(record?.matched).toEqual([arn("takes")]);
    expect(record?.unmatched).toMatchObject([
      { ruleArn: arn("asleep"), reason: "disabled" },
      { ruleArn: arn("near"), field: "detail.a", reason: "value", expected: '[1,{"exists":false}]', actual: [2] },
      { ruleArn: arn("far") },
      { ruleArn: arn("orders"), field: "source", actual: ["lab"] },
    ]);
    await put("later", { source: ["lab"] });
    expect(h.bus.events({ source: "lab" })[0]?.unmatched.map(({ ruleArn }) => ruleArn)).not.toContain(arn("later"));

    const shown = await fetch(`${h.bus.endpoint}/_busbar/events?source=lab&matched=true&limit=1`);
    expect(await shown.json()).toMatchObject({
      events: [
        { arrivedAt: "2026-03-01T00:00:00.000Z", bus: "default", event: { detail: { a: 2 } }, matched: [arn("takes")] },
      ],
    });
    const refused = await fetch(`${h.bus.endpoint}/_busbar/events?matched=perhaps`);
    expect([refused.status, await refused.json()]).toEqual([400, { message: "matched is true or false." }]);
  });
});
