/** Handlers in this process: the ways in which they answer, and which of several answers counts. */
import { expect, it } from "vitest";
import { Cause } from "../../../src/calls/cause.ts";
import { Invocation } from "../../../src/calls/invocation.ts";
import { Clock } from "../../../src/engine/clock.ts";
import { callHandler, type FunctionHandler } from "../../../src/functions/handlers.ts";

const place = { account: "000000000000", region: "us-east-1" };
const invocation = Invocation.ofService("test", "arn:aws:test", place, Cause.beginning("run", "test", 0));
const call = { arn: "arn:aws:lambda:us-east-1:000000000000:function:f", payload: "{}", invocation, requestId: "r" };

function answerOf(handler: FunctionHandler) {
  return callHandler(handler, call, new Clock({ mode: "virtual", startMs: 0 }), 1000);
}

const cycle: Record<string, unknown> = {};
cycle["self"] = cycle;
const evil = {
  get then(): unknown {
    throw new Error("evil");
  },
};
const error = (errorMessage: unknown, errorType = "Error") => ({
  payload: JSON.stringify({ errorType, errorMessage }),
  functionError: "Unhandled",
});
const value = (payload: string) => ({ payload });

const atOnce: readonly [string, FunctionHandler, object][] = [
  ["a value", () => ({ a: 1 }), value('{"a":1}')],
  ["nothing", () => undefined, value("null")],
  ["through the callback", (_event, _context, callback) => callback(null, 7), value("7")],
  ["an error through the callback", (_event, _context, callback) => callback("no"), error("no")],
  ["through the context, before it returns", (_event, context) => context.succeed(1), value("1")],
  ["an error through the context", (_event, context) => context.fail(new TypeError("no")), error("no", "TypeError")],
  ["by throwing", () => JSON.parse("{}").missing.member, expect.objectContaining({ functionError: "Unhandled" })],
  [
    "by throwing after an answer",
    (_event, context) => {
      context.done(undefined, "first");
      throw new Error("second");
    },
    value('"first"'),
  ],
  ["what is no JSON", () => cycle, expect.objectContaining({ functionError: "Unhandled" })],
  ["what cannot be looked at", () => evil, error("evil")],
];

it.each(atOnce)("answers at once: %s", (_what, handler, expected) => {
  const answer = answerOf(handler);
  expect(answer).not.toBeInstanceOf(Promise);
  expect(answer).toEqual(expected);
});

it.each<[string, FunctionHandler, object]>([
  ["a promise", async () => "later", value('"later"')],
  ["a rejection", () => Promise.reject(new RangeError("no")), error("no", "RangeError")],
  ["a promise of what is no JSON", async () => cycle, expect.objectContaining({ functionError: "Unhandled" })],
  ["through the callback, later", (_event, _context, callback) => void setImmediate(callback, null, 7), value("7")],
  ["a promise through the context", (_event, { succeed }) => succeed(Promise.resolve(3)), value("3")],
  [
    "through the callback, whatever comes of the promise before",
    async (_event, _context, callback) => callback(null, "first"),
    value('"first"'),
  ],
])("answers later: %s", async (_what, handler, expected) => {
  expect(await answerOf(handler)).toEqual(expected);
});
