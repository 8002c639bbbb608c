/** Every error of SQS as it stands on the wire: over JSON, and over Query as old clients read it. */
import * as schemas from "@aws-sdk/client-sqs";
import { describe, expect, it } from "vitest";
import { protocols } from "../../../protocols/all.ts";
import { AwsError, type ErrorSchema } from "../../../protocols/error.ts";
import { accessDenied, invalidParameterValue, missingParameter } from "../../../src/services/sqs/errors.ts";
import { serviceNamed } from "../../support/service-models.ts";
import { REQUEST_ID, request } from "../../support/wire.ts";

const prefix = "AWS.SimpleQueueService.";

/** `__type` without its namespace, query code, HTTP status. All are the sender's. */
const modelled: readonly (readonly [shape: string, code: string, status: number])[] = [
  ["QueueDoesNotExist", `${prefix}NonExistentQueue`, 400],
  ["QueueNameExists", "QueueAlreadyExists", 400],
  ["QueueDeletedRecently", `${prefix}QueueDeletedRecently`, 400],
  ["PurgeQueueInProgress", `${prefix}PurgeQueueInProgress`, 403],
  ["EmptyBatchRequest", `${prefix}EmptyBatchRequest`, 400],
  ["TooManyEntriesInBatchRequest", `${prefix}TooManyEntriesInBatchRequest`, 400],
  ["BatchEntryIdsNotDistinct", `${prefix}BatchEntryIdsNotDistinct`, 400],
  ["InvalidBatchEntryId", `${prefix}InvalidBatchEntryId`, 400],
  ["BatchRequestTooLong", `${prefix}BatchRequestTooLong`, 400],
  ["UnsupportedOperation", `${prefix}UnsupportedOperation`, 400],
  ["MessageNotInflight", `${prefix}MessageNotInflight`, 400],
  ["InvalidAttributeName", "InvalidAttributeName", 400],
  ["InvalidAttributeValue", "InvalidAttributeValue", 400],
  ["InvalidMessageContents", "InvalidMessageContents", 400],
  ["InvalidIdFormat", "InvalidIdFormat", 400],
  ["ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid", 404],
  ["ResourceNotFoundException", "ResourceNotFoundException", 404],
  ["InvalidAddress", "InvalidAddress", 404],
  ["InvalidSecurity", "InvalidSecurity", 403],
  ["OverLimit", "OverLimit", 403],
  ["RequestThrottled", "RequestThrottled", 403],
  ["KmsAccessDenied", "KMS.AccessDeniedException", 400],
  ["KmsDisabled", "KMS.DisabledException", 400],
  ["KmsInvalidKeyUsage", "KMS.InvalidKeyUsageException", 400],
  ["KmsInvalidState", "KMS.InvalidStateException", 400],
  ["KmsNotFound", "KMS.NotFoundException", 400],
  ["KmsOptInRequired", "KMS.OptInRequired", 403],
  ["KmsThrottled", "KMS.ThrottlingException", 400],
];

const unmodelled: readonly (readonly [error: AwsError, shape: string, code: string, status: number])[] = [
  [invalidParameterValue("x"), "InvalidParameterValueException", "InvalidParameterValue", 400],
  [missingParameter("x"), "MissingRequiredParameterException", "MissingParameter", 400],
  [accessDenied("x"), "AccessDeniedException", "AccessDenied", 403],
];

/** Two errors have no message in the model. */
const messageless = ["InvalidIdFormat", "MessageNotInflight"];

const cases = [
  ...modelled.map(([shape, code, status]) => {
    const schema = (schemas as Record<string, unknown>)[`${shape}$`] as ErrorSchema;
    const error = AwsError.of(schema, messageless.includes(shape) ? undefined : `about ${shape} <&>`);
    return { error, type: `com.amazonaws.sqs#${shape}`, code, status };
  }),
  ...unmodelled.map(([error, shape, code, status]) => ({
    error,
    type: `com.amazon.coral.service#${shape}`,
    code,
    status,
  })),
];
const model = serviceNamed("sqs");

describe("the catalogue of errors", () => {
  it("has every error of the model", () => {
    const errors = Object.values(schemas as Record<string, unknown>).filter(
      (schema): schema is ErrorSchema => Array.isArray(schema) && schema[0] === -3,
    );
    const names = errors.map(([, , name]) => name).filter((name) => !name.startsWith("SQSService"));
    expect(modelled.map(([shape]) => shape).sort()).toEqual(names.sort());
  });

  it.each(cases)("$type over JSON: $status $code", ({ error, type, code, status }) => {
    const answer = protocols.awsJson1_0.encodeError(error, REQUEST_ID, model, request({}));
    expect(answer.status).toBe(status);
    expect(answer.headers).toMatchObject({
      "content-type": "application/x-amz-json-1.0",
      "x-amzn-query-error": `${code};Sender`,
      "x-amzn-RequestId": REQUEST_ID,
    });
    // The front end's own refusals of access spell the member with a capital.
    const member = error.name === "AccessDeniedException" ? "Message" : "message";
    const message = error.hasMessage ? { [member]: error.message } : {};
    expect(JSON.parse(String(answer.body))).toEqual({ __type: type, ...message });
  });

  it.each(cases)("$type over Query: $status $code", ({ error, code, status }) => {
    const answer = protocols.awsQuery.encodeError(error, REQUEST_ID, model, request({}));
    expect(answer.status).toBe(status);
    expect(answer.headers["content-type"]).toMatch(/^text\/xml/);
    const message = error.message.replace(" <&>", " &lt;&amp;&gt;");
    expect(answer.body).toBe(
      `<ErrorResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><Error><Type>Sender</Type><Code>${code}</Code>` +
        `<Message>${message}</Message><Detail/></Error><RequestId>${REQUEST_ID}</RequestId></ErrorResponse>`,
    );
  });
});
