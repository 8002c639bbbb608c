/** Runs every case of the file that is about WebSocket APIs, as it is given. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { ask, GatewayEnvironment } from "../../support/apigatewayv2.ts";
import { until } from "../../support/until.ts";

interface Mock {
  readonly type: "MOCK";
  readonly requestTemplates: Record<string, string>;
  readonly templateSelectionExpression: string;
  readonly responses: Record<
    string,
    { responseTemplates: Record<string, string>; templateSelectionExpression: string }
  >;
}

interface Route {
  readonly integration: "lambda2" | Mock;
  readonly routeResponse?: string;
  readonly authorizationType?: "CUSTOM";
}

type Step = Readonly<Record<string, unknown>>;

interface Case {
  readonly name: string;
  readonly kind: string;
  readonly api: {
    readonly routes: Record<string, Route>;
    readonly routeSelectionExpression: string;
    readonly authorizer?: { readonly identitySource: string[] };
  };
  readonly lambda?: { readonly result?: unknown; readonly error?: { errorMessage: string } };
  readonly authorizerLambda?: { readonly result: unknown };
  readonly steps: readonly Step[];
}

const cases = readFileSync(new URL("../../cases/apigatewayv2-cases.jsonl", import.meta.url), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Case)
  .filter(({ kind }) => kind === "websocket");

let env: GatewayEnvironment;

beforeAll(async () => {
  env = await GatewayEnvironment.start();
});

afterAll(() => env.stop());

async function build(one: Case): Promise<string> {
  const { gateway } = env;
  const { routeSelectionExpression: RouteSelectionExpression } = one.api;
  const { ApiId = "" } = await gateway.createApi({
    Name: one.name,
    ProtocolType: "WEBSOCKET",
    RouteSelectionExpression,
  });
  let AuthorizerId: string | undefined;
  if (one.api.authorizer !== undefined) {
    const given = {
      Name: "a",
      AuthorizerType: "REQUEST" as const,
      AuthorizerUri: env.handler(`authorizer-${one.name}`, () => one.authorizerLambda?.result),
      IdentitySource: one.api.authorizer.identitySource,
    };
    ({ AuthorizerId } = await gateway.createAuthorizer({ ApiId, ...given }));
  }
  const IntegrationUri = env.handler(one.name, () => {
    if (one.lambda?.error !== undefined) throw new Error(one.lambda.error.errorMessage);
    return one.lambda?.result;
  });
  for (const [RouteKey, { integration, routeResponse, authorizationType }] of Object.entries(one.api.routes)) {
    const { IntegrationId } = await gateway.createIntegration(
      integration === "lambda2"
        ? { ApiId, IntegrationType: "AWS_PROXY", IntegrationUri }
        : {
            ApiId,
            IntegrationType: "MOCK",
            RequestTemplates: integration.requestTemplates,
            TemplateSelectionExpression: integration.templateSelectionExpression,
          },
    );
    const responses = integration === "lambda2" ? {} : integration.responses;
    for (const [IntegrationResponseKey, response] of Object.entries(responses)) {
      await gateway.createIntegrationResponse({
        ApiId,
        IntegrationId,
        IntegrationResponseKey,
        ResponseTemplates: response.responseTemplates,
        TemplateSelectionExpression: response.templateSelectionExpression,
      });
    }
    const { RouteId } = await gateway.createRoute({
      ApiId,
      RouteKey,
      Target: `integrations/${IntegrationId}`,
      ...(routeResponse === undefined ? {} : { RouteResponseSelectionExpression: "$default" }),
      ...(authorizationType === undefined ? {} : { AuthorizationType: authorizationType, AuthorizerId }),
    });
    if (routeResponse !== undefined) {
      await gateway.createRouteResponse({ ApiId, RouteId, RouteResponseKey: routeResponse });
    }
  }
  const { DeploymentId } = await gateway.createDeployment({ ApiId });
  await gateway.createStage({ ApiId, StageName: "dev", DeploymentId });
  return ApiId;
}

/** A client's side of one case. */
class Client {
  readonly #apiId: string;
  readonly #one: Case;
  #socket: WebSocket | undefined;
  #closed: number | undefined;
  #handshake: number | undefined;
  readonly #messages: string[] = [];

  constructor(one: Case, apiId: string) {
    this.#one = one;
    this.#apiId = apiId;
  }

  async step(step: Step): Promise<void> {
    const [name] = Object.keys(step) as [string];
    const run = this[name as "connect"] as ((step: Step) => Promise<void>) | undefined;
    if (run === undefined) throw new Error(`nobody knows the step ${name}`);
    await run.call(this, step);
  }

  async connect({ connect, protocols = [], expectHandshakeStatus = 101, expectProtocol }: Step): Promise<void> {
    const url = `${env.bus.endpoint.replace("http", "ws")}/_aws/execute-api/${this.#apiId}/dev${connect}`;
    const socket = new WebSocket(url, protocols as string[]);
    this.#socket = socket;
    socket.on("message", (data) => this.#messages.push(String(data)));
    socket.on("close", (code) => {
      this.#closed = code;
    });
    socket.on("error", () => {});
    socket.on("upgrade", () => {
      this.#handshake = 101;
    });
    socket.on("unexpected-response", (_request, response) => {
      this.#handshake = response.statusCode;
      socket.terminate();
    });
    await until(() => this.#handshake !== undefined);
    expect(this.#handshake).toBe(expectHandshakeStatus);
    if (this.#handshake === 101) await until(() => socket.readyState === WebSocket.OPEN);
    if (expectProtocol !== undefined) expect(socket.protocol).toBe(expectProtocol);
  }

  async send({ send }: Step): Promise<void> {
    this.#socket?.send(send as string);
  }

  async sendRepeat({ sendRepeat }: Step): Promise<void> {
    const [text, count] = sendRepeat as [string, number];
    this.#socket?.send(text.repeat(count));
  }

  async sendBinary({ sendBinary }: Step): Promise<void> {
    this.#socket?.send(Buffer.from(sendBinary as string, "base64"));
  }

  async close(): Promise<void> {
    this.#socket?.close();
    await until(() => this.#closed !== undefined);
  }

  async manage(step: Step): Promise<void> {
    const seen = env.events.get(this.#one.name) as { requestContext: { connectionId: string } }[];
    const id = (step["connectionId"] as string | undefined) ?? seen.at(-1)?.requestContext.connectionId ?? "";
    const [text, count] = (step["bodyRepeat"] ?? [step["body"] ?? "", 1]) as [string, number];
    const path = `/_aws/execute-api/${this.#apiId}/dev/%40connections/${encodeURIComponent(id)}`;
    const method = step["manage"] as string;
    const body = text.repeat(count);
    const reply = await ask(env.bus.endpoint, path, { method, body });
    expect(reply.status).toBe(step["expectStatus"]);
    if (step["expectError"] !== undefined) expect(reply.headers["x-amzn-errortype"]).toBe(step["expectError"]);
    if (step["expectBody"] !== undefined) expect(reply.text).toBe(step["expectBody"]);
    if (step["expectKeys"] !== undefined) {
      expect(Object.keys(JSON.parse(reply.text) as object).sort()).toEqual(step["expectKeys"]);
    }
    if (step["expectMessageText"] !== undefined) {
      expect(JSON.parse(reply.text)).toEqual({ message: step["expectMessageText"] });
    }
  }

  async expectEvent({ expectEvent }: Step): Promise<void> {
    await until(() => {
      expect(env.events.get(this.#one.name)?.at(-1)).toMatchObject(expectEvent as object);
      return true;
    });
  }

  async expectMessage({ expectMessage }: Step): Promise<void> {
    await until(() => this.#messages.length > 0);
    const message = JSON.parse(this.#messages.shift() ?? "") as Record<string, unknown>;
    for (const [name, value] of Object.entries(expectMessage as object)) {
      if (value === "*") expect(message[name]).toEqual(expect.any(String));
      else expect(message[name]).toEqual(value);
    }
  }

  async expectText({ expectText }: Step): Promise<void> {
    await until(() => this.#messages.length > 0);
    expect(this.#messages.shift()).toBe(expectText);
  }

  async expectNoMessage(): Promise<void> {
    await until(() => (env.events.get(this.#one.name)?.length ?? 0) > 0);
    await env.bus.settled();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(this.#messages).toEqual([]);
  }

  async expectClose({ expectClose }: Step): Promise<void> {
    await until(() => this.#closed !== undefined);
    if (typeof expectClose === "number") expect(this.#closed).toBe(expectClose);
  }

  end(): void {
    this.#socket?.terminate();
  }
}

describe("WebSocket APIs", () => {
  it("have as many cases as the file should", () => {
    expect(cases.length).toBe(24);
  });

  it.each(cases.map((one) => [one.name, one] as const))("%s", async (_name, one) => {
    const client = new Client(one, await build(one));
    for (const step of one.steps) await client.step(step);
    client.end();
  });
});
