/** The Runtime API against callers that keep none of its rules. */
import { request } from "node:http";
import { connect } from "node:net";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RuntimeApi, type RuntimeClient } from "../../../src/functions/runtime/runtime-api.ts";
import { until } from "../../support/until.ts";

interface Answer {
  readonly status: number;
  readonly body: string;
}

describe("the Runtime API", () => {
  const api = new RuntimeApi();
  const ended: string[] = [];
  let address: string;
  let payload = "{}";
  const client: RuntimeClient = {
    next: (give) =>
      give({
        requestId: "id",
        payload,
        deadlineMs: 1,
        arn: "arn",
        trace: "Root=1",
        clientContext: '{"é":"\\n"}',
      }),
    respond: (id, incoming, done) => {
      if (id !== "id") return false;
      incoming.resume().on("end", () => done(202));
      return true;
    },
    fail: (id, error) => {
      if (id === "id") ended.push(error);
      return id === "id";
    },
    failInit: (error) => void ended.push(error),
    serveExtension: (what, incoming, response) => {
      incoming.resume();
      response.writeHead(what === "POST 2020-01-01/extension/register" ? 200 : 404).end("{}");
    },
  };
  beforeAll(async () => {
    address = await api.admit("token", client);
  });
  afterAll(() => api.close());

  const call = (method: string, path: string, body: string | Buffer = "", headers: Record<string, string> = {}) =>
    new Promise<Answer>((resolve, reject) => {
      const [, host, port] = /^(.*):(\d+)\//.exec(address) ?? [];
      const asked = request(
        { host, port, method, path, headers: { "Content-Length": Buffer.byteLength(body), ...headers } },
        (answer) => {
          const chunks: Buffer[] = [];
          answer.on("data", (chunk: Buffer) => chunks.push(chunk));
          answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
          answer.on("error", reject);
        },
      );
      asked.on("error", reject);
      asked.end(body);
    });
  const runtime = "/token/2018-06-01/runtime";

  it("knows its own processes alone", async () => {
    expect((await call("GET", "/other/2018-06-01/runtime/invocation/next")).status).toBe(403);
    expect((await call("GET", "/2018-06-01/runtime/invocation/next")).status).toBe(403);
    expect(await call("GET", `${runtime}/invocation/next`)).toEqual({ status: 200, body: "{}" });
    expect((await call("POST", "/token/2020-01-01/extension/register")).status).toBe(200);
    expect((await call("POST", "/other/2020-01-01/extension/register")).status).toBe(403);
  });

  it.each([
    ["one byte a character", "x"],
    ["two", "é"],
    ["three", "€"],
    ["four", "😀"],
    ["four, and one in between", "😀x"],
  ])("hands over a large event whole, %s", async (_name, text) => {
    payload = JSON.stringify(text.repeat(700_000));
    const { body } = await call("GET", `${runtime}/invocation/next`);
    expect(body === payload).toBe(true);
    payload = "{}";
  });

  it("serves other processes while one sends thousands of requests at once", async () => {
    const [, host, port] = /^(.*):(\d+)\//.exec(address) ?? [];
    const busy = connect(Number(port), host);
    let answers = 0;
    busy.on("data", (data) => (answers += data.toString().split('{"errorMessage"').length - 1));
    busy.write("GET /other/2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: l\r\n\r\n".repeat(2_000));
    await until(() => answers > 0);
    expect((await call("GET", `${runtime}/invocation/next`)).status).toBe(200);
    expect(answers).toBeLessThan(1_000);
    await until(() => answers > 1_900);
    busy.destroy();
  });

  it("takes answers and errors of the invocation under way, and refuses those of others", async () => {
    expect(await call("POST", `${runtime}/invocation/id/response`, "1")).toEqual({
      status: 202,
      body: '{"status":"OK"}',
    });
    expect(await call("POST", `${runtime}/invocation/id/error`, '{"errorMessage":"x"}')).toMatchObject({ status: 202 });
    expect(ended).toEqual(['{"errorMessage":"x"}']);
    for (const what of ["response", "error"]) {
      const { status, body } = await call("POST", `${runtime}/invocation/other/${what}`, "1");
      expect(status).toBe(400);
      expect(JSON.parse(body)).toMatchObject({ errorType: "InvalidRequestID" });
    }
  });

  it("answers whatever is asked for, and goes on", async () => {
    const words = fc.constantFrom(
      "invocation",
      "init",
      "next",
      "id",
      "response",
      "error",
      "..",
      "%00",
      "é",
      "",
      "__proto__",
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom("GET", "POST", "PUT", "DELETE", "OPTIONS"),
        fc.array(words, { maxLength: 5 }),
        fc.uint8Array({ maxLength: 200 }),
        async (method, parts, body) => {
          const path = encodeURI(`${runtime}/${parts.join("/")}`);
          const { status } = await call(method, path, Buffer.from(body));
          expect([200, 202, 400, 404]).toContain(status);
        },
      ),
      { numRuns: 200 },
    );
    // An error without an end is cut off, and costs nobody else.
    await expect(call("POST", `${runtime}/invocation/id/error`, Buffer.alloc(3_000_000))).rejects.toThrow();
    expect(await call("GET", `${runtime}/invocation/next`)).toEqual({ status: 200, body: "{}" });
  });
});
