/**
 * TestInvokeMethod and TestInvokeAuthorizer: they run an API as it is now, without API keys and throttles, and methods
 * without authorizers.
 */

import { text } from "node:stream/consumers";
import { ExecutionLog } from "../../../apis/execution-log.ts";
import { extendedId, rootTrace } from "../../../apis/request-context.ts";
import type { Random } from "../../../engine/random.ts";
import type { Texts } from "../definitions.ts";
import type {
  TestAuthorization,
  TestAuthorizationResult,
  TestInvocation,
  TestInvocationResult,
} from "../execution-port.ts";
import type { ApiSnapshot } from "../snapshot.ts";
import { LambdaAuthorizer } from "./authorizers.ts";
import type { ExecutionDeps } from "./backend.ts";
import { RestCall } from "./call.ts";
import { ClientRequest } from "./client-request.ts";
import { DeployedApi, DeployedMethod } from "./deployed-api.ts";
import { logEnd, logStart } from "./execution-log-lines.ts";
import { GatewayError, missingToken } from "./gateway-error.ts";
import type { Outcome } from "./outcome.ts";
import { Router } from "./router.ts";
import { CognitoAuthorizer } from "./user-pools.ts";
import { validate } from "./validation.ts";

const stageName = "test-invoke-stage";
const testedBy = "test-invoke";

interface TestRequest {
  readonly snapshot: ApiSnapshot;
  readonly httpMethod: string;
  readonly pathWithQueryString?: string | undefined;
  readonly body?: string | undefined;
  readonly headers?: Texts | undefined;
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[]>> | undefined;
  readonly stageVariables?: Texts | undefined;
}

function testCall(test: TestRequest, fallbackPath: string, deps: ExecutionDeps, random: Random): RestCall {
  const [path = "/", ...query] = (test.pathWithQueryString || fallbackPath).split("?");
  const rawHeaders: string[] = [];
  const headers: Record<string, string[]> = Object.create(null);
  const add = (name: string, value: string) => {
    rawHeaders.push(name, value);
    const key = name.toLowerCase();
    headers[key] = [...(headers[key] ?? []), value];
  };
  for (const [name, values] of Object.entries(test.multiValueHeaders ?? {}))
    for (const value of values) add(name, value);
  for (const [name, value] of Object.entries(test.headers ?? {})) {
    if (headers[name.toLowerCase()] === undefined) add(name, value);
  }
  const request = new ClientRequest({
    method: test.httpMethod,
    query: query.join("?"),
    rawHeaders,
    headers,
    sourceIp: `${testedBy}-source-ip`,
    protocol: "HTTP/1.1",
    scheme: "https",
  });
  request.body = Buffer.from(test.body ?? "");
  const nowMs = deps.clock.now();
  const { apiId, region } = test.snapshot;
  const call = new RestCall(
    {
      api: new DeployedApi(test.snapshot, deps),
      stageName,
      deploymentId: "",
      variables: test.stageVariables ?? {},
      isCanary: undefined,
      address: {
        domainName: `${apiId}.execute-api.${region}.amazonaws.com`,
        domainPrefix: apiId,
        basePath: "",
        stage: undefined,
      },
    },
    { requestId: random.uuid(), extendedId: extendedId(random), trace: rootTrace(nowMs, random), receivedMs: nowMs },
    request,
    path.startsWith("/") ? path : `/${path}`,
    test.httpMethod,
  );
  call.log = new ExecutionLog(call.ids.requestId, () => deps.clock.now(), { full: true, tested: true });
  return call;
}

export async function testMethod(
  test: TestInvocation,
  deps: ExecutionDeps,
  random: Random,
): Promise<TestInvocationResult> {
  const call = testCall(test, test.resource.path, deps, random);
  const { api } = call.place;
  const log = call.log as ExecutionLog;
  const method = new DeployedMethod(api, test.resource, test.method, deps);
  const { account } = test.snapshot;
  const userArn = `arn:aws:iam::${account}:user/busbar`;
  call.identity = { accessKey: `${testedBy}-access-key`, accountId: account, caller: account, user: account, userArn };
  call.apiKey = { id: `${testedBy}-api-key-id`, value: `${testedBy}-api-key` };
  call.method = method;
  let outcome: Outcome;
  try {
    const router = new Router<DeployedMethod>();
    router.add(test.resource.path, test.httpMethod, method);
    const match = router.find(call.path, test.httpMethod);
    if (match === undefined) throw missingToken();
    call.pathParameters = match.parameters;
    logStart(log, call);
    await validate(call, method);
    outcome = await method.integration.run(call);
    if (outcome.stream !== undefined) outcome = { ...outcome, body: await text(outcome.stream) };
    if (method.integration.isTraced) outcome.headers.unshift("X-Amzn-Trace-Id", call.ids.trace);
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    call.error = error;
    const { status, headers, body } = api.gatewayResponses.answer(error, call);
    outcome = { status, headers: headers.filter((_, at) => headers[at - (at % 2)] !== "Content-Type"), body };
  }
  logEnd(log, outcome, call.error);
  const multi: Record<string, string[]> = Object.create(null);
  for (let at = 0; at + 1 < outcome.headers.length; at += 2) {
    const name = outcome.headers[at] as string;
    multi[name] = [...(multi[name] ?? []), outcome.headers[at + 1] as string];
  }
  return {
    status: outcome.status,
    body: typeof outcome.body === "string" ? outcome.body : outcome.body.toString(),
    headers: Object.fromEntries(Object.entries(multi).map(([name, values]) => [name, values.at(-1) as string])),
    multiValueHeaders: multi,
    log: log.text(),
    latency: deps.clock.now() - call.ids.receivedMs,
  };
}

export async function testAuthorizer(
  test: TestAuthorization,
  deps: ExecutionDeps,
  random: Random,
): Promise<TestAuthorizationResult> {
  const call = testCall({ ...test, httpMethod: "GET" }, "/", deps, random);
  const log = call.log as ExecutionLog;
  const definition = test.snapshot.authorizers[test.authorizerId];
  const latency = () => deps.clock.now() - call.ids.receivedMs;
  log.line(`Starting authorizer: ${test.authorizerId}`);
  try {
    if (definition?.type === "COGNITO_USER_POOLS") {
      const claims = await new CognitoAuthorizer(definition, deps).claims(call, []);
      log.line("Successfully completed authorizer execution");
      return { clientStatus: 0, log: log.text(), latency: latency(), claims };
    }
    if (definition === undefined) throw missingToken();
    const authorizer = new LambdaAuthorizer(definition, deps);
    const identity = authorizer.identity(call);
    log.line(`Incoming identity: ${identity.map(masked).join(", ")}`);
    const { principalId, document, context } = await authorizer.ask(call, identity);
    log.line("Using valid authorizer policy for principal: ******");
    log.line("Successfully completed authorizer execution");
    return {
      clientStatus: 0,
      log: log.text(),
      latency: latency(),
      principalId,
      policy: JSON.stringify(document),
      authorization: Object.fromEntries(Object.entries(context).map(([name, value]) => [name, [value]])),
    };
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    log.line(error.log ?? error.message);
    return { clientStatus: error.status, log: log.text(), latency: latency() };
  }
}

/** A secret with all but its last four characters masked. */
function masked(text: string): string {
  const hidden = text.length > 4 ? text.length - 4 : text.length;
  return "*".repeat(hidden) + text.slice(hidden);
}
