/**
 * Finds out which call a request is. The order never misfires: Smithy RPC v2, then `X-Amz-Target`, then a Query
 * `Action`, then REST routes; where several services would fit, the SigV4 scope and then the Host decide.
 */
import { QUEUE_PATH } from "./aws-query.ts";
import { credentialScope } from "./credential-scope.ts";
import { AwsError } from "./error.ts";
import { foreignCall, foreignService } from "./foreign.ts";
import { isForm, type Parameters, parametersOf, parseQuery } from "./form.ts";
import { isJsonOnly, misdirected } from "./front-end.ts";
import type { Claim, ErrorProtocol, Protocol, ProtocolName, Unclaimed, WireRequest } from "./protocol.ts";
import type { OperationModel, ServiceModel } from "./schema.ts";
import { compareTemplates, matchTemplate, parseTemplate, splitPath, type UriTemplate } from "./uri-template.ts";

type Protocols = Readonly<Record<ProtocolName, Protocol>>;
type JsonName = "awsJson1_0" | "awsJson1_1" | "awsCbor1_1";

interface Route {
  readonly template: UriTemplate;
  readonly claim: Claim;
}

interface Index {
  readonly protocols: Protocols;
  readonly services: readonly ServiceModel[];
  /** `X-Amz-Target` to the call, by the protocol it comes in. */
  readonly targets: ReadonlyMap<string, Readonly<Partial<Record<JsonName, Claim>>>>;
  readonly targetPrefixes: ReadonlyMap<string, ServiceModel>;
  /** `{service}/{operation}` of Smithy RPC v2. */
  readonly rpc: ReadonlyMap<string, Claim>;
  readonly actions: ReadonlyMap<string, readonly Claim[]>;
  /** Signing names of the services that have REST routes and no Query actions. */
  readonly restNames: ReadonlySet<string>;
  /** `{method} {first literal segment}`, most specific first. */
  readonly routes: ReadonlyMap<string, readonly Route[]>;
}

const indexes = new WeakMap<readonly ServiceModel[], Index>();

/**
 * The call a request is, or the error to answer it with and the protocol to say it in.
 * @param services the same array on each call: its index is built once.
 */
export function claim(
  request: WireRequest,
  services: readonly ServiceModel[],
  protocols: Protocols,
): Claim | Unclaimed {
  let index = indexes.get(services);
  if (index === undefined) {
    index = buildIndex(services, protocols);
    indexes.set(services, index);
  }
  const target = request.headers["x-amz-target"];
  const claimed =
    claimRpc(request, index, target !== undefined) ??
    (typeof target === "string" ? claimTarget(request, index, target) : undefined) ??
    (isForRestService(request, index) ? undefined : claimAction(request, index)) ??
    claimRoute(request, index) ??
    unknown(request, index);
  return "error" in claimed ? (claimForeign(request, index) ?? claimed) : claimed;
}

/** What is not ours may be a call of a service that Busbar does not have. */
function claimForeign(request: WireRequest, { services, protocols }: Index): Unclaimed | undefined {
  const service = foreignService(request, services);
  if (service === undefined) return undefined;
  const foreign = foreignCall(request, service, protocols);
  return { ...unclaimed(foreign.protocol, foreign.error, undefined), foreign };
}

function buildIndex(services: readonly ServiceModel[], protocols: Protocols): Index {
  const targets = new Map<string, Partial<Record<JsonName, Claim>>>();
  const targetPrefixes = new Map<string, ServiceModel>();
  const rpc = new Map<string, Claim>();
  const actions = new Map<string, Claim[]>();
  const routes = new Map<string, Route[]>();
  const restNames = new Set<string>();
  for (const service of services) {
    const speaks = (name: ProtocolName) => service.protocols.includes(name);
    if (speaks("restJson1") && !speaks("awsQuery")) for (const name of service.signingNames) restNames.add(name);
    if (service.targetPrefix !== undefined) targetPrefixes.set(service.targetPrefix, service);
    for (const operation of service.operations.values()) {
      const by = (name: ProtocolName): Claim => ({ service, operation, protocol: protocols[name] });
      if (service.targetPrefix !== undefined) {
        targets.set(`${service.targetPrefix}.${operation.name}`, {
          awsJson1_0: by("awsJson1_0"),
          awsJson1_1: by("awsJson1_1"),
          ...(speaks("awsCbor1_1") ? { awsCbor1_1: by("awsCbor1_1") } : {}),
        });
        if (speaks("rpcv2Cbor")) rpc.set(`${service.targetPrefix}/${operation.name}`, by("rpcv2Cbor"));
      }
      if (speaks("awsQuery")) append(actions, operation.name, by("awsQuery"));
      if (speaks("restJson1") && operation.http) addRoute(routes, operation.http, by("restJson1"));
    }
  }
  for (const list of routes.values()) list.sort((a, b) => compareTemplates(a.template, b.template));
  return { protocols, services, targets, targetPrefixes, rpc, actions, restNames, routes };
}

function addRoute(routes: Map<string, Route[]>, http: NonNullable<OperationModel["http"]>, call: Claim): void {
  const template = parseTemplate(http.uri);
  append(routes, `${http.method} ${template.segments[0]?.literal ?? "*"}`, { template, claim: call });
}

function append<Item>(lists: Map<string, Item[]>, key: string, item: Item): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}

/**
 * Whether no Query client can have sent this: what is signed for a service of REST routes alone, whose documents botocore
 * posts without a type, and Lambda's dated paths, to which curl posts events as forms.
 */
function isForRestService(request: WireRequest, { restNames }: Index): boolean {
  if (DATED_PATH.test(request.path)) return true;
  const signed = credentialScope(request)?.service;
  return signed !== undefined && restNames.has(signed);
}

/** Lambda's paths begin with the date of their operation. */
const DATED_PATH = /^\/20\d\d-\d\d-\d\d\//;

const RPC_PATH = /\/service\/([^/]+)\/operation\/([^/]+)$/;

function claimRpc(request: WireRequest, index: Index, hasTarget: boolean): Claim | Unclaimed | undefined {
  const declared = request.headers["smithy-protocol"];
  if (declared === undefined && (hasTarget || request.path.length < 20)) return undefined;
  const match = RPC_PATH.exec(request.path);
  const cbor = declared === "rpc-v2-cbor" || contentType(request).startsWith("application/cbor");
  if (declared === undefined && (match === null || !cbor)) return undefined;
  // The service may be named by its absolute shape id, with a dot where the `#` was.
  const service = match?.[1]?.slice(match[1].lastIndexOf(".") + 1);
  const call = match && cbor ? index.rpc.get(`${service}/${match[2]}`) : undefined;
  if (call !== undefined && !hasTarget && request.method === "POST") return call;
  const known = service === undefined ? undefined : index.targetPrefixes.get(service);
  return unclaimed(index.protocols.rpcv2Cbor, unknownOperation(hasTarget ? 400 : 404), known);
}

function claimTarget(request: WireRequest, index: Index, target: string): Claim | Unclaimed {
  const type = contentType(request);
  const name: JsonName | undefined = type.startsWith("application/x-amz-json-1.0")
    ? "awsJson1_0"
    : type.startsWith("application/x-amz-json-1.1")
      ? "awsJson1_1"
      : type.startsWith("application/x-amz-cbor-1.1")
        ? "awsCbor1_1"
        : undefined;
  const service = index.targetPrefixes.get(target.slice(0, Math.max(0, target.lastIndexOf("."))));
  if (service !== undefined && (name === undefined || request.method !== "POST")) return misdirected(request, service);
  const call = name === undefined ? undefined : index.targets.get(target)?.[name];
  if (call !== undefined) return call;
  const preferred = service?.protocols.includes("awsJson1_1") ? "awsJson1_1" : "awsJson1_0";
  return unclaimed(index.protocols[name ?? preferred], unknownOperation(400), service);
}

/** At a queue's own path there are no actions of the account. */
const ACCOUNT_ACTIONS = new Set(["CreateQueue", "ListQueues"]);

function claimAction(request: WireRequest, index: Index): Claim | Unclaimed | undefined {
  const { awsQuery } = index.protocols;
  const posted = request.method === "POST" && isForm(request);
  if (!posted && !request.query.includes("Action=")) {
    return request.method === "GET" && QUEUE_PATH.test(request.path) && queueService(index)
      ? unclaimed(awsQuery, unknownOperation(404), undefined)
      : undefined;
  }
  let parameters: Parameters;
  try {
    parameters = parametersOf(request);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return unclaimed(awsQuery, error, undefined);
  }
  const action = parameters.get("Action");
  if (action === undefined) {
    const guessed = guess(request, index);
    if (guessed !== undefined && isJsonOnly(guessed)) return undefined;
    if (!posted || (request.body.length === 0 && request.path !== "/")) return undefined;
    const message = "The request is missing an action or a required parameter";
    return unclaimed(awsQuery, AwsError.unmodeled({ name: "MissingAction", message }), guessed);
  }
  const version = parameters.get("Version");
  const calls = index.actions.get(action) ?? [];
  const call = chooseCall(request, calls, version);
  const misplaced =
    call?.service.queryCompatible === true && ACCOUNT_ACTIONS.has(action) && QUEUE_PATH.test(request.path);
  if (call !== undefined && !misplaced) return call;
  const guessed = guess(request, index);
  if (guessed !== undefined && isJsonOnly(guessed)) return undefined;
  const service = guessed ?? index.services.find((each) => each.xmlNamespace !== undefined && each.version === version);
  const message = service?.queryCompatible
    ? `The action ${action} is not valid for this endpoint.`
    : `Could not find operation ${action} for version ${version ?? service?.version ?? "NO_VERSION_SPECIFIED"}`;
  return unclaimed(awsQuery, AwsError.unmodeled({ name: "InvalidAction", message }), service);
}

/** Several services may know an action: the signature says whose it is, then the version, the path and the host. */
function chooseCall(request: WireRequest, calls: readonly Claim[], version: string | undefined): Claim | undefined {
  if (calls.length === 0) return undefined;
  const signed = credentialScope(request)?.service;
  if (signed !== undefined) {
    const own = calls.find(({ service }) => service.signingNames.includes(signed));
    return own ?? calls.find(({ service }) => service.version === version);
  }
  return (
    calls.find(({ service }) => service.version === version) ??
    (QUEUE_PATH.test(request.path) ? calls.find(({ service }) => service.queryCompatible) : undefined) ??
    byHost(request, calls) ??
    (version === undefined && calls.length === 1 ? calls[0] : undefined)
  );
}

function byHost(request: WireRequest, calls: readonly Claim[]): Claim | undefined {
  const label = hostLabel(request);
  return calls.find(({ service }) => service.hostPrefixes.includes(label));
}

function claimRoute(request: WireRequest, index: Index): Claim | undefined {
  const path = splitPath(request.path);
  const routes = [
    ...(index.routes.get(`${request.method} ${path[0] ?? ""}`) ?? []),
    ...(index.routes.get(`${request.method} *`) ?? []),
  ];
  if (routes.length === 0) return undefined;
  const calls = routes
    .filter(({ template }) => matchTemplate(template, path) !== undefined && hasQuery(template, request.query))
    .map((route) => route.claim);
  const signed = credentialScope(request)?.service;
  if (signed !== undefined) return calls.find(({ service }) => service.signingNames.includes(signed));
  return byHost(request, calls) ?? calls[0];
}

function hasQuery({ query }: UriTemplate, text: string): boolean {
  if (query.length === 0) return true;
  const present = new Map<string, string>();
  try {
    parseQuery(text, (name, value) => present.set(name, value));
  } catch {
    return false;
  }
  return query.every(([name, value]) => present.has(name) && (value === "" || present.get(name) === value));
}

/** Nothing fits: the front ends' own answer, in the form the client seems to speak. */
function unknown(request: WireRequest, index: Index): Unclaimed {
  const type = contentType(request);
  const { protocols } = index;
  const service = guess(request, index);
  if (service !== undefined && isJsonOnly(service) && !isCallBody(request, type)) return misdirected(request, service);
  if (type.startsWith("application/x-amz-json-1.1"))
    return unclaimed(protocols.awsJson1_1, unknownOperation(400), undefined);
  if (type.startsWith("application/x-amz-json"))
    return unclaimed(protocols.awsJson1_0, unknownOperation(400), undefined);
  if (type.startsWith("application/x-amz-cbor"))
    return unclaimed(protocols.awsCbor1_1, unknownOperation(400), undefined);
  const rest = service?.protocols.includes("restJson1") ? protocols.restJson1 : protocols.awsQuery;
  return unclaimed(rest, unknownOperation(404), service);
}

function isCallBody({ method }: WireRequest, type: string): boolean {
  return method === "POST" && /^application\/x-amz-(json|cbor)/.test(type);
}

/** The service a request is signed for or sent to. */
function guess(request: WireRequest, index: Index): ServiceModel | undefined {
  const signed = credentialScope(request)?.service;
  const label = hostLabel(request);
  return (
    (signed === undefined ? undefined : index.services.find(({ signingNames }) => signingNames.includes(signed))) ??
    index.services.find(({ hostPrefixes }) => hostPrefixes.includes(label)) ??
    (QUEUE_PATH.test(request.path) ? queueService(index) : undefined)
  );
}

function queueService(index: Index): ServiceModel | undefined {
  return index.services.find(({ queryCompatible }) => queryCompatible);
}

/** The first label of the host name: `sqs` of `sqs.eu-west-1.amazonaws.com`. */
function hostLabel(request: WireRequest): string {
  const host = request.headers["host"] ?? request.headers[":authority"];
  return typeof host === "string" ? (host.split(".", 1)[0] ?? "").toLowerCase() : "";
}

function contentType(request: WireRequest): string {
  const type = request.headers["content-type"];
  return typeof type === "string" ? type : "";
}

function unknownOperation(status: number): AwsError {
  return AwsError.unmodeled({ name: "UnknownOperationException", status });
}

function unclaimed(protocol: ErrorProtocol, error: AwsError, service: ServiceModel | undefined): Unclaimed {
  return { protocol, error, service };
}
