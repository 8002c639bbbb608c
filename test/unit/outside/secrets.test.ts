import { expect, it } from "vitest";
import { withoutSecrets } from "../../../src/outside/secrets.ts";

it.each([
  ["https://ann:s3cret@example.org/in", "https://ann:****@example.org/in"],
  ["https://ann:p@ss:w%2Frd@example.org/in?a=b@c", "https://ann:****@example.org/in?a=b@c"],
  ["http://:only@h, http://two:x@h", "http://:****@h, http://two:****@h"],
  ["https://b/k?X-Amz-Signature=0a1b&X-Amz-Date=1", "https://b/k?X-Amz-Signature=****&X-Amz-Date=1"],
  ["https://b/k?x-amz-security-token=a%2Fb", "https://b/k?x-amz-security-token=****"],
  ["AWS4-HMAC-SHA256 Credential=a/b, Signature=0a1b", "AWS4-HMAC-SHA256 Credential=a/b, Signature=****"],
  ["Authorization: Bearer ab.cd-ef, then", "Authorization: Bearer ****, then"],
  ["authorization: basic dXNlcjpwYXNz=", "authorization: basic ****"],
])("shows %s as %s", (text, shown) => {
  expect(withoutSecrets(text)).toBe(shown);
});

it.each([
  "arn:aws:sqs:us-east-1:000000000000:q",
  "ann@example.org",
  "https://example.org:8443/a@b:c@d",
  "connect ECONNREFUSED 127.0.0.1:80",
])("leaves %s as it is", (text) => {
  expect(withoutSecrets(text)).toBe(text);
});
