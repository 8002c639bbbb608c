/**
 * Calls of AWS services that an API makes for its client: through the dispatcher, answered as the service would on the
 * wire.
 */
import { protocols } from "../../protocols/all.ts";
import { AwsError } from "../../protocols/error.ts";
import type { OperationCodec, Protocol } from "../../protocols/protocol.ts";
import type { OperationModel } from "../../protocols/schema.ts";
import type { Invocation } from "../calls/invocation.ts";
import type { ServiceDependencies } from "../calls/service.ts";

export interface ServiceCall {
  /** The dispatcher's name for it: `sqs`, `stepfunctions`. */
  readonly service: string;
  readonly operation: string;
  /** JSON of the SDK's members. */
  readonly input: object;
  readonly invocation: Invocation;
  /** Whether a service that still speaks Query answers in XML. */
  readonly isXml: boolean;
  readonly requestId: string;
}

export interface ServiceAnswer {
  readonly status: number;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly body: string;
}

const codecs = new WeakMap<OperationModel, Map<Protocol, OperationCodec>>();

/** The service's answer or error, with its own status and body. */
export async function callService(
  { call, models }: Pick<ServiceDependencies, "call" | "models">,
  { service, operation, input, invocation, isXml, requestId }: ServiceCall,
): Promise<ServiceAnswer> {
  const model = models.get(service);
  const shape = model?.operations.get(operation);
  const name = model?.protocols.find((one) => (one === "awsQuery") === isXml) ?? model?.protocols[0] ?? "awsJson1_1";
  const protocol = protocols[name];
  try {
    const output = await call(service, operation, input, invocation, "json");
    if (shape === undefined) return { status: 200, headers: jsonType, body: JSON.stringify(output) };
    const { status, headers, body } = codecOf(shape, protocol).encode(output, requestId, noRequest);
    return { status, headers: typeOf(headers), body: textOfBody(body) };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const { status, headers, body } = protocol.encodeError(error, requestId, model, noRequest);
    return { status, headers: typeOf(headers), body: textOfBody(body) };
  }
}

const jsonType = ["Content-Type", "application/json"];
/** Encoders read little of the request, and nothing that matters for a call of ours. */
const noRequest = { method: "POST", path: "/", query: "", headers: {}, body: Buffer.alloc(0) };

function codecOf(shape: OperationModel, protocol: Protocol): OperationCodec {
  let known = codecs.get(shape);
  if (known === undefined) codecs.set(shape, (known = new Map()));
  let codec = known.get(protocol);
  if (codec === undefined) known.set(protocol, (codec = protocol.compile(shape)));
  return codec;
}

function typeOf(headers: Readonly<Record<string, string>>): readonly string[] {
  const name = Object.keys(headers).find((one) => one.toLowerCase() === "content-type");
  return name === undefined ? jsonType : ["Content-Type", headers[name] as string];
}

function textOfBody(body: unknown): string {
  if (typeof body === "string") return body;
  return body instanceof Uint8Array ? Buffer.from(body).toString() : "";
}
