/** REST APIs as the client of their control plane sees them. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { APIGateway, type PutIntegrationCommandInput } from "@aws-sdk/client-api-gateway";
import { type Busbar, type BusbarOptions, createBusbar } from "../../src/index.ts";

export const account = "000000000000";
export const startTime = "2026-03-01T12:00:00Z";
export const functionUri = (name: string) =>
  `arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:${account}:function:${name}/invocations`;

export class ApiGatewayEnvironment {
  bus: Busbar;
  client: APIGateway;
  readonly directory: string | undefined;
  readonly #options: BusbarOptions;

  private constructor(bus: Busbar, directory: string | undefined, options: BusbarOptions) {
    this.bus = bus;
    this.directory = directory;
    this.#options = options;
    this.client = new APIGateway({ ...bus.clientConfig(), maxAttempts: 1 });
  }

  /** A virtual clock at noon of 1 March 2026 unless told. */
  static async start(storage: "memory" | "disk" = "memory", more: BusbarOptions = {}) {
    const directory = storage === "disk" ? await mkdtemp(join(tmpdir(), "busbar-test-")) : undefined;
    const options: BusbarOptions = {
      clock: "virtual",
      startTime,
      seed: "apigateway",
      ...(directory === undefined ? {} : { dataDir: directory }),
      ...more,
    };
    return new ApiGatewayEnvironment(await createBusbar(options), directory, options);
  }

  async stop(): Promise<void> {
    this.client.destroy();
    await this.bus.close();
    if (this.directory !== undefined) await rm(this.directory, { recursive: true, force: true });
  }

  /** Ends the process's emulator and starts another one on the same directory. */
  async restart(): Promise<void> {
    this.client.destroy();
    await this.bus.close();
    this.bus = await createBusbar(this.#options);
    this.client = new APIGateway({ ...this.bus.clientConfig(), maxAttempts: 1 });
  }

  /** A new API's id and the id of its root resource. */
  async api(name = "test"): Promise<{ restApiId: string; root: string }> {
    const { id, rootResourceId } = await this.client.createRestApi({ name });
    return { restApiId: id as string, root: rootResourceId as string };
  }

  /** Creates the resources of a path and answers the last one's id. */
  async resource(restApiId: string, path: string): Promise<string> {
    const { items = [] } = await this.client.getResources({ restApiId, limit: 500 });
    const ids = new Map(items.map((item) => [item.path, item.id as string]));
    let parentId = ids.get("/") as string;
    let at = "";
    for (const pathPart of path.split("/").filter((part) => part !== "")) {
      at += `/${pathPart}`;
      parentId = ids.get(at) ?? ((await this.client.createResource({ restApiId, parentId, pathPart })).id as string);
    }
    return parentId;
  }

  /** A method with an integration, which is MOCK unless told. */
  async method(
    restApiId: string,
    httpMethod: string,
    path: string,
    integration: Partial<PutIntegrationCommandInput> = {},
  ): Promise<{ restApiId: string; resourceId: string; httpMethod: string }> {
    const resourceId = await this.resource(restApiId, path);
    const address = { restApiId, resourceId, httpMethod };
    await this.client.putMethod({ ...address, authorizationType: "NONE" });
    await this.client.putIntegration({ ...address, type: "MOCK", ...integration });
    return address;
  }

  /** An API with `GET /pets` that is deployed to a stage. */
  async deployed(stageName = "dev"): Promise<{ restApiId: string; deploymentId: string }> {
    const { restApiId } = await this.api();
    await this.method(restApiId, "GET", "/pets");
    const { id } = await this.client.createDeployment({ restApiId, stageName });
    return { restApiId, deploymentId: id as string };
  }
}

/** What a client's answer says, without what the SDK adds and without members that are not there. */
export function shown<Answer extends { $metadata: unknown }>(answer: Answer): Omit<Answer, "$metadata"> {
  const { $metadata: _metadata, ...rest } = answer;
  return JSON.parse(JSON.stringify(rest)) as Omit<Answer, "$metadata">;
}
