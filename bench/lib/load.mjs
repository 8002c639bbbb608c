/** A lean load generator: raw sockets, one request under way a connection, so that the client costs little. */
import { connect } from "node:net";

/**
 * Sends `count` requests over `connections` keep-alive connections.
 * @param {object} options
 * @param {number} options.port
 * @param {number} options.count
 * @param {number} [options.connections] 64 unless told
 * @param {(index: number) => Buffer} options.request the bytes of the request with this number
 * @param {(body: Buffer, index: number) => void} [options.onAnswer] looks at an answer's body
 * @returns {Promise<{ perSecond: number, latenciesMs: Float64Array }>} latencies sorted
 */
export function drive({ port, count, connections = 64, request, onAnswer }) {
  const latencies = new Float64Array(count);
  /** Where the body begins in answers of a length. */
  const bodies = new Map();
  let sent = 0;
  let answered = 0;
  const startedAt = performance.now();
  return new Promise((resolve, reject) => {
    const sockets = [];
    const end = (error) => {
      for (const socket of sockets) socket.destroy();
      if (error) return reject(error);
      const seconds = (performance.now() - startedAt) / 1000;
      resolve({ perSecond: count / seconds, latenciesMs: latencies.sort() });
    };
    for (let i = 0; i < Math.min(connections, count); i++) {
      const socket = connect({ port, host: "127.0.0.1", noDelay: true });
      sockets.push(socket);
      let index = -1;
      let at = 0;
      let held = Buffer.alloc(0);
      const next = () => {
        if (sent === count) return;
        index = sent++;
        at = performance.now();
        socket.write(request(index));
      };
      socket.on("connect", next);
      socket.on("error", end);
      socket.on("data", (chunk) => {
        held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
        // Reading heads is what costs the client most; an answer as long as one that was whole is taken for whole.
        let body = bodies.get(held.length);
        if (body === undefined) {
          body = bodyOf(held);
          if (body === undefined) return;
          bodies.set(held.length, body);
        }
        if (held[9] !== 0x32) return end(new Error(`answered ${held.toString("latin1", 0, 400)}`));
        latencies[index] = performance.now() - at;
        const answer = held;
        held = Buffer.alloc(0);
        onAnswer?.(answer.subarray(body), index);
        if (++answered === count) end();
        else next();
      });
    }
  });
}

/** Where the body of a whole answer begins, or undefined while some of it is missing. */
function bodyOf(bytes) {
  const head = bytes.indexOf("\r\n\r\n");
  if (head < 0) return undefined;
  const match = /content-length: (\d+)/i.exec(bytes.latin1Slice(0, head));
  const length = match ? Number(match[1]) : 0;
  return bytes.length >= head + 4 + length ? head + 4 : undefined;
}

/** The bytes of an AWS JSON request. */
export function awsJson(target, body, { version = "1.0", service = "sqs" } = {}) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return Buffer.from(
    `POST / HTTP/1.1\r\nHost: localhost:4566\r\nContent-Type: application/x-amz-json-${version}\r\nX-Amz-Target: ${target}\r\n` +
      `X-Amz-Date: 20260101T000000Z\r\nAuthorization: AWS4-HMAC-SHA256 Credential=000000000000/20260101/us-east-1/${service}/aws4_request, ` +
      `SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=${"0".repeat(64)}\r\n` +
      `User-Agent: aws-sdk-js/3 bench\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  );
}

export function percentile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

/** The bytes of an AWS Query request. */
export function awsQuery(service, version, parameters) {
  const text = new URLSearchParams({ ...parameters, Version: version }).toString();
  return Buffer.from(
    `POST / HTTP/1.1\r\nHost: localhost:4566\r\nContent-Type: application/x-www-form-urlencoded\r\n` +
      `X-Amz-Date: 20260101T000000Z\r\nAuthorization: AWS4-HMAC-SHA256 Credential=000000000000/20260101/us-east-1/${service}/aws4_request, ` +
      `SignedHeaders=content-type;host;x-amz-date, Signature=${"0".repeat(64)}\r\n` +
      `User-Agent: aws-sdk-js/3 bench\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  );
}
