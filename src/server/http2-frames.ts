/**
 * Checks the frames of one HTTP/2 connection by their headers (RFC 9113): whether a client may send a frame in the
 * state that its own frames and ours have led to. Blocks of header fields are not decoded.
 */
import { constants } from "node:http2";
import { performance } from "../engine/real-time.ts";

export const headBytes = 9;
/** SETTINGS_MAX_FRAME_SIZE, which we leave at its default. */
export const maxFrameBytes = 16_384;
/** What we announce as SETTINGS_MAX_CONCURRENT_STREAMS. */
export const maxConcurrentStreams = 1000;

export const type = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;
const flag = { endStream: 0x1, ack: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;
const setting = { enablePush: 2, initialWindowSize: 4, maxFrameSize: 5, connectProtocol: 8, noPriorities: 9 } as const;
const maxWindow = 0x7fffffff;

/** A client may open streams before it knows the limit, but not without bound. */
const maxLiveStreams = 2 * maxConcurrentStreams;
/** Bytes of one encoded block of header fields; Node's limit for decoded ones is the same. */
const maxBlockBytes = 65_536;
/** The same limit as nghttp2's. */
const maxContinuations = 8;
const maxSettings = 32;
/** Frames that cost work without effect: how many at once, and how many more per second. */
const idleFrames = 1000;
const idleFramesPerSecond = 100;

/** Set when this half of a stream has ended. */
const clientEnded = 1;
const serverEnded = 2;

/** What to do with a frame: forward it, drop it, or end the connection with the error code. */
export type Verdict = "forward" | "drop" | number;

const {
  NGHTTP2_NO_ERROR,
  NGHTTP2_PROTOCOL_ERROR,
  NGHTTP2_FLOW_CONTROL_ERROR,
  NGHTTP2_STREAM_CLOSED,
  NGHTTP2_FRAME_SIZE_ERROR,
  NGHTTP2_ENHANCE_YOUR_CALM,
} = constants;

export class FrameCheck {
  /** For open streams: which halves have ended. */
  readonly #live = new Map<number, number>();
  /**
   * Streams that we reset while the client's half was open: its frames may have been on their way. The oldest are
   * forgotten.
   */
  readonly #resetByUs = new Set<number>();
  /** The stream whose block of header fields is incomplete. */
  #block = 0;
  #blockBytes = 0;
  #continuations = 0;
  #begun = false;
  /** Whether the client has announced that it opens no more streams. */
  #leaving = false;
  #settingsUnderWay = 0;
  /** How many bytes we may send on the connection. */
  #window = 65_535;
  #idleLeft = idleFrames;
  #idleSince = performance.now();
  /** The highest stream that the client has opened. */
  lastStream = 0;

  /** Checks the frame whose header is at `at`; all its bytes are present. */
  received(bytes: Buffer, at: number): Verdict {
    const length = bytes.readUIntBE(at, 3);
    const kind = bytes[at + 3] as number;
    const flags = bytes[at + 4] as number;
    const stream = bytes.readUInt32BE(at + 5) & 0x7fffffff;
    const payload = at + headBytes;
    if (!this.#begun) {
      if (kind !== type.settings || (flags & flag.ack) !== 0) return NGHTTP2_PROTOCOL_ERROR;
      this.#begun = true;
    }
    if (this.#block !== 0 && (kind !== type.continuation || stream !== this.#block)) return NGHTTP2_PROTOCOL_ERROR;
    switch (kind) {
      case type.data:
        return this.#data(bytes, payload, length, flags, stream);
      case type.headers:
        return this.#headers(bytes, payload, length, flags, stream);
      case type.continuation:
        return this.#continuation(length, flags, stream);
      case type.rstStream:
        return this.#rstStream(length, stream);
      case type.settings:
        return stream === 0 ? this.#settings(bytes, payload, length, flags) : NGHTTP2_PROTOCOL_ERROR;
      case type.ping:
        if (stream !== 0) return NGHTTP2_PROTOCOL_ERROR;
        if (length !== 8) return NGHTTP2_FRAME_SIZE_ERROR;
        // We send none that could be acknowledged, and Node ends a session that gets an acknowledgement.
        return this.#idle((flags & flag.ack) === 0 ? "forward" : "drop");
      case type.goaway:
        return this.#goaway(bytes, payload, length, stream);
      case type.windowUpdate:
        return this.#windowUpdate(bytes, payload, length, stream);
      case type.priority:
        if (stream === 0) return NGHTTP2_PROTOCOL_ERROR;
        // Deprecated, and ignored here.
        return length === 5 ? this.#idle("drop") : NGHTTP2_FRAME_SIZE_ERROR;
      case type.pushPromise:
        return NGHTTP2_PROTOCOL_ERROR;
      default:
        // Unknown frames must be ignored (section 5.5).
        return this.#idle("drop");
    }
  }

  /** Notes a frame that we send. */
  sent(kind: number, flags: number, stream: number, length: number): void {
    if (kind === type.settings) {
      if ((flags & flag.ack) === 0) this.#settingsUnderWay += 1;
    } else if (kind === type.rstStream) {
      const state = this.#live.get(stream);
      if (state === undefined) return;
      this.#live.delete(stream);
      if ((state & clientEnded) !== 0) return;
      this.#resetByUs.add(stream);
      if (this.#resetByUs.size > maxConcurrentStreams) {
        for (const oldest of this.#resetByUs) {
          this.#resetByUs.delete(oldest);
          break;
        }
      }
    } else if (kind === type.data || kind === type.headers) {
      if (kind === type.data) this.#window -= length;
      if ((flags & flag.endStream) !== 0) this.#end(stream, serverEnded);
    }
  }

  #end(stream: number, half: number): void {
    const state = this.#live.get(stream);
    if (state === undefined) return;
    if ((state | half) === (clientEnded | serverEnded)) this.#live.delete(stream);
    else this.#live.set(stream, state | half);
  }

  #isIdle(stream: number): boolean {
    return stream > this.lastStream || stream % 2 === 0;
  }

  /** Whether the client may send on a stream that it has opened. */
  #isOpen(stream: number): boolean {
    const state = this.#live.get(stream);
    return state === undefined ? this.#resetByUs.has(stream) : (state & clientEnded) === 0;
  }

  #clientEnds(stream: number): void {
    this.#resetByUs.delete(stream);
    this.#end(stream, clientEnded);
  }

  #data(bytes: Buffer, payload: number, length: number, flags: number, stream: number): Verdict {
    if (this.#isIdle(stream)) return NGHTTP2_PROTOCOL_ERROR;
    if (!this.#isOpen(stream)) return NGHTTP2_STREAM_CLOSED;
    if ((flags & flag.padded) !== 0) {
      if (length === 0) return NGHTTP2_FRAME_SIZE_ERROR;
      if ((bytes[payload] as number) >= length) return NGHTTP2_PROTOCOL_ERROR;
    }
    if ((flags & flag.endStream) !== 0) this.#clientEnds(stream);
    else if (length === 0) return this.#idle("forward");
    return "forward";
  }

  #headers(bytes: Buffer, payload: number, length: number, flags: number, stream: number): Verdict {
    const ends = (flags & flag.endStream) !== 0;
    if (stream % 2 === 0) return NGHTTP2_PROTOCOL_ERROR;
    const padded = (flags & flag.padded) !== 0;
    const prioritised = (flags & flag.priority) !== 0;
    const before = (padded ? 1 : 0) + (prioritised ? 5 : 0);
    if (length < before) return NGHTTP2_FRAME_SIZE_ERROR;
    if (padded && (bytes[payload] as number) > length - before) return NGHTTP2_PROTOCOL_ERROR;
    if (prioritised && (bytes.readUInt32BE(payload + (padded ? 1 : 0)) & 0x7fffffff) === stream) {
      return NGHTTP2_PROTOCOL_ERROR;
    }
    if (stream > this.lastStream) {
      if (this.#leaving) return NGHTTP2_PROTOCOL_ERROR;
      if (this.#live.size >= maxLiveStreams) return NGHTTP2_ENHANCE_YOUR_CALM;
      this.lastStream = stream;
      this.#live.set(stream, 0);
    } else if (!this.#isOpen(stream)) {
      return NGHTTP2_STREAM_CLOSED;
    } else if (!ends) {
      return NGHTTP2_PROTOCOL_ERROR;
    }
    if (ends) this.#clientEnds(stream);
    this.#blockBytes = length;
    this.#continuations = 0;
    this.#block = (flags & flag.endHeaders) === 0 ? stream : 0;
    return "forward";
  }

  #continuation(length: number, flags: number, stream: number): Verdict {
    if (this.#block === 0 || stream !== this.#block) return NGHTTP2_PROTOCOL_ERROR;
    this.#blockBytes += length;
    this.#continuations += 1;
    if (this.#blockBytes > maxBlockBytes || this.#continuations > maxContinuations) return NGHTTP2_ENHANCE_YOUR_CALM;
    if ((flags & flag.endHeaders) !== 0) this.#block = 0;
    return "forward";
  }

  #rstStream(length: number, stream: number): Verdict {
    if (this.#isIdle(stream)) return NGHTTP2_PROTOCOL_ERROR;
    if (length !== 4) return NGHTTP2_FRAME_SIZE_ERROR;
    this.#resetByUs.delete(stream);
    // A stream that has ended meanwhile no longer concerns the session.
    return this.#idle(this.#live.delete(stream) ? "forward" : "drop");
  }

  #settings(bytes: Buffer, payload: number, length: number, flags: number): Verdict {
    if ((flags & flag.ack) !== 0) {
      if (length !== 0) return NGHTTP2_FRAME_SIZE_ERROR;
      if (this.#settingsUnderWay === 0) return NGHTTP2_PROTOCOL_ERROR;
      this.#settingsUnderWay -= 1;
      return "forward";
    }
    if (length % 6 !== 0) return NGHTTP2_FRAME_SIZE_ERROR;
    if (length > 6 * maxSettings) return NGHTTP2_ENHANCE_YOUR_CALM;
    for (let at = payload; at < payload + length; at += 6) {
      const error = settingError(bytes.readUInt16BE(at), bytes.readUInt32BE(at + 2));
      if (error !== NGHTTP2_NO_ERROR) return error;
    }
    return this.#idle("forward");
  }

  #goaway(bytes: Buffer, payload: number, length: number, stream: number): Verdict {
    if (stream !== 0) return NGHTTP2_PROTOCOL_ERROR;
    if (length < 8) return NGHTTP2_FRAME_SIZE_ERROR;
    // The client leaves because of an error: there is nothing left to say.
    if (bytes.readUInt32BE(payload + 4) !== NGHTTP2_NO_ERROR) return NGHTTP2_NO_ERROR;
    this.#leaving = true;
    return this.#idle("drop");
  }

  #windowUpdate(bytes: Buffer, payload: number, length: number, stream: number): Verdict {
    if (length !== 4) return NGHTTP2_FRAME_SIZE_ERROR;
    const more = bytes.readUInt32BE(payload) & 0x7fffffff;
    if (more === 0) return NGHTTP2_PROTOCOL_ERROR;
    if (stream === 0) {
      this.#window += more;
      return this.#window > maxWindow ? NGHTTP2_FLOW_CONTROL_ERROR : "forward";
    }
    if (this.#isIdle(stream)) return NGHTTP2_PROTOCOL_ERROR;
    return this.#live.has(stream) ? "forward" : "drop";
  }

  /** The verdict on a frame without effect, unless there are too many. */
  #idle(verdict: Verdict): Verdict {
    if (this.#idleLeft === 0) {
      const now = performance.now();
      const more = Math.floor(((now - this.#idleSince) / 1000) * idleFramesPerSecond);
      if (more === 0) return NGHTTP2_ENHANCE_YOUR_CALM;
      this.#idleLeft = Math.min(more, idleFrames);
      this.#idleSince = now;
    }
    this.#idleLeft -= 1;
    return verdict;
  }
}

/** Section 6.5.2, and RFC 8441 and RFC 9218 for the newer two. */
function settingError(id: number, value: number): number {
  switch (id) {
    case setting.enablePush:
    case setting.connectProtocol:
    case setting.noPriorities:
      return value > 1 ? NGHTTP2_PROTOCOL_ERROR : NGHTTP2_NO_ERROR;
    case setting.initialWindowSize:
      return value > maxWindow ? NGHTTP2_FLOW_CONTROL_ERROR : NGHTTP2_NO_ERROR;
    case setting.maxFrameSize:
      return value < 16_384 || value > 16_777_215 ? NGHTTP2_PROTOCOL_ERROR : NGHTTP2_NO_ERROR;
    default:
      return NGHTTP2_NO_ERROR;
  }
}
