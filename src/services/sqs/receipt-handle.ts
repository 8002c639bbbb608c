/**
 * Receipt handles: `AQEB`, the message's place and id, the number of the receive and a mark of the queue, in base64's
 * alphabet. They say all that is needed, so none is stored.
 */
import type { MessageRow, QueueRow } from "./tables.ts";

export interface Receipt {
  /** The message's place in its queue. */
  readonly serial: number;
  /** Which receive of the message gave it out, from 1. */
  readonly receiveCount: number;
  readonly queueMark: string;
}

const prefix = "AQEB";
const form = /^AQEB([0-9a-z]{11})\/[0-9a-f]{8}(?:\+[0-9a-f]{4}){3}\+[0-9a-f]{12}([0-9a-z]{8})([0-9a-z]{12})$/;

export function receiptHandle(message: MessageRow, id: string, queue: QueueRow): string {
  const place = message.serial.toString(36).padStart(11, "0");
  const receive = (message.received?.count ?? 0).toString(36).padStart(8, "0");
  return `${prefix}${place}/${id.replaceAll("-", "+")}${receive}${queueMark(queue)}`;
}

/** The parts of a handle, or undefined for a text that was never one. */
export function parseReceiptHandle(handle: string): Receipt | undefined {
  const match = form.exec(handle);
  if (!match) return undefined;
  const [, place, count, mark] = match as unknown as [string, string, string, string];
  return { serial: Number.parseInt(place, 36), receiveCount: Number.parseInt(count, 36), queueMark: mark };
}

export function queueMark(queue: QueueRow): string {
  return queue.serial.toString(36).padStart(12, "0");
}
