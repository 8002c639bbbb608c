/** Capacity providers, which have no instances here, and whole resource policies. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { functionArn, LambdaEnvironment } from "../../support/lambda.ts";
import { refused } from "../../support/refusal.ts";

const handler = "export const handler = async () => 1;";
const provider = {
  VpcConfig: { SubnetIds: ["subnet-0123456789abcdef0"], SecurityGroupIds: ["sg-0123456789abcdef0"] },
  PermissionsConfig: { CapacityProviderOperatorRoleArn: "arn:aws:iam::000000000000:role/operator" },
};

describe("capacity and policies", () => {
  let env: LambdaEnvironment;
  beforeAll(async () => {
    env = await LambdaEnvironment.start();
  });
  afterAll(() => env.stop());

  it("keep capacity providers as they are described", async () => {
    const { lambda } = env;
    const made = await lambda.createCapacityProvider({ CapacityProviderName: "fast", ...provider, Tags: { a: "b" } });
    const arn = "arn:aws:lambda:us-east-1:000000000000:capacity-provider:fast";
    expect(made.CapacityProvider).toMatchObject({ CapacityProviderArn: arn, State: "Pending", ...provider });
    expect((await lambda.getCapacityProvider({ CapacityProviderName: arn })).CapacityProvider).toMatchObject({
      State: "Active",
      CapacityProviderScalingConfig: { ScalingMode: "Auto" },
    });
    expect((await lambda.listTags({ Resource: arn })).Tags).toEqual({ a: "b" });
    const { CapacityProvider } = await lambda.updateCapacityProvider({
      CapacityProviderName: "fast",
      CapacityProviderScalingConfig: { MaxVCpuCount: 12 },
    });
    expect(CapacityProvider?.CapacityProviderScalingConfig).toMatchObject({ MaxVCpuCount: 12, ScalingMode: "Auto" });
    await lambda.createCapacityProvider({ CapacityProviderName: "slow", ...provider });
    const first = await lambda.listCapacityProviders({ MaxItems: 1 });
    const second = await lambda.listCapacityProviders({ MaxItems: 1, Marker: first.NextMarker });
    const names = [first, second].map(({ CapacityProviders }) => CapacityProviders?.[0]?.CapacityProviderArn);
    expect(names).toEqual([arn, arn.replace("fast", "slow")]);
    expect((await lambda.listCapacityProviders({ State: "Failed" })).CapacityProviders).toEqual([]);
    expect(
      (await lambda.listFunctionVersionsByCapacityProvider({ CapacityProviderName: "fast" })).FunctionVersions,
    ).toEqual([]);
    const again = lambda.createCapacityProvider({ CapacityProviderName: "fast", ...provider });
    expect(await refused(again)).toMatchObject({ name: "ResourceConflictException", status: 409 });
    await lambda.deleteCapacityProvider({ CapacityProviderName: "fast" });
    expect(await refused(lambda.getCapacityProvider({ CapacityProviderName: "fast" }))).toMatchObject({
      name: "ResourceNotFoundException",
      status: 404,
    });
    const small = lambda.updateCapacityProvider({
      CapacityProviderName: "slow",
      CapacityProviderScalingConfig: { MaxVCpuCount: 1 },
    });
    expect((await refused(small)).message).toMatch(/'capacityProviderScalingConfig\.maxVCpuCount' failed to satisfy/);
  });

  it("refuse what is not supported instead of ignoring it", async () => {
    const { FunctionName } = await env.create(handler);
    const CapacityProviderConfig = {
      LambdaManagedInstancesCapacityProviderConfig: {
        CapacityProviderArn: "arn:aws:lambda:us-east-1:000000000000:capacity-provider:slow",
      },
    };
    expect((await refused(env.create(handler, { CapacityProviderConfig }))).message).toMatch(
      /no instances of a capacity provider/,
    );
    await env.lambda.publishVersion({ FunctionName });
    const asked = { FunctionName, Qualifier: "1" };
    const put = env.lambda.putFunctionScalingConfig({
      ...asked,
      FunctionScalingConfig: { MaxExecutionEnvironments: 3 },
    });
    expect((await refused(put)).message).toMatch(/^A function scaling configuration is for versions of functions on/);
    expect((await env.lambda.getFunctionScalingConfig(asked)).FunctionArn).toBe(`${functionArn(FunctionName)}:1`);
    const nobody = env.lambda.getFunctionScalingConfig({ FunctionName: "nobody", Qualifier: "1" });
    expect((await refused(nobody)).status).toBe(404);
  });

  it("put, get and delete the policy that AddPermission writes", async () => {
    const { lambda } = env;
    const { FunctionName } = await env.create(handler);
    const ResourceArn = functionArn(FunctionName);
    expect(await refused(lambda.getResourcePolicy({ ResourceArn }))).toMatchObject({ status: 404 });
    const permission = {
      FunctionName,
      StatementId: "a",
      Action: "lambda:InvokeFunction",
      Principal: "sns.amazonaws.com",
    };
    await lambda.addPermission(permission);
    const before = await lambda.getResourcePolicy({ ResourceArn });
    expect(JSON.parse(before.Policy ?? "").Statement).toHaveLength(1);
    const Policy = JSON.stringify({
      Version: "2012-10-17",
      Statement: {
        Sid: "mine",
        Effect: "Allow",
        Principal: { AWS: "111122223333" },
        Action: "lambda:InvokeFunction",
        Resource: ResourceArn,
      },
    });
    const stale = lambda.putResourcePolicy({ ResourceArn, Policy, RevisionId: "00000000-0000-4000-8000-000000000000" });
    expect(await refused(stale)).toMatchObject({ name: "PreconditionFailedException", status: 412 });
    const { RevisionId } = await lambda.putResourcePolicy({ ResourceArn, Policy, RevisionId: before.RevisionId });
    const shown = await lambda.getPolicy({ FunctionName });
    expect(shown.RevisionId).toBe(RevisionId);
    expect(JSON.parse(shown.Policy ?? "").Statement).toEqual([
      expect.objectContaining({ Sid: "mine", Principal: { AWS: "arn:aws:iam::111122223333:root" } }),
    ]);
    for (const bad of ["{", "{}", '{"Statement":[]}', Policy.replaceAll(ResourceArn, `${ResourceArn}:1`)]) {
      const { name, status } = await refused(lambda.putResourcePolicy({ ResourceArn, Policy: bad }));
      expect([name, status]).toEqual(["InvalidParameterValueException", 400]);
    }
    await lambda.deleteResourcePolicy({ ResourceArn, RevisionId });
    expect((await refused(lambda.getPolicy({ FunctionName }))).status).toBe(404);
    expect((await refused(lambda.deleteResourcePolicy({ ResourceArn }))).status).toBe(404);
  });
});
