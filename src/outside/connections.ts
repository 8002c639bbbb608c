/** What EventBridge's connections add to calls of HTTP endpoints. */
export interface ConnectionCall {
  readonly url: URL;
  /** Modified in place, like the URL. */
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** A connection that cannot be used. */
export class ConnectionError extends Error {
  readonly code: "NotFound" | "InvalidConnectionState";

  constructor(code: ConnectionError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/** The way from a caller to the service that owns connections. */
export class Connections {
  #authorize: ((arn: string, call: ConnectionCall) => Promise<string>) | undefined;

  /** For EventBridge: authorizes every call from here on. */
  onAuthorize(authorize: (arn: string, call: ConnectionCall) => Promise<string>): void {
    this.#authorize = authorize;
  }

  /**
   * Adds a connection's headers, query and authorization to a call; returns the body with what it adds there.
   * @throws ConnectionError
   */
  async authorize(arn: string, call: ConnectionCall): Promise<string> {
    if (this.#authorize === undefined) throw new ConnectionError("NotFound", `The connection ${arn} does not exist.`);
    return this.#authorize(arn, call);
  }
}
