/** Errors in the XML forms that none of our own services has. */
import type { AwsError } from "./error.ts";
import { extendedRequestId } from "./error-body.ts";
import type { ErrorProtocol } from "./protocol.ts";
import { escapeXml } from "./xml.ts";

export type ErrorForm = "s3" | "ec2" | "restXml";

type EncodeError = (error: AwsError, requestId: string) => string;

const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';

/** https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
const s3: EncodeError = (error, requestId) =>
  `${declaration}<Error>${codeAndMessage(error)}<RequestId>${requestId}</RequestId>` +
  `<HostId>${extendedRequestId(requestId)}</HostId></Error>`;

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html */
const ec2: EncodeError = (error, requestId) =>
  `${declaration}<Response><Errors><Error>${codeAndMessage(error)}</Error></Errors>` +
  `<RequestID>${requestId}</RequestID></Response>`;

/** https://smithy.io/2.0/aws/protocols/aws-restxml-protocol.html#operation-error-serialization */
const restXml: EncodeError = (error, requestId) =>
  `${declaration}<ErrorResponse><Error><Type>${error.fault === "server" ? "Receiver" : "Sender"}</Type>` +
  `${codeAndMessage(error)}</Error><RequestId>${requestId}</RequestId></ErrorResponse>`;

function codeAndMessage({ queryCode, message }: AwsError): string {
  return `<Code>${escapeXml(queryCode)}</Code><Message>${escapeXml(message)}</Message>`;
}

export const errorForms: Readonly<Record<ErrorForm, ErrorProtocol>> = {
  s3: form("s3", "application/xml", s3),
  ec2: form("ec2", "text/xml;charset=UTF-8", ec2),
  restXml: form("restXml", "text/xml", restXml),
};

function form(name: ErrorForm, contentType: string, body: EncodeError): ErrorProtocol {
  return {
    name,
    encodeError: (error, requestId) => ({
      status: error.status,
      headers: {
        "content-type": contentType,
        "x-amzn-RequestId": requestId,
        "x-amz-request-id": requestId,
        "x-amz-id-2": extendedRequestId(requestId),
      },
      body: body(error, requestId),
    }),
  };
}
