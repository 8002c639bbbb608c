/** What every event, template and log of a call contains: ids, times, who called. */
import { formatArn } from "../calls/arn.ts";
import type { DoorRequest } from "../calls/door.ts";
import type { Place } from "../calls/place.ts";
import type { Random } from "../engine/random.ts";

const idBytes = Buffer.alloc(11);

/** `DfyBYdK2SQ0CGCA=`: eleven bytes in URL-safe base64 with its padding, as API Gateway's extended ids are. */
export function extendedId(random: Random): string {
  random.fill(idBytes);
  return `${idBytes.toString("base64url")}=`;
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

function two(number: number): string {
  return number < 10 ? `0${number}` : String(number);
}

let lastTime = { second: Number.NaN, text: "" };

/** `12/Mar/2020:19:03:58 +0000`, a time in Common Log Format, made once a second. */
export function logTime(epochMs: number): string {
  const second = Math.floor(epochMs / 1000);
  if (second !== lastTime.second) lastTime = { second, text: logTimeOf(new Date(epochMs)) };
  return lastTime.text;
}

let lastDate = { second: Number.NaN, text: "" };

/** The time as a Date header has it; the same for all answers of a second. */
export function httpDate(epochMs: number): string {
  const second = Math.floor(epochMs / 1000);
  if (second !== lastDate.second) lastDate = { second, text: new Date(epochMs).toUTCString() };
  return lastDate.text;
}

function logTimeOf(date: Date): string {
  const day = `${two(date.getUTCDate())}/${months[date.getUTCMonth()]}/${date.getUTCFullYear()}`;
  return `${day}:${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} +0000`;
}

/** The client's address; IPv4-mapped IPv6 addresses are shown as IPv4. */
export function sourceIpOf({ sourceIp }: DoorRequest): string {
  if (sourceIp === undefined) return "127.0.0.1";
  return sourceIp.startsWith("::ffff:") ? sourceIp.slice(7) : sourceIp;
}

/** A header's value; the first if it was repeated. */
export function headerOf({ headers }: DoorRequest, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** `HTTP/1.1` */
export function protocolOf({ incoming }: DoorRequest): string {
  return `HTTP/${incoming.httpVersion}`;
}

/** An X-Ray trace header with nothing but a root, as API Gateway starts a trace. */
export function rootTrace(nowMs: number, random: Random): string {
  const time = Math.floor(nowMs / 1000)
    .toString(16)
    .padStart(8, "0");
  return `Root=1-${time}-${random.hex(24)}`;
}

/**
 * `arn:aws:execute-api:{region}:{account}:{api}/{stage}/{METHOD}{path}`; with the decoded path, as policies match it.
 * @param method verb and path, or a WebSocket API's route key.
 */
export function methodArn({ region, account }: Place, apiId: string, stage: string, method: string): string {
  return formatArn("execute-api", region, account, `${apiId}/${stage}/${method}`);
}
