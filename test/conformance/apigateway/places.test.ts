/** What an account has besides APIs: domain names, mappings, VPC links, certificates, tags; and what restarts leave of it. */
import { X509Certificate } from "node:crypto";
import type { APIGateway } from "@aws-sdk/client-api-gateway";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ApiGatewayEnvironment, account, shown } from "../../support/apigateway.ts";
import { refusal, refused } from "../../support/refusal.ts";

const bad = (message: string) => refusal("BadRequestException", message);
const missing = (message: string) => refusal("NotFoundException", message, 404);

let env: ApiGatewayEnvironment;
let client: APIGateway;
beforeAll(async () => {
  env = await ApiGatewayEnvironment.start();
  client = env.client;
});
afterAll(() => env.stop());

describe("domain names", () => {
  it("are edge-optimised or regional, and have base path mappings", async () => {
    const certificateArn = `arn:aws:acm:us-east-1:${account}:certificate/c`;
    const edge = await client.createDomainName({ domainName: "Api.Example.com", certificateArn });
    expect(shown(edge)).toMatchObject({
      domainName: "api.example.com",
      certificateArn,
      distributionDomainName: expect.stringMatching(/^d-[a-z0-9]{10}\.cloudfront\.net$/),
      distributionHostedZoneId: "Z2FDTNDATAQYW2",
      domainNameStatus: "AVAILABLE",
      endpointConfiguration: { types: ["EDGE"] },
    });
    expect(await refused(client.createDomainName({ domainName: "api.example.com" }))).toEqual(
      bad("The domain name you provided already exists."),
    );
    const regional = await client.createDomainName({
      domainName: "*.example.org",
      regionalCertificateArn: certificateArn,
      endpointConfiguration: { types: ["REGIONAL"] },
      securityPolicy: "TLS_1_2",
    });
    expect(shown(regional)).toMatchObject({
      regionalCertificateArn: certificateArn,
      regionalDomainName: expect.stringMatching(/^d-[a-z0-9]{10}\.execute-api\.us-east-1\.amazonaws\.com$/),
      regionalHostedZoneId: "Z1UJRXOUMOOFQ8",
    });
    const domainName = "api.example.com";
    const { restApiId } = await env.deployed();
    const map = (basePath?: string, stage?: string) =>
      client.createBasePathMapping({ domainName, restApiId, basePath, stage });
    expect(shown(await map())).toEqual({ basePath: "(none)", restApiId });
    expect(shown(await map("v1", "dev"))).toEqual({ basePath: "v1", restApiId, stage: "dev" });
    expect(await refused(map("v1"))).toEqual(
      refusal("ConflictException", "Base path already exists for this domain name", 409),
    );
    expect(await refused(map("v2", "nobody"))).toEqual(bad("Invalid stage identifier specified"));
    expect((await refused(map("a/b"))).status).toBe(400);
    const lost = client.createBasePathMapping({ domainName, restApiId: "nobody", basePath: "x" });
    expect(await refused(lost)).toEqual(missing("Invalid REST API identifier specified"));
    expect((await client.getBasePathMapping({ domainName, basePath: "(none)" })).restApiId).toBe(restApiId);
    expect((await client.getBasePathMappings({ domainName })).items).toHaveLength(2);
    const patchOperations = [{ op: "replace" as const, path: "/basePath", value: "v3" }];
    await client.updateBasePathMapping({ domainName, basePath: "v1", patchOperations });
    expect(await refused(client.getBasePathMapping({ domainName, basePath: "v1" }))).toEqual(
      missing("Invalid base path mapping identifier specified"),
    );
    expect((await refused(client.deleteRestApi({ restApiId }))).message).toContain("base path mappings");
    await client.deleteBasePathMapping({ domainName, basePath: "v3" });
    await client.deleteDomainName({ domainName });
    expect(await refused(client.getDomainName({ domainName }))).toEqual(
      missing("Invalid domain name identifier specified"),
    );
    await client.deleteRestApi({ restApiId });
    expect((await client.getDomainNames({})).items?.map((item) => item.domainName)).toEqual(["*.example.org"]);
    const updated = await client.updateDomainName({
      domainName: "*.example.org",
      patchOperations: [
        { op: "replace", path: "/regionalCertificateArn", value: `${certificateArn}2` },
        { op: "replace", path: "/securityPolicy", value: "TLS_1_0" },
        { op: "replace", path: "/mutualTlsAuthentication/truststoreUri", value: "s3://b/k" },
      ],
    });
    expect(updated).toMatchObject({
      regionalCertificateArn: `${certificateArn}2`,
      securityPolicy: "TLS_1_0",
      mutualTlsAuthentication: { truststoreUri: "s3://b/k" },
    });
  });

  it("that are private have access associations", async () => {
    const endpointConfiguration = { types: ["PRIVATE" as const] };
    const domain = await client.createDomainName({ domainName: "private.example.com", endpointConfiguration });
    const domainNameArn = domain.domainNameArn as string;
    expect(domainNameArn).toBe(
      `arn:aws:apigateway:us-east-1:${account}:/domainnames/private.example.com+${domain.domainNameId}`,
    );
    const association = await client.createDomainNameAccessAssociation({
      domainNameArn,
      accessAssociationSourceType: "VPCE",
      accessAssociationSource: "vpce-0123",
    });
    expect(association.domainNameAccessAssociationArn).toBe(
      `arn:aws:apigateway:us-east-1:${account}:/domainnameaccessassociations/domainname/private.example.com/vpcesource/vpce-0123`,
    );
    expect((await client.getDomainNameAccessAssociations({})).items).toHaveLength(1);
    const domainNameAccessAssociationArn = association.domainNameAccessAssociationArn as string;
    await client.deleteDomainNameAccessAssociation({ domainNameAccessAssociationArn });
    const gone = client.rejectDomainNameAccessAssociation({ domainNameAccessAssociationArn, domainNameArn });
    expect((await refused(gone)).status).toBe(404);
  });
});

describe("VPC links", () => {
  it("are accepted as names", async () => {
    const arn = `arn:aws:elasticloadbalancing:us-east-1:${account}:loadbalancer/net/nlb/1`;
    const link = await client.createVpcLink({ name: "l", targetArns: [arn] });
    expect(link.$metadata.httpStatusCode).toBe(202);
    expect(shown(link)).toEqual({ id: expect.any(String), name: "l", targetArns: [arn], status: "PENDING" });
    const vpcLinkId = link.id as string;
    expect((await client.getVpcLink({ vpcLinkId })).status).toBe("AVAILABLE");
    expect(await refused(client.createVpcLink({ name: "l", targetArns: ["invalid-arn"] }))).toEqual(
      bad("Invalid ARN. ARN is not well formed invalid-arn"),
    );
    expect(await refused(client.createVpcLink({ name: "", targetArns: [arn] }))).toEqual(bad("Name cannot be empty"));
    const patchOperations = [{ op: "replace" as const, path: "/description", value: "d" }];
    expect((await client.updateVpcLink({ vpcLinkId, patchOperations })).description).toBe("d");
    const { restApiId } = await env.api();
    await env.method(restApiId, "GET", "/x", {
      type: "HTTP_PROXY",
      integrationHttpMethod: "GET",
      uri: "http://nlb/x",
      connectionType: "VPC_LINK",
      connectionId: vpcLinkId,
    });
    expect(await refused(client.deleteVpcLink({ vpcLinkId }))).toEqual(
      bad(
        `Cannot delete vpc link. Vpc link '${vpcLinkId}', is referenced in [Method: GET on /x] in format of [Method:Resource].`,
      ),
    );
    await client.deleteRestApi({ restApiId });
    await client.deleteVpcLink({ vpcLinkId });
    expect(await refused(client.getVpcLink({ vpcLinkId }))).toEqual(missing("Invalid Vpc Link identifier specified"));
    expect((await client.getVpcLinks({})).items).toEqual([]);
  });
});

describe("client certificates", () => {
  it("are generated for a year", async () => {
    const made = await client.generateClientCertificate({ description: "c", tags: { a: "1" } });
    const certificate = new X509Certificate(made.pemEncodedCertificate as string);
    expect(certificate.subject).toContain("ApiGateway");
    expect(Date.parse(certificate.validTo)).toBe(Date.parse("2027-03-01T12:00:00Z"));
    const clientCertificateId = made.clientCertificateId as string;
    const patchOperations = [{ op: "replace" as const, path: "/description", value: "d" }];
    await client.updateClientCertificate({ clientCertificateId, patchOperations });
    expect(await client.getClientCertificate({ clientCertificateId })).toMatchObject({
      description: "d",
      tags: { a: "1" },
    });
    const { restApiId } = await env.deployed();
    const use = [{ op: "replace" as const, path: "/clientCertificateId", value: clientCertificateId }];
    await client.updateStage({ restApiId, stageName: "dev", patchOperations: use });
    expect((await refused(client.deleteClientCertificate({ clientCertificateId }))).status).toBe(400);
    await client.deleteRestApi({ restApiId });
    await client.deleteClientCertificate({ clientCertificateId });
    expect((await client.getClientCertificates({})).items).toEqual([]);
  });
});

describe("tags", () => {
  it("can be put on everything with an ARN", async () => {
    const { restApiId } = await env.deployed();
    const key = await client.createApiKey({});
    const plan = await client.createUsagePlan({ name: "t" });
    await client.createDomainName({ domainName: "tagged.example.com" });
    const resources = [
      `/restapis/${restApiId}`,
      `/restapis/${restApiId}/stages/dev`,
      `/apikeys/${key.id}`,
      `/usageplans/${plan.id}`,
      "/domainnames/tagged.example.com",
    ];
    for (const resource of resources) {
      const resourceArn = `arn:aws:apigateway:us-east-1::${resource}`;
      await client.tagResource({ resourceArn, tags: { a: "1", b: "" } });
      await client.tagResource({ resourceArn, tags: { a: "2" } });
      expect((await client.getTags({ resourceArn })).tags).toEqual({ a: "2", b: "" });
      await client.untagResource({ resourceArn, tagKeys: ["a", "nothing"] });
      expect((await client.getTags({ resourceArn })).tags).toEqual({ b: "" });
      expect((await refused(client.tagResource({ resourceArn, tags: { "aws:x": "1" } }))).status).toBe(400);
    }
    expect((await client.getRestApi({ restApiId })).tags).toEqual({ b: "" });
    const unknown = { resourceArn: "arn:aws:apigateway:us-east-1::/restapis/nobody" };
    expect(await refused(client.getTags(unknown))).toEqual(
      missing(`Invalid API identifier specified ${account}:nobody`),
    );
    expect((await refused(client.getTags({ resourceArn: "nonsense" }))).status).toBe(400);
  });

  it("give an API the id they ask for", async () => {
    const wanted = { name: "x", tags: { _custom_id_: "my-api" } };
    expect((await client.createRestApi(wanted)).id).toBe("my-api");
    expect((await refused(client.createRestApi(wanted))).status).toBe(409);
    expect((await refused(client.createRestApi({ name: "x", tags: { _custom_id_: "My API" } }))).status).toBe(400);
  });
});

describe("APIs", () => {
  it("can be cloned from others", async () => {
    const { restApiId } = await env.deployed();
    const clone = await client.createRestApi({ name: "clone", cloneFrom: restApiId });
    const { items } = await client.getResources({ restApiId: clone.id as string, embed: ["methods"] });
    expect(items?.map(({ path }) => path)).toEqual(["/", "/pets"]);
    expect(items?.[0]?.id).toBe(clone.rootResourceId);
    await client.deleteRestApi({ restApiId });
    expect((await client.getResources({ restApiId: clone.id as string })).items).toHaveLength(2);
  });

  it("are refused where AWS refuses them", async () => {
    const create = (more: object) => refused(client.createRestApi({ name: "x", ...more }));
    expect(await create({ description: "", endpointConfiguration: { types: ["X"] } })).toEqual(
      bad("Description cannot be an empty string"),
    );
    expect(await create({ endpointConfiguration: { types: ["X"] } })).toEqual(
      bad("Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE,PRIVATE"),
    );
    expect(await create({ endpointConfiguration: { types: ["PRIVATE"], ipAddressType: "ipv4" } })).toEqual(
      bad("Only dualstack ipAddressType is supported for Private APIs."),
    );
    expect(await create({ minimumCompressionSize: 10_485_761 })).toEqual(
      bad("Invalid minimum compression size, must be between 0 and 10485760"),
    );
    expect((await create({ endpointConfiguration: { ipAddressType: "ipv6" } })).message).toContain(
      "at 'createRestApiInput.endpointConfiguration.ipAddressType'",
    );
    const regional = await client.createRestApi({ name: "r", endpointConfiguration: { types: ["REGIONAL"] } });
    expect(regional).toMatchObject({ securityPolicy: "TLS_1_0", apiStatus: "AVAILABLE" });
    expect(await refused(client.deleteRestApi({ restApiId: "nobody" }))).toEqual(
      missing(`Invalid API identifier specified ${account}:nobody`),
    );
  });

  it("leave nothing behind when they are deleted", async () => {
    const { restApiId } = await env.deployed();
    await client.deleteRestApi({ restApiId });
    for (const call of [
      client.getResources({ restApiId }),
      client.getModels({ restApiId }),
      client.getDeployments({ restApiId }),
      client.getStages({ restApiId }),
    ]) {
      expect((await refused(call)).status).toBe(404);
    }
  });

  it("have SDK types, but no SDKs", async () => {
    const { restApiId } = await env.deployed();
    expect((await client.getSdkTypes({})).items?.map(({ id }) => id)).toContain("javascript");
    expect((await client.getSdkType({ id: "ruby" })).configurationProperties?.[0]?.name).toBe("service.name");
    const sdk = client.getSdk({ restApiId, stageName: "dev", sdkType: "javascript" });
    expect((await refused(sdk)).message).toContain("does not generate SDKs");
  });
});

describe("a restart", () => {
  it("finds all definitions, and what was deployed", async () => {
    const kept = await ApiGatewayEnvironment.start("disk");
    try {
      const { restApiId, deploymentId } = await kept.deployed();
      const key = await kept.client.createApiKey({ name: "k" });
      await kept.client.createDomainName({ domainName: "kept.example.com" });
      const before = shown(await kept.client.getResources({ restApiId, embed: ["methods"] }));
      await kept.restart();
      expect(shown(await kept.client.getResources({ restApiId, embed: ["methods"] }))).toEqual(before);
      const embed = ["apisummary"];
      expect((await kept.client.getDeployment({ restApiId, deploymentId, embed })).apiSummary).toHaveProperty("/pets");
      expect((await kept.client.getStage({ restApiId, stageName: "dev" })).deploymentId).toBe(deploymentId);
      expect((await kept.client.getApiKey({ apiKey: key.id as string })).name).toBe("k");
      expect((await kept.client.getDomainName({ domainName: "kept.example.com" })).domainNameStatus).toBe("AVAILABLE");
    } finally {
      await kept.stop();
    }
  });

  it("of the same seed gives the same ids", async () => {
    const ids = [];
    for (let run = 0; run < 2; run++) {
      const again = await ApiGatewayEnvironment.start();
      ids.push(await again.deployed());
      await again.stop();
    }
    expect(ids[0]).toEqual(ids[1]);
  });
});
