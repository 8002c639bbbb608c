/**
 * Lambda's Runtime API (Lambda developer guide, "Using the Lambda runtime API"), on one loopback port for all
 * processes. Each process gets an address with a token of its own in the path, which identifies it and keeps others
 * out.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { oneByOne } from "../../engine/fairness.ts";
import { setImmediate } from "../../engine/real-time.ts";
import { answer, refuse, withText } from "./api-answers.ts";

/** An event as passed to a runtime. */
export interface RuntimeEvent {
  readonly requestId: string;
  readonly payload: string;
  /** Real epoch milliseconds. */
  readonly deadlineMs: number;
  /** As requested: with the alias, if there was one. */
  readonly arn: string;
  readonly trace: string;
  readonly clientContext?: string | undefined;
}

/** What the listener reports of one process's calls. */
export interface RuntimeClient {
  /** It asks for an event, which may come at any later time. */
  next(give: (event: RuntimeEvent) => void): void;
  /**
   * Its answer begins to arrive; false when there is no such invocation, or it is over. The receiver reads the rest.
   */
  respond(requestId: string, request: IncomingMessage, done: (status: 202 | 413) => void): boolean;
  /** The invocation ended in an error; false as above. */
  fail(requestId: string, error: string): boolean;
  failInit(error: string): void;
  /** Serves the extension APIs. @param what method, and version, kind and call from the path. */
  serveExtension(what: string, request: IncomingMessage, response: ServerResponse): void;
}

/** Characters of an event that are written at once. */
const charsAtOnce = 262_144;

export class RuntimeApi {
  readonly #clients = new Map<string, RuntimeClient>();
  #server: Server | undefined;
  #listening: Promise<string> | undefined;

  /** Accepts a process's calls from now on; returns the address for its AWS_LAMBDA_RUNTIME_API. */
  async admit(token: string, client: RuntimeClient): Promise<string> {
    this.#clients.set(token, client);
    this.#listening ??= this.#listen();
    return `${await this.#listening}/${token}`;
  }

  dismiss(token: string): void {
    this.#clients.delete(token);
  }

  close(): void {
    this.#clients.clear();
    this.#server?.close();
    this.#server?.closeAllConnections();
  }

  #listen(): Promise<string> {
    const server = createServer(oneByOne((request, response) => this.#serve(request, response)));
    // A runtime waits for its next event as long as it takes, on a connection that it keeps.
    server.requestTimeout = 0;
    server.keepAliveTimeout = 0;
    server.unref();
    this.#server = server;
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", () => resolve(`127.0.0.1:${(server.address() as AddressInfo).port}`));
    });
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    request.socket.setNoDelay(true);
    const [, token = "", version, kind, ...call] = (request.url ?? "").split("?", 1)[0]?.split("/") ?? [];
    const client = this.#clients.get(token);
    if (client === undefined) {
      refuse(response, 403, "InvalidToken", "Busbar knows of no such process.");
      return;
    }
    if (kind === "extension" || kind === "telemetry" || kind === "logs") {
      client.serveExtension(`${request.method} ${[version, kind, ...call].join("/")}`, request, response);
      return;
    }
    if (version !== "2018-06-01" || kind !== "runtime") {
      refuse(response, 404, "NotFound", "Busbar has the Runtime API of 2018-06-01.");
      return;
    }
    const what = `${request.method} ${call.map((part, at) => (at === 1 && part !== "next" ? "*" : part)).join("/")}`;
    const [, id = ""] = call;
    switch (what) {
      case "GET invocation/next":
        client.next((event) => give(response, event));
        break;
      case "POST invocation/*/response":
        this.#respond(client, id, request, response);
        break;
      case "POST invocation/*/error":
        withText(request, (error) => {
          if (client.fail(id, error)) accept(response, 202);
          else unknownId(response);
        });
        break;
      case "POST init/*":
        withText(request, (error) => {
          client.failInit(error);
          accept(response, 202);
        });
        break;
      default:
        refuse(response, 404, "NotFound", "The Runtime API has no such call.");
    }
  }

  #respond(client: RuntimeClient, id: string, request: IncomingMessage, response: ServerResponse): void {
    const done = (status: 202 | 413) => accept(response, status);
    if (client.respond(id, request, done)) return;
    request.resume();
    unknownId(response);
  }
}

function give(response: ServerResponse, event: RuntimeEvent): void {
  response.writeHead(200, {
    "Content-Type": "application/json",
    "Content-Length": Buffer.byteLength(event.payload),
    "Lambda-Runtime-Aws-Request-Id": event.requestId,
    "Lambda-Runtime-Deadline-Ms": String(event.deadlineMs),
    "Lambda-Runtime-Invoked-Function-Arn": event.arn,
    "Lambda-Runtime-Trace-Id": event.trace,
    ...(event.clientContext === undefined ? {} : { "Lambda-Runtime-Client-Context": headerText(event.clientContext) }),
  });
  endWith(response, event.payload, 0);
}

/** Writes the text from here to its end, some in each turn of the event loop. */
function endWith(response: ServerResponse, text: string, from: number): void {
  let end = from + charsAtOnce;
  if (end >= text.length) {
    response.end(from === 0 ? text : text.slice(from));
    return;
  }
  // Both halves of a character in the same piece.
  if ((text.charCodeAt(end - 1) & 0xfc00) === 0xd800) end -= 1;
  response.write(text.slice(from, end));
  setImmediate(() => {
    if (!response.destroyed) endWith(response, text, end);
  });
}

/** JSON text in a form that a header can contain. */
function headerText(json: string): string {
  return json.replace(/[\r\n]/g, " ").replace(/[^\t\u0020-\u007e]/g, (char) => {
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

function accept(response: ServerResponse, status: 202 | 413): void {
  if (status === 202) answer(response, 202, '{"status":"OK"}');
  else refuse(response, 413, "RequestEntityTooLarge", "Exceeded maximum allowed payload size (6291556 bytes).");
}

function unknownId(response: ServerResponse): void {
  refuse(response, 400, "InvalidRequestID", "Invalid request ID");
}
