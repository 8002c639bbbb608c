/** STS: who calls, and credentials for a while. */
import { type AssumeRoleCommandInput, STS, type STSClientConfig } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Busbar, createBusbar } from "../../../src/index.ts";
import { http, postForm } from "../../support/http.ts";
import { type Refusal, refusal, refused } from "../../support/sqs.ts";

const roleArn = "arn:aws:iam::111122223333:role/deep/path/deployer";
const Version = "2011-06-15";
const namespace = 'xmlns="https://sts.amazonaws.com/doc/2011-06-15/"';

let bus: Busbar;
let sts: STS;

beforeAll(async () => {
  bus = await createBusbar({ clock: "virtual", startTime: "2030-01-01T00:00:00.789Z" });
  sts = client();
});
afterAll(() => bus.close());

function client(config: Partial<STSClientConfig> = {}, as?: { account?: string; region?: string }): STS {
  return new STS({ ...bus.clientConfig(as), maxAttempts: 1, ...config });
}

/** A client that signs with credentials STS handed out. */
function clientWith(credentials: { AccessKeyId?: string; SecretAccessKey?: string; SessionToken?: string } = {}): STS {
  return client({
    credentials: {
      accessKeyId: credentials.AccessKeyId as string,
      secretAccessKey: credentials.SecretAccessKey as string,
      sessionToken: credentials.SessionToken as string,
    },
  });
}

function invalid(message: string): Refusal {
  return refusal("ValidationError", message);
}

function oneError(value: unknown, member: string, constraint: string): Refusal {
  return invalid(
    `1 validation error detected: Value '${value}' at '${member}' failed to satisfy constraint: ${constraint}`,
  );
}

describe("GetCallerIdentity", () => {
  it("tells the account of a twelve-digit access key id, else the default account", async () => {
    const identity = async (sts: STS) => {
      const { Account, Arn, UserId } = await sts.getCallerIdentity({});
      return { Account, Arn, UserId };
    };
    expect(await identity(client({}, { account: "111122223333" }))).toEqual({
      Account: "111122223333",
      Arn: "arn:aws:iam::111122223333:user/busbar",
      UserId: expect.stringMatching(/^AIDA[A-Z2-7]{17}$/),
    });
    const anybody = client({ credentials: { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "x" } });
    expect(await identity(anybody)).toEqual({
      Account: "000000000000",
      Arn: "arn:aws:iam::000000000000:user/busbar",
      UserId: expect.stringMatching(/^AIDA[A-Z2-7]{17}$/),
    });
    const ids = [client({}, { account: "111122223333" }), anybody, client({}, { account: "111122223333" })];
    const [own, others, again] = await Promise.all(ids.map(async (sts) => (await identity(sts)).UserId));
    expect([own === again, own === others]).toEqual([true, false]);
    const abroad = await identity(client({}, { region: "cn-north-1" }));
    expect(abroad.Arn).toBe("arn:aws-cn:iam::000000000000:user/busbar");
  });

  it("is XML in STS's namespace, by POST and by a presigned GET", async () => {
    const posted = await postForm(bus.endpoint, { Action: "GetCallerIdentity", Version });
    expect(posted.status).toBe(200);
    expect(posted.headers.get("content-type")).toMatch(/^text\/xml/);
    expect(posted.text).toContain(`<GetCallerIdentityResponse ${namespace}><GetCallerIdentityResult>`);
    expect(posted.text).toMatch(/<ResponseMetadata><RequestId>[0-9a-f-]{36}<\/RequestId><\/ResponseMetadata>/);
    const query = new URLSearchParams({
      Action: "GetCallerIdentity",
      Version,
      "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
      "X-Amz-Credential": "444455556666/20300101/us-east-1/sts/aws4_request",
      "X-Amz-Expires": "60",
      "X-Amz-Signature": "0".repeat(64),
    });
    const presigned = await http(`${bus.endpoint}/?${query}`);
    expect(presigned.text).toContain("<Account>444455556666</Account>");
  });

  it("does not know other actions", async () => {
    const { status, text } = await postForm(bus.endpoint, { Action: "FooBar", Version });
    expect(status).toBe(400);
    expect(text).toContain("<Code>InvalidAction</Code><Message>Could not find operation FooBar for version 2011-06-15");
    expect(text).toContain(`<ErrorResponse ${namespace}>`);
    expect(text).not.toContain("<Detail");
  });
});

describe("AssumeRole", () => {
  it("gives credentials that act for the role's account", async () => {
    const { Credentials, AssumedRoleUser, PackedPolicySize, SourceIdentity } = await sts.assumeRole({
      RoleArn: roleArn,
      RoleSessionName: "night@work",
      SourceIdentity: "somebody",
    });
    expect(Credentials).toEqual({
      AccessKeyId: expect.stringMatching(/^ASIA[A-Z2-7]{16}$/),
      SecretAccessKey: expect.stringMatching(/^.{40}$/),
      SessionToken: expect.any(String),
      Expiration: new Date("2030-01-01T01:00:00Z"),
    });
    expect(AssumedRoleUser?.Arn).toBe("arn:aws:sts::111122223333:assumed-role/deployer/night@work");
    expect(AssumedRoleUser?.AssumedRoleId).toMatch(/^AROA[A-Z0-9]{17}:night@work$/);
    expect(PackedPolicySize).toBeUndefined();
    expect(SourceIdentity).toBe("somebody");
    expect(await clientWith(Credentials).getCallerIdentity({})).toMatchObject({
      Account: "111122223333",
      Arn: AssumedRoleUser?.Arn,
      UserId: AssumedRoleUser?.AssumedRoleId,
    });
    expect((await sts.getAccessKeyInfo({ AccessKeyId: Credentials?.AccessKeyId })).Account).toBe("111122223333");
    const again = await sts.assumeRole({ RoleArn: roleArn, RoleSessionName: "other" });
    expect(again.AssumedRoleUser?.AssumedRoleId?.split(":")[0]).toBe(AssumedRoleUser?.AssumedRoleId?.split(":")[0]);
    expect(again.Credentials?.AccessKeyId).not.toBe(Credentials?.AccessKeyId);
  });

  it("writes times to the second", async () => {
    const { text } = await postForm(bus.endpoint, {
      Action: "AssumeRole",
      Version,
      RoleArn: roleArn,
      RoleSessionName: "ss",
    });
    expect(text).toContain("<Expiration>2030-01-01T01:00:00Z</Expiration>");
  });

  it("lasts 15 minutes to 12 hours, an hour when a role assumes the next", async () => {
    const assume = (DurationSeconds: number, as = sts) =>
      as.assumeRole({ RoleArn: roleArn, RoleSessionName: "ss", DurationSeconds });
    const { Credentials } = await assume(43_200);
    expect(Credentials?.Expiration).toEqual(new Date("2030-01-01T12:00:00Z"));
    expect(await refused(assume(899))).toEqual(
      oneError(899, "durationSeconds", "Member must have value greater than or equal to 900"),
    );
    expect(await refused(assume(43_201))).toEqual(
      oneError(43_201, "durationSeconds", "Member must have value less than or equal to 43200"),
    );
    const chained = clientWith(Credentials);
    await assume(3600, chained);
    expect(await refused(assume(3601, chained))).toEqual(
      invalid("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."),
    );
  });

  it("checks its parameters in AWS's words", async () => {
    const assume = (more: { RoleArn?: string; RoleSessionName?: string }) =>
      refused(sts.assumeRole({ RoleArn: roleArn, RoleSessionName: "session", ...more }));
    expect(await assume({ RoleSessionName: "a b" })).toEqual(
      oneError("a b", "roleSessionName", "Member must satisfy regular expression pattern: [\\w+=,.@-]*"),
    );
    expect(await assume({ RoleSessionName: "x" })).toEqual(
      oneError("x", "roleSessionName", "Member must have length greater than or equal to 2"),
    );
    expect(await assume({ RoleSessionName: "x".repeat(65) })).toEqual(
      oneError("x".repeat(65), "roleSessionName", "Member must have length less than or equal to 64"),
    );
    expect(await assume({ RoleArn: "short" })).toEqual(
      oneError("short", "roleArn", "Member must have length greater than or equal to 20"),
    );
    const noRole = "arn:aws:iam::111122223333:user/somebody";
    expect(await assume({ RoleArn: noRole })).toEqual(invalid(`${noRole} is invalid`));
    const missing = await refused(sts.assumeRole({ RoleArn: undefined, RoleSessionName: undefined }));
    expect(missing).toMatchObject({ name: "ValidationError", status: 400 });
    expect(missing.message).toMatch(/^2 validation errors detected: Value null at 'role/);
  });

  it("bounds the optional ones as well", async () => {
    const long = (length: number) => "x".repeat(length);
    const arn = (index: number) => ({ arn: `arn:aws:iam::aws:policy/Policy${index}` });
    const session = { RoleArn: roleArn, RoleSessionName: "session" };
    const bad: [more: Partial<AssumeRoleCommandInput>, member: string, constraint: string][] = [
      [{ ExternalId: "x" }, "externalId", "Member must have length greater than or equal to 2"],
      [{ ExternalId: long(1225) }, "externalId", "Member must have length less than or equal to 1224"],
      [{ ExternalId: "a b" }, "externalId", "Member must satisfy regular expression pattern: [\\w+=,.@:\\/-]*"],
      [{ SourceIdentity: "x" }, "sourceIdentity", "Member must have length greater than or equal to 2"],
      [{ SourceIdentity: long(65) }, "sourceIdentity", "Member must have length less than or equal to 64"],
      [{ TokenCode: "12345" }, "tokenCode", "Member must have length greater than or equal to 6"],
      [{ TokenCode: "1234567" }, "tokenCode", "Member must have length less than or equal to 6"],
      [{ TokenCode: "12345x" }, "tokenCode", "Member must satisfy regular expression pattern: [\\d]*"],
      [{ SerialNumber: "12345678" }, "serialNumber", "Member must have length greater than or equal to 9"],
      [{ RoleArn: `${roleArn}${long(2048)}` }, "roleArn", "Member must have length less than or equal to 2048"],
    ];
    for (const [more, member, constraint] of bad) {
      const [value] = Object.values(more);
      expect(await refused(sts.assumeRole({ ...session, ...more }))).toEqual(oneError(value, member, constraint));
    }
    const lists: [more: Partial<AssumeRoleCommandInput>, ending: string][] = [
      [
        { PolicyArns: Array.from({ length: 11 }, (_, index) => arn(index)) },
        "at 'policyArns' failed to satisfy constraint: Member must have length less than or equal to 10",
      ],
      [
        { Tags: Array.from({ length: 51 }, (_, index) => ({ Key: `k${index}`, Value: "" })) },
        "at 'tags' failed to satisfy constraint: Member must have length less than or equal to 50",
      ],
      [
        { Tags: [{ Key: long(129), Value: "" }] },
        "at 'tags.1.member.key' failed to satisfy constraint: Member must have length less than or equal to 128",
      ],
      [
        { Tags: [{ Key: "k", Value: long(257) }] },
        "at 'tags.1.member.value' failed to satisfy constraint: Member must have length less than or equal to 256",
      ],
    ];
    for (const [more, ending] of lists) {
      const refusal = await refused(sts.assumeRole({ ...session, ...more }));
      expect(refusal).toMatchObject({ name: "ValidationError", status: 400 });
      expect(refusal.message).toMatch(/^1 validation error detected: Value /);
      expect(refusal.message.endsWith(ending)).toBe(true);
    }
    await sts.assumeRole({
      ...session,
      ExternalId: "x:/1",
      SourceIdentity: "me",
      TokenCode: "123456",
      SerialNumber: "arn:aws:iam::111122223333:mfa/me",
      PolicyArns: Array.from({ length: 10 }, (_, index) => arn(index)),
    });
  });

  it("compares tag keys without case", async () => {
    const assume = (Tags: { Key: string; Value: string }[], TransitiveTagKeys?: string[]) =>
      sts.assumeRole({ RoleArn: roleArn, RoleSessionName: "session", Tags, TransitiveTagKeys });
    const tag = (Key: string) => ({ Key, Value: "v" });
    const { PackedPolicySize } = await assume([tag("Team"), tag("cost")], ["team"]);
    expect(PackedPolicySize).toBeGreaterThan(0);
    expect(await refused(assume([tag("team"), tag("TEAM")]))).toEqual(
      refusal("InvalidParameterValue", "Duplicate tag keys found. Please note that Tag keys are case insensitive."),
    );
    expect(await refused(assume([tag("team")], ["other"]))).toEqual(
      refusal("InvalidParameterValue", "The specified transitive tag key must be included in the requested tags."),
    );
  });

  it("wants policies that are JSON", async () => {
    const assume = (Policy: string) => sts.assumeRole({ RoleArn: roleArn, RoleSessionName: "session", Policy });
    const { PackedPolicySize } = await assume('{"Version":"2012-10-17","Statement":[]}');
    expect(PackedPolicySize).toBeGreaterThan(0);
    expect(await refused(assume("{"))).toMatchObject({ code: "MalformedPolicyDocument", status: 400 });
    const Sid = "x".repeat(4096);
    const tooLarge = await refused(assume(JSON.stringify({ Version: "2012-10-17", Statement: [{ Sid }] })));
    expect(tooLarge).toMatchObject({ code: "PackedPolicyTooLarge", status: 400 });
    expect(tooLarge.message).toMatch(/^Packed policy consumes 2\d\d% of allotted space/);
  });

  it("answers ExpiredToken to a session past its end", async () => {
    const short = await createBusbar({ clock: "virtual", port: false });
    const own = new STS(short.clientConfig());
    const { Credentials } = await own.assumeRole({ RoleArn: roleArn, RoleSessionName: "ss", DurationSeconds: 900 });
    await short.clock.advance("14m");
    const expired = new STS({
      ...short.clientConfig(),
      credentials: { accessKeyId: Credentials?.AccessKeyId as string, secretAccessKey: "x" },
    });
    expect((await expired.getCallerIdentity({})).Account).toBe("111122223333");
    await short.clock.advance("1m");
    expect(await refused(expired.getCallerIdentity({}))).toEqual(
      refusal("ExpiredToken", "The security token included in the request is expired", 403),
    );
    await short.close();
  });
});

describe("the other operations", () => {
  it("GetSessionToken lasts twelve hours and acts for who asked", async () => {
    const own = await sts.getSessionToken({});
    expect(own.Credentials?.Expiration).toEqual(new Date("2030-01-01T12:00:00Z"));
    const { Arn, UserId } = await clientWith(own.Credentials).getCallerIdentity({});
    expect(await sts.getCallerIdentity({})).toMatchObject({ Arn, UserId });
    const { Credentials } = await sts.assumeRole({ RoleArn: roleArn, RoleSessionName: "ss" });
    const session = await clientWith(Credentials).getSessionToken({});
    expect(session.Credentials?.Expiration).toEqual(new Date("2030-01-01T12:00:00Z"));
    expect((await clientWith(session.Credentials).getCallerIdentity({})).Account).toBe("111122223333");
    expect(await refused(sts.getSessionToken({ DurationSeconds: 129_601 }))).toEqual(
      oneError(129_601, "durationSeconds", "Member must have value less than or equal to 129600"),
    );
  });

  it("GetFederationToken names its user", async () => {
    const { Credentials, FederatedUser, PackedPolicySize } = await sts.getFederationToken({ Name: "guest" });
    expect(FederatedUser).toEqual({
      Arn: "arn:aws:sts::000000000000:federated-user/guest",
      FederatedUserId: "000000000000:guest",
    });
    expect(PackedPolicySize).toBe(0);
    expect(await clientWith(Credentials).getCallerIdentity({})).toMatchObject({
      Account: "000000000000",
      Arn: FederatedUser?.Arn,
      UserId: FederatedUser?.FederatedUserId,
    });
    expect(await refused(sts.getFederationToken({ Name: "x" }))).toEqual(
      oneError("x", "name", "Member must have length greater than or equal to 2"),
    );
    const long = "x".repeat(33);
    expect(await refused(sts.getFederationToken({ Name: long }))).toEqual(
      oneError(long, "name", "Member must have length less than or equal to 32"),
    );
    const Policy = '{"Version":"2012-10-17","Statement":[]}';
    expect((await sts.getFederationToken({ Name: "guest", Policy })).PackedPolicySize).toBeGreaterThan(0);
  });

  it("AssumeRoleWithWebIdentity needs no signature and reads the token's claims", async () => {
    const claims = { sub: "subject", aud: "audience", iss: "https://issuer.example" };
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const parameters = {
      Action: "AssumeRoleWithWebIdentity",
      Version,
      RoleArn: roleArn,
      RoleSessionName: "web",
      WebIdentityToken: `${part({ alg: "none" })}.${part(claims)}.x`,
    };
    const { status, text } = await postForm(bus.endpoint, parameters);
    expect(status).toBe(200);
    expect(text).toContain("<SubjectFromWebIdentityToken>subject</SubjectFromWebIdentityToken>");
    expect(text).toContain("<Audience>audience</Audience>");
    expect(text).toContain("<Provider>https://issuer.example</Provider>");
    expect(text).toContain("<Arn>arn:aws:sts::111122223333:assumed-role/deployer/web</Arn>");
    const bad = await postForm(bus.endpoint, { ...parameters, WebIdentityToken: "nonsense" });
    expect(bad.status).toBe(400);
    expect(bad.text).toContain("<Code>InvalidIdentityToken</Code>");
    const now = Math.floor(bus.clock.now() / 1000);
    const ending = (exp: number) => `${part({ alg: "none" })}.${part({ ...claims, exp })}.x`;
    const good = await postForm(bus.endpoint, { ...parameters, WebIdentityToken: ending(now + 1) });
    expect(good.status).toBe(200);
    const ended = await postForm(bus.endpoint, { ...parameters, WebIdentityToken: ending(now) });
    expect(ended.status).toBe(400);
    expect(ended.text).toContain(
      `<Code>ExpiredTokenException</Code><Message>Token expired: current date/time ${now} must be before the expiration date/time ${now}</Message>`,
    );
  });

  it("GetAccessKeyInfo reads the account out of a key id", async () => {
    expect((await sts.getAccessKeyInfo({ AccessKeyId: "ASIAIOSFODNN7EXAMPLE" })).Account).toMatch(/^\d{12}$/);
    expect(await refused(sts.getAccessKeyInfo({ AccessKeyId: "short" }))).toEqual(
      oneError("short", "accessKeyId", "Member must have length greater than or equal to 16"),
    );
  });

  it("DecodeAuthorizationMessage has nothing it could decode", async () => {
    expect(await refused(sts.decodeAuthorizationMessage({ EncodedMessage: "x" }))).toMatchObject({
      code: "InvalidAuthorizationMessageException",
      status: 400,
    });
  });

  it("what is not built says so by name", async () => {
    const { status, text } = await postForm(bus.endpoint, {
      Action: "AssumeRoleWithSAML",
      Version,
      RoleArn: roleArn,
      PrincipalArn: "arn:aws:iam::111122223333:saml-provider/p",
      SAMLAssertion: "abcd",
    });
    expect(status).toBe(501);
    expect(text).toContain("Busbar does not implement sts:AssumeRoleWithSAML.");
  });
});
