/** Selection expressions and access-log formats. */
import { describe, expect, it } from "vitest";
import { accessLine } from "../../../src/services/apigatewayv2/execution/access-log.ts";
import { expression, expressionText, type Sources } from "../../../src/services/apigatewayv2/execution/expressions.ts";
import { FrameSizes } from "../../../src/services/apigatewayv2/execution/websocket/frame-sizes.ts";

const values: Readonly<Record<string, string>> = {
  "header.a": "h",
  "querystring.q": "q",
  "path.id": "7",
  "path.": "/x",
  "body.": "raw",
};

const sources: Sources = {
  request: (place, name) => values[`${place}.${name}`],
  requestJson: () => ({ action: "join", deep: { list: [{ "a b": 1 }] }, toString: null }),
  context: (name) => (name === "requestId" ? "r" : undefined),
  stageVariables: (name) => (name === "v" ? "1" : undefined),
};

describe("a selection expression", () => {
  it.each([
    ["$request.header.a", "h"],
    ["$request.querystring.q", "q"],
    ["$request.path.id", "7"],
    ["$request.path", "/x"],
    ["$request.body", "raw"],
    ["$request.body.action", "join"],
    ["${request.body.action}-x", "join-x"],
    ["/new/${request.path.id}/${context.requestId}", "/new/7/r"],
    ["$request.body.deep.list[0]['a b']", "1"],
    ["$request.body.nothing", ""],
    ["$request.body.constructor", ""],
    ["$stageVariables.v", "1"],
    ["\\$default", "$default"],
    ["$default", "$default"],
    ["200", "200"],
    ["${unknown.x}", "${unknown.x}"],
  ])("%s", (text, value) => {
    expect(expressionText(expression(text)(sources))).toBe(value);
  });
});

describe("an access log's line", () => {
  it("has a dash for what has no value", () => {
    const known: Readonly<Record<string, string>> = { requestId: "r", status: "200" };
    const find = (name: string) => known[name];
    expect(accessLine('{"a":"$context.requestId","b":$context.status,"c":"$context.no.thing."}', find)).toBe(
      '{"a":"r","b":200,"c":"-."}',
    );
  });
});

describe("sizes of frames", () => {
  function frame(length: number): Buffer {
    const head = length < 126 ? [0x81, 0x80 | length] : length < 65_536 ? [0x81, 0xfe] : [0x81, 0xff];
    const long = Buffer.alloc(length < 126 ? 0 : length < 65_536 ? 2 : 8);
    if (long.length === 2) long.writeUInt16BE(length);
    if (long.length === 8) long.writeBigUInt64BE(BigInt(length));
    return Buffer.concat([Buffer.from(head), long, Buffer.alloc(4), Buffer.alloc(length)]);
  }

  it.each([1, 2, 3, 7, 1000, 1_000_000])("are seen in pieces of %d bytes", (size) => {
    const sizes = new FrameSizes();
    const exceeds = (bytes: Buffer) => {
      for (let at = 0; at < bytes.length; at += size) if (sizes.exceeds(bytes.subarray(at, at + size))) return true;
      return false;
    };
    for (const length of [0, 1, 125, 126, 127, 32_768, 5]) expect(exceeds(frame(length))).toBe(false);
    expect(exceeds(frame(32_769))).toBe(true);
    expect(new FrameSizes().exceeds(frame(70_000))).toBe(true);
  });
});
