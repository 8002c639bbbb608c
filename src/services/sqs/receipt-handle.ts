/**
 * Receipt handles: `AQEB`, the message's place and id, the number of the receive and a mark of the queue, in base64's
 * alphabet. They say all that is needed, so none is stored.
 */
import { type MessageRow, messageKey, type QueueRow } from "./tables.ts";

export interface Receipt {
  readonly messageKey: string;
  /** Which receive of the message gave it out, from 1. */
  readonly receiveCount: number;
  readonly queueMark: string;
}

const prefix = "AQEB";
const form = /^AQEB([0-9a-z]{11})\/[0-9a-f]{8}(?:\+[0-9a-f]{4}){3}\+[0-9a-f]{12}([0-9a-z]{8})([0-9a-z]{12})$/;

export function receiptHandle(message: MessageRow, queue: QueueRow): string {
  const receive = message.receiveCount.toString(36).padStart(8, "0");
  return `${prefix}${messageKey(message.serial)}/${message.id.replaceAll("-", "+")}${receive}${queueMark(queue)}`;
}

/** The parts of a handle, or undefined for a text that was never one. */
export function parseReceiptHandle(handle: string): Receipt | undefined {
  const match = form.exec(handle);
  if (!match) return undefined;
  const [, key, count, mark] = match as unknown as [string, string, string, string];
  return { messageKey: key, receiveCount: Number.parseInt(count, 36), queueMark: mark };
}

export function queueMark(queue: QueueRow): string {
  return queue.serial.toString(36).padStart(12, "0");
}
