/** API Gateway v2 as its client and its APIs' clients see it. */
import { mkdtemp, rm } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ApiGatewayV2, type CreateApiCommandOutput } from "@aws-sdk/client-apigatewayv2";
import { type Busbar, type BusbarOptions, createBusbar, type FunctionHandler } from "../../src/index.ts";

export const startTime = "2026-03-01T12:00:00Z";
export const roleArn = "arn:aws:iam::000000000000:role/gateway";

export function functionArn(name: string): string {
  return `arn:aws:lambda:us-east-1:000000000000:function:${name}`;
}

export interface Reply {
  readonly status: number;
  /** Names as they came and values in turn. */
  readonly rawHeaders: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Buffer;
  readonly text: string;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Buffer;
}

/** A request as it is written: no header is added but Host and Content-Length, and the path stays as it is. */
export function ask(
  endpoint: string,
  path: string,
  { method = "GET", headers = {}, body = "" }: Ask = {},
): Promise<Reply> {
  const { hostname, port } = new URL(endpoint);
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { hostname, port, path, method, headers: headers as never, agent: false },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const bytes = Buffer.concat(chunks);
          const { statusCode = 0, rawHeaders } = response;
          const flat = Object.fromEntries(
            Object.entries(response.headers).map(([name, value]) => [name, String(value)]),
          );
          resolve({ status: statusCode, rawHeaders, headers: flat, bytes, text: bytes.toString() });
        });
      },
    );
    request.on("error", reject);
    request.end(body);
  });
}

export class GatewayEnvironment {
  readonly bus: Busbar;
  readonly gateway: ApiGatewayV2;
  readonly directory: string | undefined;
  /** What each function got, by its name. */
  readonly events = new Map<string, unknown[]>();

  private constructor(bus: Busbar, directory: string | undefined) {
    this.bus = bus;
    this.directory = directory;
    this.gateway = new ApiGatewayV2({ ...bus.clientConfig(), maxAttempts: 1 });
  }

  static async start(storage: "memory" | "disk" = "memory", options: BusbarOptions = {}) {
    const directory = storage === "disk" ? await mkdtemp(join(tmpdir(), "busbar-test-")) : undefined;
    const kept = directory === undefined ? {} : { dataDir: directory };
    const bus = await createBusbar({ clock: "virtual", startTime, seed: "gateway", ...kept, ...options });
    return new GatewayEnvironment(bus, directory);
  }

  async stop(): Promise<void> {
    this.gateway.destroy();
    await this.bus.close();
    if (this.directory !== undefined) await rm(this.directory, { recursive: true, force: true });
  }

  /** Registers a function that notes what it gets. */
  handler(name: string, handler: FunctionHandler): string {
    const seen: unknown[] = [];
    this.events.set(name, seen);
    this.bus.registerFunction(name, (event, ...rest) => {
      seen.push(event);
      return handler(event, ...rest);
    });
    return functionArn(name);
  }

  /** A function's events since the last look. */
  eventsOf(name: string): Record<string, unknown>[] {
    return (this.events.get(name) ?? []).splice(0) as Record<string, unknown>[];
  }

  /** An HTTP API whose `$default` route is a function, deployed by itself. */
  quick(name: string, handler: FunctionHandler): Promise<CreateApiCommandOutput> {
    return this.gateway.createApi({ Name: name, ProtocolType: "HTTP", Target: this.handler(name, handler) });
  }

  /** Calls an API by path. */
  call(apiId: string, path: string, given: Ask = {}): Promise<Reply> {
    return ask(this.bus.endpoint, `/_aws/execute-api/${apiId}${path}`, given);
  }
}
