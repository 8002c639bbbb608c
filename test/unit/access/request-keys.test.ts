/** What a request says of itself to policies. */
import { expect, it } from "vitest";
import { requestKeys } from "../../../src/access/request-keys.ts";
import { Cause } from "../../../src/calls/cause.ts";
import { Invocation } from "../../../src/calls/invocation.ts";
import { OperationContext } from "../../../src/calls/operation.ts";
import { request } from "../../support/wire.ts";

const now = Date.UTC(2030, 0, 1);

function keysOf(arn: string, origin = "http://localhost:4566", headers: Record<string, string> = {}) {
  const wire = { ...request({ headers }), sourceIp: "192.0.2.7" };
  const principal = { kind: "user" as const, arn, userId: "id" };
  const cause = Cause.ofRequest("request", now, origin, undefined);
  const invocation = new Invocation({ account: "111122223333", region: "eu-west-1", principal }, cause);
  const details = {
    requestId: "request",
    operation: "SendMessage",
    origin,
    protocol: "awsJson1_0" as const,
    request: wire,
  };
  const context = new OperationContext(undefined, invocation, details);
  return Object.fromEntries(requestKeys(context, now, "000000000000"));
}

it("tells who asks, for whom, when, from where and how", () => {
  const headers = { "user-agent": "agent/1", referer: "http://page" };
  expect(keysOf("arn:aws:iam::111122223333:root", "https://localhost:4566", headers)).toEqual({
    "aws:currenttime": "2030-01-01T00:00:00.000Z",
    "aws:epochtime": String(now / 1000),
    "aws:principalaccount": "111122223333",
    "aws:principalarn": "arn:aws:iam::111122223333:root",
    "aws:principalisawsservice": "false",
    "aws:principaltype": "Account",
    "aws:referer": "http://page",
    "aws:requestedregion": "eu-west-1",
    "aws:resourceaccount": "000000000000",
    "aws:securetransport": "true",
    "aws:sourceip": "192.0.2.7",
    "aws:useragent": "agent/1",
    "aws:userid": "id",
    "aws:viaawsservice": "false",
  });
});

it("names the user whose access key it is", () => {
  expect(keysOf("arn:aws:iam::111122223333:user/busbar")).toMatchObject({
    "aws:principalarn": "arn:aws:iam::111122223333:user/busbar",
    "aws:principaltype": "User",
    "aws:username": "busbar",
  });
});

it("names the role of a session, and leaves out what is not there", () => {
  const session = keysOf("arn:aws:sts::111122223333:assumed-role/worker/night");
  expect(session).toMatchObject({
    "aws:principalarn": "arn:aws:iam::111122223333:role/worker",
    "aws:principaltype": "AssumedRole",
    "aws:securetransport": "true",
  });
  expect(session).not.toHaveProperty("aws:useragent");
  expect(session).not.toHaveProperty("aws:referer");
  expect(session).not.toHaveProperty("aws:sourceaccount");
  expect(keysOf("arn:aws:sts::111122223333:federated-user/guest")).toMatchObject({
    "aws:principalarn": "arn:aws:sts::111122223333:federated-user/guest",
    "aws:principaltype": "FederatedUser",
  });
});
