/** Which requests are let in: by Host, by Origin, and control routes by what a page cannot send unnoticed. */
import { request as httpRequest } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { type Busbar, createBusbar } from "../../src/index.ts";

let bus: Busbar;
/** Bound to all addresses, with everything that may be listed. */
let open: Busbar;

beforeAll(async () => {
  bus = await createBusbar({
    corsOrigins: ["https://app.example:8443", "tauri://localhost"],
    hostNames: ["Busbar.Example"],
  });
  open = await createBusbar({ host: "0.0.0.0", corsOrigins: ["*"] });
});
afterAll(async () => {
  await bus.close();
  await open.close();
});

interface Ask {
  readonly to?: Busbar;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** A request with headers as they are given, Host and Origin too. */
function ask({ to = bus, method = "GET", path = "/_busbar/health", headers = {}, body }: Ask) {
  return new Promise<{ status: number; headers: Record<string, unknown>; text: string }>((done, failed) => {
    const { port } = new URL(to.endpoint);
    const outgoing = httpRequest({ host: "127.0.0.1", port, method, path, headers, agent: false }, (answer) => {
      let text = "";
      answer.on("data", (data) => (text += data));
      answer.on("end", () => done({ status: answer.statusCode ?? 0, headers: answer.headers, text }));
    });
    outgoing.on("error", failed);
    outgoing.end(body);
  });
}

const statusOf = async (headers: Record<string, string>, more: Ask = {}) => (await ask({ headers, ...more })).status;

describe("Host", () => {
  it.each([
    ...["localhost", "localhost:1", "LOCALHOST:4566", "127.0.0.1:4566", "127.9.9.9", "[::1]:4566", "0.0.0.0:4566"],
    ...[
      "api.localhost:4566",
      "localhost.",
      "localhost.localstack.cloud:4566",
      "sqs.us-east-1.localhost.localstack.cloud",
    ],
    // As clients call it for StartSyncExecution and TestState.
    ...[
      "sync-localhost:4566",
      "sync-127.0.0.1:4566",
      "sync-localhost.localstack.cloud:4566",
      "sync-busbar.example:4566",
    ],
    ...["sqs.eu-west-1.amazonaws.com", "busbar", "localstack:4566", "host.docker.internal:4566", "busbar.example:4566"],
  ])("%s is accepted", async (host) => {
    expect(await statusOf({ host })).toBe(200);
  });

  it.each([
    ...["evil.example", "evil.example:4566", "localhost.evil.example", "127.0.0.1.evil.example", "127.evil.example"],
    ...[
      "amazonaws.com.evil.example",
      "notamazonaws.com",
      "x.busbar.example",
      "sync-evil.example",
      "192.168.0.7",
      "[2001:db8::1]",
      "a b.c",
    ],
    ...[
      "localhost.localstack.cloud.evil.example",
      "user@localhost",
      "evil.example#localhost",
      "evil.example\\.localhost",
    ],
  ])("%s is refused with the option that lets it in", async (host) => {
    const control = await ask({ headers: { host } });
    expect(control.status).toBe(403);
    expect(JSON.parse(control.text).message).toMatch(/--host-name .* \(createBusbar: hostNames\)\.$/);
    const headers = { host, "x-amz-target": "AmazonSQS.CreateQueue", "content-type": "application/x-amz-json-1.0" };
    const aws = await ask({ headers, method: "POST", path: "/", body: '{"QueueName":"q"}' });
    expect([aws.status, JSON.parse(aws.text).__type]).toEqual([403, expect.stringContaining("AccessDenied")]);
    const query = await ask({ headers: { host }, path: "/?Action=ListTopics&Version=2010-03-31" });
    expect(query.status).toBe(403);
    expect(query.text).toContain("--host-name");
  });

  it("may be any address if the server is bound to all", async () => {
    for (const host of ["192.168.0.7", "[2001:db8::1]:4566"]) expect(await statusOf({ host }, { to: open })).toBe(200);
    expect(await statusOf({ host: "evil.example" }, { to: open })).toBe(403);
  });
});

const jsonCall = { "content-type": "application/x-amz-json-1.0", "x-amz-target": "AmazonSQS.ListQueues" };

describe("Origin", () => {
  it.each([
    ...[
      "http://localhost:3000",
      "https://localhost",
      "http://127.0.0.1:5173",
      "http://[::1]:8080",
      "http://app.localhost",
    ],
    ...["https://app.example:8443", "tauri://localhost", "http://busbar.example"],
  ])("%s is accepted, and may read the answer", async (origin) => {
    const host = "busbar.example";
    const answer = await ask({ headers: { ...jsonCall, origin, host }, method: "POST", path: "/", body: "{}" });
    expect(answer.status).toBe(200);
    // AWS's own form, which nobody gets who is not let in.
    expect(answer.headers).toMatchObject({ "access-control-allow-origin": "*", vary: "Origin" });
    const control = await ask({ headers: { origin, host } });
    expect(control.headers["access-control-allow-origin"]).toBe(origin);
    const preflight = { origin, host, "access-control-request-method": "POST" };
    for (const path of ["/", "/_busbar/reset"]) {
      const asked = { ...preflight, "access-control-request-headers": "x-amz-target,authorization" };
      const allowed = await ask({ headers: asked, method: "OPTIONS", path });
      expect(allowed.status).toBe(200);
      expect(allowed.headers).toMatchObject({
        "access-control-allow-origin": path === "/" ? "*" : origin,
        "access-control-allow-methods": expect.stringContaining("POST"),
        "access-control-allow-headers": "x-amz-target,authorization",
      });
      expect(allowed.headers).not.toHaveProperty("access-control-allow-private-network");
      const inside = { ...preflight, "access-control-request-private-network": "true" };
      const network = await ask({ headers: inside, method: "OPTIONS", path });
      expect(network.headers["access-control-allow-private-network"]).toBe("true");
    }
  });

  it.each([
    ...[
      "https://evil.example",
      "https://app.example",
      "http://app.example:8443",
      "null",
      "",
      "http://localhost.evil.example",
    ],
    ...[
      "http://127.evil.example",
      "https://busbar.example",
      "http://busbar.example:81",
      "file://",
      "http://localhost:3000/x",
    ],
    "http://localhost:3000, https://evil.example",
  ])("%j is refused with the option that lets it in, and changes nothing", async (origin) => {
    const host = "busbar.example";
    const text = { "content-type": "text/plain", host, origin };
    const reset = await ask({ headers: text, method: "POST", path: "/_busbar/reset", body: "{}" });
    expect([reset.status, JSON.parse(reset.text).message]).toEqual([403, expect.stringContaining("--cors-origin")]);
    const form = { ...text, "content-type": "application/x-www-form-urlencoded" };
    const body = "Action=CreateQueue&QueueName=forged&Version=2012-11-05";
    const forged = await ask({ headers: form, method: "POST", path: "/", body });
    expect([forged.status, forged.text]).toEqual([403, expect.stringContaining("--cors-origin")]);
    const asked = { "access-control-request-method": "POST", "access-control-request-private-network": "true" };
    for (const path of ["/", "/_busbar/reset"]) {
      const preflight = await ask({ headers: { host, origin, ...asked }, method: "OPTIONS", path });
      expect(preflight.status).toBe(403);
      expect(Object.keys(preflight.headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
    }
    expect((await ask({ path: "/?Action=ListQueues&Version=2012-11-05" })).text).not.toContain("forged");
  });

  it("may be anything if all are accepted", async () => {
    for (const origin of ["https://evil.example", "null"]) expect(await statusOf({ origin }, { to: open })).toBe(200);
  });

  it("holds for WebSockets too", async () => {
    const client = new WebSocket(`${bus.endpoint.replace("http", "ws")}/_busbar/health`, {
      origin: "https://evil.example",
    });
    const status = await new Promise((done) => {
      client.once("unexpected-response", (_request, answer) => done(answer.statusCode));
      client.once("error", done);
    });
    expect(status).toBe(403);
  });
});

describe("a request of a foreign page without an Origin", () => {
  const image = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image" };
  const link = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };
  const forged = "/?Action=CreateQueue&QueueName=forged&Version=2012-11-05";

  it("is refused as an image or a frame, except for accepted pages", async () => {
    expect(await statusOf(image, { path: forged })).toBe(403);
    expect(await statusOf({ ...image, referer: "https://evil.example/" }, { path: forged })).toBe(403);
    expect(await statusOf({ ...link, "sec-fetch-dest": "iframe" })).toBe(403);
    expect(await statusOf({ ...image, referer: "https://app.example:8443/" })).toBe(200);
    expect(await statusOf(image, { to: open })).toBe(200);
    expect(await statusOf({ ...image, "sec-fetch-site": "same-origin" })).toBe(200);
  });

  it("is accepted as a link to a page, but not as an action", async () => {
    expect(await statusOf(link)).toBe(200);
    expect(await statusOf(link, { path: forged })).toBe(403);
    expect(await statusOf(link, { path: "/?%41ction=CreateQueue&QueueName=forged" })).toBe(403);
    // A link that SNS mailed: it gets as far as being answered.
    expect(await statusOf(link, { path: "/?Action=ConfirmSubscription&Version=2010-03-31" })).toBe(400);
    expect((await ask({ path: "/?Action=ListQueues&Version=2012-11-05" })).text).not.toContain("forged");
  });
});

describe("control routes that change something", () => {
  it("require something no form can send", async () => {
    for (const type of [
      undefined,
      "text/plain",
      "application/x-www-form-urlencoded",
      "multipart/form-data",
      "application/jsonx",
    ]) {
      for (const path of ["/_busbar/reset", "/_busbar/clock", "/_busbar/sns/opt-out"]) {
        const answer = await ask({ method: "POST", path, headers: type ? { "content-type": type } : {}, body: "{}" });
        expect([type, answer.status]).toEqual([type, 415]);
        expect(JSON.parse(answer.text).message).toContain('wants the header "Content-Type: application/json"');
      }
    }
    const reset = { method: "POST", path: "/_busbar/reset" };
    expect(await statusOf({ "content-type": "application/json; charset=utf-8" }, reset)).toBe(200);
    expect(await statusOf({ "x-busbar": "1" }, reset)).toBe(200);
  });
});

describe("JSON whose objects have no text", () => {
  it("is refused as any wrong value", async () => {
    const odd = { toString: null, valueOf: null };
    const RedrivePolicy = JSON.stringify({
      maxReceiveCount: odd,
      deadLetterTargetArn: "arn:aws:sqs:us-east-1:000000000000:d",
    });
    const headers = { ...jsonCall, "x-amz-target": "AmazonSQS.CreateQueue" };
    const body = JSON.stringify({ QueueName: "q", Attributes: { RedrivePolicy } });
    expect(await statusOf(headers, { method: "POST", path: "/", body })).toBe(400);
    const optOut = { method: "POST", path: "/_busbar/sns/opt-out", body: JSON.stringify({ phoneNumber: odd }) };
    expect(await statusOf({ "content-type": "application/json" }, optOut)).toBe(400);
  });
});

describe("options", () => {
  it("that are not an origin or a name are refused with a sentence", async () => {
    for (const origin of ["app.example", "https://app.example/", "https://app.example/x", "", "http://"]) {
      await expect(createBusbar({ corsOrigins: [origin] })).rejects.toThrow(
        /an origin is written as|a list of origins/,
      );
    }
    for (const name of ["busbar.example:1", "http://x", "", "a/b", "a b"]) {
      await expect(createBusbar({ hostNames: [name] })).rejects.toThrow(/a host name is written as|a list of names/);
    }
  });
});
