import {
  CheckIfPhoneNumberIsOptedOutCommand,
  CreatePlatformApplicationCommand,
  CreatePlatformEndpointCommand,
  CreateSMSSandboxPhoneNumberCommand,
  DeleteEndpointCommand,
  DeletePlatformApplicationCommand,
  DeleteSMSSandboxPhoneNumberCommand,
  GetEndpointAttributesCommand,
  GetPlatformApplicationAttributesCommand,
  GetSMSAttributesCommand,
  GetSMSSandboxAccountStatusCommand,
  ListEndpointsByPlatformApplicationCommand,
  ListOriginationNumbersCommand,
  ListPhoneNumbersOptedOutCommand,
  ListPlatformApplicationsCommand,
  ListSMSSandboxPhoneNumbersCommand,
  OptInPhoneNumberCommand,
  PublishCommand,
  SetEndpointAttributesCommand,
  SetPlatformApplicationAttributesCommand,
  SetSMSAttributesCommand,
  VerifySMSSandboxPhoneNumberCommand,
} from "@aws-sdk/client-sns";
import { describe, expect, it } from "vitest";
import { type Bench, refusal, startSns } from "../../support/sns-bus.ts";

const credentials = { PlatformCredential: "secret", PlatformPrincipal: "id" };

async function application({ sns }: Bench, Name = "app", Platform = "GCM") {
  const input = { Name, Platform, Attributes: credentials };
  return (await sns.send(new CreatePlatformApplicationCommand(input))).PlatformApplicationArn as string;
}

async function endpoint({ sns }: Bench, PlatformApplicationArn: string, Token = "token", more = {}) {
  const input = { PlatformApplicationArn, Token, ...more };
  return (await sns.send(new CreatePlatformEndpointCommand(input))).EndpointArn as string;
}

describe("platform applications", () => {
  it.each([
    ["", "GCM", credentials, "Invalid parameter:  Reason: cannot be empty"],
    [
      "x".repeat(257),
      "GCM",
      credentials,
      `Invalid parameter: ${"x".repeat(257)} Reason: must be at most 256 characters long`,
    ],
    [
      "a b",
      "GCM",
      credentials,
      "Invalid parameter: a b Reason: must contain only characters 'a'-'z', 'A'-'Z', '0'-'9', '_', '-', and '.'",
    ],
    ["a", "PAGER", credentials, "Invalid parameter: Platform Reason: PAGER is not supported"],
    [
      "a",
      "ADM",
      { PlatformPrincipal: "x" },
      "Invalid parameter: Attributes Reason: PlatformPrincipal attribute provided without PlatformCredential",
    ],
    [
      "a",
      "ADM",
      { PlatformCredential: "x" },
      "Invalid parameter: Attributes Reason: PlatformCredential attribute provided without PlatformPrincipal",
    ],
  ])("refuse %s %s", async (Name, Platform, Attributes, message) => {
    const { sns } = await startSns();
    const call = sns.send(new CreatePlatformApplicationCommand({ Name, Platform, Attributes }));
    expect(await refusal(call)).toBe(`InvalidParameter: ${message}`);
  });

  it("are created, shown without their secrets, changed, listed and deleted", async () => {
    const bench = await startSns();
    const { sns } = bench;
    const arn = await application(bench);
    expect(arn).toBe("arn:aws:sns:us-east-1:000000000000:app/GCM/app");
    expect(await application(bench)).toBe(arn);
    const PlatformApplicationArn = arn;
    const get = async () =>
      (await sns.send(new GetPlatformApplicationAttributesCommand({ PlatformApplicationArn }))).Attributes;
    expect(await get()).toEqual({ Enabled: "true", SuccessFeedbackSampleRate: "100" });
    const set = (Attributes: Record<string, string>, one = arn) =>
      refusal(sns.send(new SetPlatformApplicationAttributesCommand({ PlatformApplicationArn: one, Attributes })));
    expect(await set({ Enabled: "false" })).toBe("accepted");
    expect(await get()).toMatchObject({ Enabled: "false" });
    expect(await set({}, `${arn}x`)).toBe(
      "ValidationError: 1 validation error detected: Value null at 'attributes' failed to satisfy constraint: Member must not be null",
    );
    expect(await set({ Enabled: "true" }, `${arn}x`)).toBe("NotFound: PlatformApplication does not exist");
    await application(bench, "b", "APNS");
    const list = async () => (await sns.send(new ListPlatformApplicationsCommand({}))).PlatformApplications ?? [];
    expect((await list()).map((one) => one.PlatformApplicationArn)).toEqual([arn, arn.replace("GCM/app", "APNS/b")]);
    for (let i = 0; i < 2; i++) await sns.send(new DeletePlatformApplicationCommand({ PlatformApplicationArn }));
    expect((await list()).length).toBe(1);
  });
});

describe("platform endpoints", () => {
  it("are one for each token, with its attributes", async () => {
    const bench = await startSns();
    const { sns } = bench;
    const app = await application(bench);
    const arn = await endpoint(bench, app, "t", { CustomUserData: "me" });
    expect(arn).toMatch(/^arn:aws:sns:us-east-1:000000000000:endpoint\/GCM\/app\/[0-9a-f-]{36}$/);
    expect(await endpoint(bench, app, "t", { CustomUserData: "me", Attributes: { Enabled: "true" } })).toBe(arn);
    expect(await refusal(endpoint(bench, app, "t", { CustomUserData: "you" }))).toBe(
      `InvalidParameter: Invalid parameter: Token Reason: Endpoint ${arn} already exists with the same Token, but different attributes.`,
    );
    const get = async (EndpointArn = arn) =>
      (await sns.send(new GetEndpointAttributesCommand({ EndpointArn }))).Attributes;
    expect(await get()).toEqual({ Enabled: "true", Token: "t", CustomUserData: "me" });
    await sns.send(new SetEndpointAttributesCommand({ EndpointArn: arn, Attributes: { Enabled: "False" } }));
    expect(await get()).toMatchObject({ Enabled: "false" });
    for (let i = 0; i < 110; i++) await endpoint(bench, app, `t${i}`);
    const list = (NextToken?: string) =>
      sns.send(new ListEndpointsByPlatformApplicationCommand({ PlatformApplicationArn: app, NextToken }));
    const first = await list();
    const second = await list(first.NextToken);
    expect([first.Endpoints?.length, second.Endpoints?.length]).toEqual([100, 11]);
    for (let i = 0; i < 2; i++) await sns.send(new DeleteEndpointCommand({ EndpointArn: arn }));
    expect(await refusal(get())).toBe("NotFound: Endpoint does not exist");
  });

  it("get what is published to them, straight or through a topic, while they are enabled", async () => {
    const bench = await startSns();
    const { sns, bus } = bench;
    const [google, apple] = [await application(bench), await application(bench, "b", "APNS")];
    const [android, iphone] = [await endpoint(bench, google), await endpoint(bench, apple)];
    const publish = (TargetArn: string, Message: string, MessageStructure?: string) =>
      sns.send(new PublishCommand({ TargetArn, Message, MessageStructure }));
    await publish(android, "hi");
    await publish(iphone, "hi");
    await publish(iphone, JSON.stringify({ default: "d", APNS: '{"aps":{"badge":1}}' }), "json");
    const topic = await bench.topic("t");
    await bench.subscribe(topic, "application", android);
    await publish(topic, "from the topic");
    await bus.settled();
    const bodies = bus.mailbox({ channel: "application" }).map(({ to, body }) => [to, JSON.parse(body)]);
    expect(bodies.reverse()).toEqual([
      [android, { data: { message: "hi" } }],
      [iphone, { aps: { alert: "hi" } }],
      [iphone, { aps: { badge: 1 } }],
      [android, { data: { message: "from the topic" } }],
    ]);
    await sns.send(new SetEndpointAttributesCommand({ EndpointArn: android, Attributes: { Enabled: "false" } }));
    expect(await refusal(publish(android, "x"))).toBe("EndpointDisabled: Endpoint is disabled");
    await publish(topic, "x");
    await bus.settled();
    expect(bus.deliveries({ target: android })[0]).toMatchObject({
      status: "failed",
      reason: "EndpointDisabled: Endpoint is disabled",
    });
    const off = { PlatformApplicationArn: apple, Attributes: { Enabled: "false" } };
    await sns.send(new SetPlatformApplicationAttributesCommand(off));
    expect(await refusal(publish(iphone, "x"))).toMatch(/^PlatformApplicationDisabled: /);
    expect(await refusal(bench.subscribe(topic, "application", `${android}x`))).toBe(
      `InvalidParameter: Invalid parameter: Endpoint Reason: Endpoint does not exist for endpoint arn${android}x`,
    );
  });
});

describe("SMS", () => {
  it("has attributes", async () => {
    const { sns } = await startSns();
    const set = (attributes: Record<string, string>) => refusal(sns.send(new SetSMSAttributesCommand({ attributes })));
    const get = async (attributes?: string[]) =>
      (await sns.send(new GetSMSAttributesCommand({ attributes }))).attributes;
    expect(await get()).toEqual({ MonthlySpendLimit: "1" });
    expect(await set({ DefaultSMSType: "Transactional", DefaultSenderID: "Shop" })).toBe("accepted");
    expect(await get(["DefaultSMSType"])).toEqual({ DefaultSMSType: "Transactional" });
    expect(await set({ Nonsense: "1" })).toBe("InvalidParameter: Nonsense is not a valid attribute");
    expect(await set({ DefaultSMSType: "Urgent" })).toBe("InvalidParameter: DefaultSMSType is invalid");
    // As Terraform takes settings back.
    expect(await set({ DefaultSMSType: "", DefaultSenderID: "" })).toBe("accepted");
    expect(await get()).toEqual({ MonthlySpendLimit: "1" });
    expect((await sns.send(new ListOriginationNumbersCommand({}))).PhoneNumbers).toEqual([]);
  });

  it("goes to the mailbox, but not to those who opted out", async () => {
    const { sns, bus } = await startSns();
    const PhoneNumber = "+15551234567";
    const publish = (Message: string) => sns.send(new PublishCommand({ PhoneNumber, Message }));
    await publish("1");
    const optOut = (phoneNumber: string) =>
      fetch(`${bus.endpoint}/_busbar/sns/opt-out`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ phoneNumber }),
      });
    expect((await optOut(PhoneNumber)).status).toBe(200);
    expect((await optOut("nonsense")).status).toBe(400);
    await publish("2");
    await bus.settled();
    expect(bus.mailbox({ channel: "sms" }).map(({ body }) => body)).toEqual(["1"]);
    expect(bus.deliveries({ target: PhoneNumber, status: "failed" })[0]?.reason).toMatch(/^OptedOut: /);
    const isOut = async () =>
      (await sns.send(new CheckIfPhoneNumberIsOptedOutCommand({ phoneNumber: PhoneNumber }))).isOptedOut;
    expect(await isOut()).toBe(true);
    expect((await sns.send(new ListPhoneNumbersOptedOutCommand({}))).phoneNumbers).toEqual([PhoneNumber]);
    await sns.send(new OptInPhoneNumberCommand({ phoneNumber: PhoneNumber }));
    expect(await isOut()).toBe(false);
    expect(await refusal(sns.send(new OptInPhoneNumberCommand({ phoneNumber: "x" })))).toBe(
      "InvalidParameter: Invalid parameter: PhoneNumber Reason: input incorrectly formatted",
    );
  });

  it("has a sandbox of verified numbers", async () => {
    const { sns, bus } = await startSns();
    expect((await sns.send(new GetSMSSandboxAccountStatusCommand({}))).IsInSandbox).toBe(true);
    const PhoneNumber = "+15551234567";
    await sns.send(new CreateSMSSandboxPhoneNumberCommand({ PhoneNumber }));
    const list = async () => (await sns.send(new ListSMSSandboxPhoneNumbersCommand({}))).PhoneNumbers;
    expect(await list()).toEqual([{ PhoneNumber, Status: "Pending" }]);
    const OneTimePassword = /\d{6}/.exec(bus.mailbox({ to: PhoneNumber })[0]?.body ?? "")?.[0] ?? "";
    const verify = (password: string) =>
      refusal(sns.send(new VerifySMSSandboxPhoneNumberCommand({ PhoneNumber, OneTimePassword: password })));
    expect(await verify("00000")).toMatch(/^VerificationException: /);
    expect(await verify(OneTimePassword)).toBe("accepted");
    expect(await list()).toEqual([{ PhoneNumber, Status: "Verified" }]);
    await sns.send(new DeleteSMSSandboxPhoneNumberCommand({ PhoneNumber }));
    expect(await list()).toEqual([]);
    expect(await refusal(sns.send(new DeleteSMSSandboxPhoneNumberCommand({ PhoneNumber })))).toBe(
      "ResourceNotFound: Resource does not exist",
    );
  });
});
