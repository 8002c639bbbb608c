import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { protocols } from "../../protocols/all.ts";
import { claim } from "../../protocols/claim.ts";
import { AwsError, type ErrorSchema } from "../../protocols/error.ts";
import type { Claim, WireRequest, WireResponse } from "../../protocols/protocol.ts";
import { type OperationModel, shapeOf } from "../../protocols/schema.ts";
import { serviceNamed, services } from "../support/service-models.ts";
import { arbitraryOf, comparable } from "./schema-arbitrary.ts";
import { type Dialect, dialects } from "./sdk-wire.ts";

const REQUEST_ID = "5b0e3a9c-1a2b-4c3d-8e9f-001122334455";
const runs = { numRuns: 12 };

// The EndpointId of PutEvents chooses another host and another kind of signature before anything is sent. Over Query
// the two lists of system attribute names share one name, so the older one speaks for both.
const notSent = new Set(["EndpointId", "MessageSystemAttributeNames"]);

function claimed(request: WireRequest): Claim {
  const found = claim(request, services, protocols);
  if ("error" in found) throw found.error;
  return found;
}

for (const dialect of dialects) {
  const service = serviceNamed(dialect.service);
  describe(dialect.name, () => {
    it.each([...service.operations.values()])("reads $name as the SDK writes it", async (operation) => {
      await fc.assert(
        fc.asyncProperty(arbitraryOf(operation.input, notSent), async (input) => {
          const { operation: found, decoded } = await received(dialect, operation, input as object);
          expect(found.name).toBe(operation.name);
          // An empty list is not a parameter in a URL.
          const losses = { emptyAggregates: dialect.query, emptyLists: operation.http?.method === "DELETE" };
          expect(comparable(decoded, losses) ?? {}).toEqual(comparable(input, losses) ?? {});
        }),
        runs,
      );
    });

    const answered = [...service.operations.values()].filter(({ output }) => output.getEventStreamMember() === "");
    it.each(answered)("writes $name as the SDK reads it", async (operation) => {
      const input = fc.sample(arbitraryOf(operation.input, notSent), { numRuns: 1, seed: 1 })[0] as object;
      await fc.assert(
        fc.asyncProperty(arbitraryOf(operation.output), async (output) => {
          const { $metadata, ...seen } = await dialect.send(operation.name, input, (request) => {
            const call = claimed(request);
            return call.protocol.compile(call.operation).encode(output as object, REQUEST_ID, request);
          });
          expect(($metadata as { requestId?: string }).requestId).toBe(REQUEST_ID);
          const losses = { emptyAggregates: dialect.query, emptyLists: dialect.query };
          expect(comparable(seen, losses) ?? {}).toEqual(comparable(output, losses) ?? {});
        }),
        runs,
      );
    });

    it.each(errorsOf(dialect))("writes the error %s as the SDK reads it", async (name, schema) => {
      const operation = [...service.operations.values()][0] as OperationModel;
      const input = fc.sample(arbitraryOf(operation.input, notSent), { numRuns: 1, seed: 1 })[0] as object;
      const without = new Set(["message", "Message"]);
      await fc.assert(
        fc.asyncProperty(arbitraryOf(shapeOf(schema), without), async (members) => {
          const error = AwsError.of(schema, "Some <text> & more", members as Record<string, unknown>);
          const failure = await dialect
            .send(operation.name, input, (request) => {
              const call = claimed(request);
              return call.protocol.encodeError(error, REQUEST_ID, service, request);
            })
            .then(
              () => undefined,
              (thrown: unknown) => thrown as Error & Record<string, unknown>,
            );
          expect(failure).toMatchObject({ name, message: "Some <text> & more" });
          const losses = { emptyAggregates: dialect.query, emptyLists: dialect.query };
          const seen = Object.fromEntries(Object.keys(members as object).map((key) => [key, failure?.[key]]));
          expect(comparable(seen, losses)).toEqual(comparable(members, losses));
        }),
        { numRuns: 3 },
      );
    });

    it("answers damaged requests only with client errors", async () => {
      const operations = [...service.operations.values()];
      const sample = fc
        .constantFrom(...operations)
        .chain((operation) => arbitraryOf(operation.input, notSent).map((input) => ({ operation, input })));
      await fc.assert(
        fc.asyncProperty(sample, fc.array(mutation, { minLength: 1, maxLength: 6 }), async (call, mutations) => {
          const request = await sent(dialect, call.operation, call.input as object);
          survive(mutations.reduce(mutate, request));
        }),
        { numRuns: 150 },
      );
    });
  });
}

async function sent(dialect: Dialect, operation: OperationModel, input: object): Promise<WireRequest> {
  let request: WireRequest | undefined;
  await dialect
    .send(operation.name, input, (seen): WireResponse => {
      request = seen;
      throw new Error("the request is all that is wanted");
    })
    .catch((error: Error) => {
      if (request === undefined) throw error;
    });
  return request as WireRequest;
}

async function received(dialect: Dialect, operation: OperationModel, input: object) {
  const request = await sent(dialect, operation, input);
  const call = claimed(request);
  return { operation: call.operation, decoded: call.protocol.compile(call.operation).decode(request) };
}

function errorsOf({ module }: Dialect): [string, ErrorSchema][] {
  return Object.values(module)
    .filter((schema): schema is ErrorSchema => Array.isArray(schema) && schema[0] === -3)
    .filter(([, namespace]) => !namespace.startsWith("smithy."))
    .map((schema) => [schema[2], schema]);
}

interface Mutation {
  readonly at: number;
  readonly bytes: Uint8Array;
  readonly removed: number;
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  at: fc.nat({ max: 2000 }),
  bytes: fc.oneof(
    fc.uint8Array({ maxLength: 4 }),
    fc
      .constantFrom("[", "{", "null", '"', "1e999", "%zz", "%", "&", "=", ".", "9999999999", "\u0000", "\ud83d\ude00")
      .map((text) => new TextEncoder().encode(text)),
  ),
  removed: fc.nat({ max: 4 }),
});

/** Changes the body where there is one, else the path and the query. */
function mutate(request: WireRequest, { at, bytes, removed }: Mutation): WireRequest {
  const splice = (target: Buffer) => {
    const start = target.length === 0 ? 0 : at % target.length;
    return Buffer.concat([target.subarray(0, start), bytes, target.subarray(start + removed)]);
  };
  if (request.body.length > 0) return { ...request, body: splice(request.body) };
  const [path = "", ...query] = splice(Buffer.from(`${request.path}?${request.query}`))
    .toString("latin1")
    .split("?");
  return { ...request, path, query: query.join("?") };
}

/** Claims, reads and lets the error be written; anything but an AwsError of the client's fails the test. */
function survive(request: WireRequest): void {
  const found = claim(request, services, protocols);
  const answer = (error: unknown): void => {
    if (!(error instanceof AwsError)) throw error;
    const { status } = found.protocol.encodeError(error, REQUEST_ID, found.service, request);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
  };
  if ("error" in found) {
    answer(found.error);
    return;
  }
  try {
    found.protocol.compile(found.operation).decode(request);
  } catch (error) {
    answer(error);
  }
}
