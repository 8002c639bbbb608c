/** Calls of services of AWS that Busbar does not have: whose each is, and the form in which it is answered. */
import { awsServices } from "./aws-services.ts";
import { credentialScope } from "./credential-scope.ts";
import { AwsError } from "./error.ts";
import { type ErrorForm, errorForms } from "./foreign-errors.ts";
import { isForm, parametersOf } from "./form.ts";
import type { ErrorProtocol, Protocol, ProtocolName, WireRequest } from "./protocol.ts";
import { s3Operation } from "./s3-operation.ts";
import type { ServiceModel } from "./schema.ts";

export interface ForeignService {
  /** As Step Functions names it in `aws-sdk:<service>`, and people in `--endpoint`: `secretsmanager`. */
  readonly name: string;
  /** `SECRETS_MANAGER` of `AWS_ENDPOINT_URL_SECRETS_MANAGER`. */
  readonly variable: string;
  readonly signingName: string;
  /** `s3`, `ec2`, `query`, `rest-xml`, `rest-json`, `json-1.0` or `json-1.1`; undefined when nobody knows the service. */
  readonly protocol: string | undefined;
}

export interface ForeignCall {
  readonly service: ForeignService;
  /** Where the request tells it without a model. */
  readonly operation: string | undefined;
  readonly protocol: ErrorProtocol;
  readonly error: AwsError;
}

interface Names {
  readonly byTarget: ReadonlyMap<string, ForeignService>;
  /** The first of those that share one. */
  readonly bySigningName: ReadonlyMap<string, ForeignService>;
  readonly byHost: ReadonlyMap<string, ForeignService>;
}

let known: Names | undefined;

/** Parsed when the first such call comes: who has none does without it. */
function names(): Names {
  if (known !== undefined) return known;
  const [byTarget, bySigningName, byHost] = [new Map(), new Map(), new Map()];
  for (const line of awsServices.trim().split("\n")) {
    const [variable, protocol, signingName, host, target] = line.split(" ") as [
      string,
      string,
      string,
      string,
      string?,
    ];
    const name = variable
      .toLowerCase()
      .replaceAll("_", "")
      .replace(/(?<=.)service$/, "");
    const service: ForeignService = { name, variable, signingName, protocol };
    if (target !== undefined) byTarget.set(target, service);
    if (!bySigningName.has(signingName)) bySigningName.set(signingName, service);
    const label = host === "=" ? signingName : host;
    if (!byHost.has(label)) byHost.set(label, service);
  }
  known = { byTarget, bySigningName, byHost };
  return known;
}

const RPC_PATH = /\/service\/([^/]+)\/operation\/([^/]+)$/;

/**
 * The service a request is for, when it is none of ours: told by its target, its signature or its host, so that it can be
 * asked before there is a body. Undefined when it is one of ours, or nobody's.
 */
export function foreignService(request: WireRequest, ours: readonly ServiceModel[]): ForeignService | undefined {
  const isOurs = (signingName: string) => ours.some(({ signingNames }) => signingNames.includes(signingName));
  const { byTarget, bySigningName } = names();
  const named = byTarget.get(targetOf(request)?.prefix ?? "");
  if (named !== undefined) return isOurs(named.signingName) ? undefined : named;
  const signed = credentialScope(request)?.service;
  if (signed === undefined) return serviceOfHost(request, isOurs);
  if (isOurs(signed)) return undefined;
  return bySigningName.get(signed) ?? unknownService(signed);
}

/** The answer to a call of a service that Busbar does not have, in the service's own form. */
export function foreignCall(
  request: WireRequest,
  service: ForeignService,
  protocols: Readonly<Record<ProtocolName, Protocol>>,
): ForeignCall {
  const operation = operationOf(request, service);
  const form = formOf(request, service);
  const asked = operation === undefined ? "" : ` It was asked for ${operation}.`;
  const error = AwsError.unmodeled({
    name: "NotImplemented",
    status: 501,
    fault: "server",
    message: `Busbar has no ${service.name}. Set AWS_ENDPOINT_URL_${service.variable}, or start Busbar with --endpoint ${service.name}=<url> and it passes these calls on.${asked}`,
  });
  const protocol = Object.hasOwn(errorForms, form) ? errorForms[form as ErrorForm] : protocols[form as ProtocolName];
  return { service, operation, error, protocol };
}

function targetOf(request: WireRequest): { readonly prefix: string; readonly operation: string } | undefined {
  const target = request.headers["x-amz-target"];
  if (typeof target === "string") {
    const dot = target.lastIndexOf(".");
    return { prefix: target.slice(0, Math.max(0, dot)), operation: target.slice(dot + 1) };
  }
  const [, service = "", operation = ""] = RPC_PATH.exec(request.path) ?? [];
  return operation === "" ? undefined : { prefix: service.slice(service.lastIndexOf(".") + 1), operation };
}

/** Names under which clients reach AWS, or what stands for it; in others a label says nothing of a service. */
const HOST = /^(.+)\.(?:amazonaws\.com(?:\.cn)?|localhost\.localstack\.cloud|localhost)$/;

function serviceOfHost(request: WireRequest, isOurs: (name: string) => boolean): ForeignService | undefined {
  const host = request.headers["host"] ?? request.headers[":authority"];
  if (typeof host !== "string") return undefined;
  const labels = HOST.exec(host.toLowerCase().replace(/:\d+$/, ""))?.[1]?.split(".") ?? [];
  // A bucket or an API stands before the service, a region after it.
  for (const label of labels.reverse()) {
    if (isOurs(label)) return undefined;
    const service = names().byHost.get(label);
    if (service !== undefined) return isOurs(service.signingName) ? undefined : service;
  }
  return undefined;
}

/** One AWS has made since, or nobody's: its own name is all there is to it. */
function unknownService(signingName: string): ForeignService | undefined {
  if (!/^[a-zA-Z0-9-]{1,64}$/.test(signingName)) return undefined;
  const variable = signingName.toUpperCase().replaceAll("-", "_");
  return { name: signingName.toLowerCase(), variable, signingName, protocol: undefined };
}

function operationOf(request: WireRequest, { protocol }: ForeignService): string | undefined {
  const name =
    targetOf(request)?.operation ?? actionOf(request) ?? (protocol === "s3" ? s3Operation(request) : undefined);
  return name !== undefined && /^\w{1,128}$/.test(name) ? name : undefined;
}

function actionOf(request: WireRequest): string | undefined {
  if (!request.query.includes("Action=") && !(request.method === "POST" && isForm(request))) return undefined;
  try {
    return parametersOf(request).get("Action");
  } catch {
    return undefined;
  }
}

/** A service of RPC is answered as it is spoken to, since most speak several protocols; the others have one. */
function formOf(request: WireRequest, { protocol }: ForeignService): ErrorForm | ProtocolName {
  const type = String(request.headers["content-type"] ?? "");
  if (protocol === "s3" || protocol === "ec2") return protocol;
  if (protocol === "rest-xml") return "restXml";
  if (protocol === "rest-json") return "restJson1";
  if (request.headers["smithy-protocol"] === "rpc-v2-cbor") return "rpcv2Cbor";
  if (type.startsWith("application/x-amz-cbor-1.1")) return "awsCbor1_1";
  if (type.startsWith("application/x-amz-json-1.1")) return "awsJson1_1";
  if (type.startsWith("application/x-amz-json")) return "awsJson1_0";
  if (protocol === "query" || actionOf(request) !== undefined) return "awsQuery";
  return protocol === "json-1.1" ? "awsJson1_1" : protocol === "json-1.0" ? "awsJson1_0" : "restJson1";
}
