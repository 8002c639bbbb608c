/** Enrichments: how a batch is sent to one, and what it answers. */
import type { Invocation } from "../../calls/invocation.ts";
import { PipeFailure } from "./errors.ts";
import type { Pipes } from "./pipes.ts";
import { enrichmentPlace } from "./places.ts";
import type { PipeRow } from "./tables.ts";
import { httpCallOf, invokeSync, startSync } from "./target-calls.ts";
import { arrayOf, type Item } from "./targets.ts";

/** Returns the enrichment's JSON text. @throws PipeFailure, AwsError, DeliveryFailure */
export type Enrich = (items: readonly Item[], invocation: Invocation) => Promise<string>;

const maxAnswerBytes = 6 * 1024 * 1024;

export function enrichmentOf(pipes: Pipes, pipe: PipeRow): Enrich | undefined {
  const { enrichment: arn } = pipe;
  if (arn === undefined) return undefined;
  const ask = askerOf(pipes, pipe, arn);
  return async (items, invocation) => {
    const answer = await ask(items, invocation);
    if (Buffer.byteLength(answer) <= maxAnswerBytes) return answer;
    throw new PipeFailure("EnrichmentResponseTooLarge", "The enrichment answered more than 6 MB.");
  };
}

function askerOf(pipes: Pipes, pipe: PipeRow, arn: string): Enrich {
  switch (enrichmentPlace(arn)?.kind) {
    case "lambda":
      return (items, invocation) => invokeSync(pipes, pipe, arn, arrayOf(items), invocation);
    case "states":
      return (items, invocation) => startSync(pipes, pipe, arn, arrayOf(items), invocation);
    default: {
      const call = httpCallOf(pipes, pipe, arn, pipe.enrichmentParameters?.HttpParameters);
      return async (items, invocation) => {
        const bodies = await Promise.all(items.map((item) => call(item, invocation)));
        const [first = ""] = bodies;
        return bodies.length === 1 ? first : `[${bodies.map((body) => body || "{}").join()}]`;
      };
    }
  }
}
