/**
 * Decides who is let in at all, before any door is asked. Any page in a browser on this machine can send requests here,
 * so requests caused by foreign pages are refused: recognized by Origin, by Sec-Fetch-Site where a browser sends no
 * Origin, and by Host when the page's own name resolves to this machine (DNS rebinding).
 */
import { isIP } from "node:net";
import type { DoorRequest } from "../calls/door.ts";
import { isLoopback } from "../outside/http-client.ts";

export interface AdmissionOptions {
  /** The address or name the server is bound to. */
  readonly host: string;
  /** Further origins whose pages may call the server, besides those of this machine; `*` for all. */
  readonly corsOrigins?: readonly string[] | undefined;
  /** Further host names by which clients reach the server. */
  readonly hostNames?: readonly string[] | undefined;
  /** Whether a name was added at run time, such as an API's custom domain. In lower case, without a port. */
  readonly isNamed?: ((name: string) => boolean) | undefined;
}

/** The prefix that clients put before the host name for StartSyncExecution and TestState. */
const hostPrefix = /^sync-/i;
/** Accepted hosts; clients use few, so a bound costs nothing. */
const rememberedHosts = 1000;

export class Admission {
  readonly #origins: ReadonlySet<string>;
  readonly #names: ReadonlySet<string>;
  readonly #anyAddress: boolean;
  readonly #isNamed: (name: string) => boolean;
  readonly #known = new Set<string>([""]);

  constructor({ host, corsOrigins = [], hostNames = [], isNamed = () => false }: AdmissionOptions) {
    this.#isNamed = isNamed;
    this.#origins = new Set(corsOrigins);
    this.#names = new Set([nameOf(host.includes(":") ? `[${host}]` : host) ?? host, ...hostNames]);
    // Bound to the wildcard address, the server is reached by every address it has.
    this.#anyAddress = host === "0.0.0.0" || host === "::";
  }

  /**
   * A sentence that says why a request is refused, and which option would let it in; undefined when it is let in.
   * @param everyOrigin the request's door lets in pages of every origin.
   */
  refusal(request: DoorRequest, everyOrigin = false): string | undefined {
    const { host, headers } = request;
    if (!this.#known.has(host) && !this.#admitHost(host)) {
      const name = nameOf(host) ?? host;
      return `${JSON.stringify(host)} is not a name this server knows; a malicious page whose name resolves to this machine would send one like it. If the name is yours, start Busbar with --host-name ${name} (createBusbar: hostNames).`;
    }
    if (everyOrigin) return undefined;
    const { origin } = headers;
    if (origin !== undefined) return this.#refusalOf(String(origin), request);
    if (headers["sec-fetch-site"] !== "cross-site" || isVisit(request)) return undefined;
    // Images, scripts and frames send no Origin; their Referer names the page, unless the page hides it.
    return this.#refusalOf(originOfUrl(headers["referer"]) ?? "null", request);
  }

  #admitHost(host: string): boolean {
    const names = [nameOf(host), nameOf(host.replace(hostPrefix, ""))].filter((name) => name !== undefined);
    // Not remembered: such a name can be removed again.
    if (!names.some((name) => this.#isOwn(name))) return names.some((name) => this.#isNamed(name));
    if (this.#known.size >= rememberedHosts) this.#known.clear();
    this.#known.add(host);
    return true;
  }

  #isOwn(name: string): boolean {
    if (isLoopback(name) || this.#names.has(name)) return true;
    // A client that connects to these addresses reaches its own machine.
    if (name === "0.0.0.0" || name === "[::]") return true;
    if (name.startsWith("[") || isIP(name) !== 0) return this.#anyAddress;
    return (
      !name.includes(".") ||
      name === "host.docker.internal" ||
      name === "localhost.localstack.cloud" ||
      name.endsWith(".localhost.localstack.cloud") ||
      name.endsWith(".amazonaws.com")
    );
  }

  #refusalOf(origin: string, { scheme, host }: DoorRequest): string | undefined {
    if (this.#origins.has(origin) || this.#origins.has("*")) return undefined;
    if (origin === `${scheme}://${host}` || isLoopbackOrigin(origin)) return undefined;
    if (origin === "null") {
      return "A page without an origin may not call this server. To let it in, start Busbar with --cors-origin null, or --cors-origin '*' for every page (createBusbar: corsOrigins).";
    }
    return `Pages of ${origin} may not call this server. Start Busbar with --cors-origin ${origin} to let them in (createBusbar: corsOrigins).`;
  }
}

/**
 * Whether a person follows a link here: to look at something, or to an address from an SNS email. Other actions of the
 * Query protocol do not count as links, since they change things.
 */
function isVisit({ method, headers, query }: DoorRequest): boolean {
  if (headers["sec-fetch-mode"] !== "navigate" || headers["sec-fetch-dest"] !== "document") return false;
  if (method !== "GET" && method !== "HEAD") return false;
  const action = new URLSearchParams(query).get("Action");
  return action === null || action === "ConfirmSubscription" || action === "Unsubscribe";
}

/** The name in a Host header in the form URLs use: lower case, addresses normalized, without port and trailing dot. */
function nameOf(host: string): string | undefined {
  if (/[/?#@\\\s]/.test(host) || !URL.canParse(`http://${host}`)) return undefined;
  return new URL(`http://${host}`).hostname.replace(/\.$/, "");
}

function isLoopbackOrigin(origin: string): boolean {
  return originOfUrl(origin) === origin && isLoopback(new URL(origin).hostname);
}

/** The origin of an http or https URL. */
function originOfUrl(text: string | string[] | undefined): string | undefined {
  if (typeof text !== "string" || !/^https?:/i.test(text) || !URL.canParse(text)) return undefined;
  return new URL(text).origin;
}

/** An origin as browsers write it. @throws RangeError for anything else. */
export function parseCorsOrigin(text: string): string {
  if (text === "*" || text === "null") return text;
  const origin = text.toLowerCase();
  // Desktop applications use schemes of their own.
  const isOrigin = /^https?:/.test(origin)
    ? originOfUrl(origin) === origin
    : /^[a-z][a-z0-9+.-]*:\/\/[^/?#\s]+$/.test(origin);
  if (isOrigin) return origin;
  throw new RangeError(`an origin is written as https://app.example:8443, without a path, or *, not ${text}`);
}

/** A host name as browsers write it. @throws RangeError for anything else. */
export function parseHostName(text: string): string {
  const name = nameOf(text);
  if (name !== undefined && name === text.toLowerCase()) return name;
  throw new RangeError(`a host name is written as busbar.example, without a port, not ${text}`);
}
