/** Hostile and random use of EventBridge: AWS's error or a result, never a failure of our own. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compilePattern } from "../../protocols/pattern.ts";
import { kindOf, membersOf, type Shape } from "../../protocols/schema.ts";
import type { MemberFacts } from "../../protocols/validate.ts";
import { Emulator } from "../../src/emulator.ts";
import {
  applyInputPath,
  applyInputTransformer,
  InvalidTransform,
  parseInputTransformer,
  parseJsonPath,
} from "../../src/events/input-transform/index.ts";
import { parseEvent } from "../../src/events/pattern/index.ts";
import { InvalidSchedule, nextFire, parseSchedule } from "../../src/events/schedule/index.ts";
import { serviceNamed } from "../support/service-models.ts";

const event = parseEvent(
  '{"id":"1","source":"s","detail":{"text":"a\\"b","n":1.50,"list":[1,{"x":null}],"big":12345678901234567890}}',
);
const context = { ruleArn: "arn", ruleName: "rule", ingestionTime: "2026-01-01T00:00:00Z" };

/** Strings of tokens that have a meaning to the parser under test, mixed with any characters. */
const mixed = (...pieces: string[]) =>
  fc
    .array(
      fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...pieces) }, fc.string({ unit: "binary", maxLength: 4 })),
      { maxLength: 24 },
    )
    .map((parts) => parts.join(""));

describe("input transformers", () => {
  const template = mixed(
    '"',
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "<a>",
    "<b>",
    "<aws.events.event.json>",
    "<aws.events.rule-name>",
    "<",
    ">",
    "\\",
    '\\"',
    "\n",
    " ",
    '"k"',
    "1",
    "null",
    "<none>",
  );
  const path = mixed("$", ".", "detail", "text", "[", "]", "*", "0", "'", '"', "list", "..", "[*]");

  it("are refused with a message, or turn any event into JSON or nothing", () => {
    fc.assert(
      fc.property(template, path, (inputTemplate, inputPath) => {
        try {
          const transformer = parseInputTransformer({ a: "$.detail", b: inputPath }, inputTemplate, "id");
          const made = applyInputTransformer(transformer, event, context);
          if ("problem" in made) expect(["invalid-json", "too-large", "nothing"]).toContain(made.problem);
          else for (const line of transformer.form === "lines" ? made.text.split("\n") : [made.text]) JSON.parse(line);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidTransform);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it("accept only valid paths, and select JSON", () => {
    fc.assert(
      fc.property(path, (text) => {
        try {
          const picked = applyInputPath(parseJsonPath(text), event);
          if (picked !== undefined) JSON.parse(picked);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidTransform);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("cost in proportion to their size, however they are nested", () => {
    const deep = `{"a":${"[".repeat(4000)}<a>${"]".repeat(4000)}}`;
    for (const inputTemplate of [
      deep,
      '"'.repeat(8191),
      "<a>".repeat(2700),
      `"${"<".repeat(8000)}"`,
      "\\".repeat(8192),
    ]) {
      try {
        applyInputTransformer(parseInputTransformer({ a: "$" }, inputTemplate, "id"), event, context);
      } catch (error) {
        expect(error).toBeInstanceOf(InvalidTransform);
      }
    }
  });
});

describe("schedule expressions", () => {
  const field = fc
    .array(
      fc.constantFrom(
        "*",
        "?",
        "L",
        "W",
        "#",
        "/",
        "-",
        ",",
        "0",
        "1",
        "5",
        "7",
        "31",
        "59",
        "2199",
        "2024",
        "MON",
        "SUN",
        "JAN",
        "6L",
        "3W",
        "SAT#3",
        "FRI",
        "99999999999",
      ),
      { minLength: 1, maxLength: 5 },
    )
    .map((parts) => parts.join(""));
  const cron = fc.array(field, { minLength: 4, maxLength: 7 }).map((fields) => `cron(${fields.join(" ")})`);
  const likely = fc
    .tuple(
      fc.constantFrom("0", "*", "0/5", "5,35", "0-59/7"),
      fc.constantFrom("0", "*", "8-17", "20-2", "23"),
      fc.constantFrom(
        ["?", "SAT#3"],
        ["?", "6L"],
        ["L", "?"],
        ["31", "?"],
        ["30W", "?"],
        ["1-31/2", "?"],
        ["?", "MON-FRI"],
        ["?", "7#5"],
      ),
      fc.constantFrom("*", "2", "FEB", "1,2", "6-8", "2/12"),
      fc.constantFrom("*", "2024", "2199", "1970-2199", "2096-2104", "1970"),
    )
    .map(
      ([minute, hour, [dayOfMonth, dayOfWeek], month, year]) =>
        `cron(${minute} ${hour} ${dayOfMonth} ${month} ${dayOfWeek} ${year})`,
    );

  it("are refused with AWS's message, or fire later than now or never", () => {
    const now = Date.UTC(2024, 1, 29, 23, 59, 30);
    fc.assert(
      fc.property(
        fc.oneof(cron, likely, mixed("rate(", "cron(", ")", "1", "5", " ", "minute", "minutes", "day", "-1", "0")),
        (text) => {
          let schedule: ReturnType<typeof parseSchedule>;
          try {
            schedule = parseSchedule(text, "events");
          } catch (error) {
            expect(error).toBeInstanceOf(InvalidSchedule);
            expect((error as Error).message).toBe("Parameter ScheduleExpression is not valid.");
            return;
          }
          const first = nextFire(schedule, now, { anchorMs: now });
          if (first === undefined) return;
          expect(first).toBeGreaterThan(now);
          const second = nextFire(schedule, first, { anchorMs: now });
          if (second !== undefined) expect(second - first).toBeGreaterThanOrEqual(60_000);
        },
      ),
      { numRuns: 4000 },
    );
  });
});

const account = "000000000000";
const arn = (service: string, resource: string, region = "us-east-1") =>
  `arn:aws:${service}:${region}:${account}:${resource}`;

/** Values by the name of the member, few enough that operations meet one another's resources. */
const names = ["a", "a", "a", "a", "b", "default", "aws.partner/p/1/x", "Events-Archive-a"];
const arns = [
  arn("events", "event-bus/default"),
  arn("events", "event-bus/a"),
  arn("events", "event-bus/a", "eu-west-1"),
  arn("events", "rule/a"),
  arn("events", "rule/a/b"),
  arn("events", "archive/a"),
  arn("events", "connection/a/1"),
  arn("events", "api-destination/a"),
  arn("sqs", "q"),
  arn("sqs", "q.fifo"),
  arn("sns", "t"),
  arn("logs", "log-group:g"),
  arn("lambda", "function:f"),
  arn("ecs", "cluster/c"),
  "arn:aws:s3:::b",
  "arn:aws:route53:::healthcheck/1",
  "arn:aws:iam::000000000000:role/r",
  "arn:",
  "::::::",
];
const byMember: Record<string, readonly unknown[]> = {
  EventPattern: [
    '{"source":["s"]}',
    '{"detail":{"n":[{"numeric":[">",0]}]}}',
    '{"replay-name":["a"]}',
    '{"a":1}',
    "{",
    " {} ",
    '{"$or":[{"source":["s"]},{"account":[null]}]}',
  ],
  ScheduleExpression: ["rate(1 minute)", "cron(0 0 ? * 6L *)", "cron(* * ? * * *)", "rate(0 days)"],
  Detail: [
    "{}",
    '{"n":1,"list":[{"a":"$.x"}]}',
    "[]",
    "",
    "{",
    `{"deep":${"[".repeat(1001)}${"]".repeat(1001)}}`,
    '{"__proto__":{"a":1}}',
  ],
  Source: ["s", "aws.x", "", "aws.partner/p/1/x"],
  Event: ['{"source":"s"}', "[]", "nonsense"],
  Input: ['{"a":1}', "{", '"text"'],
  InputPath: ["$", "$.detail", "$.none", "x"],
  InputTemplate: ['"<x>"', '{"x":<x>}', "<aws.events.event.json>", '"'],
  PartitionKeyPath: ["$.detail.n", "$.id", "x"],
  InvocationEndpoint: ["http://127.0.0.1:9/*", "https://nowhere.invalid/", "ftp://x", "http://[", "http://*.x/"],
  AuthorizationEndpoint: ["http://127.0.0.1:9/", "x"],
  Policy: ["{}", '{"Statement":{}}', '{"Statement":[{"Sid":"a"}]}', "x"],
  NextToken: ["ImEi", "MQ", "x", "bnVsbA"],
  Principal: ["*", "111122223333"],
  StatementId: ["a"],
  Action: ["events:PutEvents", "events:PutRule"],
  Time: [0, -8.64e12, 8.64e12, 1_772_323_200, 1e300],
  EventStartTime: [0, -8.64e12, 1_772_323_200],
  EventEndTime: [1_900_000_000, 8.64e12, 0],
  Limit: [1, 2, 100, 0],
  RetentionDays: [0, 1, 1_000_000_000],
  MaximumRetryAttempts: [0, 2, 185],
  MaximumEventAgeInSeconds: [60, 86_400],
  InvocationRateLimitPerSecond: [1, 300, 2_147_483_647],
  EventSourceName: ["aws.partner/p/1/x"],
  Account: [account],
  EventBusName: [...names, ...arns.slice(0, 3)],
  AuthorizationType: ["BASIC", "API_KEY", "OAUTH_CLIENT_CREDENTIALS"],
  HttpMethod: ["POST", "GET"],
  EndpointId: ["a.b"],
  Route: ["us-west-2"],
  HomeRegion: ["us-east-1"],
  EventBusArn: [arn("events", "event-bus/a"), arn("events", "event-bus/a", "eu-west-1")],
  ConnectionArn: [arn("events", "connection/a/1"), arn("events", "connection/b/2")],
  NamePrefix: ["a", "aws.partner/p/1"],
};

const { constraints } = serviceNamed("eventbridge");
/** Members that are mostly present, although they are optional. */
const usual = new Set([
  "Source",
  "DetailType",
  "Detail",
  "EventPattern",
  "BasicAuthParameters",
  "Principal",
  "Action",
  "StatementId",
]);

function arbitraryMember(name: string, shape: Shape, facts: MemberFacts | undefined): fc.Arbitrary<unknown> {
  switch (kindOf(shape)) {
    case "struct": {
      const model: Record<string, fc.Arbitrary<unknown>> = {};
      for (const member of membersOf(shape, constraints)) {
        const inner = arbitraryMember(member.name, member.shape, member.facts);
        const weight = member.facts?.required ? 40 : usual.has(member.name) ? 9 : 0.25;
        model[member.name] = fc.oneof(
          { weight: Math.ceil(weight * 4), arbitrary: inner },
          { weight: 4, arbitrary: fc.constant(undefined) },
        );
      }
      return fc.record(model);
    }
    case "list": {
      const item = arbitraryMember(name, shape.getValueSchema(), facts?.item);
      return fc.array(item, { minLength: facts?.min ?? 1, maxLength: 2 });
    }
    case "map":
      return fc.dictionary(fc.constantFrom("x", "y"), fc.constantFrom("$.detail.n", "$.id", "v"), { maxKeys: 2 });
    case "boolean":
      return fc.boolean();
    case "number":
    case "timestamp":
      return fc.constantFrom(...(byMember[name] ?? [0, 1, 2_147_483_647]));
    default: {
      const known = byMember[name] ?? facts?.enum ?? [...names, ...arns];
      const wanted = facts?.pattern === undefined ? undefined : compilePattern(facts.pattern);
      const fitting = known.filter((text) => wanted === undefined || wanted(text as string));
      const any = fc.constantFrom(...known, "x y", "", "\u0000");
      return fitting.length === 0 ? any : fc.oneof({ weight: 40, arbitrary: fc.constantFrom(...fitting) }, any);
    }
  }
}

describe("any sequence of calls", () => {
  const operations = [...serviceNamed("eventbridge").operations.values()];
  const inputs = new Map(
    operations.map((operation) => [operation.name, arbitraryMember("", operation.input, undefined)]),
  );
  const call = fc
    .constantFrom(...operations)
    .chain(({ name }) => fc.tuple(fc.constant(name), inputs.get(name) as fc.Arbitrary<unknown>));

  it("is answered, at worst by EventBridge's errors", async () => {
    const bugs: unknown[] = [];
    const answered = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.array(call, { minLength: 100, maxLength: 200 }), async (calls) => {
        const emulator = await Emulator.start({
          clock: "virtual",
          startMs: Date.UTC(2026, 2, 1),
          onBug: (error, where) => bugs.push([where, error]),
        });
        for (const [name, input] of calls) {
          const answer = emulator.handle(
            {
              method: "POST",
              path: "/",
              query: "",
              headers: { "x-amz-target": `AWSEvents.${name}`, "content-type": "application/x-amz-json-1.1" },
              body: Buffer.from(
                JSON.stringify(input, (_key, value) => value),
                "utf8",
              ),
            },
            "http://localhost:4566",
          );
          const { status, body } = "status" in answer ? answer : await answer.response;
          expect([name, status < 500 ? "answered" : body]).toEqual([name, "answered"]);
          if (status === 200) answered.add(name);
        }
        await emulator.clock.advance(180_000);
        emulator.events();
        emulator.deliveries.list();
        expect(bugs).toEqual([]);
        await emulator.close();
      }),
      { numRuns: 60 },
    );
    // The calls are plausible enough to pass validation.
    expect(answered.size).toBeGreaterThan(40);
  });
});
