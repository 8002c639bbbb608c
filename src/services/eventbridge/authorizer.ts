/**
 * Fetches and caches the access tokens of OAuth connections (EventBridge user guide, "Authorization methods for
 * connections").
 */
import { jsonObject, numberOf } from "../../../protocols/unknown-json.ts";
import { type HttpAnswer, HttpCallError, httpCall } from "../../outside/http-client.ts";
import { pairsOf } from "./connection-parameters.ts";
import type { AccessToken, ConnectionRow } from "./connection-tables.ts";
import type { EventBridge } from "./eventbridge.ts";
import { nameKey } from "./tables.ts";

const timeoutMs = 5000;
const maxAnswerBytes = 65_536;
/** A token that expires within this time is fetched again. */
const refreshMs = 60_000;

export class Authorizer {
  readonly #service: EventBridge;
  /** Token requests under way, by connection and version. */
  readonly #calls = new Map<string, Promise<ConnectionRow | undefined>>();
  readonly #stopped = new AbortController();

  constructor(service: EventBridge) {
    this.#service = service;
    // A run that ended during a token request left its connection waiting.
    for (const connection of service.connections.by.authorizing.range("")) this.begin(connection);
  }

  /** Requests the first token of a connection, once the transaction is committed. */
  begin(connection: ConnectionRow): void {
    this.#service.deps.store.afterDurable(() => void this.#authorize(connection));
  }

  stop(): void {
    this.#stopped.abort();
  }

  /**
   * A token that is valid for at least another minute.
   * @returns undefined when the endpoint issues none; the connection's state says why.
   */
  async token(connection: ConnectionRow): Promise<string | undefined> {
    const { token } = connection;
    if (token !== undefined && (token.expiresMs ?? Number.POSITIVE_INFINITY) - this.#service.now > refreshMs) {
      return token.value;
    }
    return (await this.#authorize(connection))?.token?.value;
  }

  /** The endpoint rejected this token: the next invocation fetches another. */
  refused(connection: ConnectionRow, token: string): void {
    this.#service.deps.store.transaction(() => {
      const current = this.#current(connection);
      if (current?.token?.value === token) this.#service.connections.put({ ...current, token: undefined });
    });
  }

  #current(connection: ConnectionRow): ConnectionRow | undefined {
    const current = this.#service.connections.get(nameKey(connection, connection.name));
    return current?.arn === connection.arn && current.version === connection.version ? current : undefined;
  }

  #authorize(connection: ConnectionRow): Promise<ConnectionRow | undefined> {
    const key = `${connection.arn} ${connection.version}`;
    let call = this.#calls.get(key);
    if (call === undefined) {
      call = this.#service.deps.clock.trackOutside(this.#ask(connection)).finally(() => this.#calls.delete(key));
      this.#calls.set(key, call);
    }
    return call;
  }

  async #ask(connection: ConnectionRow): Promise<ConnectionRow | undefined> {
    const { now } = this.#service;
    const answer = await askForToken(connection, now, this.#stopped.signal);
    if (this.#stopped.signal.aborted) return undefined;
    return this.#service.deps.store.transaction(() => {
      const current = this.#current(connection);
      if (current === undefined) return undefined;
      const row: ConnectionRow =
        typeof answer === "string"
          ? { ...current, state: "DEAUTHORIZED", stateReason: answer, token: undefined }
          : { ...current, state: "AUTHORIZED", stateReason: undefined, token: answer, authorizedMs: this.#service.now };
      this.#service.connections.put(row);
      return row;
    });
  }
}

/** The token, or a sentence that says why there is none. */
async function askForToken(connection: ConnectionRow, now: number, signal: AbortSignal): Promise<AccessToken | string> {
  const oauth = connection.auth?.OAuthParameters;
  const client = oauth?.ClientParameters;
  if (oauth === undefined || client?.ClientSecret === undefined) return "The connection has no client credentials.";
  const method = (oauth.HttpMethod as string).toUpperCase();
  const fields = new URLSearchParams({ client_id: client.ClientID as string, client_secret: client.ClientSecret });
  const { headers, query, body } = pairsOf(oauth.OAuthHttpParameters);
  for (const [key, value] of body) fields.set(key, value);
  let answer: HttpAnswer;
  try {
    const url = new URL(oauth.AuthorizationEndpoint as string);
    for (const [key, value] of query) url.searchParams.set(key, value);
    const inUrl = method === "GET";
    if (inUrl) for (const [key, value] of fields) url.searchParams.set(key, value);
    answer = await httpCall(url, {
      method,
      headers: {
        Accept: "application/json",
        "Content-Type": "application/x-www-form-urlencoded",
        "User-Agent": "Amazon/EventBridge/ApiDestinations",
        ...Object.fromEntries(headers),
      },
      body: inUrl ? "" : fields.toString(),
      timeoutMs,
      signal,
      maxBodyBytes: maxAnswerBytes,
    });
  } catch (error) {
    if (error instanceof HttpCallError || error instanceof TypeError) {
      return `The authorization endpoint does not answer: ${error.message}`;
    }
    throw error;
  }
  if (answer.status < 200 || answer.status > 299) {
    return `The authorization endpoint answered with status ${answer.status}.`;
  }
  return tokenOf(answer.body, now) ?? "The authorization endpoint answered without an access_token.";
}

/** RFC 6749 section 5.1. */
function tokenOf(body: string, now: number): AccessToken | undefined {
  const { access_token: value, expires_in } = jsonObject(body) ?? {};
  if (typeof value !== "string" || !/^[\x21-\x7e]+$/.test(value)) return undefined;
  const seconds = numberOf(expires_in);
  return { value, expiresMs: seconds > 0 ? now + seconds * 1000 : undefined };
}
