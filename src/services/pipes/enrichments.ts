/** Enrichments: who is asked with a batch and what it answers. */
import type { Invocation } from "../../calls/invocation.ts";
import { PipeFailure } from "./errors.ts";
import type { Pipes } from "./pipes.ts";
import { enrichmentPlace } from "./places.ts";
import type { PipeRow } from "./tables.ts";
import { httpCallOf, startSync } from "./target-calls.ts";
import { arrayOf, type Item } from "./targets.ts";

/** Answers the enrichment's JSON text. @throws PipeFailure, AwsError, DeliveryFailure */
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
  const { functions } = pipes.deps;
  switch (enrichmentPlace(arn)?.kind) {
    case "lambda":
      return async (items, invocation) => {
        const { payload, functionError } = await functions.invoke(arn, arrayOf(items), invocation);
        if (functionError !== undefined) throw new PipeFailure(functionError, payload.slice(0, 1000));
        return payload;
      };
    case "states":
      return (items, invocation) => startSync(pipes, invocation, arn, arrayOf(items));
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
