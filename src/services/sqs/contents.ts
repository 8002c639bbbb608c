/** The contents of messages. They never change, while a message's own row changes with each receive. */
import type { Copy } from "../../delivery/copies.ts";
import { definePackedTable } from "../../engine/packed-table.ts";
import type { MessageRow } from "./tables.ts";

/** A message attribute as stored; binary values remain the base64 text that was sent. */
export interface StoredAttribute {
  readonly DataType: string;
  readonly StringValue?: string;
  readonly BinaryValue?: string;
}

export interface ContentRow {
  /** The message's position in its queue. */
  readonly serial: number;
  readonly account: string;
  readonly id: string;
  readonly body: string;
  readonly bodyMd5: string;
  readonly senderId: string;
  readonly deduplicationId: string | undefined;
  readonly traceHeader: string | undefined;
  readonly attributes: Readonly<Record<string, StoredAttribute>> | undefined;
  /** The text of its cause. */
  readonly cause: string | undefined;
  /**
   * Set until the message is first read: the body is a text shared by copies, without an MD5, and this turns it into
   * this message's text.
   */
  readonly copy?: Copy | undefined;
}

/** A message that was received, with its contents. */
export interface GivenMessage {
  readonly message: MessageRow;
  readonly content: ContentRow;
}

export const contentTable = definePackedTable<ContentRow>({
  name: "sqs.contents",
  serial: (content) => content.serial,
  account: (content) => content.account,
  // Lines instead of JSON, which would cost several times as much per message; none of the parts contains a line break.
  head: ({
    serial,
    account,
    id,
    bodyMd5,
    senderId,
    deduplicationId = "",
    traceHeader,
    attributes,
    cause = "",
    copy,
  }) => {
    const md5 = copy === undefined ? bodyMd5 : `${copy.signatureAt} ${copy.ownAt} ${copy.own}`;
    const rare =
      traceHeader === undefined && attributes === undefined ? "" : JSON.stringify({ traceHeader, attributes });
    // One flat string at once: a template with so many parts builds a tree of strings, which must be walked when it is
    // written.
    return [serial, account, id, md5, senderId, deduplicationId, rare, cause].join("\n");
  },
  text: (content) => content.body,
  row: (head, body) => {
    const [serial, account, id, bodyMd5, senderId, deduplicationId, rare, cause] = head.split("\n") as Lines;
    const copy = bodyMd5.includes(" ") ? copyOf(bodyMd5) : undefined;
    const { traceHeader, attributes } = rare === "" ? nothingRare : (JSON.parse(rare) as Rare);
    return {
      serial: Number(serial),
      account,
      id,
      body,
      bodyMd5,
      senderId,
      deduplicationId: deduplicationId === "" ? undefined : deduplicationId,
      traceHeader,
      attributes,
      cause: cause || undefined,
      copy,
    };
  },
});

function copyOf(line: string): Copy {
  const [signatureAt, ownAt, own = ""] = line.split(" ");
  return { signatureAt: Number(signatureAt), ownAt: Number(ownAt), own };
}

type Lines = [string, string, string, string, string, string, string, string?];
type Rare = Pick<ContentRow, "traceHeader" | "attributes">;
const nothingRare: Rare = { traceHeader: undefined, attributes: undefined };
