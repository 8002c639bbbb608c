/** Frames of `application/vnd.amazon.eventstream`: a prelude, string headers, a payload and two checksums, big-endian. */
import { crc32 } from "node:zlib";
import { AwsError } from "./error.ts";

const STRING_HEADER = 7;
const OVERHEAD = 16;

/** One frame. Header values are strings, the only type AWS's services use in events. */
function eventFrame(headers: Readonly<Record<string, string>>, payload: Uint8Array): Uint8Array {
  const parts: Buffer[] = [];
  for (const [name, value] of Object.entries(headers)) {
    const nameBytes = Buffer.from(name);
    const valueBytes = Buffer.from(value);
    const head = Buffer.alloc(nameBytes.length + 4);
    head.writeUInt8(nameBytes.length, 0);
    nameBytes.copy(head, 1);
    head.writeUInt8(STRING_HEADER, nameBytes.length + 1);
    head.writeUInt16BE(valueBytes.length, nameBytes.length + 2);
    parts.push(head, valueBytes);
  }
  const headerBytes = Buffer.concat(parts);
  const frame = Buffer.alloc(OVERHEAD + headerBytes.length + payload.length);
  frame.writeUInt32BE(frame.length, 0);
  frame.writeUInt32BE(headerBytes.length, 4);
  frame.writeUInt32BE(crc32(frame.subarray(0, 8)), 8);
  headerBytes.copy(frame, 12);
  frame.set(payload, 12 + headerBytes.length);
  frame.writeUInt32BE(crc32(frame.subarray(0, frame.length - 4)), frame.length - 4);
  return frame;
}

/** How one protocol writes the values inside the frames. */
export interface EventEncoding {
  /** Content type of event payloads. */
  readonly contentType: string;
  /** Content types of events that are bytes, by name. */
  readonly contentTypes?: ReadonlyMap<string, string>;
  /** Payload writers by name of the event union's member. */
  readonly events: ReadonlyMap<string, (value: unknown) => Uint8Array>;
  /** Members of the union that are errors. */
  readonly errors: ReadonlySet<string>;
}

/**
 * The body of an answer that streams: `initial-response` first in RPC (clients wait for it), then an event per item of
 * `stream`, each `{ [event name]: value }`. An AwsError thrown by the stream ends it with an exception frame.
 */
export async function* eventStreamBody(
  initial: Uint8Array | undefined,
  stream: AsyncIterable<Readonly<Record<string, unknown>>>,
  encoding: EventEncoding,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { contentType, events, errors } = encoding;
  if (initial !== undefined) yield eventFrame(eventHeaders("initial-response", contentType), initial);
  try {
    for await (const item of stream) {
      for (const [name, value] of Object.entries(item)) {
        const encode = events.get(name);
        if (encode === undefined) throw new Error(`No event of the stream is called ${name}`);
        const headers = errors.has(name)
          ? exceptionHeaders(name, contentType)
          : eventHeaders(name, encoding.contentTypes?.get(name) ?? contentType);
        yield eventFrame(headers, encode(value));
      }
    }
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const encode = errors.has(error.name) ? events.get(error.name) : undefined;
    yield encode
      ? eventFrame(
          exceptionHeaders(error.name, contentType),
          encode({ ...error.members, message: error.message, Message: error.message }),
        )
      : eventFrame(
          { ":message-type": "error", ":error-code": error.name, ":error-message": error.message },
          new Uint8Array(0),
        );
  }
}

function eventHeaders(name: string, contentType: string): Record<string, string> {
  return { ":message-type": "event", ":event-type": name, ":content-type": contentType };
}

function exceptionHeaders(name: string, contentType: string): Record<string, string> {
  return { ":message-type": "exception", ":exception-type": name, ":content-type": contentType };
}
