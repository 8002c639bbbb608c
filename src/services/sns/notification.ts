/** A published message in the forms that its subscribers get (SNS developer guide, "Amazon SNS message formats"). */
import type { Places, SignText } from "../../delivery/copies.ts";
import type { Sns } from "./sns.ts";
import type { Published, SubscriptionRow, TopicRow } from "./tables.ts";

/** The parts of an envelope that are the same for all subscribers with the same text. */
interface Shared {
  readonly signature: string | undefined;
  readonly head: string;
  readonly tail: string;
}

/** The text shared by copies to queues. */
interface Draft {
  readonly origin: string;
  readonly text: string;
  readonly places: Places;
}

interface SignedParts {
  readonly Message: string;
  readonly MessageId: string;
  readonly Subject?: string | undefined;
  readonly Timestamp: string;
  readonly TopicArn: string;
  readonly SignatureVersion?: "1" | "2";
}

const signatureStart = `"Signature" : "`;

export class Notification {
  readonly topic: TopicRow;
  readonly published: Published;
  /** True for messages from the archive. */
  readonly replayed: boolean;
  readonly #sns: Sns;
  readonly #timestamp: string;
  readonly #shared = new Map<string, Shared>();
  #draft: Draft | undefined;

  constructor(sns: Sns, topic: TopicRow, published: Published, replayed = false) {
    this.#sns = sns;
    this.topic = topic;
    this.published = published;
    this.replayed = replayed;
    this.#timestamp = new Date(published.timestampMs).toISOString();
  }

  /** The message for subscribers with this protocol. */
  textFor(protocol: string): string {
    const { message, messages } = this.published;
    return messages?.[protocol] ?? message;
  }

  /** The JSON envelope of queues, web endpoints, email-json and dead letters. */
  envelope(subscription: SubscriptionRow): string {
    const origin = this.#originFor(subscription);
    const text = this.textFor(subscription.protocol);
    const { head, tail } = this.#sharedFor(text, origin);
    return `${head}${origin}${unsubscribeQuery}${subscription.arn}${tail}`;
  }

  /** The envelope for queues: the text shared by all copies, without its signature, and this copy's own part. */
  copyFor(subscription: Pick<SubscriptionRow, "origin">): { readonly text: string; readonly places: Places } {
    const origin = this.#originFor(subscription);
    if (this.#draft?.origin !== origin) this.#draft = this.#makeDraft(this.textFor("sqs"), origin);
    return this.#draft;
  }

  #makeDraft(message: string, origin: string): Draft {
    const { head, tail } = this.#makeShared(message, origin, "");
    const before = `${head}${origin}${unsubscribeQuery}`;
    // Between the message and the signature there is no text from clients.
    const signatureAt = head.lastIndexOf(signatureStart) + signatureStart.length;
    // One flat string, since it is compared, scanned and copied more than once.
    const text = Buffer.from(before + tail).toString();
    return { origin, text, places: { signatureAt, ownAt: before.length } };
  }

  /** The event for a Lambda function. */
  lambdaEvent(subscription: SubscriptionRow): string {
    const origin = this.#originFor(subscription);
    const text = this.textFor("lambda");
    const { signature } = this.#sharedFor(text, origin);
    const { messageId, subject } = this.published;
    return JSON.stringify({
      Records: [
        {
          EventSource: "aws:sns",
          EventVersion: "1.0",
          EventSubscriptionArn: subscription.arn,
          Sns: {
            Type: "Notification",
            MessageId: messageId,
            TopicArn: this.topic.arn,
            Subject: subject ?? null,
            Message: text,
            Timestamp: this.#timestamp,
            SignatureVersion: this.#version,
            Signature: signature,
            SigningCertUrl: signature === undefined ? undefined : `${origin}${this.#sns.signer.path}`,
            UnsubscribeUrl: `${origin}${unsubscribeQuery}${subscription.arn}`,
            MessageAttributes: this.#shownAttributes() ?? {},
          },
        },
      ],
    });
  }

  /** The line for a Firehose stream. */
  firehoseRecord(subscription: SubscriptionRow): string {
    const { messageId, subject } = this.published;
    return `${JSON.stringify({
      Type: "Notification",
      MessageId: messageId,
      TopicArn: this.topic.arn,
      Subject: subject,
      Message: this.textFor("firehose"),
      Timestamp: this.#timestamp,
      UnsubscribeURL: `${this.#originFor(subscription)}${unsubscribeQuery}${subscription.arn}`,
      MessageAttributes: this.#shownAttributes(),
    })}\n`;
  }

  #originFor(subscription: Pick<SubscriptionRow, "origin">): string {
    return this.published.origin ?? subscription.origin;
  }

  get #version(): "1" | "2" {
    return this.topic.attributes["SignatureVersion"] === "2" ? "2" : "1";
  }

  #shownAttributes(): Record<string, { Type: string; Value: string }> | undefined {
    const entries = Object.entries(this.published.attributes);
    if (entries.length === 0) return undefined;
    return Object.fromEntries(
      entries.map(([name, { DataType, StringValue, BinaryValue }]) => [
        name,
        { Type: DataType, Value: StringValue ?? BinaryValue ?? "" },
      ]),
    );
  }

  #sharedFor(text: string, origin: string): Shared {
    const key = `${origin}\n${text}`;
    let shared = this.#shared.get(key);
    if (shared === undefined) {
      // Messages of FIFO topics are not signed.
      shared = this.#makeShared(text, origin, this.topic.fifo ? undefined : this.#sign(text));
      this.#shared.set(key, shared);
    }
    return shared;
  }

  #makeShared(text: string, origin: string, signature: string | undefined): Shared {
    const { messageId, sequenceNumber, subject, messages } = this.published;
    // A message with a text per protocol has no sequence number.
    const number =
      sequenceNumber === undefined || messages !== undefined ? "" : `  "SequenceNumber" : "${sequenceNumber}",\n`;
    const replayed = this.replayed ? `  "Replayed" : "true",\n` : "";
    const subjectLine = subject === undefined ? "" : `  "Subject" : ${quoted(subject)},\n`;
    const signed = signature === undefined ? "" : this.#signatureLines(signature, origin);
    const head =
      `{\n  "Type" : "Notification",\n  "MessageId" : "${messageId}",\n${number}${replayed}` +
      `  "TopicArn" : "${this.topic.arn}",\n${subjectLine}  "Message" : ${quoted(text)},\n` +
      `  "Timestamp" : "${this.#timestamp}",\n${signed}  "UnsubscribeURL" : "`;
    const attributes = Object.entries(this.#shownAttributes() ?? {}).map(
      ([name, value]) => `    ${quoted(name)} : ${quoted(value)}`,
    );
    const tail = attributes.length === 0 ? "" : `,\n  "MessageAttributes" : {\n${attributes.join(",\n")}\n  }`;
    return { signature, head, tail: `"${tail}\n}` };
  }

  #signatureLines(signature: string, origin: string): string {
    return (
      `  "SignatureVersion" : "${this.#version}",\n  "Signature" : "${signature}",\n` +
      `  "SigningCertURL" : "${origin}${this.#sns.signer.path}",\n`
    );
  }

  #sign(text: string): string {
    const { messageId, subject } = this.published;
    const named = signedText({
      Message: text,
      MessageId: messageId,
      Subject: subject,
      Timestamp: this.#timestamp,
      TopicArn: this.topic.arn,
    });
    return this.#sns.signer.sign(named, this.#version);
  }
}

/** JSON in which characters beyond U+FFFF are two escapes; all others are literal. */
function quoted(value: unknown): string {
  const text = JSON.stringify(value);
  if (!/[\ud800-\udfff]/.test(text)) return text;
  return text.replace(/[\ud800-\udfff]/g, (half) => `\\u${half.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** The text that a notification's signature signs (SNS developer guide, "Verifying the signatures"). */
function signedText({ Message, MessageId, Subject, Timestamp, TopicArn }: SignedParts): string {
  return (
    `Message\n${Message}\nMessageId\n${MessageId}\n${Subject === undefined ? "" : `Subject\n${Subject}\n`}` +
    `Timestamp\n${Timestamp}\nTopicArn\n${TopicArn}\nType\nNotification\n`
  );
}

/** Total characters of texts whose signatures are cached. */
const maxSignedChars = 2 * 1024 * 1024;

/** The signature of a text shared by copies. Readers of several queues read the copies of a message in turn. */
export function copySigner({ signer }: Sns): SignText {
  const signatures = new Map<string, string>();
  let chars = 0;
  return (text) => {
    let signature = signatures.get(text);
    if (signature !== undefined) return signature;
    const parts = JSON.parse(text) as SignedParts;
    signature = signer.sign(signedText(parts), parts.SignatureVersion ?? "1");
    signatures.set(text, signature);
    chars += text.length;
    for (const oldest of signatures.keys()) {
      if (chars <= maxSignedChars) break;
      signatures.delete(oldest);
      chars -= oldest.length;
    }
    return signature;
  };
}

const unsubscribeQuery = "/?Action=Unsubscribe&SubscriptionArn=";

/** The envelope of a message that asks to confirm a subscription, or announces its end. */
export function confirmationEnvelope(
  sns: Sns,
  topic: TopicRow,
  subscription: SubscriptionRow,
  type: "SubscriptionConfirmation" | "UnsubscribeConfirmation",
): { readonly messageId: string; readonly message: string; readonly subscribeUrl: string; readonly envelope: string } {
  const { origin, token } = subscription;
  const messageId = sns.deps.random.fork("messages").uuid();
  const message =
    type === "SubscriptionConfirmation"
      ? `You have chosen to subscribe to the topic ${topic.arn}.\nTo confirm the subscription, visit the SubscribeURL included in this message.`
      : `You have chosen to deactivate subscription ${subscription.arn}.\nTo cancel this operation and restore the subscription, visit the SubscribeURL included in this message.`;
  const subscribeUrl = `${origin}/?Action=ConfirmSubscription&TopicArn=${topic.arn}&Token=${token}`;
  const timestamp = new Date(sns.now).toISOString();
  const version = topic.attributes["SignatureVersion"] === "2" ? "2" : "1";
  const named =
    `Message\n${message}\nMessageId\n${messageId}\nSubscribeURL\n${subscribeUrl}\nTimestamp\n${timestamp}\n` +
    `Token\n${token}\nTopicArn\n${topic.arn}\nType\n${type}\n`;
  const members = {
    Type: type,
    MessageId: messageId,
    Token: token,
    TopicArn: topic.arn,
    Message: message,
    SubscribeURL: subscribeUrl,
    Timestamp: timestamp,
    SignatureVersion: version,
    Signature: sns.signer.sign(named, version),
    SigningCertURL: `${origin}${sns.signer.path}`,
  };
  const lines = Object.entries(members).map(([name, value]) => `  "${name}" : ${JSON.stringify(value)}`);
  return { messageId, message, subscribeUrl, envelope: `{\n${lines.join(",\n")}\n}` };
}
