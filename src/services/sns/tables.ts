/** The rows SNS keeps, and their indexes. */
import { placeKey } from "../../calls/place.ts";
import type { MessageAttributes } from "../../delivery/types.ts";
import { definePackedTable } from "../../engine/packed-table.ts";
import { defineTable } from "../../engine/table.ts";

export interface TopicRow {
  readonly arn: string;
  readonly account: string;
  readonly region: string;
  readonly name: string;
  readonly fifo: boolean;
  /** What was set, as it is returned. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  /** How many subscriptions were deleted, for GetTopicAttributes. */
  readonly deletedSubscriptions: number;
  readonly dataProtectionPolicy: string | undefined;
  /** When archiving began; only while an archive policy is set. */
  readonly archivingSinceMs: number | undefined;
}

export const topicTable = defineTable<TopicRow>()({
  name: "sns.topics",
  key: (topic) => topic.arn,
  account: (topic) => topic.account,
  indexes: { name: { group: placeKey, order: (topic) => topic.name } },
});

/** A replay of archived messages to a subscription. */
export interface Replay {
  readonly id: string;
  readonly status: "Pending" | "In progress" | "Completed";
  readonly fromMs: number;
  /** Nothing later is delivered, not even after the replay. */
  readonly toMs: number | undefined;
  /** Serial of the last archived message delivered. */
  readonly cursor: number;
}

export interface SubscriptionRow {
  readonly arn: string;
  readonly account: string;
  readonly region: string;
  readonly topicArn: string;
  readonly protocol: string;
  readonly endpoint: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly confirmed: boolean;
  /** Whether the confirmation was a signed call. */
  readonly authenticated: boolean;
  readonly authenticateOnUnsubscribe: boolean;
  readonly principal: string;
  /** Confirms the subscription; kept afterwards, since the call may be repeated. */
  readonly token: string | undefined;
  /** The origin by which its subscriber reached us, for URLs in its messages. */
  readonly origin: string;
  readonly serial: number;
  readonly replay: Replay | undefined;
}

export function endpointKey(topicArn: string, protocol: string, endpoint: string): string {
  return `${topicArn}\n${protocol}\n${endpoint}`;
}

export const subscriptionTable = defineTable<SubscriptionRow>()({
  name: "sns.subscriptions",
  key: (row) => row.arn,
  account: (row) => row.account,
  indexes: {
    topic: { group: (row) => row.topicArn, order: (row) => row.serial },
    pending: { group: (row) => (row.confirmed ? undefined : row.topicArn), order: (row) => row.serial },
    place: { group: placeKey, order: (row) => row.serial },
    endpoint: {
      group: (row) => endpointKey(row.topicArn, row.protocol, row.endpoint),
      order: (row) => row.serial,
    },
    token: { group: (row) => row.token, order: (row) => row.serial },
    filtered: {
      group: (row) => (row.attributes["FilterPolicy"] === undefined ? undefined : row.account),
      order: (row) => row.serial,
    },
    filteredOfTopic: {
      group: (row) => (row.attributes["FilterPolicy"] === undefined ? undefined : row.topicArn),
      order: (row) => row.serial,
    },
  },
});

/** A subscription that somebody ended by a link in a message; the reply to that restores it. */
export interface EndedRow extends SubscriptionRow {
  readonly endedMs: number;
  /** Ended by its owner, which cannot be undone. */
  readonly forGood?: boolean;
}

export const endedTable = defineTable<EndedRow>()({
  name: "sns.endedSubscriptions",
  key: (row) => row.arn,
  account: (row) => row.account,
  indexes: {
    token: { group: (row) => row.token, order: (row) => row.serial },
    // Those that can be restored are still listed.
    topic: { group: (row) => (row.forGood ? undefined : row.topicArn), order: (row) => row.serial },
    place: { group: (row) => (row.forGood ? undefined : placeKey(row)), order: (row) => row.serial },
    ended: { group: () => "", order: (row) => row.endedMs },
  },
});

/** A message published within the last five minutes, by its deduplication id. */
export interface DeduplicationRow {
  readonly key: string;
  readonly account: string;
  readonly topicArn: string;
  readonly messageId: string;
  readonly sequenceNumber: string;
  readonly expiresMs: number;
}

export const deduplicationTable = defineTable<DeduplicationRow>()({
  name: "sns.deduplications",
  key: (row) => row.key,
  account: (row) => row.account,
  indexes: { expiry: { group: (row) => row.topicArn, order: (row) => row.expiresMs } },
});

/** A message as published, from which all copies are made. */
export interface Published {
  readonly messageId: string;
  readonly message: string;
  /** Texts by protocol, for a message of structure json; `message` is then the default. */
  readonly messages: Readonly<Record<string, string>> | undefined;
  readonly subject: string | undefined;
  readonly attributes: MessageAttributes;
  readonly timestampMs: number;
  readonly groupId: string | undefined;
  readonly deduplicationId: string | undefined;
  readonly sequenceNumber: string | undefined;
  readonly traceHeader: string | undefined;
  /** The origin by which the publisher reached us; absent when a service published. */
  readonly origin: string | undefined;
}

/** The position of a message in its topic's archive. */
export interface ArchivedRow {
  readonly id: string;
  readonly account: string;
  readonly topicArn: string;
  readonly serial: number;
  readonly timestampMs: number;
}

export const archiveTable = defineTable<ArchivedRow>()({
  name: "sns.archive",
  key: (row) => row.id,
  account: (row) => row.account,
  indexes: { topic: { group: (row) => row.topicArn, order: (row) => row.serial } },
});

/** An archived message, under its serial. */
export interface ArchivedMessageRow {
  readonly serial: number;
  readonly account: string;
  readonly published: Published;
}

export const archivedMessageTable = definePackedTable<ArchivedMessageRow>({
  name: "sns.archivedMessages",
  serial: (row) => row.serial,
  account: (row) => row.account,
  head: ({ published: { message: _message, ...rest }, ...row }) => JSON.stringify({ ...row, rest }),
  text: (row) => row.published.message,
  row: (head, message) => {
    const { rest, ...row } = JSON.parse(head) as {
      serial: number;
      account: string;
      rest: Omit<Published, "message">;
    };
    return { ...row, published: { ...rest, message } };
  },
});

export interface PlatformApplicationRow {
  readonly arn: string;
  readonly account: string;
  readonly region: string;
  readonly platform: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly serial: number;
}

export const platformApplicationTable = defineTable<PlatformApplicationRow>()({
  name: "sns.platformApplications",
  key: (row) => row.arn,
  account: (row) => row.account,
  indexes: { place: { group: placeKey, order: (row) => row.serial } },
});

export interface PlatformEndpointRow {
  readonly arn: string;
  readonly account: string;
  readonly applicationArn: string;
  /** Token, Enabled and CustomUserData. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly serial: number;
}

export const platformEndpointTable = defineTable<PlatformEndpointRow>()({
  name: "sns.platformEndpoints",
  key: (row) => row.arn,
  account: (row) => row.account,
  indexes: {
    application: { group: (row) => row.applicationArn, order: (row) => row.serial },
    token: { group: (row) => `${row.applicationArn}\n${row.attributes["Token"]}`, order: (row) => row.serial },
  },
});

/** SMS settings of an account in a region. */
export interface SmsRow {
  readonly key: string;
  readonly account: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export const smsTable = defineTable<SmsRow>()({
  name: "sns.sms",
  key: (row) => row.key,
  account: (row) => row.account,
  indexes: {},
});

/** A phone number that has opted out of SMS, or one in the sandbox. */
export interface PhoneRow {
  readonly key: string;
  readonly account: string;
  /** Account and region. */
  readonly place: string;
  readonly list: "optedOut" | "sandbox";
  readonly number: string;
  /** Sandbox: whether the number was verified, and its one-time password. */
  readonly verified: boolean;
  readonly password: string | undefined;
}

export function phoneKey(list: PhoneRow["list"], place: string, number: string): string {
  return `${list} ${place} ${number}`;
}

export const phoneTable = defineTable<PhoneRow>()({
  name: "sns.phones",
  key: (row) => row.key,
  account: (row) => row.account,
  indexes: { list: { group: (row) => `${row.list} ${row.place}`, order: (row) => row.number } },
});

/** The key that signs messages, and its certificate once somebody has requested it. */
export interface SigningRow {
  readonly privateKey: string;
  readonly publicKey: string;
  readonly certificate: string | undefined;
}

export const signingTable = defineTable<SigningRow>()({
  name: "sns.signing",
  key: () => "key",
  account: () => "",
  indexes: {},
  outlivesReset: true,
});
