/** What SNS has sent to phones and mobile endpoints, by receiver. */
import { defaultAccount } from "../../calls/identity.ts";
import type { MailboxMessage } from "../../delivery/mailbox.ts";
import type { LocalstackEmulator } from "./door.ts";

type Emulator = Pick<LocalstackEmulator, "mailbox">;

const maxMessages = 1000;

/** @param parameters `accountId`, `region`, `endpointArn` */
export function platformMessages(parameters: URLSearchParams, emulator: Emulator): object {
  const { region, byReceiver } = sent(
    "application",
    parameters.get("endpointArn"),
    parameters,
    emulator,
    (message) => ({
      TargetArn: message.to,
      ...senderOf(message),
      ...said(message),
    }),
  );
  return { platform_endpoint_messages: byReceiver, region };
}

/** @param parameters `accountId`, `region`, `phoneNumber` */
export function smsMessages(parameters: URLSearchParams, emulator: Emulator): object {
  const { region, byReceiver } = sent("sms", parameters.get("phoneNumber"), parameters, emulator, (message) => ({
    PhoneNumber: message.to,
    ...senderOf(message),
    ...said(message),
  }));
  return { sms_messages: byReceiver, region };
}

function sent(
  channel: string,
  to: string | null,
  parameters: URLSearchParams,
  { mailbox }: Emulator,
  shown: (message: MailboxMessage) => object,
): { readonly region: string; readonly byReceiver: object } {
  const account = parameters.get("accountId") ?? defaultAccount;
  const region = parameters.get("region") ?? "us-east-1";
  const byReceiver = new Map<string, object[]>(to === null ? [] : [[to, []]]);
  const messages = mailbox.list({ account, channel, to: to ?? undefined, limit: maxMessages });
  for (const message of messages.reverse()) {
    if (message.region !== region) continue;
    const before = byReceiver.get(message.to);
    if (before === undefined) byReceiver.set(message.to, [shown(message)]);
    else before.push(shown(message));
  }
  return { region, byReceiver: Object.fromEntries(byReceiver) };
}

/** A subscription's ARN is its topic's followed by an id. */
function senderOf({ source, to }: MailboxMessage) {
  if (source === to || !source.includes(":sns:")) return { TopicArn: null };
  const [topic, id] = [source.split(":", 6).join(":"), source.split(":")[6]];
  return id === undefined ? { TopicArn: topic } : { TopicArn: topic, SubscriptionArn: source };
}

function said({ id, body, details }: MailboxMessage) {
  return {
    MessageId: id,
    Message: body,
    MessageAttributes: details["attributes"] ?? {},
    MessageStructure: null,
    Subject: null,
  };
}
