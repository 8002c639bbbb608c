/** A request as its client sent it, in the forms in which templates, mappings and events want it. */
import {
  lastValues,
  type MultiValues,
  multiHeaders,
  queryValues,
  type RawHeaders,
  type SingleValues,
} from "../../../apis/request-headers.ts";
import { hiddenFromRequest } from "./headers.ts";

export interface SentParts {
  readonly method: string;
  /** Raw, without `?`. */
  readonly query: string;
  readonly rawHeaders: RawHeaders;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly sourceIp: string;
  /** `HTTP/1.1` */
  readonly protocol: string;
  readonly scheme: "http" | "https";
}

const noBody = Buffer.alloc(0);

/** Most is made when it is first asked for. */
export class Sent implements SentParts {
  readonly method: string;
  readonly query: string;
  readonly rawHeaders: RawHeaders;
  readonly headers: SentParts["headers"];
  readonly sourceIp: string;
  readonly protocol: string;
  readonly scheme: "http" | "https";
  /** Inflated where the client sent it compressed. */
  body: Buffer = noBody;
  #multiHeaders: MultiValues | undefined;
  #lastHeaders: SingleValues | undefined;
  #multiQuery: MultiValues | undefined;
  #lastQuery: SingleValues | undefined;

  constructor({ method, query, rawHeaders, headers, sourceIp, protocol, scheme }: SentParts) {
    this.method = method;
    this.query = query;
    this.rawHeaders = rawHeaders;
    this.headers = headers;
    this.sourceIp = sourceIp;
    this.protocol = protocol;
    this.scheme = scheme;
  }

  /** A header as the connection has it, whether or not templates may see it. @param name in lower case. */
  header(name: string): string | undefined {
    const value = this.headers[name];
    return Array.isArray(value) ? value.at(-1) : value;
  }

  /** Headers that APIs get to see, under the names the client wrote. */
  get multiHeaders(): MultiValues {
    return (this.#multiHeaders ??= multiHeaders(this.rawHeaders, hiddenFromRequest));
  }

  get lastHeaders(): SingleValues {
    return (this.#lastHeaders ??= lastValues(this.multiHeaders));
  }

  /** A semicolon parts as `&` does. */
  get multiQuery(): MultiValues {
    return (this.#multiQuery ??= queryValues(this.query.includes(";") ? this.query.replaceAll(";", "&") : this.query));
  }

  get lastQuery(): SingleValues {
    return (this.#lastQuery ??= lastValues(this.multiQuery));
  }

  /** All values of a header that APIs may see, in whatever case it is written. */
  headerValues(name: string): readonly string[] | undefined {
    const { multiHeaders: headers } = this;
    const exact = headers[name];
    if (exact !== undefined) return exact;
    const lower = name.toLowerCase();
    for (const key of Object.keys(headers)) if (key.toLowerCase() === lower) return headers[key];
    return undefined;
  }
}
