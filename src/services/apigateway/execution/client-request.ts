/** The request as the client sent it, in the forms that templates, mappings and events use. */
import {
  lastValues,
  type MultiValues,
  multiHeaders,
  queryValues,
  type RawHeaders,
  type SingleValues,
} from "../../../apis/request-headers.ts";
import { hiddenFromRequest } from "./headers.ts";

export interface ClientRequestParts {
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

/** The derived forms are made when first used. */
export class ClientRequest implements ClientRequestParts {
  readonly method: string;
  readonly query: string;
  readonly rawHeaders: RawHeaders;
  readonly headers: ClientRequestParts["headers"];
  readonly sourceIp: string;
  readonly protocol: string;
  readonly scheme: "http" | "https";
  /** Inflated if the client sent it compressed. */
  body: Buffer = noBody;
  #multiHeaders: MultiValues | undefined;
  #lastHeaders: SingleValues | undefined;
  #multiQuery: MultiValues | undefined;
  #lastQuery: SingleValues | undefined;

  constructor({ method, query, rawHeaders, headers, sourceIp, protocol, scheme }: ClientRequestParts) {
    this.method = method;
    this.query = query;
    this.rawHeaders = rawHeaders;
    this.headers = headers;
    this.sourceIp = sourceIp;
    this.protocol = protocol;
    this.scheme = scheme;
  }

  /** A header as received, whether or not templates may see it. @param name in lower case. */
  header(name: string): string | undefined {
    const value = this.headers[name];
    return Array.isArray(value) ? value.at(-1) : value;
  }

  /** Headers that APIs may see, as the client spelt them. */
  get multiHeaders(): MultiValues {
    return (this.#multiHeaders ??= multiHeaders(this.rawHeaders, hiddenFromRequest));
  }

  get lastHeaders(): SingleValues {
    return (this.#lastHeaders ??= lastValues(this.multiHeaders));
  }

  /** A semicolon separates like `&`. */
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
