/**
 * The extensions of one execution environment (Lambda developer guide, "Lambda Extensions API"): programs from layers
 * beside the runtime, and parts of the runtime's own process, that are told of invocations and of the environment's
 * end.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { basename } from "node:path";
import type { RunningProcess } from "../../engine/processes.ts";
import { dateNow, setTimeout } from "../../engine/real-time.ts";
import { answer, refuse, withText } from "./api-answers.ts";
import { Telemetry } from "./telemetry.ts";

/** Extensions per environment (Lambda quotas). */
const maxExtensions = 10;
/** How long extensions may take to shut down, in ms. */
const shutdownMs = 2000;

type ExtensionEvent = "INVOKE" | "SHUTDOWN";

export type ShutdownReason = "spindown" | "timeout" | "failure";

/** What extensions are told about an invocation. */
export interface Invoked {
  readonly requestId: string;
  /** Real epoch milliseconds. */
  readonly deadlineMs: number;
  readonly arn: string;
  readonly trace: string;
}

interface Extension {
  readonly id: string;
  readonly name: string;
  readonly events: ReadonlySet<string>;
  /** Passes the event it is waiting for; absent while it is busy. */
  give: ((event: object) => void) | undefined;
}

/** Status, type and message. */
type Refusal = readonly [number, string, string];

const unknownEvent: Refusal = [400, "InvalidEventType", "An event is INVOKE or SHUTDOWN."];

export interface ExtensionsHost {
  readonly functionName: string;
  readonly functionVersion: string;
  readonly handler: string;
  readonly account: string;
  newId(): string;
  start(file: string): RunningProcess;
  /** Called when an extension has ended or reported failure. @param error JSON in the form runtimes use. */
  onFailure(error: string): void;
  /** Called when an extension waits for its next event. */
  onReady(): void;
}

export class Extensions {
  readonly telemetry = new Telemetry();
  readonly #host: ExtensionsHost;
  readonly #extensions = new Map<string, Extension>();
  /** Programs from layers by name. */
  readonly #programs = new Map<string, RunningProcess>();
  readonly #unregistered = new Set<string>();
  #allRegistered = () => {};
  #isInitialising = true;
  #isEnding = false;

  constructor(host: ExtensionsHost) {
    this.#host = host;
  }

  /** Whether all of them wait for an event. */
  get isQuiet(): boolean {
    for (const { give } of this.#extensions.values()) if (give === undefined) return false;
    return true;
  }

  get hearsOfEnd(): boolean {
    return [...this.#extensions.values()].some(({ events }) => events.has("SHUTDOWN"));
  }

  /** Starts the programs from layers; resolves once each has registered. */
  async launch(files: readonly string[]): Promise<void> {
    if (files.length === 0) return;
    const registered = new Promise<void>((resolve) => (this.#allRegistered = resolve));
    for (const file of files) {
      const name = basename(file);
      this.#unregistered.add(name);
      const program = this.#host.start(file);
      this.#programs.set(name, program);
      void program.ended.then(({ code, signal, failure }) => {
        if (this.#isEnding) return;
        const how = failure ?? (signal === null ? `exit status ${code}` : `signal: ${signal}`);
        const errorType = failure === undefined ? "Extension.Crash" : "Extension.LaunchError";
        this.#host.onFailure(JSON.stringify({ errorType, errorMessage: `Extension ${name} ended: ${how}` }));
      });
    }
    await registered;
  }

  /** From here on registrations are refused. */
  initialised(): void {
    this.#isInitialising = false;
  }

  invoke({ requestId, deadlineMs, arn, trace }: Invoked): void {
    this.#send("INVOKE", {
      eventType: "INVOKE",
      deadlineMs,
      requestId,
      invokedFunctionArn: arn,
      tracing: { type: "X-Amzn-Trace-Id", value: trace },
    });
  }

  /** Announces the end, and resolves once the programs have ended or their time is up. */
  async shutDown(reason: ShutdownReason): Promise<void> {
    this.#isEnding = true;
    await this.telemetry.flush();
    this.#send("SHUTDOWN", { eventType: "SHUTDOWN", shutdownReason: reason, deadlineMs: dateNow() + shutdownMs });
    const ends = [...this.#programs.values()].map(({ ended }) => ended);
    await Promise.race([Promise.all(ends), new Promise((resolve) => setTimeout(resolve, shutdownMs).unref())]);
  }

  kill(): void {
    this.#isEnding = true;
    this.telemetry.close();
    for (const program of this.#programs.values()) program.kill();
  }

  /** Serves requests to the environment's address. @param what version, kind and call from the path. */
  serve(what: string, request: IncomingMessage, response: ServerResponse): void {
    const id = headerOf(request, "lambda-extension-identifier");
    if (what === "POST 2020-01-01/extension/register") {
      withText(request, (text) => this.#register(headerOf(request, "lambda-extension-name"), text, request, response));
      return;
    }
    const extension = this.#extensions.get(id);
    if (extension === undefined) {
      request.resume();
      refuse(response, 403, "Extension.UnknownExtensionIdentifier", `Unknown extension ${id}`);
      return;
    }
    switch (what) {
      case "GET 2020-01-01/extension/event/next":
        this.#next(extension, response);
        break;
      case "POST 2020-01-01/extension/init/error":
      case "POST 2020-01-01/extension/exit/error":
        withText(request, (text) => {
          answer(response, 202, '{"status":"OK"}');
          const errorType = headerOf(request, "lambda-extension-function-error-type") || "Extension.UnknownError";
          this.#host.onFailure(text === "" ? JSON.stringify({ errorType, errorMessage: extension.name }) : text);
        });
        break;
      case "PUT 2022-07-01/telemetry":
      case "PUT 2020-08-15/logs":
        withText(request, (text) => {
          const refusal = this.telemetry.subscribe(extension.name, text, what.includes("logs"));
          if (refusal === undefined) answer(response, 200, '"OK"');
          else refuse(response, 400, "ValidationError", refusal);
        });
        break;
      default:
        request.resume();
        refuse(response, 404, "NotFound", "The Extensions API has no such call.");
    }
  }

  #register(name: string, text: string, request: IncomingMessage, response: ServerResponse): void {
    const events = eventsIn(text);
    const refusal = this.#refusalOf(name, events);
    if (events === undefined || refusal !== undefined) {
      const [status, type, message] = refusal ?? unknownEvent;
      refuse(response, status, `Extension.${type}`, message);
      return;
    }
    const id = this.#host.newId();
    this.#extensions.set(id, { id, name, events, give: undefined });
    const { functionName, functionVersion, handler, account } = this.#host;
    const wantsAccount = headerOf(request, "lambda-extension-accept-feature").split(/,\s*/).includes("accountId");
    const body = { functionName, functionVersion, handler, ...(wantsAccount ? { accountId: account } : {}) };
    answer(response, 200, JSON.stringify(body), { "Lambda-Extension-Identifier": id });
    this.telemetry.platform("extension", { name, state: "Registered", events: [...events] });
    this.#unregistered.delete(name);
    if (this.#unregistered.size === 0) this.#allRegistered();
  }

  #refusalOf(name: string, events: ReadonlySet<string> | undefined): Refusal | undefined {
    if (name === "") return [400, "InvalidExtensionName", "Lambda-Extension-Name is missing."];
    if (!this.#isInitialising) return [403, "RegistrationClosed", "Extensions register while the environment begins."];
    if (events === undefined) return unknownEvent;
    if (events.has("SHUTDOWN") && !this.#unregistered.has(name)) {
      const message = "Extensions in the runtime's process hear of invocations alone.";
      return [400, "ShutdownEventNotSupportedForInternalExtension", message];
    }
    if (this.#extensions.size < maxExtensions) return undefined;
    return [403, "TooManyExtensions", `An environment has ${maxExtensions} extensions at most.`];
  }

  #next(extension: Extension, response: ServerResponse): void {
    extension.give = (event) => {
      extension.give = undefined;
      answer(response, 200, JSON.stringify(event), { "Lambda-Extension-Event-Identifier": this.#host.newId() });
    };
    this.#host.onReady();
  }

  #send(kind: ExtensionEvent, event: object): void {
    for (const { events, give } of this.#extensions.values()) if (events.has(kind)) give?.(event);
  }
}

function headerOf({ headers }: IncomingMessage, name: string): string {
  const value = headers[name];
  return typeof value === "string" ? value : "";
}

/** The events an extension wants; undefined when one of them does not exist. */
function eventsIn(text: string): ReadonlySet<string> | undefined {
  try {
    const value: unknown = text === "" ? {} : JSON.parse(text);
    const { events = [] }: { events?: unknown } = value ?? {};
    if (!Array.isArray(events) || events.some((event) => event !== "INVOKE" && event !== "SHUTDOWN")) return undefined;
    return new Set(events as string[]);
  } catch {
    return undefined;
  }
}
