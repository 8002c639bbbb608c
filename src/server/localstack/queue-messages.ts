/** A queue's messages in the form of a ReceiveMessage answer, without receiving them. */
import { AwsError } from "../../../protocols/error.ts";
import { jsonObject, textOf } from "../../../protocols/unknown-json.ts";
import { escapeXml } from "../../../protocols/xml.ts";
import type { DoorRequest } from "../../calls/door.ts";
import { defaultAccount } from "../../calls/identity.ts";
import type { Answered, LocalstackEmulator } from "./door.ts";

/** A message in the service's view. */
interface Queued {
  readonly messageId: string;
  readonly body: string;
  readonly md5OfBody: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly messageAttributes: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly state: "visible" | "delayed" | "inFlight";
}

interface Wanted {
  readonly queueUrl: string | undefined;
  readonly delayed: boolean;
  readonly inFlight: boolean;
}

const maxMessages = 10_000;
const namespace = "http://queue.amazonaws.com/doc/2012-11-05/";
const doesNotExist = {
  code: "AWS.SimpleQueueService.NonExistentQueue",
  message: "The specified queue does not exist.",
};

/** `/_aws/sqs/messages?QueueUrl=…` or `/_aws/sqs/messages/{region}/{account}/{queue}`, asked plainly or by a client of SQS. */
export function queueMessages(
  path: string,
  request: DoorRequest,
  body: Buffer,
  emulator: Pick<LocalstackEmulator, "look">,
): Answered {
  const target = request.headers["x-amz-target"];
  const wanted = wantedOf(request, body, target !== undefined);
  const [, region, account, name] = /^\/_aws\/sqs\/messages\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(path) ?? [];
  const place = name === undefined ? placeOf(wanted.queueUrl) : { region, account, name };
  const all = emulator.look("sqs", "messages", { ...place, limit: maxMessages }) as Queued[] | undefined;
  const wantsJson = String(request.headers["accept"] ?? "").includes("json");
  if (target !== undefined) return inJson(all, wanted);
  const requestId = "00000000-0000-0000-0000-000000000000";
  if (all === undefined) return refusal(wantsJson, requestId);
  const shown = all.filter((one) => isWanted(one, wanted));
  if (wantsJson) {
    return {
      status: 200,
      body: {
        ReceiveMessageResponse: { ReceiveMessageResult: asObject(shown), ResponseMetadata: { RequestId: requestId } },
      },
    };
  }
  return xml(
    200,
    `<ReceiveMessageResponse xmlns="${namespace}"><ReceiveMessageResult>${shown.map(asXml).join("")}</ReceiveMessageResult>` +
      `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></ReceiveMessageResponse>`,
  );
}

/** @throws AwsError for a body that cannot be read. */
function wantedOf(request: DoorRequest, body: Buffer, isJson: boolean): Wanted {
  const parameters = new URLSearchParams(request.query);
  if (isJson) {
    const { QueueUrl } = jsonOf(body);
    return { queueUrl: QueueUrl === undefined ? undefined : textOf(QueueUrl), delayed: false, inFlight: false };
  }
  if (request.method === "POST")
    for (const [name, value] of new URLSearchParams(body.toString())) parameters.set(name, value);
  const on = (name: string) => /^(true|1)$/i.test(parameters.get(name) ?? "");
  return {
    queueUrl: parameters.get("QueueUrl") ?? undefined,
    delayed: on("ShowDelayed"),
    inFlight: on("ShowInvisible"),
  };
}

function jsonOf(body: Buffer): Readonly<Record<string, unknown>> {
  const value = jsonObject(body.toString());
  if (value !== undefined) return value;
  throw AwsError.unmodeled({ name: "SerializationException", message: "The body is not a JSON object." });
}

function placeOf(queueUrl: string | undefined): { account: string; name: string; region?: string } {
  if (queueUrl === undefined || queueUrl === "") {
    throw AwsError.unmodeled({ name: "MissingParameter", message: "Say which queue with QueueUrl." });
  }
  const [name = "", account = defaultAccount] = queueUrl.split("/").filter(Boolean).reverse();
  const [, region] = /^https?:\/\/(?:sqs\.)?([a-z]{2,}(?:-[a-z]+)+-\d)\./.exec(queueUrl) ?? [];
  return { account, name, ...(region === undefined ? {} : { region }) };
}

function isWanted({ state }: Queued, { delayed, inFlight }: Wanted): boolean {
  return state === "visible" || (state === "delayed" ? delayed : inFlight);
}

function inJson(all: readonly Queued[] | undefined, wanted: Wanted): Answered {
  const contentType = "application/x-amz-json-1.0";
  if (all === undefined) {
    const body = { __type: "com.amazonaws.sqs#QueueDoesNotExist", message: doesNotExist.message };
    return { status: 400, contentType, body };
  }
  const messages = all
    .filter((one) => isWanted(one, wanted))
    .map((one) => ({ ...named(one), Attributes: one.attributes, MessageAttributes: one.messageAttributes }));
  return { status: 200, contentType, body: { Messages: messages } };
}

function named({ messageId, md5OfBody, body }: Queued) {
  return { MessageId: messageId, ReceiptHandle: "SQS/BACKDOOR/ACCESS", MD5OfBody: md5OfBody, Body: body };
}

/** The XML's members as an object: a single one is not a list, and nothing is null. */
function asObject(messages: readonly Queued[]): object | null {
  const shown = messages.map((one) => ({
    ...named(one),
    Attribute: Object.entries(one.attributes).map(([Name, Value]) => ({ Name, Value })),
    ...(Object.keys(one.messageAttributes).length === 0
      ? {}
      : { MessageAttribute: Object.entries(one.messageAttributes).map(([Name, Value]) => ({ Name, Value })) }),
  }));
  return shown.length === 0 ? null : { Message: shown.length === 1 ? shown[0] : shown };
}

function asXml(one: Queued): string {
  const attributes = Object.entries(one.attributes)
    .map(([name, value]) => `<Attribute>${tag("Name", name)}${tag("Value", value)}</Attribute>`)
    .join("");
  const messageAttributes = Object.entries(one.messageAttributes)
    .map(([name, value]) => {
      const members = Object.entries(value).map(([member, text]) => tag(member, text));
      return `<MessageAttribute>${tag("Name", name)}<Value>${members.join("")}</Value></MessageAttribute>`;
    })
    .join("");
  const members = Object.entries(named(one)).map(([name, value]) => tag(name, value));
  return `<Message>${members.join("")}${attributes}${messageAttributes}</Message>`;
}

function tag(name: string, text: string): string {
  return `<${name}>${escapeXml(text)}</${name}>`;
}

function refusal(wantsJson: boolean, requestId: string): Answered {
  const { code, message } = doesNotExist;
  if (wantsJson) {
    return {
      status: 404,
      body: { ErrorResponse: { Error: { Type: "Sender", Code: code, Message: message }, RequestId: requestId } },
    };
  }
  const error = `<Error><Type>Sender</Type>${tag("Code", code)}${tag("Message", message)}</Error>`;
  return xml(404, `<ErrorResponse xmlns="${namespace}">${error}<RequestId>${requestId}</RequestId></ErrorResponse>`);
}

function xml(status: number, text: string): Answered {
  return { status, contentType: "text/xml", body: `<?xml version='1.0' encoding='utf-8'?>\n${text}` };
}
