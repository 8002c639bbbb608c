/** All that REST APIs' control plane keeps: the same over both backings, and after each restart what it was before. */
import type { APIGateway } from "@aws-sdk/client-api-gateway";
import { describe, expect, it } from "vitest";
import { ApiGatewayEnvironment, account, shown } from "../../support/apigateway.ts";
import { arnOf, oneOfEach, patch, type RestApiParts } from "../../support/rest-api-parts.ts";

type Answer = { readonly $metadata: unknown };

/** What every reading operation answers of whatever there is. */
async function everything(client: APIGateway): Promise<Record<string, unknown>> {
  const answers: Record<string, unknown> = {};
  const note = async <Given extends Answer>(name: string, answer: Promise<Given>): Promise<Given> => {
    const given = await answer;
    const bytes = (given as { body?: { transformToString?: () => string } | Uint8Array }).body;
    answers[name] = bytes === undefined ? shown(given) : Buffer.from(bytes as Uint8Array).toString();
    return given;
  };
  const leaves: Promise<unknown>[] = [];
  const leaf = (name: string, answer: Promise<Answer>) => leaves.push(note(name, answer));
  const idsOf = ({ items = [] }: { items?: { id?: string }[] }) => items.map(({ id = "" }) => id);
  leaf("account", client.getAccount({}));
  for (const apiKey of idsOf(await note("keys", client.getApiKeys({ includeValues: true })))) {
    leaf(`key ${apiKey}`, client.getApiKey({ apiKey, includeValue: true }));
  }
  for (const usagePlanId of idsOf(await note("plans", client.getUsagePlans({})))) {
    leaf(`plan ${usagePlanId}`, client.getUsagePlan({ usagePlanId }));
    const keys = await note(`keys of ${usagePlanId}`, client.getUsagePlanKeys({ usagePlanId }));
    for (const keyId of idsOf(keys)) leaf(`key of plan ${keyId}`, client.getUsagePlanKey({ usagePlanId, keyId }));
    const days = { startDate: "2026-03-01", endDate: "2026-03-02" };
    leaf(`usage ${usagePlanId}`, client.getUsage({ usagePlanId, ...days }));
  }
  for (const vpcLinkId of idsOf(await note("links", client.getVpcLinks({})))) {
    leaf(`link ${vpcLinkId}`, client.getVpcLink({ vpcLinkId }));
  }
  const { items: certificates = [] } = await note("certificates", client.getClientCertificates({}));
  for (const { clientCertificateId } of certificates) {
    leaf(`certificate ${clientCertificateId}`, client.getClientCertificate({ clientCertificateId }));
  }
  leaf("associations", client.getDomainNameAccessAssociations({}));
  const { items: domains = [] } = await note("domains", client.getDomainNames({}));
  for (const { domainName, domainNameId } of domains) {
    leaf(`domain ${domainName}`, client.getDomainName({ domainName, domainNameId }));
    const mappings = await note(`mappings ${domainName}`, client.getBasePathMappings({ domainName, domainNameId }));
    for (const { basePath } of mappings.items ?? [])
      leaf(`mapping ${basePath}`, client.getBasePathMapping({ domainName, domainNameId, basePath }));
  }
  for (const restApiId of idsOf(await note("APIs", client.getRestApis({})))) {
    const at = (name: string) => `${restApiId} ${name}`;
    leaf(at("API"), client.getRestApi({ restApiId }));
    leaf(at("tags"), client.getTags({ resourceArn: arnOf(restApiId) }));
    const resources = await note(at("resources"), client.getResources({ restApiId, embed: ["methods"] }));
    for (const { id: resourceId = "", resourceMethods = {} } of resources.items ?? []) {
      leaf(at(`resource ${resourceId}`), client.getResource({ restApiId, resourceId }));
      for (const [httpMethod, { methodIntegration, methodResponses = {} }] of Object.entries(resourceMethods)) {
        const address = { restApiId, resourceId, httpMethod };
        const of = at(`${resourceId} ${httpMethod}`);
        leaf(of, client.getMethod(address));
        for (const statusCode of Object.keys(methodResponses))
          leaf(`${of} ${statusCode}`, client.getMethodResponse({ ...address, statusCode }));
        if (methodIntegration === undefined) continue;
        leaf(`${of} integration`, client.getIntegration(address));
        for (const statusCode of Object.keys(methodIntegration.integrationResponses ?? {}))
          leaf(`${of} answer ${statusCode}`, client.getIntegrationResponse({ ...address, statusCode }));
      }
    }
    for (const deploymentId of idsOf(await note(at("deployments"), client.getDeployments({ restApiId })))) {
      const embed = ["apisummary"];
      leaf(at(`deployment ${deploymentId}`), client.getDeployment({ restApiId, deploymentId, embed }));
    }
    const stages = await note(at("stages"), client.getStages({ restApiId }));
    for (const { stageName } of stages.item ?? []) {
      leaf(at(`stage ${stageName}`), client.getStage({ restApiId, stageName }));
      const parameters = { extensions: "apigateway" };
      const asked = { restApiId, stageName, exportType: "oas30", parameters };
      leaf(at(`export ${stageName}`), client.getExport(asked));
    }
    const models = await note(at("models"), client.getModels({ restApiId }));
    for (const { name: modelName } of models.items ?? []) {
      leaf(at(`model ${modelName}`), client.getModel({ restApiId, modelName, flatten: true }));
      leaf(at(`template ${modelName}`), client.getModelTemplate({ restApiId, modelName }));
    }
    const validators = await note(at("validators"), client.getRequestValidators({ restApiId }));
    for (const requestValidatorId of idsOf(validators))
      leaf(at(requestValidatorId), client.getRequestValidator({ restApiId, requestValidatorId }));
    for (const authorizerId of idsOf(await note(at("authorizers"), client.getAuthorizers({ restApiId }))))
      leaf(at(authorizerId), client.getAuthorizer({ restApiId, authorizerId }));
    leaf(at("gateway responses"), client.getGatewayResponses({ restApiId }));
    leaf(at("throttled"), client.getGatewayResponse({ restApiId, responseType: "THROTTLED" }));
    for (const documentationPartId of idsOf(await note(at("parts"), client.getDocumentationParts({ restApiId }))))
      leaf(at(documentationPartId), client.getDocumentationPart({ restApiId, documentationPartId }));
    const versions = await note(at("versions"), client.getDocumentationVersions({ restApiId }));
    for (const { version: documentationVersion } of versions.items ?? [])
      leaf(at(`version`), client.getDocumentationVersion({ restApiId, documentationVersion }));
  }
  await Promise.all(leaves);
  // A key pair is another each time.
  return JSON.parse(
    JSON.stringify(answers, (name, value) => (name === "pemEncodedCertificate" ? "" : value)),
  ) as Record<string, unknown>;
}

/** One of each thing, changed and taken away later, by every writing operation. */
class Life {
  readonly #environment: ApiGatewayEnvironment;
  #made!: RestApiParts;

  constructor(environment: ApiGatewayEnvironment) {
    this.#environment = environment;
  }

  get #client(): APIGateway {
    return this.#environment.client;
  }

  async begin(): Promise<void> {
    this.#made = await oneOfEach(this.#environment);
  }

  async change(): Promise<void> {
    const client = this.#client;
    const { restApiId, address, apiKey, usagePlanId, deploymentId, domainName, ...ids } = this.#made;
    const resourceArn = arnOf(restApiId);
    const describe = patch(["replace", "/description", "changed"]);
    const name = patch(["replace", "/name", "changed"]);
    const role = `arn:aws:iam::${account}:role/logs`;
    await client.updateAccount(patch(["replace", "/cloudwatchRoleArn", role]));
    await client.updateRestApi({
      restApiId,
      ...patch(["replace", "/name", "n"], ["remove", "/binaryMediaTypes/image~1png"]),
    });
    await client.updateResource({ ...address, ...patch(["replace", "/pathPart", "{pet}"]) });
    await client.updateMethod({ ...address, ...patch(["add", "/requestParameters/method.request.header.A", "true"]) });
    await client.updateMethodResponse({
      ...address,
      statusCode: "200",
      ...patch(["add", "/responseModels/text~1plain", "Empty"]),
    });
    await client.updateIntegration({ ...address, ...patch(["replace", "/passthroughBehavior", "NEVER"]) });
    await client.updateIntegrationResponse({
      ...address,
      statusCode: "200",
      ...patch(["replace", "/selectionPattern", "2.."]),
    });
    await client.updateModel({ restApiId, modelName: "Pet", ...describe });
    const { requestValidatorId, authorizerId, documentationPartId } = ids;
    await client.updateRequestValidator({
      restApiId,
      requestValidatorId,
      ...patch(["replace", "/validateRequestBody", "true"]),
    });
    await client.updateAuthorizer({ restApiId, authorizerId, ...name });
    await client.updateGatewayResponse({
      restApiId,
      responseType: "THROTTLED",
      ...patch(["replace", "/statusCode", "431"]),
    });
    await client.updateDocumentationPart({
      restApiId,
      documentationPartId,
      ...patch(["replace", "/properties", '{"d":3}']),
    });
    await client.updateDocumentationVersion({ restApiId, documentationVersion: "1", ...describe });
    await client.updateDeployment({ restApiId, deploymentId, ...describe });
    await client.updateStage({
      restApiId,
      stageName: "live",
      ...patch(["replace", "/*/*/throttling/rateLimit", "7"], ["replace", "/canarySettings/percentTraffic", "5"]),
    });
    await client.updateApiKey({ apiKey, ...describe });
    await client.updateUsagePlan({ usagePlanId, ...patch(["replace", "/quota/limit", "10"]) });
    await client.updateUsage({ usagePlanId, keyId: apiKey, ...patch(["replace", "/remaining", "4"]) });
    await client.updateDomainName({ domainName, ...patch(["replace", "/securityPolicy", "TLS_1_0"]) });
    await client.updateBasePathMapping({ domainName, basePath: "v1", ...patch(["replace", "/basePath", "v2"]) });
    await client.updateVpcLink({ vpcLinkId: ids.vpcLinkId, ...describe });
    await client.updateClientCertificate({ clientCertificateId: ids.clientCertificateId, ...describe });
    await client.tagResource({ resourceArn, tags: { b: "2" } });
    await client.untagResource({ resourceArn, tagKeys: ["a"] });
  }

  /** What hangs on something goes before it. */
  async remove(): Promise<void> {
    const client = this.#client;
    const { restApiId, address, apiKey, usagePlanId, domainName, ...ids } = this.#made;
    const { requestValidatorId, authorizerId, documentationPartId } = ids;
    await client.deleteIntegrationResponse({ ...address, statusCode: "200" });
    await client.deleteIntegration(address);
    await client.deleteMethodResponse({ ...address, statusCode: "200" });
    await client.deleteMethod(address);
    await client.deleteResource(address);
    await client.deleteModel({ restApiId, modelName: "Pet" });
    await client.deleteRequestValidator({ restApiId, requestValidatorId });
    await client.deleteAuthorizer({ restApiId, authorizerId });
    await client.deleteGatewayResponse({ restApiId, responseType: "THROTTLED" });
    await client.deleteDocumentationPart({ restApiId, documentationPartId });
    await client.deleteStage({ restApiId, stageName: "live" });
    await client.deleteDocumentationVersion({ restApiId, documentationVersion: "1" });
    await client.deleteDeployment({ restApiId, deploymentId: ids.spareId });
    await client.deleteBasePathMapping({ domainName, basePath: "v2" });
    await client.deleteDomainName({ domainName });
    const { domainNameAccessAssociationArn } = ids;
    await client.deleteDomainNameAccessAssociation({ domainNameAccessAssociationArn });
    await client.deleteUsagePlanKey({ usagePlanId, keyId: apiKey });
    await client.updateUsagePlan({ usagePlanId, ...patch(["remove", "/apiStages", `${restApiId}:dev`]) });
    await client.deleteUsagePlan({ usagePlanId });
    await client.deleteApiKey({ apiKey });
    await client.deleteVpcLink({ vpcLinkId: ids.vpcLinkId });
    await client.deleteClientCertificate({ clientCertificateId: ids.clientCertificateId });
    await client.deleteRestApi({ restApiId: ids.imported });
  }
}

describe("what the control plane keeps", () => {
  it("is the same in memory and on disk, and after each restart", async () => {
    const memory = await ApiGatewayEnvironment.start("memory", { port: false });
    const disk = await ApiGatewayEnvironment.start("disk", { port: false });
    try {
      const lives = [new Life(memory), new Life(disk)];
      for (const act of ["begin", "change", "remove"] as const) {
        for (const life of lives) await life[act]();
        await disk.restart();
        expect(await everything(disk.client), act).toEqual(await everything(memory.client));
      }
    } finally {
      await memory.stop();
      await disk.stop();
    }
  });
});
