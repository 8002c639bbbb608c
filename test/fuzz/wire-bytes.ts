/**
 * Damaged connections: HTTP/2 frames out of order and out of shape, and what is no HTTP/1.1; how they are sent and made
 * small.
 */
import { connect } from "node:net";
import type { Chance } from "../support/chance.ts";
import { brokenConnection } from "../support/malformed.ts";

/** Pieces that can be left out one by one, and how the connection ends. */
export interface Damaged {
  readonly pieces: readonly Buffer[];
  /** Whether the pieces are sent one by one. */
  readonly apart: boolean;
  /** Where the bytes are split into two parts that are sent a moment apart; 0 for not at all. */
  readonly cutAt: number;
  readonly end: "end" | "reset" | "destroy";
  /** Milliseconds from the last byte to the end. */
  readonly waitMs: number;
}

export const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** RFC 9113 section 4.1. */
export function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Literal header fields without indexing, new names (RFC 7541 section 6.2.2). */
export function literal(name: string, value: string): Buffer {
  const bytes = [Buffer.from(name), Buffer.from(value)] as const;
  return Buffer.concat([Buffer.from([0, bytes[0].length]), bytes[0], Buffer.from([bytes[1].length]), bytes[1]]);
}

export const goodHead = Buffer.concat([
  literal(":method", "POST"),
  literal(":scheme", "http"),
  literal(":path", "/"),
  literal(":authority", "localhost"),
]);
const headNames = [
  ...[":method", ":path", ":scheme", ":authority", ":status", ":protocol", "content-length", "te", "connection", "x"],
  ...["UPPER", "", "cookie", "transfer-encoding", "host", "expect", "expect", "upgrade"],
];
const headValues = [
  ...["GET", "POST", "CONNECT", "HEAD", "/", "*", "http", "localhost", "", "x".repeat(120), "100-continue", "5", "\0"],
  ...["trailers", "chunked", "websocket", "100-continue"],
];

function headBlock(chance: Chance): Buffer {
  if (chance.chance(0.5)) return goodHead;
  const fields = Array.from({ length: 1 + chance.int(8) }, () => {
    if (chance.chance(0.1)) return chance.bytes(1 + chance.int(6));
    if (chance.chance(0.2)) return Buffer.from([0x80 | chance.int(70)]);
    return literal(chance.of(headNames), chance.of(headValues));
  });
  return Buffer.concat(chance.chance(0.5) ? [goodHead, ...fields] : fields);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

const numbers = [0, 1, 2, 100, 16_383, 16_384, 65_535, 0x7fffffff, 0xffffffff];

/** The payload of a frame, mostly of the shape its type has. */
function payloadOf(type: number, chance: Chance): Buffer {
  if (chance.chance(0.1)) return chance.bytes(chance.int(20));
  switch (type) {
    case 0:
      return Buffer.alloc(chance.of([0, 1, 5, 100, 16_384]), "d");
    case 1:
    case 9:
      return headBlock(chance);
    case 2:
      return chance.bytes(5);
    case 3:
      return uint32(chance.int(16));
    case 4:
      return Buffer.concat(
        Array.from({ length: chance.int(5) }, () =>
          Buffer.concat([Buffer.from([0, chance.of([1, 2, 3, 4, 5, 6, 8, 9, 99])]), uint32(chance.of(numbers))]),
        ),
      );
    case 5:
      return Buffer.concat([chance.bytes(4), headBlock(chance)]);
    case 6:
      return chance.bytes(8);
    case 7:
      return Buffer.concat([uint32(chance.int(9)), uint32(chance.int(14)), chance.bytes(chance.of([0, 0, 5]))]);
    case 8:
      return uint32(chance.of(numbers));
    default:
      return chance.bytes(chance.int(40));
  }
}

const frameTypes = [0, 0, 1, 1, 1, 1, 1, 2, 3, 3, 4, 4, 5, 6, 7, 7, 8, 8, 9, 10, 12, 16, 255];
const streams = [0, 1, 2, 3, 5, 0x7fffffff, 0xffffffff];
const ofConnection = [4, 6, 7];

function damagedFrames(chance: Chance): Buffer[] {
  const pieces: Buffer[] = [preface];
  if (chance.chance(0.9)) pieces.push(frame(4, 0, 0, Buffer.alloc(0)));
  let stream = 1;
  for (let left = 1 + chance.int(20); left > 0; left--) {
    const type = chance.of(frameTypes);
    const flags = chance.chance(0.7) ? chance.of(type === 1 ? [4, 4, 5] : [0, 1, 4]) : chance.int(256);
    const target =
      ofConnection.includes(type) && chance.chance(0.85) ? 0 : chance.chance(0.7) ? stream : chance.of(streams);
    let piece: Buffer = frame(type, flags, target, payloadOf(type, chance));
    if (type === 1 && chance.chance(0.6)) stream += 2;
    if (chance.chance(0.1)) piece[chance.int(piece.length)] = chance.int(256);
    if (chance.chance(0.03)) piece = piece.subarray(0, chance.int(piece.length));
    pieces.push(piece);
  }
  return pieces;
}

export function damagedConnection(chance: Chance): Damaged {
  const pieces = chance.chance(0.15) ? [brokenConnection(chance)] : damagedFrames(chance);
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  return {
    pieces,
    apart: chance.chance(0.2),
    cutAt: chance.chance(0.3) ? chance.int(length) : 0,
    end: chance.of(["end", "end", "reset", "reset", "destroy"] as const),
    waitMs: chance.int(8),
  };
}

/** Sends all of a connection; if the server leaves it open, it is closed after some time. */
export function play(port: number, { pieces, apart, cutAt, end, waitMs }: Damaged): Promise<void> {
  return new Promise((done) => {
    const socket = connect({ port, host: "127.0.0.1" });
    const givenUp = setTimeout(() => socket.destroy(), 200);
    const finish = () => {
      if (end === "reset") socket.resetAndDestroy();
      else if (end === "destroy") socket.destroy();
      else socket.end();
    };
    socket.on("error", () => {});
    socket.on("close", () => {
      clearTimeout(givenUp);
      done();
    });
    socket.resume();
    socket.once("connect", async () => {
      const all = Buffer.concat(pieces);
      const parts = apart ? pieces : cutAt > 0 ? [all.subarray(0, cutAt), all.subarray(cutAt)] : [all];
      for (const part of parts) {
        if (socket.destroyed) return;
        socket.write(part);
        if (parts.length > 1) await new Promise((goOn) => setImmediate(goOn));
      }
      if (waitMs === 0) finish();
      else setTimeout(finish, waitMs);
    });
  });
}

/** Reduces a connection while `does` still holds for it, by leaving out one piece after the other. */
export async function minimised(found: Damaged, does: (one: Damaged) => Promise<boolean>): Promise<Damaged> {
  let small = found;
  for (let at = 0; at < small.pieces.length; ) {
    const less = { ...small, cutAt: 0, pieces: small.pieces.filter((_piece, index) => index !== at) };
    if (await does(less)) small = less;
    else at++;
  }
  for (const simpler of [{ apart: false }, { cutAt: 0 }, { end: "end" }, { waitMs: 7 }] as const) {
    const one = { ...small, ...simpler };
    if (await does(one)) small = one;
  }
  return small;
}

/** In the format of the corpus. */
export function asText({ pieces, ...how }: Damaged): string {
  return JSON.stringify({ ...how, pieces: pieces.map((piece) => piece.toString("base64")) }, null, 2);
}

export function fromText(text: string): Damaged {
  const { pieces, ...how } = JSON.parse(text);
  return { ...how, pieces: pieces.map((piece: string) => Buffer.from(piece, "base64")) };
}
