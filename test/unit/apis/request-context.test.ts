/** What events, logs and policies call a method. */
import { expect, it } from "vitest";
import { methodArn } from "../../../src/apis/request-context.ts";

it.each([
  ["us-east-1", "$connect", "arn:aws:execute-api:us-east-1:123456789012:a1/live/$connect"],
  ["cn-north-1", "GET/pets", "arn:aws-cn:execute-api:cn-north-1:123456789012:a1/live/GET/pets"],
])("an ARN has the partition of its region, %s", (region, method, arn) => {
  expect(methodArn({ region, account: "123456789012" }, "a1", "live", method)).toBe(arn);
});
