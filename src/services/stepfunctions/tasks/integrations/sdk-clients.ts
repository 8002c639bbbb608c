/**
 * Calls services that Busbar does not have through the AWS SDK v3 client that the user has installed: it knows how the service
 * is spoken to, signs, and tells modelled errors. The packages are looked for from the working directory.
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import { type OperationModel, type ServiceModel, type Shape, serviceModel } from "../../../../../protocols/schema.ts";
import { setOwn } from "../../../../../protocols/unknown-json.ts";
import { type Json, type JsonObject, writeJson } from "../../asl/json.ts";
import { type Destination, NoAnswer, Refused } from "./remote-call.ts";
import { clientPackage } from "./sdk-packages.ts";
import { type Dates, fromSdkOutput, javaName, toSdkInput } from "./sdk-values.ts";
import type { ServedError } from "./service-errors.ts";
import { clientNameOf } from "./service-names.ts";

interface Command {
  readonly middlewareStack: {
    add(middleware: (next: Handler) => Handler, options: { step: "build"; name: string }): void;
  };
}
type Handler = (args: { readonly request: { readonly headers: Record<string, string> } }) => Promise<unknown>;
type Sends = { send(command: object, options: { abortSignal: AbortSignal }): Promise<Record<string, unknown>> };
type Client = new (options: object) => Sends & { readonly config: { readonly serviceId?: string } };

/** A service's client, as it is installed. */
interface Loaded {
  readonly model: ServiceModel;
  readonly exports: Readonly<Record<string, unknown>>;
  readonly Client: Client;
  /** Name of the client in the SDK for Java v2. */
  readonly clientName: string;
}

const timeoutMs = 60_000;
/** Of a body that comes as a stream; more could be no state's output. */
const maxStreamBytes = 6 * 1024 * 1024;
/** Clients kept for the next call of the same service, account and region. */
const mostClients = 100;

export class SdkClients {
  readonly #loaded = new Map<string, Loaded | undefined>();
  readonly #clients = new Map<string, Sends>();

  /** The operations of a service whose client is installed; undefined when it is not, or is from before it had schemas. */
  model(service: string): ServiceModel | undefined {
    return this.#load(service)?.model;
  }

  /** The name of an installed client in the SDK for Java v2. */
  clientName(service: string): string | undefined {
    return this.#load(service)?.clientName;
  }

  /** The operation's answer in Step Functions' JSON. @throws NoAnswer, Refused */
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
      const served = servedError(error as SdkError, model, to.requestId);
      throw served === undefined ? new NoAnswer((error as Error).message) : new Refused(served);
    }
  }

  #load(service: string): Loaded | undefined {
    if (!this.#loaded.has(service)) this.#loaded.set(service, this.#read(service));
    return this.#loaded.get(service);
  }

  #read(service: string): Loaded | undefined {
    let exports: Record<string, unknown>;
    try {
      // Any file of the working directory would do: what counts is where the search begins.
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
    const Client = exports[name] as Client;
    const { serviceId = service } = new Client({ region: "us-east-1" }).config;
    return { model, exports, Client, clientName: clientNameOf(serviceId) };
  }

  #client({ service, endpoint, account, region }: Destination): Sends {
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
    if (this.#clients.size >= mostClients) this.#clients.clear();
    this.#clients.set(key, client);
    return client;
  }
}

/** Parameters as the client takes them. A body that is streamed is JSON text, as Step Functions sends it. */
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

/** An answer in Step Functions' JSON; a body that was streamed comes last. */
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

/** The error the service answered with; undefined when it did not answer, or nothing the client understands. */
function servedError(error: SdkError, model: ServiceModel, otherId: string): ServedError | undefined {
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
