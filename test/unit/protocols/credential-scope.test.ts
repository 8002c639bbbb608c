import { describe, expect, it } from "vitest";
import { credentialScope } from "../../../protocols/credential-scope.ts";
import { form, request, signedFor } from "../../support/wire.ts";

const scope = { accessKeyId: "AKIAEXAMPLE", region: "eu-west-1", service: "sqs" };

describe("credentialScope", () => {
  it("reads the Authorization header, with or without blanks", () => {
    expect(credentialScope(request({ headers: signedFor("sqs") }))).toEqual(scope);
    const authorization =
      "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20260101/eu-west-1/sqs/aws4_request,SignedHeaders=host";
    expect(credentialScope(request({ headers: { authorization } }))).toEqual(scope);
  });

  it("does not take one credential for another that begins with it or stood before it", () => {
    const read = (credential: string) =>
      credentialScope(
        request({ headers: { authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host` } }),
      );
    expect(read("a/20260101/eu-west-1/sqs/aws4_request")).toMatchObject({ accessKeyId: "a", service: "sqs" });
    expect(read("a/20260101/eu-west-1/sqs/aws4_request")).toMatchObject({ accessKeyId: "a", service: "sqs" });
    expect(read("a/20260101/eu-west-1/sqs/aws4_requests")).toBeUndefined();
    expect(read("b/20260101/eu-west-1/sqs/aws4_request")).toMatchObject({ accessKeyId: "b" });
    expect(read("b/20260101/eu-west-1/sns/aws4_request")).toMatchObject({ accessKeyId: "b", service: "sns" });
    expect(read("")).toBeUndefined();
  });

  it("reads presigned URLs and forms", () => {
    const credential = "AKIAEXAMPLE/20260101/eu-west-1/sqs/aws4_request";
    const url = `/?Action=ListQueues&X-Amz-Credential=${encodeURIComponent(credential)}`;
    expect(credentialScope(request({ method: "GET", url }))).toEqual(scope);
    expect(credentialScope(form({ "X-Amz-Credential": credential }))).toEqual(scope);
    expect(credentialScope(form({ AWSAccessKeyId: "AKIAEXAMPLE" }))).toEqual({ accessKeyId: "AKIAEXAMPLE" });
  });

  it("reads SigV4a, whose scope has no region", () => {
    const authorization =
      "AWS4-ECDSA-P256-SHA256 Credential=AKIAEXAMPLE/20260101/events/aws4_request, SignedHeaders=host";
    const headers = { authorization, "x-amz-region-set": "eu-west-1,us-east-1" };
    expect(credentialScope(request({ headers }))).toEqual({ ...scope, service: "events" });
    expect(credentialScope(request({ headers: { ...headers, "x-amz-region-set": "*" } }))?.region).toBeUndefined();
  });

  it.each([
    "",
    "Bearer x",
    "AWS4-HMAC-SHA256 Credential=",
    "AWS4-HMAC-SHA256 Credential=////",
    "Credential=a/b/aws4_request",
  ])("finds nothing in %j", (authorization) => {
    expect(credentialScope(request({ headers: { authorization } }))).toBeUndefined();
  });

  it("believes no region that could not be one", () => {
    const authorization = "AWS4-HMAC-SHA256 Credential=a/20260101/..%2f/sqs/aws4_request";
    expect(credentialScope(request({ headers: { authorization } }))?.region).toBeUndefined();
  });
});
