/**
 * Calls services that Busbar does not have through the AWS SDK v3 clients that the user has installed, which know the
 * service's protocol, sign, and recognize modelled errors. Packages are resolved from the working directory.
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import { type OperationModel, type ServiceModel, type Shape, serviceModel } from "../../../../../protocols/schema.ts";
import { setOwn } from "../../../../../protocols/unknown-json.ts";
import { type Json, type JsonObject, writeJson } from "../../asl/json.ts";
import { type Destination, ErrorResponse, NoResponse } from "./remote-call.ts";
import { clientPackage } from "./sdk-packages.ts";
import { type Dates, fromSdkOutput, javaName, toSdkInput } from "./sdk-values.ts";
import type { ServiceError } from "./service-errors.ts";
import { clientNameOf } from "./service-names.ts";

interface Command {
  readonly middlewareStack: {
    add(middleware: (next: Handler) => Handler, options: { step: "build"; name: string }): void;
  };
}
type Handler = (args: { readonly request: { readonly headers: Record<string, string> } }) => Promise<unknown>;
type SdkClient = { send(command: object, options: { abortSignal: AbortSignal }): Promise<Record<string, unknown>> };
type SdkClientClass = new (options: object) => SdkClient & { readonly config: { readonly serviceId?: string } };

/** A service's installed client. */
interface Loaded {
  readonly model: ServiceModel;
  readonly exports: Readonly<Record<string, unknown>>;
  readonly Client: SdkClientClass;
  /** Name of the client in the SDK for Java v2. */
  readonly clientName: string;
}

const timeoutMs = 60_000;
/** Most bytes of a streamed body: a larger one could not be the output of a state. */
const maxStreamBytes = 6 * 1024 * 1024;
/** How many clients are kept for further calls of the same service, account and region. */
const maxClients = 100;

export class SdkClients {
  readonly #loaded = new Map<string, Loaded | undefined>();
  readonly #clients = new Map<string, SdkClient>();

  /** The model of a service; undefined if its client is not installed, or is so old that it has no schemas. */
  model(service: string): ServiceModel | undefined {
    return this.#load(service)?.model;
  }

  /** The name that an installed client has in the SDK for Java v2. */
  clientName(service: string): string | undefined {
    return this.#load(service)?.clientName;
  }

  /** Calls an operation; returns its output in Step Functions' JSON. @throws NoResponse, ErrorResponse */
  async call(operation: OperationModel, parameters: JsonObject, to: Destination, dates: Dates): Promise<JsonObject> {
    const { exports, model } = this.#load(operation.service.name) as Loaded;
    const Command = exports[`${operation.name}Command`] as new (input: object) => Command;
    try {
      const command = new Command(inputOf(operation.input, parameters));
      command.middlewareStack.add(
        (next) => (args) => {
          args.request.headers["X-Amzn-Trace-Id"] = to.trace;
          return next(args);
        },
        { step: "build", name: "trace" },
      );
      const output = await this.#client(to).send(command, { abortSignal: to.signal });
      return await jsonOf(operation.output, output, dates);
    } catch (error) {
      const serviceError = serviceErrorOf(error as SdkError, model, to.requestId);
      throw serviceError === undefined ? new NoResponse((error as Error).message) : new ErrorResponse(serviceError);
    }
  }

  #load(service: string): Loaded | undefined {
    if (!this.#loaded.has(service)) this.#loaded.set(service, this.#read(service));
    return this.#loaded.get(service);
  }

  #read(service: string): Loaded | undefined {
    let exports: Record<string, unknown>;
    try {
      // The file need not exist: only its directory matters.
      const require = createRequire(join(process.cwd(), "package.json"));
      exports = require(clientPackage(service)) as Record<string, unknown>;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "MODULE_NOT_FOUND") return undefined;
      throw error;
    }
    const name = Object.keys(exports).find((one) => /^[A-Z]\w*Client$/.test(one));
    const declared = { signingNames: [], hostPrefixes: [], version: "", protocols: [], constraints: {} };
    const model = serviceModel({ ...declared, name: service, schemas: exports });
    if (name === undefined || model.operations.size === 0) return undefined;
    const Client = exports[name] as SdkClientClass;
    const { serviceId = service } = new Client({ region: "us-east-1" }).config;
    return { model, exports, Client, clientName: clientNameOf(serviceId) };
  }

  #client({ service, endpoint, account, region }: Destination): SdkClient {
    const key = `${service} ${account} ${region}`;
    const known = this.#clients.get(key);
    if (known !== undefined) return known;
    const { Client } = this.#load(service) as Loaded;
    const client = new Client({
      endpoint,
      region,
      credentials: { accessKeyId: account, secretAccessKey: "busbar" },
      disableHostPrefix: true,
      forcePathStyle: true,
      retryMode: "standard",
      maxAttempts: 3,
      useDualstackEndpoint: false,
      useFipsEndpoint: false,
      requestHandler: { requestTimeout: timeoutMs, throwOnRequestTimeout: true },
    });
    if (this.#clients.size >= maxClients) this.#clients.clear();
    this.#clients.set(key, client);
    return client;
  }
}

/** Parameters for the client. Step Functions sends a streamed body as JSON text. */
function inputOf(shape: Shape, parameters: JsonObject): Record<string, unknown> {
  const input = toSdkInput(shape, parameters, [], (bytes) => bytes);
  for (const [name, member] of shape.isStructSchema() ? shape.structIterator() : []) {
    const given = parameters[javaName(name)] ?? null;
    if (!member.isStreaming() || given === null) continue;
    input[name] = Buffer.from(writeJson(given));
    if (shape.getMemberSchemas()["ContentType"] !== undefined) input["ContentType"] ??= "text/plain; charset=UTF-8";
  }
  return input;
}

/** An output in Step Functions' JSON; a streamed body is its last member. */
async function jsonOf(shape: Shape, output: Record<string, unknown>, dates: Dates): Promise<JsonObject> {
  const read = { ...output };
  const streamed: JsonObject = {};
  for (const [name, member] of shape.isStructSchema() ? shape.structIterator() : []) {
    const body = output[name] ?? undefined;
    if (!member.isStreaming() || body === undefined) continue;
    delete read[name];
    setOwn(streamed, javaName(name), await textOfStream(body as AsyncIterable<Uint8Array>));
  }
  return { ...(fromSdkOutput(shape, read, dates) as JsonObject), ...streamed };
}

async function textOfStream(body: AsyncIterable<Uint8Array>): Promise<Json> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > maxStreamBytes) break;
  }
  return Buffer.concat(chunks).toString("utf8");
}

interface SdkError extends Error {
  readonly $metadata?: {
    readonly httpStatusCode?: number;
    readonly requestId?: string;
    readonly extendedRequestId?: string;
    readonly attempts?: number;
  };
}

/** The error in the service's response; undefined if there is no response, or none that the client understands. */
function serviceErrorOf(error: SdkError, model: ServiceModel, otherId: string): ServiceError | undefined {
  const { name, message, $metadata } = error;
  const { httpStatusCode: status, requestId = otherId, extendedRequestId, attempts } = $metadata ?? {};
  if (status === undefined || status < 300) return undefined;
  return {
    name,
    modelled: model.errors.has(name),
    code: name,
    message,
    status,
    requestId,
    extendedRequestId,
    attempts,
  };
}
