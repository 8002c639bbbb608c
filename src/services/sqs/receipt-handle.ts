/**
 * Receipt handles: `AQEB`, the message's position and id, the number of the receive and a mark of the queue, in the
 * base64 alphabet. They contain everything that is needed, so none is stored.
 */
import type { MessageRow, QueueRow } from "./tables.ts";

export interface Receipt {
  /** The message's position in its queue. */
  readonly serial: number;
  /** Which receive of the message returned it, counted from 1. */
  readonly receiveCount: number;
  /** The serial of the queue it came from. */
  readonly queueSerial: number;
}

// Numbers are in base 36, of fixed length; the id's dashes, which base64 does not have, become plus signs.
const prefix = "AQEB";
const placeEnd = prefix.length + 11;
const idAt = placeEnd + 1;
const idEnd = idAt + 36;
const countEnd = idEnd + 8;
const end = countEnd + 12;
const idForm = /^[0-9a-f]{8}(?:\+[0-9a-f]{4}){3}\+[0-9a-f]{12}$/;

export function receiptHandle(message: MessageRow, id: string, queue: QueueRow): string {
  const place = base36(message.serial, placeEnd - prefix.length);
  const receive = base36(message.received?.count ?? 0, countEnd - idEnd);
  return `${prefix}${place}/${id.replaceAll("-", "+")}${receive}${base36(queue.serial, end - countEnd)}`;
}

/** The parts of a handle, or undefined for a text that is not one. */
export function parseReceiptHandle(handle: string): Receipt | undefined {
  if (handle.length !== end || !handle.startsWith(prefix) || handle[placeEnd] !== "/") return undefined;
  const serial = numberAt(handle, prefix.length, placeEnd);
  const receiveCount = numberAt(handle, idEnd, countEnd);
  const queueSerial = numberAt(handle, countEnd, end);
  if (serial < 0 || receiveCount < 0 || queueSerial < 0 || !idForm.test(handle.slice(idAt, idEnd))) return undefined;
  return { serial, receiveCount, queueSerial };
}

function base36(number: number, length: number): string {
  return number.toString(36).padStart(length, "0");
}

/** The base 36 number in a part of a text; -1 if it contains another character. */
function numberAt(text: string, from: number, to: number): number {
  let number = 0;
  for (let at = from; at < to; at += 1) {
    const code = text.charCodeAt(at);
    if (code >= 48 && code <= 57) number = number * 36 + code - 48;
    else if (code >= 97 && code <= 122) number = number * 36 + code - 87;
    else return -1;
  }
  return number;
}
