/** InvokeWithResponseStream: streams what a function writes. */
import {
  InvokeWithResponseStream$,
  type InvokeWithResponseStreamCommand,
  type InvokeWithResponseStreamResponseEvent,
} from "@aws-sdk/client-lambda";
import type { Blob64 } from "../../../protocols/blob.ts";
import { withHeaders } from "../../../protocols/rest-json.ts";
import type { FunctionAnswer, ResponseSink } from "../../functions/types.ts";
import { clientContextOf, invokedArn, syncPayloadOf } from "./invoke.ts";
import { operation } from "./lambda.ts";

export const invokeWithResponseStream = operation<InvokeWithResponseStreamCommand>(
  InvokeWithResponseStream$,
  async (input, context) => {
    const { service, invocation, requestId } = context;
    const payload = await syncPayloadOf(input.Payload as Blob64 | undefined, service.deps.clock.turns);
    const arn = invokedArn(input.FunctionName as string, input.Qualifier, context);
    if (input.InvocationType === "DryRun") return { StatusCode: 204 };
    await service.deps.store.untilDurable();
    const chunks = new Chunks();
    const clientContext = clientContextOf(input.ClientContext);
    const options = { requestId, sink: chunks, clientContext };
    const answered = Promise.resolve(service.deps.functions.invoke(arn, payload, invocation, options));
    // What cannot be invoked is refused before anything is streamed.
    const first = await Promise.race([answered, chunks.begun]);
    answered.then(
      (answer) => chunks.end(answer),
      () => chunks.end(undefined),
    );
    return withHeaders(
      {
        StatusCode: 200,
        ExecutedVersion: first.executedVersion,
        EventStream: events(chunks, answered, input.LogType === "Tail"),
      },
      { "X-Amzn-Remapped-Content-Type": first.contentType ?? "application/json" },
    );
  },
);

async function* events(
  chunks: Chunks,
  answered: Promise<FunctionAnswer>,
  hasTail: boolean,
): AsyncGenerator<InvokeWithResponseStreamResponseEvent> {
  for await (const Payload of chunks) yield { PayloadChunk: { Payload } } as InvokeWithResponseStreamResponseEvent;
  const { functionError, payload, logTail } = await answered;
  const tail = hasTail && logTail !== undefined ? { LogResult: Buffer.from(logTail).toString("base64") } : {};
  const failed = functionError === undefined ? {} : { ErrorCode: functionError, ErrorDetails: payload };
  yield { InvokeComplete: { ...failed, ...tail } } as InvokeWithResponseStreamResponseEvent;
}

interface Begun {
  readonly contentType?: string | undefined;
  readonly executedVersion: string;
}

/** Bytes from the function to the client; a slow client pauses the function. */
class Chunks implements ResponseSink {
  readonly begun: Promise<Begun>;
  #hasBegun: (begun: Begun) => void = () => {};
  #isBegun = false;
  readonly #queue: Uint8Array[] = [];
  #isEnded = false;
  #wake = () => {};
  #taken = () => {};

  constructor() {
    this.begun = new Promise((resolve) => {
      this.#hasBegun = resolve;
    });
  }

  begin(contentType: string | undefined, executedVersion: string): void {
    this.#isBegun = true;
    this.#hasBegun({ contentType, executedVersion });
  }

  write(bytes: Uint8Array): Promise<void> {
    this.#queue.push(bytes);
    this.#wake();
    return new Promise((resolve) => {
      this.#taken = resolve;
    });
  }

  /** A function that does not stream produces one chunk. */
  end(answer: FunctionAnswer | undefined): void {
    if (answer !== undefined && !this.#isBegun && answer.functionError === undefined) {
      this.#queue.push(answer.bytes ?? Buffer.from(answer.payload));
    }
    this.#isEnded = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const next = this.#queue.shift();
        if (next !== undefined) {
          yield next;
          this.#taken();
        } else if (this.#isEnded) return;
        else {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        }
      }
    } finally {
      // A client that leaves does not stop the function.
      this.write = () => Promise.resolve();
      this.#taken();
    }
  }
}
