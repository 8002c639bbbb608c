/** A fair queue gives out, message by message, what a model chooses that remembers when everything was in flight. */
import { SQS } from "@aws-sdk/client-sqs";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Busbar, createBusbar } from "../../../src/index.ts";

const minuteMs = 60_000;
const periodMs = 5 * minuteMs;
const retentionMs = 15 * minuteMs;
const tenants = ["a", "b", "c"] as const;
type Tenant = (typeof tenants)[number] | undefined;

type Command =
  | { kind: "send"; tenant: Tenant; count: number; delay: number }
  | { kind: "receive"; max: number; visibility: number }
  | { kind: "delete"; pick: number }
  | { kind: "change"; pick: number; visibility: number }
  | { kind: "refused"; pick: number }
  | { kind: "advance"; ms: number };

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("send" as const),
      tenant: fc.constantFrom<Tenant>("a", "a", "a", "b", "c", undefined),
      count: fc.constantFrom(1, 1, 3, 10, 40),
      delay: fc.constantFrom(0, 0, 0, 30),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("receive" as const),
      max: fc.constantFrom(1, 2, 5, 10, 35),
      visibility: fc.constantFrom(0, 20, 100, 1000),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("delete" as const), pick: fc.nat(1000) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("change" as const),
      pick: fc.nat(1000),
      visibility: fc.constantFrom(0, 500),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("refused" as const), pick: fc.nat(1000) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("advance" as const),
      ms: fc.constantFrom(1, 10_000, minuteMs, 4 * minuteMs, 7 * minuteMs),
    }),
  },
);

interface Message {
  readonly body: string;
  readonly tenant: Tenant;
  readonly sentMs: number;
  state: "visible" | "delayed" | "in flight" | "gone";
  untilMs: number;
  handle: string;
  /** Since when it is in flight. */
  fromMs: number;
}

interface Flight {
  readonly tenant: Tenant;
  readonly fromMs: number;
  readonly toMs: number;
}

/** Messages in the order in which they were sent, and every time one of them was in flight. */
class Model {
  readonly messages: Message[] = [];
  readonly flights: Flight[] = [];
  /** When each tenant's latest message came; a delayed one comes when its delay ends. */
  readonly cameMs = new Map<Tenant, number>();
  /** From when on a tenant's past counts. */
  readonly rememberedMs = new Map<Tenant, number>();
  /** From when on the queue's does: the first message of a tenant. */
  watchedMs = Number.POSITIVE_INFINITY;

  send(body: string, tenant: Tenant, delayMs: number, now: number): void {
    if (tenant !== undefined) {
      this.watchedMs = Math.min(this.watchedMs, now);
    }
    const delayed = delayMs > 0;
    const state = delayed ? "delayed" : "visible";
    this.messages.push({ body, tenant, sentMs: now, state, untilMs: now + delayMs, handle: "", fromMs: 0 });
    if (delayed) return;
    this.cameMs.set(tenant, now);
    this.#remember(tenant, now);
  }

  settle(now: number): void {
    for (const message of this.messages) {
      const endMs = message.sentMs + retentionMs;
      if (endMs > now || message.state === "gone") continue;
      if (message.state === "in flight") this.land(message, "gone", endMs);
      message.state = "gone";
    }
    for (const message of this.messages) {
      if (message.untilMs > now) continue;
      if (message.state === "delayed") {
        this.cameMs.set(message.tenant, Math.max(message.untilMs, this.cameMs.get(message.tenant) ?? 0));
        this.#show(message, now);
      }
      if (message.state === "in flight") this.land(message, "visible", now);
    }
  }

  land(message: Message, state: "visible" | "gone", now: number): void {
    this.flights.push({ tenant: message.tenant, fromMs: message.fromMs, toMs: Math.min(message.untilMs, now) });
    if (state === "visible") this.#show(message, now);
    else message.state = state;
  }

  take(max: number, visibilityMs: number, now: number): Message[] {
    const taken: Message[] = [];
    while (taken.length < max) {
      const next = this.#next(now);
      if (!next) break;
      next.state = "in flight";
      next.fromMs = now;
      next.untilMs = now + visibilityMs;
      taken.push(next);
    }
    if (visibilityMs === 0) for (const message of taken) this.land(message, "visible", now);
    return taken;
  }

  /** After each call: the past of tenants without a backlog is forgotten. */
  forget(): void {
    for (const tenant of tenants) if (this.#backlog(tenant).length === 0) this.rememberedMs.delete(tenant);
  }

  #show(message: Message, now: number): void {
    message.state = "visible";
    this.#remember(message.tenant, now);
  }

  #remember(tenant: Tenant, now: number): void {
    if (!this.rememberedMs.has(tenant)) this.rememberedMs.set(tenant, now);
  }

  #backlog(tenant: Tenant): Message[] {
    return this.messages.filter((message) => message.tenant === tenant && message.state === "visible");
  }

  #inFlight(tenant?: Tenant): number {
    const flying = this.messages.filter(({ state }) => state === "in flight");
    return tenant === undefined ? flying.length : flying.filter((message) => message.tenant === tenant).length;
  }

  /** Message-milliseconds in flight since a time, of one tenant or of all messages. */
  #processing(sinceMs: number, now: number, tenant?: Tenant): number {
    const flying = this.messages
      .filter(({ state }) => state === "in flight")
      .map((message) => ({ tenant: message.tenant, fromMs: message.fromMs, toMs: now }));
    return [...this.flights, ...flying]
      .filter((flight) => tenant === undefined || flight.tenant === tenant)
      .reduce((sum, { fromMs, toMs }) => sum + Math.max(0, toMs - Math.max(fromMs, sinceMs)), 0);
  }

  #isNoisy(tenant: Tenant, now: number): boolean {
    if (now - (this.cameMs.get(tenant) ?? 0) >= 5 * minuteMs) return false;
    const own = this.#inFlight(tenant);
    if (own >= 30 && own * 10 > this.#inFlight()) return true;
    const recentMs = (Math.floor(now / periodMs) - 1) * periodMs;
    const ownMs = this.#processing(Math.max(recentMs, this.rememberedMs.get(tenant) ?? now), now, tenant);
    return ownMs * 10 > this.#processing(Math.max(recentMs, this.watchedMs), now);
  }

  #next(now: number): Message | undefined {
    const noisy = new Set<Tenant>(tenants.filter((tenant) => this.#isNoisy(tenant, now)));
    const visible = this.messages.filter(({ state }) => state === "visible");
    const quiet = visible.find(({ tenant }) => !noisy.has(tenant));
    if (quiet) return quiet;
    const fewest = Math.min(...visible.map(({ tenant }) => this.#inFlight(tenant)));
    return visible.find(({ tenant }) => this.#inFlight(tenant) === fewest);
  }
}

let bus: Busbar;
let sqs: SQS;
let runs = 0;

beforeAll(async () => {
  bus = await createBusbar({ clock: "virtual", port: false });
  sqs = new SQS({ ...bus.clientConfig(), maxAttempts: 1 });
});
afterAll(() => bus.close());

async function run(commands: readonly Command[]): Promise<void> {
  runs += 1;
  const { QueueUrl } = await sqs.createQueue({
    QueueName: `fair-${runs}`,
    Attributes: { MessageRetentionPeriod: String(retentionMs / 1000) },
  });
  const model = new Model();
  let sent = 0;
  for (const step of commands) {
    const now = bus.clock.now();
    switch (step.kind) {
      case "send":
        for (let index = 0; index < step.count; index++) {
          sent += 1;
          const body = `${step.tenant ?? "-"}${sent}`;
          await sqs.sendMessage({
            QueueUrl,
            MessageBody: body,
            MessageGroupId: step.tenant,
            DelaySeconds: step.delay,
          });
          model.send(body, step.tenant, step.delay * 1000, now);
        }
        break;
      case "receive":
        model.settle(now);
        for (let left = step.max; left > 0; left -= 10) {
          const max = Math.min(left, 10);
          const { Messages = [] } = await sqs.receiveMessage({
            QueueUrl,
            MaxNumberOfMessages: max,
            VisibilityTimeout: step.visibility,
          });
          const expected = model.take(max, step.visibility * 1000, now);
          model.forget();
          expect(Messages.map(({ Body }) => Body)).toEqual(expected.map(({ body }) => body));
          for (const [index, { ReceiptHandle }] of Messages.entries()) {
            (expected[index] as Message).handle = ReceiptHandle as string;
          }
        }
        break;
      case "delete":
      case "change": {
        model.settle(now);
        const flying = model.messages.filter(({ state }) => state === "in flight");
        const message = flying[step.pick % Math.max(1, flying.length)];
        const ReceiptHandle = message?.handle;
        if (!message) {
          // Nothing to change, but the emulator looks at the queue as the model did.
          await sqs.getQueueAttributes({ QueueUrl, AttributeNames: ["ApproximateNumberOfMessages"] });
        } else if (step.kind === "delete") {
          await sqs.deleteMessage({ QueueUrl, ReceiptHandle });
          model.land(message, "gone", now);
        } else {
          await sqs.changeMessageVisibility({ QueueUrl, ReceiptHandle, VisibilityTimeout: step.visibility });
          if (step.visibility === 0) model.land(message, "visible", now);
          else message.untilMs = now + step.visibility * 1000;
        }
        model.forget();
        break;
      }
      case "refused": {
        // What the emulator does to the queue on the way to the refusal is undone.
        const gone = model.messages.filter(({ state, handle }) => state === "gone" && handle !== "");
        const message = gone[step.pick % Math.max(1, gone.length)];
        if (!message) break;
        const change = sqs.changeMessageVisibility({
          QueueUrl,
          ReceiptHandle: message.handle,
          VisibilityTimeout: 100,
        });
        await expect(change).rejects.toMatchObject({ name: "InvalidParameterValue" });
        break;
      }
      case "advance":
        await bus.clock.advance(step.ms);
        break;
    }
  }
}

/** A delay ends before the rest of the tenant's backlog is past its retention, and nobody looks in between. */
const quietBacklog: Command[] = [
  { kind: "send", tenant: "b", count: 3, delay: 0 },
  { kind: "receive", max: 1, visibility: 1000 },
  { kind: "advance", ms: 11 * minuteMs },
  { kind: "send", tenant: "b", count: 1, delay: 30 },
  { kind: "advance", ms: 4 * minuteMs },
  { kind: "send", tenant: "a", count: 1, delay: 0 },
  { kind: "receive", max: 1, visibility: 0 },
  { kind: "receive", max: 1, visibility: 0 },
];

it("gives the messages in the order the model expects", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 5, maxLength: 50 }), (commands) => run(commands)),
    { numRuns: 250, examples: [[quietBacklog]] },
  );
});
