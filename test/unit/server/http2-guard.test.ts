/** What becomes of frames that are out of order or out of shape, over real sockets. */
import { EventEmitter } from "node:events";
import { type ClientHttp2Session, connect as connectHttp2, constants, type Http2Server } from "node:http2";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Http2Exchange } from "../../../src/server/http2-exchange.ts";
import { serveHttp2 } from "../../../src/server/http2-guard.ts";
import { createListener, type Listener } from "../../../src/server/listener.ts";
import { frame, goodHead, literal, preface } from "../../fuzz/wire-bytes.ts";

const {
  NGHTTP2_NO_ERROR,
  NGHTTP2_PROTOCOL_ERROR,
  NGHTTP2_FLOW_CONTROL_ERROR,
  NGHTTP2_STREAM_CLOSED,
  NGHTTP2_FRAME_SIZE_ERROR,
  NGHTTP2_COMPRESSION_ERROR,
  NGHTTP2_ENHANCE_YOUR_CALM,
} = constants;

let listener: Listener;
let port: number;
/** How many bytes the bodies of the requests had that came to their end. */
let bodies: number[] = [];

beforeAll(async () => {
  listener = createListener(
    {
      request(incoming) {
        const exchange = incoming as Http2Exchange;
        let received = 0;
        exchange.stream.on("data", (chunk: Buffer) => {
          received += chunk.length;
        });
        exchange.stream.on("end", () => {
          bodies.push(received);
          setImmediate(() => exchange.answer(200, {}, "answer"));
        });
      },
      upgrade: () => false,
    },
    undefined,
  );
  await new Promise<void>((done) => listener.server.listen(0, "127.0.0.1", done));
  port = (listener.server.address() as AddressInfo).port;
});

afterAll(() => {
  listener.destroy();
  listener.server.close();
});

interface Received {
  readonly type: number;
  readonly payload: Buffer;
}

/** Collects the frames that come from the server. */
function collect(socket: Socket, onFrame: (frame: Received) => void = () => {}): Received[] {
  const frames: Received[] = [];
  let bytes = Buffer.alloc(0);
  socket.on("error", () => {});
  socket.on("data", (chunk) => {
    bytes = Buffer.concat([bytes, chunk]);
    while (bytes.length >= 9 && bytes.length >= 9 + bytes.readUIntBE(0, 3)) {
      const end = 9 + bytes.readUIntBE(0, 3);
      const one = { type: bytes[3] as number, payload: bytes.subarray(9, end) };
      frames.push(one);
      onFrame(one);
      bytes = bytes.subarray(end);
    }
  });
  return frames;
}

/** The frames that come back until the server ends the connection or, with `until`, one of that type has come. */
function exchange(pieces: readonly Buffer[], until?: number): Promise<Received[]> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const frames = collect(socket, ({ type }) => {
      if (type === until) socket.destroy();
    });
    socket.on("close", () => resolve(frames));
    for (const piece of pieces) socket.write(piece);
  });
}

const none = Buffer.alloc(0);
const settings = frame(4, 0, 0, none);
const begin = [preface, settings];
const request = frame(1, 5, 1, goodHead);
const open = frame(1, 4, 1, goodHead);
const words = (...values: number[]) => {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, 4 * index);
  return bytes;
};
const settingOf = (id: number, value: number) => Buffer.concat([Buffer.from([0, id]), words(value)]);
const times = (count: number, piece: Buffer) => Buffer.concat(Array.from({ length: count }, () => piece));

it.each([
  ["no preface", NGHTTP2_PROTOCOL_ERROR, [Buffer.from("PRI * HTTP/2.1\r\n\r\nSM\r\n\r\n")]],
  ["another first frame than SETTINGS", NGHTTP2_PROTOCOL_ERROR, [preface, frame(6, 0, 0, Buffer.alloc(8))]],
  ["an acknowledgement first", NGHTTP2_PROTOCOL_ERROR, [preface, frame(4, 1, 0, none)]],
  ["a frame that is too long", NGHTTP2_FRAME_SIZE_ERROR, [...begin, open, frame(0, 0, 1, Buffer.alloc(16_385))]],
  ["the head alone of one", NGHTTP2_FRAME_SIZE_ERROR, [...begin, frame(0, 0, 1, Buffer.alloc(16_385)).subarray(0, 9)]],
  ["DATA of the connection", NGHTTP2_PROTOCOL_ERROR, [...begin, frame(0, 0, 0, none)]],
  ["DATA of a stream that is not open", NGHTTP2_PROTOCOL_ERROR, [...begin, frame(0, 0, 1, none)]],
  ["DATA after the end", NGHTTP2_STREAM_CLOSED, [...begin, request, frame(0, 0, 1, Buffer.from("x"))]],
  ["DATA after a reset", NGHTTP2_STREAM_CLOSED, [...begin, open, frame(3, 0, 1, words(8)), frame(0, 1, 1, none)]],
  ["padding without its length", NGHTTP2_FRAME_SIZE_ERROR, [...begin, open, frame(0, 8, 1, none)]],
  ["more padding than DATA", NGHTTP2_PROTOCOL_ERROR, [...begin, open, frame(0, 8, 1, Buffer.from([2, 0]))]],
  ["more padding than HEADERS", NGHTTP2_PROTOCOL_ERROR, [...begin, frame(1, 0xc, 1, Buffer.from([9, 0x82]))]],
  ["HEADERS too short for a priority", NGHTTP2_FRAME_SIZE_ERROR, [...begin, frame(1, 0x24, 1, words(0))]],
  ["a stream that hangs on itself", NGHTTP2_PROTOCOL_ERROR, [...begin, frame(1, 0x24, 1, words(1, 0x10828486))]],
  ["HEADERS of an even stream", NGHTTP2_PROTOCOL_ERROR, [...begin, frame(1, 5, 2, goodHead)]],
  ["HEADERS of a lower stream", NGHTTP2_STREAM_CLOSED, [...begin, frame(1, 5, 3, goodHead), request]],
  ["HEADERS after the end", NGHTTP2_STREAM_CLOSED, [...begin, request, request]],
  ["trailers that end nothing", NGHTTP2_PROTOCOL_ERROR, [...begin, open, open]],
  ["PRIORITY that is too short", NGHTTP2_FRAME_SIZE_ERROR, [...begin, frame(2, 0, 1, words(0))]],
  ["PRIORITY of the connection", NGHTTP2_PROTOCOL_ERROR, [...begin, frame(2, 0, 0, Buffer.alloc(5))]],
  ["RST_STREAM of a stream that is not open", NGHTTP2_PROTOCOL_ERROR, [...begin, frame(3, 0, 1, words(8))]],
  ["RST_STREAM that is too long", NGHTTP2_FRAME_SIZE_ERROR, [...begin, open, frame(3, 0, 1, words(8, 8))]],
  ["SETTINGS of a stream", NGHTTP2_PROTOCOL_ERROR, [...begin, frame(4, 0, 1, none)]],
  ["SETTINGS of five bytes", NGHTTP2_FRAME_SIZE_ERROR, [...begin, frame(4, 0, 0, Buffer.alloc(5))]],
  ["an acknowledgement that says something", NGHTTP2_FRAME_SIZE_ERROR, [...begin, frame(4, 1, 0, Buffer.alloc(6))]],
  ["an acknowledgement of nothing", NGHTTP2_PROTOCOL_ERROR, [...begin, times(3, frame(4, 1, 0, none))]],
  ["a frame size below the least", NGHTTP2_PROTOCOL_ERROR, [...begin, frame(4, 0, 0, settingOf(5, 100))]],
  ["a window above the most", NGHTTP2_FLOW_CONTROL_ERROR, [...begin, frame(4, 0, 0, settingOf(4, 0x80000000))]],
  ["pushes by halves", NGHTTP2_PROTOCOL_ERROR, [...begin, frame(4, 0, 0, settingOf(2, 2))]],
  ["33 settings", NGHTTP2_ENHANCE_YOUR_CALM, [...begin, frame(4, 0, 0, times(33, settingOf(9, 1)))]],
  ["PUSH_PROMISE", NGHTTP2_PROTOCOL_ERROR, [...begin, frame(5, 4, 1, words(2))]],
  ["PING of a stream", NGHTTP2_PROTOCOL_ERROR, [...begin, frame(6, 0, 1, Buffer.alloc(8))]],
  ["PING of seven bytes", NGHTTP2_FRAME_SIZE_ERROR, [...begin, frame(6, 0, 0, Buffer.alloc(7))]],
  ["GOAWAY of a stream", NGHTTP2_PROTOCOL_ERROR, [...begin, frame(7, 0, 1, words(0, 0))]],
  ["GOAWAY that is too short", NGHTTP2_FRAME_SIZE_ERROR, [...begin, frame(7, 0, 0, words(0))]],
  ["GOAWAY with an error", NGHTTP2_NO_ERROR, [...begin, frame(7, 0, 0, words(0, 2))]],
  ["a new stream after GOAWAY", NGHTTP2_PROTOCOL_ERROR, [...begin, frame(7, 0, 0, words(0, 0)), request]],
  ["WINDOW_UPDATE by nothing", NGHTTP2_PROTOCOL_ERROR, [...begin, frame(8, 0, 0, words(0))]],
  ["WINDOW_UPDATE that is too long", NGHTTP2_FRAME_SIZE_ERROR, [...begin, frame(8, 0, 0, words(1, 1))]],
  ["WINDOW_UPDATE of a stream that is not open", NGHTTP2_PROTOCOL_ERROR, [...begin, frame(8, 0, 1, words(1))]],
  ["a connection's window above the most", NGHTTP2_FLOW_CONTROL_ERROR, [...begin, frame(8, 0, 0, words(0x7fffffff))]],
  ["CONTINUATION of nothing", NGHTTP2_PROTOCOL_ERROR, [...begin, frame(9, 4, 1, goodHead)]],
  ["another frame within a block", NGHTTP2_PROTOCOL_ERROR, [...begin, frame(1, 0, 1, goodHead), settings]],
  [
    "an unknown frame within a block",
    NGHTTP2_PROTOCOL_ERROR,
    [...begin, frame(1, 0, 1, goodHead), frame(99, 0, 1, none)],
  ],
  ["another stream's CONTINUATION", NGHTTP2_PROTOCOL_ERROR, [...begin, frame(1, 0, 1, goodHead), frame(9, 4, 3, none)]],
  [
    "nine CONTINUATIONs",
    NGHTTP2_ENHANCE_YOUR_CALM,
    [...begin, frame(1, 0, 1, goodHead), times(9, frame(9, 0, 1, none))],
  ],
  ["a flood of PING", NGHTTP2_ENHANCE_YOUR_CALM, [...begin, times(4000, frame(6, 0, 0, Buffer.alloc(8)))]],
  ["a flood of SETTINGS", NGHTTP2_ENHANCE_YOUR_CALM, [...begin, times(4000, settings)]],
  ["a flood of DATA without any", NGHTTP2_ENHANCE_YOUR_CALM, [...begin, open, times(4000, frame(0, 0, 1, none))]],
  ["a flood of unknown frames", NGHTTP2_ENHANCE_YOUR_CALM, [...begin, times(4000, frame(99, 0, 0, none))]],
  [
    "a flood of streams that are reset",
    NGHTTP2_ENHANCE_YOUR_CALM,
    [
      ...begin,
      ...Array.from({ length: 4000 }, (_, index) => [
        frame(1, 4, 2 * index + 1, goodHead),
        frame(3, 0, 2 * index + 1, words(8)),
      ]).flat(),
    ],
  ],
  [
    "header fields that cannot be decoded",
    NGHTTP2_COMPRESSION_ERROR,
    [...begin, frame(1, 5, 1, Buffer.from([0xff, 0xff]))],
  ],
] as const)("says GOAWAY and hangs up at %s", async (_what, code, pieces) => {
  for (const sent of [[Buffer.concat(pieces)], pieces]) {
    const goaways = (await exchange(sent)).filter(({ type }) => type === 7);
    expect(goaways.map(({ payload }) => payload.readUInt32BE(4))).toContain(code);
  }
});

it.each([
  ["priorities", [frame(2, 0, 5, Buffer.alloc(5)), request]],
  ["unknown frames", [frame(99, 255, 7, Buffer.alloc(100)), request]],
  ["acknowledgements of no PING", [frame(6, 1, 0, Buffer.alloc(8)), request]],
  [
    "padding and a priority",
    [frame(1, 0x2d, 1, Buffer.concat([Buffer.from([2, 0, 0, 0, 0, 7]), goodHead, Buffer.alloc(2)]))],
  ],
  ["a block in pieces", [frame(1, 1, 1, goodHead.subarray(0, 5)), frame(9, 4, 1, goodHead.subarray(5))]],
  ["trailers", [open, frame(0, 0, 1, Buffer.from("x")), frame(1, 5, 1, literal("x", "y"))]],
  ["padded DATA", [open, frame(0, 9, 1, Buffer.concat([Buffer.from([3]), Buffer.from("x"), Buffer.alloc(3)]))]],
  ["an orderly GOAWAY before the end of a request", [open, frame(7, 0, 0, words(0, 0)), frame(0, 1, 1, none)]],
  ["a window for a stream that has ended", [open, frame(8, 0, 1, words(5)), frame(0, 1, 1, none)]],
] as const)("takes %s, byte by byte as well", async (_what, pieces) => {
  const all = Buffer.concat([...begin, ...pieces]);
  for (const sent of [[all], [...all].map((byte) => Buffer.from([byte]))]) {
    const frames = await exchange(sent, 0);
    expect(frames.filter(({ type }) => type === 0).map(({ payload }) => payload.toString())).toEqual(["answer"]);
  }
});

it("hands over bodies of any size as they came, in any pieces", async () => {
  bodies = [];
  const session: ClientHttp2Session = connectHttp2(`http://127.0.0.1:${port}`);
  const sizes = [0, 1, 16_383, 16_384, 16_385, 100_000, 1_000_000];
  for (const size of sizes) {
    const stream = session.request({ ":method": "POST" });
    stream.resume();
    stream.end(Buffer.alloc(size, "d"));
    await new Promise((done) => stream.once("close", done));
  }
  session.destroy();
  expect(bodies).toEqual(sizes);
});

it("answers what Node answers by itself: CONNECT and unknown expectations", async () => {
  const connectHead = Buffer.concat([literal(":method", "CONNECT"), literal(":authority", "localhost")]);
  const expectHead = Buffer.concat([goodHead, literal("expect", "something")]);
  for (const block of [connectHead, expectHead]) {
    const frames = await exchange([...begin, frame(1, 5, 1, block)], 1);
    expect(frames.filter(({ type }) => type === 1)).toHaveLength(1);
  }
});

it("keeps frames from a session that closes until its GOAWAY is out", async () => {
  const server = new EventEmitter() as Http2Server;
  const session = { destroy() {}, close() {} };
  const connections: Duplex[] = [];
  server.on("connection", (connection) => {
    connections.push(connection);
    server.emit("session", session);
  });
  const listening = createServer((socket) => serveHttp2(server, socket));
  await new Promise<void>((done) => listening.listen(0, "127.0.0.1", done));
  const socket = connect((listening.address() as AddressInfo).port, "127.0.0.1");
  const sent = Buffer.concat([...begin, open]);
  socket.write(sent);
  await expect.poll(() => connections.length).toBe(1);
  const connection = connections[0] as Duplex;
  let received = 0;
  connection.on("data", (chunk) => {
    received += chunk.length;
  });
  await expect.poll(() => received).toBe(sent.length);
  session.close();
  const late = frame(1, 5, 3, goodHead);
  await new Promise((done) => socket.write(late, done));
  await new Promise((done) => setTimeout(done, 100));
  expect(received).toBe(sent.length);
  connection.write(frame(7, 0, 0, words(1, 0)));
  await expect.poll(() => received).toBe(sent.length + late.length);
  socket.destroy();
  listening.close();
});
