/** The paths that scripts written for LocalStack use to inspect and reset it. */
import { AwsError } from "../../../protocols/error.ts";
import type { Door, DoorAnswer, DoorRequest } from "../../calls/door.ts";
import type { MailboxFilter, MailboxMessage } from "../../delivery/mailbox.ts";
import { performance } from "../../engine/real-time.ts";
import { answeredPreflight, corsHeaders } from "../cors.ts";
import { queueMessages } from "./queue-messages.ts";
import { platformMessages, smsMessages } from "./sns-messages.ts";

/** What the door shows and resets. */
export interface LocalstackEmulator {
  readonly version: string;
  readonly coverage: readonly { readonly service: string }[];
  readonly clock: { now(): number };
  readonly mailbox: { list(filter: MailboxFilter): MailboxMessage[] };
  readonly look: (service: string, view: string, filter: object) => unknown;
  reset(): Promise<void>;
}

/** How far the start has come: its stages and the scripts of each. */
export interface InitState {
  readonly stages: readonly InitStage[];
  readonly isReady: boolean;
}

export interface InitStage {
  readonly name: "BOOT" | "START" | "READY" | "SHUTDOWN";
  readonly completed: boolean;
  readonly scripts: readonly {
    readonly name: string;
    readonly state: "UNKNOWN" | "RUNNING" | "SUCCESSFUL" | "ERROR";
  }[];
}

export interface Answered {
  readonly status: number;
  readonly body: unknown;
  /** Of the body, when it is a text; JSON otherwise. */
  readonly contentType?: string;
}

/** Services that have another name in LocalStack. */
const namesThere: Readonly<Record<string, string>> = { eventbridge: "events" };
const bodyLimitBytes = 1024 * 1024;
const started = performance.now();

export function localstackDoor(emulator: LocalstackEmulator, init: InitState): Door {
  return {
    name: "localstack",
    claims: ({ path }) => path === "/health" || /^\/_(localstack|aws\/(sqs|sns))\//.test(path),
    async serve(request, answer) {
      if (answeredPreflight(request, answer)) return;
      let answered: Answered;
      try {
        answered = await answerOf(request, emulator, init);
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        answered = { status: error.status, body: { message: error.message } };
      }
      send(answered, request, answer);
    },
  };
}

async function answerOf(request: DoorRequest, emulator: LocalstackEmulator, init: InitState): Promise<Answered> {
  const path = request.path.replace(/\/$/, "");
  const reads = request.method === "GET" || request.method === "HEAD";
  if (reads && (path === "/health" || path === "/_localstack/health")) return ok(health(emulator, init));
  if (reads && path === "/_localstack/info") return ok(info(emulator));
  if (reads && path.startsWith("/_localstack/init")) return initAnswer(path, init);
  if (request.method === "POST" && path === "/_localstack/state/reset") {
    await emulator.reset();
    return ok("");
  }
  if (path.startsWith("/_aws/sqs/messages"))
    return queueMessages(path, request, await request.bytes(bodyLimitBytes), emulator);
  const parameters = new URLSearchParams(request.query);
  if (reads && path === "/_aws/sns/platform-endpoint-messages") return ok(platformMessages(parameters, emulator));
  if (reads && path === "/_aws/sns/sms-messages") return ok(smsMessages(parameters, emulator));
  if (reads && path.startsWith("/_aws/sns/subscription-tokens/")) return subscriptionToken(path, emulator);
  return {
    status: 404,
    body: {
      message: `Busbar has no ${request.method} ${request.path}. Of LocalStack's paths it has GET /_localstack/health, info and init, POST /_localstack/state/reset, GET /_aws/sqs/messages, and GET /_aws/sns/platform-endpoint-messages, sms-messages and subscription-tokens/{arn}; its own are under /_busbar.`,
    },
  };
}

function ok(body: unknown): Answered {
  return { status: 200, body };
}

/** Hooks of the last stage may wait for this. */
function health({ coverage, version }: LocalstackEmulator, { stages }: InitState): object {
  const hasStarted = stages.some(({ name, completed }) => name === "START" && completed);
  const state = hasStarted ? "running" : "starting";
  const services = coverage.map(({ service }) => [namesThere[service] ?? service, state]);
  return { services: Object.fromEntries(services), edition: "busbar", version };
}

function info({ version, clock }: LocalstackEmulator): object {
  return {
    version,
    edition: "busbar",
    is_license_activated: false,
    system: `${process.platform} ${process.arch}`,
    server_time_utc: new Date(clock.now()).toISOString().slice(0, 19),
    uptime: Math.floor((performance.now() - started) / 1000),
  };
}

function initAnswer(path: string, { stages }: InitState): Answered {
  const scriptsOf = ({ name, scripts }: InitStage) => scripts.map((script) => ({ stage: name, ...script }));
  const [, wanted] = /^\/_localstack\/init\/(\w+)$/.exec(path) ?? [];
  if (wanted !== undefined) {
    const stage = stages.find(({ name }) => name === wanted.toUpperCase());
    if (stage === undefined) return { status: 404, body: { message: `There is no stage ${wanted}.` } };
    return ok({ completed: stage.completed, scripts: scriptsOf(stage) });
  }
  const completed = Object.fromEntries(stages.map(({ name, completed }) => [name, completed]));
  return ok({ completed, scripts: stages.flatMap(scriptsOf) });
}

function subscriptionToken(path: string, emulator: LocalstackEmulator): Answered {
  const given = path.slice("/_aws/sns/subscription-tokens/".length);
  let subscription = given;
  try {
    subscription = decodeURIComponent(given);
  } catch {
    // The text is not percent-encoded.
  }
  const found = emulator.look("sns", "confirmation", { subscription }) as { token: string } | undefined;
  if (found !== undefined) return ok({ subscription_token: found.token, subscription_arn: subscription });
  return {
    status: 404,
    body: { error: "The provided SubscriptionARN is not found, or it has no token", subscription_arn: subscription },
  };
}

function send({ status, body, contentType }: Answered, request: DoorRequest, answer: DoorAnswer): void {
  const text = typeof body === "string" ? body : spaced(body);
  answer.send(status, { "content-type": contentType ?? "application/json", ...corsHeaders(request.headers) }, text);
}

/**
 * JSON with a space after each colon and comma, as Python writes it: scripts search for `"sqs": "running"` with grep.
 */
function spaced(value: unknown): string {
  return JSON.stringify(value, undefined, 1)
    .replaceAll(/(?<=[[{])\n\s*|\n\s*(?=[\]}])/g, "")
    .replaceAll(/\n\s*/g, " ");
}
