/** One of each thing that the control plane of REST APIs keeps. */
import type { PatchOperation } from "@aws-sdk/client-api-gateway";
import { type ApiGatewayEnvironment, account, functionUri } from "./apigateway.ts";

export const balancer = `arn:aws:elasticloadbalancing:us-east-1:${account}:loadbalancer/net/x/1`;
export const certificateArn = `arn:aws:acm:us-east-1:${account}:certificate/x`;
export const arnOf = (restApiId: string) => `arn:aws:apigateway:us-east-1::/restapis/${restApiId}`;
export const document = Buffer.from(
  JSON.stringify({ openapi: "3.0.1", info: { title: "imported", version: "1" }, paths: { "/i": { get: {} } } }),
);

export const patch = (...changes: [op: PatchOperation["op"], path: string, value?: string][]) => ({
  patchOperations: changes.map(([op, path, value]) => ({ op, path, value })),
});

export type RestApiParts = Awaited<ReturnType<typeof oneOfEach>>;

/** Creates the things and tells their ids. */
export async function oneOfEach(environment: ApiGatewayEnvironment) {
  const { client } = environment;
  const domainName = "kept.example.com";
  const made = await client.createRestApi({ name: "kept", tags: { a: "1" }, binaryMediaTypes: ["image/png"] });
  const restApiId = made.id as string;
  const idOf = async (answer: Promise<{ id?: string | undefined }>) => (await answer).id as string;
  const schema = '{"type":"object"}';
  await client.createModel({ restApiId, name: "Pet", contentType: "application/json", schema });
  const requestValidatorId = await idOf(client.createRequestValidator({ restApiId, name: "v" }));
  const authorizer = { name: "a", type: "TOKEN", authorizerUri: functionUri("f") } as const;
  const identitySource = "method.request.header.Auth";
  const authorizerId = await idOf(client.createAuthorizer({ restApiId, ...authorizer, identitySource }));
  const resourceId = await environment.resource(restApiId, "/pets/{id}");
  const address = { restApiId, resourceId, httpMethod: "POST" };
  const header = "method.response.header.X";
  const models = { "application/json": "Pet" };
  await client.putMethod({
    ...address,
    authorizationType: "CUSTOM",
    authorizerId,
    requestValidatorId,
    requestModels: models,
  });
  await client.putMethodResponse({ ...address, statusCode: "200", responseParameters: { [header]: true } });
  await client.putIntegration({
    ...address,
    type: "MOCK",
    requestTemplates: { "application/json": '{"statusCode":200}' },
  });
  await client.putIntegrationResponse({ ...address, statusCode: "200", responseParameters: { [header]: "'x'" } });
  await client.putGatewayResponse({ restApiId, responseType: "THROTTLED", statusCode: "430" });
  const location = { type: "API" } as const;
  const documentationPartId = await idOf(
    client.createDocumentationPart({ restApiId, location, properties: '{"d":1}' }),
  );
  await client.createDocumentationVersion({ restApiId, documentationVersion: "1" });
  const deploymentId = await idOf(client.createDeployment({ restApiId, stageName: "dev", variables: { v: "1" } }));
  await client.createStage({ restApiId, stageName: "live", deploymentId, documentationVersion: "1" });
  const spareId = await idOf(client.createDeployment({ restApiId }));
  const imported = await client.importRestApi({ body: document });
  await client.putRestApi({ restApiId: imported.id, mode: "overwrite", body: document });
  await client.importDocumentationParts({
    restApiId: imported.id,
    body: Buffer.from(JSON.stringify({ documentationParts: [{ location, properties: { d: 2 } }] })),
  });
  const apiKey = await idOf(client.createApiKey({ name: "k", enabled: true, value: "v".repeat(20) }));
  const csv = Buffer.from(`Name,Key\nimported,${"w".repeat(20)}\n`);
  const spareKey = (await client.importApiKeys({ format: "csv", body: csv })).ids?.[0] as string;
  const throttle = { rateLimit: 1, burstLimit: 2 };
  const quota = { limit: 9, period: "DAY" } as const;
  const apiStages = [{ apiId: restApiId, stage: "dev" }];
  const usagePlanId = await idOf(client.createUsagePlan({ name: "p", throttle, quota, apiStages }));
  await client.createUsagePlanKey({ usagePlanId, keyId: apiKey, keyType: "API_KEY" });
  const sparePlanId = await idOf(client.createUsagePlan({ name: "spare" }));
  await client.createDomainName({ domainName, certificateArn });
  await client.createBasePathMapping({ domainName, basePath: "v1", restApiId, stage: "dev" });
  const isPrivate = { endpointConfiguration: { types: ["PRIVATE" as const] }, certificateArn };
  const { domainNameArn } = await client.createDomainName({ domainName: "inner.example.com", ...isPrivate });
  const { domainNameAccessAssociationArn } = await client.createDomainNameAccessAssociation({
    domainNameArn,
    accessAssociationSource: "vpce-1",
    accessAssociationSourceType: "VPCE",
  });
  const vpcLinkId = await idOf(client.createVpcLink({ name: "l", targetArns: [balancer] }));
  const { clientCertificateId } = await client.generateClientCertificate({ description: "c" });
  return {
    ...{ restApiId, address, requestValidatorId, authorizerId, documentationPartId, deploymentId, spareId, apiKey },
    ...{ usagePlanId, vpcLinkId, clientCertificateId, domainNameArn, domainNameAccessAssociationArn, domainName },
    ...{ imported: imported.id as string, spareKey, sparePlanId },
  };
}
