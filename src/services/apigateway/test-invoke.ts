/** TestInvokeMethod: a method as it is now, without a deployment. */
import { TestInvokeMethod$, type TestInvokeMethodCommand } from "@aws-sdk/client-api-gateway";
import { operation } from "./apigateway.ts";
import { notFound } from "./errors.ts";
import type { TestInvocation } from "./execution-port.ts";
import { integrationOf } from "./integrations.ts";
import type { SnapshotResource } from "./snapshot.ts";

export const testInvokeMethod = operation<TestInvokeMethodCommand>(TestInvokeMethod$, async (input, context) => {
  const { service } = context;
  const row = service.resource(context, input.restApiId, input.resourceId);
  const snapshot = service.currentSnapshot(service.api(context, row.apiId));
  const resource = snapshot.resources.find(({ id }) => id === row.id) as SnapshotResource;
  const httpMethod = input.httpMethod as string;
  const own = Object.hasOwn(resource.methods, httpMethod) ? resource.methods[httpMethod] : resource.methods["ANY"];
  if (own === undefined) throw notFound("Invalid Method identifier specified");
  integrationOf(own);
  const { restApiId: _restApiId, resourceId: _resourceId, ...request } = input;
  const test: TestInvocation = { ...request, snapshot, resource, method: own, httpMethod };
  const result = await service.executor.testInvokeMethod(test, context.invocation);
  const lists = Object.entries(result.multiValueHeaders).map(([name, values]) => [name, [...values]] as const);
  return { ...result, multiValueHeaders: Object.fromEntries(lists) };
});
