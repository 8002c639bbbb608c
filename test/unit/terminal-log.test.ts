import { stripVTControlCharacters } from "node:util";
import pino from "pino";
import { expect, it } from "vitest";
import { terminalLine } from "../../src/terminal-log.ts";

function shown(log: (logger: pino.Logger) => void): string[] {
  const lines: string[] = [];
  log(pino({ level: "trace" }, { write: (line: string) => lines.push(terminalLine(line)) }));
  return lines.map((line) => stripVTControlCharacters(line).replace(/^\d\d:\d\d:\d\d\.\d{3} /, ""));
}

it("every line is readable, with its fields after it", () => {
  const lines = shown((logger) => {
    logger.info({ port: 4566, storage: "memory" }, "listening");
    logger.warn({ reason: "no such queue", ids: [1, 2], none: undefined }, "a delivery failed for good");
    logger.error("the disk is full");
    logger.fatal("the end");
    logger.trace({ empty: "" }, "deep inside");
  });
  expect(lines).toEqual([
    "info listening port=4566 storage=memory",
    'warn a delivery failed for good reason="no such queue" ids=[1,2]',
    "error the disk is full",
    "error the end",
    'debug deep inside empty=""',
  ]);
});

it("a request has a line of its own form", () => {
  const place = { account: "000000000000", region: "us-east-1" };
  const lines = shown((logger) => {
    logger.info(
      { status: 200, service: "sqs", operation: "SendMessage", resource: "q", ...place, durationMs: 1.234 },
      "request",
    );
    const failed = { status: 400, service: "sqs", operation: "GetQueueUrl", resource: "", error: "QueueDoesNotExist" };
    logger.info({ ...failed, ...place, durationMs: 2 }, "request");
  });
  expect(lines).toEqual([
    "200 sqs SendMessage q (000000000000 us-east-1, 1.2 ms)",
    "400 sqs GetQueueUrl QueueDoesNotExist (000000000000 us-east-1, 2.0 ms)",
  ]);
});

it("an error is shown with its stack below, and anything else as it is", () => {
  const error = new TypeError("x is no function");
  const [line] = shown((logger) => logger.error({ err: error, where: "here" }, "a bug"));
  expect(line).toBe(`error a bug where=here\n${error.stack}`);
  expect(terminalLine("plain text\n")).toBe("plain text");
});
