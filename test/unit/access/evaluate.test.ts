/** Policies as IAM evaluates them: statement by statement, element by element. */
import { describe, expect, it } from "vitest";
import { type AccessRequest, type Decision, decide } from "../../../src/access/evaluate.ts";
import { parsePolicy } from "../../../src/access/policy.ts";

const resource = "arn:aws:sqs:us-east-1:000000000000:orders";
const root = { account: "111122223333", principal: { arn: "arn:aws:iam::111122223333:root", userId: "111122223333" } };
const session = {
  account: "111122223333",
  principal: { arn: "arn:aws:sts::111122223333:assumed-role/deployer/nightly", userId: "AROAX:nightly" },
};

function decision(
  statements: object | readonly object[],
  request: Partial<AccessRequest> & { values?: Record<string, string> } = {},
  Version: string | undefined = "2012-10-17",
): Decision {
  const policy = parsePolicy(JSON.stringify({ Version, Statement: statements }));
  if (!policy) throw new Error("not a policy");
  const keys = new Map(Object.entries(request.values ?? {}).map(([key, value]) => [key.toLowerCase(), value]));
  return decide(policy, { ...root, action: "sqs:SendMessage", resource, keys, ...request });
}

const allow = { Effect: "Allow", Principal: "*", Action: "sqs:SendMessage", Resource: resource };

describe("a policy", () => {
  it("allows what a statement says and nothing else", () => {
    expect(decision(allow)).toBe("allowed");
    expect(decision(allow, { action: "sqs:ReceiveMessage" })).toBe("not allowed");
    expect(decision(allow, { resource: `${resource}-2` })).toBe("not allowed");
  });

  it("denies what any statement denies, wherever it stands", () => {
    const deny = { ...allow, Effect: "Deny" };
    expect(decision([allow, deny])).toBe("denied");
    expect(decision([deny, allow])).toBe("denied");
    expect(decision([allow, { ...deny, Action: "sqs:ReceiveMessage" }])).toBe("allowed");
  });

  it("is none when IAM would not take it", () => {
    const text = (statement: object, more: object = {}) => JSON.stringify({ Statement: statement, ...more });
    const { Effect: _effect, ...noEffect } = allow;
    const { Principal: _principal, ...noPrincipal } = allow;
    const { Action: _action, ...noAction } = allow;
    const bad = [
      "",
      "{",
      "[]",
      "{}",
      text([]),
      text([null]),
      text(allow, { Version: "2020-01-01" }),
      text(noEffect),
      text(noPrincipal),
      text(noAction),
      text({ ...allow, Effect: "allow" }),
      text({ ...allow, NotAction: "sqs:*" }),
      text({ ...allow, NotPrincipal: "*" }),
      text({ ...allow, NotResource: "*" }),
      text({ ...allow, Action: [] }),
      text({ ...allow, Action: 7 }),
      text({ ...allow, Resource: [7] }),
      text({ ...allow, Principal: "111122223333" }),
      text({ ...allow, Principal: {} }),
      text({ ...allow, Principal: { Somebody: "x" } }),
      text({ ...allow, Condition: [] }),
      text({ ...allow, Condition: { StringSounds: { "aws:userid": "x" } } }),
      text({ ...allow, Condition: { StringEquals: "x" } }),
      text({ ...allow, Condition: { StringEquals: { "aws:userid": {} } } }),
    ];
    for (const policy of bad) expect([policy, parsePolicy(policy)]).toEqual([policy, undefined]);
    expect(parsePolicy(text(allow))?.statements).toHaveLength(1);
  });
});

describe("Principal", () => {
  const named = (Principal: unknown, who: Partial<AccessRequest> = root) => decision({ ...allow, Principal }, who);

  it("is everybody, an account, or one of its users, roles and sessions", () => {
    for (const everybody of ["*", { AWS: "*" }, { AWS: ["x", "*"] }]) expect(named(everybody)).toBe("allowed");
    for (const account of ["111122223333", "arn:aws:iam::111122223333:root"]) {
      expect(named({ AWS: account })).toBe("allowed");
      expect(named({ AWS: ["444455556666", account] }, session)).toBe("allowed");
    }
    expect(named({ AWS: "444455556666" })).toBe("not allowed");
    expect(named({ AWS: "arn:aws:iam::444455556666:root" })).toBe("not allowed");
    for (const role of ["deployer", "deep/path/deployer"]) {
      expect(named({ AWS: `arn:aws:iam::111122223333:role/${role}` }, session)).toBe("allowed");
      expect(named({ AWS: `arn:aws:iam::444455556666:role/${role}` }, session)).toBe("not allowed");
      expect(named({ AWS: `arn:aws:iam::111122223333:role/${role}` })).toBe("not allowed");
    }
    expect(named({ AWS: "arn:aws:iam::111122223333:role/deploy" }, session)).toBe("not allowed");
    expect(named({ AWS: session.principal.arn }, session)).toBe("allowed");
    expect(named({ AWS: "arn:aws:sts::111122223333:assumed-role/deployer/daily" }, session)).toBe("not allowed");
    const user = { account: "111122223333", principal: { arn: "arn:aws:iam::111122223333:user/ann", userId: "AIDAX" } };
    expect(named({ AWS: "arn:aws:iam::111122223333:user/ann" }, user)).toBe("allowed");
    expect(named({ AWS: "arn:aws:iam::111122223333:user/bob" }, user)).toBe("not allowed");
    expect(named({ AWS: "arn:aws:iam::111122223333:user/ann" })).toBe("not allowed");
  });

  it("that is a service names no client", () => {
    expect(named({ Service: "sns.amazonaws.com" })).toBe("not allowed");
    expect(named({ Service: "sns.amazonaws.com", AWS: "111122223333" })).toBe("allowed");
  });

  it("has an opposite", () => {
    const { Principal: _principal, ...statement } = allow;
    const deny = { ...statement, Effect: "Deny", NotPrincipal: { AWS: "111122223333" } };
    expect(decision([allow, deny])).toBe("allowed");
    expect(decision([allow, { ...deny, NotPrincipal: { AWS: "444455556666" } }])).toBe("denied");
  });
});

describe("Action and Resource", () => {
  it("have wildcards; actions are compared without case", () => {
    for (const Action of ["*", "sqs:*", "SQS:sendmessage", "sqs:Send*", "sqs:*Message", "sqs:Send?essage"]) {
      expect([Action, decision({ ...allow, Action })]).toEqual([Action, "allowed"]);
    }
    for (const Action of ["sns:*", "sqs:Send", "sqs:?endMessag", "sqs:*Messages"]) {
      expect([Action, decision({ ...allow, Action })]).toEqual([Action, "not allowed"]);
    }
    for (const Resource of [
      "*",
      "arn:aws:sqs:*:*:orders",
      "arn:aws:sqs:us-east-1:000000000000:ord*s",
      `${resource}*`,
    ]) {
      expect([Resource, decision({ ...allow, Resource })]).toEqual([Resource, "allowed"]);
    }
    for (const Resource of ["arn:aws:sqs:*:*:ORDERS", "arn:aws:sqs:us-east-1:000000000000:order?s"]) {
      expect([Resource, decision({ ...allow, Resource })]).toEqual([Resource, "not allowed"]);
    }
  });

  it("may be left out (Resource), listed, or turned into their opposites", () => {
    const { Action: _action, Resource: _resource, ...statement } = allow;
    expect(decision({ ...statement, Action: ["sqs:GetQueueUrl", "sqs:SendMessage"] })).toBe("allowed");
    expect(decision({ ...statement, NotAction: "sqs:ReceiveMessage" })).toBe("allowed");
    expect(decision({ ...statement, NotAction: ["sqs:Send*"] })).toBe("not allowed");
    expect(decision({ ...statement, Action: "*", NotResource: "arn:aws:sqs:*:*:other" })).toBe("allowed");
    expect(decision({ ...statement, Action: "*", NotResource: resource })).toBe("not allowed");
  });

  it("have variables from version 2012-10-17 on", () => {
    const values = { "aws:PrincipalAccount": "111122223333", "aws:userid": "orders" };
    const by = (Resource: string, version?: string) => decision({ ...allow, Resource }, { values }, version);
    expect(by("arn:aws:sqs:us-east-1:000000000000:${aws:userid}")).toBe("allowed");
    expect(by("arn:aws:sqs:us-east-1:000000000000:${aws:UserId}")).toBe("allowed");
    expect(by("arn:aws:sqs:us-east-1:000000000000:${aws:userid}", "2008-10-17")).toBe("not allowed");
    expect(by("arn:aws:sqs:us-east-1:000000000000:${aws:username}*")).toBe("not allowed");
    expect(by("arn:aws:sqs:us-east-1:000000000000:${aws:username, 'orders'}")).toBe("allowed");
    expect(by("arn:aws:sqs:us-east-1:000000000000:${*}")).toBe("not allowed");
    const star = { values: { "aws:userid": "*" } };
    expect(decision({ ...allow, Resource: "${aws:userid}" }, star)).toBe("not allowed");
  });
});

describe("Condition", () => {
  const values = {
    "aws:PrincipalArn": "arn:aws:iam::111122223333:role/deployer",
    "aws:SourceIp": "192.0.2.7",
    "aws:SecureTransport": "true",
    "aws:CurrentTime": "2030-06-15T12:00:00.000Z",
    "aws:EpochTime": "1907755200",
    "aws:userid": "AROAX:Nightly",
  };
  const holds = (Condition: object) => decision({ ...allow, Condition }, { values }) === "allowed";

  it.each<[condition: object, expected: boolean]>([
    [{}, true],
    [{ StringEquals: { "aws:userid": "AROAX:Nightly" } }, true],
    [{ StringEquals: { "AWS:UserID": "AROAX:Nightly" } }, true],
    [{ StringEquals: { "aws:userid": ["x", "AROAX:Nightly"] } }, true],
    [{ StringEquals: { "aws:userid": "aroax:nightly" } }, false],
    [{ StringEquals: { "aws:userid": "AROAX:*" } }, false],
    [{ StringEquals: { "aws:userid": "${aws:userid}" } }, true],
    [{ StringNotEquals: { "aws:userid": "x" } }, true],
    [{ StringNotEquals: { "aws:userid": ["x", "AROAX:Nightly"] } }, false],
    [{ StringEqualsIgnoreCase: { "aws:userid": "aroax:nightly" } }, true],
    [{ StringNotEqualsIgnoreCase: { "aws:userid": "aroax:nightly" } }, false],
    [{ StringLike: { "aws:userid": "AROAX:*" } }, true],
    [{ StringLike: { "aws:userid": "AROAX:N?ghtly" } }, true],
    [{ StringLike: { "aws:userid": "" } }, false],
    [{ StringNotLike: { "aws:userid": "AROAX:*" } }, false],
    [{ ArnEquals: { "aws:PrincipalArn": "arn:aws:iam::111122223333:role/*" } }, true],
    [{ ArnLike: { "aws:PrincipalArn": "arn:*:iam::*:role/deploy*" } }, true],
    [{ ArnLike: { "aws:PrincipalArn": "arn:aws:*" } }, false],
    [{ ArnNotLike: { "aws:PrincipalArn": "arn:*:iam::*:role/deploy*" } }, false],
    [{ ArnNotEquals: { "aws:PrincipalArn": "arn:aws:iam::111122223333:role/other" } }, true],
    [{ Bool: { "aws:SecureTransport": "TRUE" } }, true],
    [{ Bool: { "aws:SecureTransport": true } }, true],
    [{ Bool: { "aws:SecureTransport": "false" } }, false],
    [{ IpAddress: { "aws:SourceIp": "192.0.2.0/24" } }, true],
    [{ IpAddress: { "aws:SourceIp": ["10.0.0.0/8", "192.0.2.7/32"] } }, true],
    [{ IpAddress: { "aws:SourceIp": "192.0.2.7" } }, true],
    [{ IpAddress: { "aws:SourceIp": "192.0.3.0/24" } }, false],
    [{ IpAddress: { "aws:SourceIp": "nonsense/7" } }, false],
    [{ NotIpAddress: { "aws:SourceIp": "192.0.2.0/24" } }, false],
    [{ NotIpAddress: { "aws:SourceIp": "10.0.0.0/8" } }, true],
    [{ NumericEquals: { "aws:EpochTime": 1907755200 } }, true],
    [{ NumericNotEquals: { "aws:EpochTime": "1907755200" } }, false],
    [{ NumericLessThan: { "aws:EpochTime": "1907755200" } }, false],
    [{ NumericLessThanEquals: { "aws:EpochTime": "1907755200" } }, true],
    [{ NumericGreaterThan: { "aws:EpochTime": "1907755199" } }, true],
    [{ NumericGreaterThanEquals: { "aws:EpochTime": "1907755201" } }, false],
    [{ NumericLessThan: { "aws:userid": "7" } }, false],
    [{ DateEquals: { "aws:CurrentTime": "2030-06-15T12:00:00Z" } }, true],
    [{ DateNotEquals: { "aws:CurrentTime": "2030-06-15T12:00:00Z" } }, false],
    [{ DateLessThan: { "aws:CurrentTime": "2030-06-16" } }, true],
    [{ DateLessThanEquals: { "aws:CurrentTime": "1907755200" } }, true],
    [{ DateGreaterThan: { "aws:CurrentTime": "2030-06-15T14:00:00+02:00" } }, false],
    [{ DateGreaterThanEquals: { "aws:EpochTime": "2030-06-15T12:00:00Z" } }, true],
    [{ Null: { "aws:userid": "false" } }, true],
    [{ Null: { "aws:userid": "true" } }, false],
    [{ Null: { "aws:username": "true" } }, true],
    [{ Null: { "aws:username": false } }, false],
    // A key that the request does not have.
    [{ StringEquals: { "aws:username": "x" } }, false],
    [{ StringNotEquals: { "aws:username": "x" } }, true],
    [{ StringEqualsIfExists: { "aws:username": "x" } }, true],
    [{ StringEqualsIfExists: { "aws:userid": "x" } }, false],
    [{ BoolIfExists: { "aws:MultiFactorAuthPresent": "true" } }, true],
    [{ "ForAllValues:StringEquals": { "aws:TagKeys": ["a"] } }, true],
    [{ "ForAllValues:StringEquals": { "aws:userid": ["a"] } }, false],
    [{ "ForAnyValue:StringEquals": { "aws:TagKeys": ["a"] } }, false],
    [{ "ForAnyValue:StringNotEquals": { "aws:TagKeys": ["a"] } }, false],
    [{ "ForAnyValue:StringLike": { "aws:userid": ["a", "AROAX:*"] } }, true],
    // All operators and all keys must hold.
    [{ StringLike: { "aws:userid": "AROAX:*" }, Bool: { "aws:SecureTransport": "false" } }, false],
    [{ StringLike: { "aws:userid": "AROAX:*", "aws:SourceIp": "10.*" } }, false],
  ])("%j: %s", (condition, expected) => {
    expect(holds(condition)).toBe(expected);
  });

  it("takes no time out of proportion for patterns of many stars", () => {
    const pattern = `${"*a".repeat(3000)}b`;
    const long = { values: { "aws:userid": "a".repeat(3000) } };
    expect(decision({ ...allow, Condition: { StringLike: { "aws:userid": pattern } } }, long)).toBe("not allowed");
  });
});
