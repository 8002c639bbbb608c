/** Calls of APIs by our own services: from the door on they go the same way as a client's, but without a socket. */
import { Readable, Writable } from "node:stream";
import { BodyTooLarge, type DoorAnswer, type DoorRequest, type HeaderFields } from "../calls/door.ts";
import type { Invocation } from "../calls/invocation.ts";
import type { HttpAnswer } from "../outside/http-client.ts";
import type { Apis } from "./apis.ts";
import { ApiDoor } from "./door.ts";

export interface InnerCall {
  readonly method: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: string | Uint8Array;
}

/** Whether a host names one of our APIs. */
export function isOurs(apis: Apis, host: string): boolean {
  const id = /^([a-z0-9_-]+)\.execute-api\./i.exec(host)?.[1];
  return id !== undefined && apis.of(id.toLowerCase()) !== undefined;
}

/** @param url its host names the API and is never resolved. */
export function callApi(apis: Apis, url: URL, call: InnerCall, invocation: Invocation): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const request = new InnerRequest(url, call);
    const answer = new InnerAnswer(resolve);
    invocation.cause.run(() => {
      Promise.resolve(new ApiDoor(apis).serve(request, answer)).catch(reject);
    });
  });
}

class InnerRequest implements DoorRequest {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;
  readonly scheme = "https";
  readonly rawHeaders: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly sourceIp = "127.0.0.1";
  /** Of Node's request only what doors look at: the version. */
  readonly incoming = { httpVersion: "1.1" } as DoorRequest["incoming"];
  readonly #body: Buffer;

  constructor(url: URL, { method, headers, body }: InnerCall) {
    this.method = method;
    const named = headers["host"];
    this.host = typeof named === "string" ? named : url.host;
    this.path = url.pathname;
    this.query = url.search.slice(1);
    this.#body = Buffer.from(body as Uint8Array);
    const length = body.length === 0 ? {} : { "content-length": String(this.#body.length) };
    const all = Object.entries({ host: this.host, ...headers, ...length }).map(([name, values]) => [
      name,
      typeof values === "string" ? [values] : values,
    ]) as [string, readonly string[]][];
    this.rawHeaders = all.flatMap(([name, values]) => values.flatMap((value) => [name, value]));
    this.headers = Object.fromEntries(all.map(([name, values]) => [name.toLowerCase(), values.join(", ")]));
  }

  get body(): Readable {
    return Readable.from([this.#body]);
  }

  bytes(limitBytes: number): Promise<Buffer> {
    return this.#body.length > limitBytes ? Promise.reject(new BodyTooLarge(limitBytes)) : Promise.resolve(this.#body);
  }
}

class InnerAnswer implements DoorAnswer {
  readonly outgoing = {} as DoorAnswer["outgoing"];
  readonly #resolve: (answer: HttpAnswer) => void;
  #begun = false;
  readonly #listeners: (() => void)[] = [];

  constructor(resolve: (answer: HttpAnswer) => void) {
    this.#resolve = resolve;
  }

  get begun(): boolean {
    return this.#begun;
  }

  send(status: number, headers: HeaderFields, body: string | Uint8Array = ""): void {
    this.#begun = true;
    this.#resolve({
      status,
      headers: joined(headers),
      body: typeof body === "string" ? body : Buffer.from(body).toString(),
    });
    for (const listener of this.#listeners) listener();
  }

  stream(status: number, headers: HeaderFields): Writable {
    this.#begun = true;
    const chunks: Buffer[] = [];
    return new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        chunks.push(chunk);
        done();
      },
      final: (done) => {
        this.send(status, headers, Buffer.concat(chunks));
        done();
      },
    });
  }

  endConnection(): void {}

  onClose(listener: () => void): void {
    this.#listeners.push(listener);
  }
}

/** Headers as Node gives those of a response: by lower-case name, cookies as a list. */
function joined(fields: HeaderFields): HttpAnswer["headers"] {
  const list = (Array.isArray(fields) ? fields : Object.entries(fields).flat()) as readonly string[];
  const headers: Record<string, string | string[]> = {};
  for (let at = 0; at + 1 < list.length; at += 2) {
    const name = (list[at] as string).toLowerCase();
    const value = list[at + 1] as string;
    const before = headers[name];
    if (name === "set-cookie") headers[name] = [...((before as string[] | undefined) ?? []), value];
    else headers[name] = before === undefined ? value : `${before as string}, ${value}`;
  }
  return headers;
}
