/** Developer portals: every operation through its client, in memory and on disk. */
import { ApiGatewayV2 } from "@aws-sdk/client-apigatewayv2";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GatewayEnvironment } from "../../support/apigatewayv2.ts";
import { refused } from "../../support/refusal.ts";

const colours = ["Accent", "Background", "ErrorValidation", "Header", "Navigation", "Text"];
const CustomColors = Object.fromEntries(colours.map((name) => [`${name}Color`, "#102030"])) as never;
const PortalContent = { DisplayName: "Shop", Theme: { CustomColors } };
const open = { Authorization: { None: {} }, EndpointConfiguration: { None: {} }, PortalContent };

describe.each(["memory", "disk"] as const)("portals, %s", (storage) => {
  let env: GatewayEnvironment;
  let gateway: ApiGatewayV2;

  beforeAll(async () => {
    env = await GatewayEnvironment.start(storage);
    gateway = env.gateway;
  });
  afterAll(() => env.stop());

  const notFound = (what: string, id: string) => ({
    name: "NotFoundException",
    status: 404,
    message: `Invalid ${what} identifier specified ${id}`,
  });

  it("are created, changed, previewed, published, disabled and deleted", async () => {
    const { PortalProductArn = "" } = await gateway.createPortalProduct({ DisplayName: "Orders" });
    const given = { ...open, IncludedPortalProductArns: [PortalProductArn], Tags: { team: "shop" } };
    const { $metadata, ...portal } = await gateway.createPortal(given);
    const PortalId = portal.PortalId as string;
    expect($metadata.httpStatusCode).toBe(201);
    expect(portal).toMatchObject({
      Authorization: { None: {} },
      EndpointConfiguration: { PortalDefaultDomainName: expect.stringContaining(".us-east-1.") },
      IncludedPortalProductArns: [PortalProductArn],
      LastModified: new Date(env.bus.clock.now()),
      PortalArn: `arn:aws:apigateway:us-east-1:000000000000:/portals/${PortalId}`,
      PublishStatus: "DISABLED",
    });
    await env.bus.clock.advance("1m");
    const AcmManaged = { CertificateArn: "arn:aws:acm:us-east-1:1:certificate/c", DomainName: "shop.example" };
    const CognitoConfig = {
      AppClientId: "app",
      UserPoolArn: "arn:aws:cognito-idp:us-east-1:000000000000:userpool/a",
      UserPoolDomain: "https://pool.auth.example",
    };
    const change = {
      Authorization: { CognitoConfig },
      EndpointConfiguration: { AcmManaged },
      RumAppMonitorName: "rum",
    };
    const { LastModified, ...changed } = await gateway.updatePortal({ PortalId, ...change });
    expect(LastModified).toEqual(new Date(env.bus.clock.now()));
    const { PortalDefaultDomainName } = portal.EndpointConfiguration ?? {};
    expect(changed).toMatchObject({
      Authorization: { CognitoConfig },
      EndpointConfiguration: { ...AcmManaged, PortalDefaultDomainName },
      RumAppMonitorName: "rum",
      PortalContent,
    });
    expect((await gateway.previewPortal({ PortalId })).$metadata.httpStatusCode).toBe(202);
    expect((await gateway.publishPortal({ PortalId, Description: "first" })).$metadata.httpStatusCode).toBe(202);
    expect(await gateway.getPortal({ PortalId })).toMatchObject({
      LastPublished: new Date(env.bus.clock.now()),
      LastPublishedDescription: "first",
      Preview: { PreviewStatus: "PREVIEW_READY" },
      PublishStatus: "PUBLISHED",
      Tags: { team: "shop" },
    });
    await gateway.disablePortal({ PortalId });
    const { Items = [] } = await gateway.listPortals({});
    expect(Items).toMatchObject([{ PortalId, PublishStatus: "DISABLED" }]);
    await gateway.tagResource({ ResourceArn: portal.PortalArn, Tags: { env: "test" } });
    expect((await gateway.getTags({ ResourceArn: portal.PortalArn })).Tags).toEqual({ team: "shop", env: "test" });
    await gateway.deletePortal({ PortalId });
    for (const asked of [gateway.getPortal({ PortalId }), gateway.publishPortal({ PortalId })]) {
      expect(await refused(asked)).toEqual(notFound("Portal", PortalId));
    }
  });

  it("refuse invalid unions, and products that do not exist", async () => {
    const both = { AcmManaged: { CertificateArn: "arn:aws:acm:x", DomainName: "a.b" }, None: {} };
    const gone = "arn:aws:apigateway:us-east-1:000000000000:/portalproducts/nothing";
    const cases = [
      { ...open, Authorization: {} },
      { ...open, EndpointConfiguration: both },
      { ...open, IncludedPortalProductArns: ["arn:aws:sqs:us-east-1:1:queue-name"] },
      { ...open, Tags: { "aws:x": "y" } },
    ];
    for (const given of cases) {
      expect(await refused(gateway.createPortal(given as never))).toMatchObject({
        name: "BadRequestException",
        status: 400,
      });
    }
    const asked = gateway.createPortal({ ...open, IncludedPortalProductArns: [gone] });
    expect(await refused(asked)).toEqual(notFound("PortalProduct", "nothing"));
  });

  it("have products with pages, listed in pages", async () => {
    const { PortalProductId, ...product } = await gateway.createPortalProduct({
      DisplayName: "Pens",
      Description: "ink",
    });
    const one = { PortalProductId };
    const titles = ["a", "b", "c"];
    for (const Title of titles) {
      const page = await gateway.createProductPage({ ...one, DisplayContent: { Title, Body: `# ${Title}` } });
      expect(page.ProductPageArn).toBe(`${product.PortalProductArn}/productpages/${page.ProductPageId}`);
    }
    const first = await gateway.listProductPages({ ...one, MaxResults: "2" });
    const rest = await gateway.listProductPages({ ...one, MaxResults: "2", NextToken: first.NextToken as string });
    expect([first, rest].flatMap(({ Items = [] }) => Items.map(({ PageTitle }) => PageTitle))).toEqual(titles);
    const ProductPageId = first.Items?.[0]?.ProductPageId as string;
    const DisplayContent = { Title: "z", Body: "words" };
    await gateway.updateProductPage({ ...one, ProductPageId, DisplayContent });
    expect(await gateway.getProductPage({ ...one, ProductPageId })).toMatchObject({ DisplayContent });
    const DisplayOrder = { OverviewPageArn: first.Items?.[0]?.ProductPageArn, ProductPageArns: [] };
    await gateway.updatePortalProduct({ ...one, DisplayName: "Ink", DisplayOrder });
    expect(await gateway.getPortalProduct(one)).toMatchObject({ DisplayName: "Ink", Description: "ink", DisplayOrder });
    const other = await gateway.createPortalProduct({ DisplayName: "other" });
    const elsewhere = gateway.getProductPage({ PortalProductId: other.PortalProductId, ProductPageId });
    expect(await refused(elsewhere)).toEqual(notFound("ProductPage", ProductPageId));
    await gateway.deleteProductPage({ ...one, ProductPageId });
    expect((await gateway.listProductPages(one)).Items).toHaveLength(2);
    await gateway.deletePortalProduct(one);
    const gone = notFound("PortalProduct", PortalProductId as string);
    expect(await refused(gateway.listProductPages(one))).toEqual(gone);
  });

  it("show methods of REST APIs", async () => {
    const { PortalProductId } = await gateway.createPortalProduct({ DisplayName: "Methods" });
    const { ApiId = "" } = await gateway.createApi({ Name: "any", ProtocolType: "HTTP" });
    const IdentifierParts = { RestApiId: ApiId, Stage: "live", Path: "/pens", Method: "GET" };
    const endpoint = { PortalProductId, RestEndpointIdentifier: { IdentifierParts } };
    const { $metadata: _one, ...page } = await gateway.createProductRestEndpointPage(endpoint);
    expect(page).toMatchObject({
      DisplayContent: { Endpoint: `https://${ApiId}.execute-api.us-east-1.amazonaws.com/live/pens` },
      Status: "AVAILABLE",
      TryItState: "ENABLED",
    });
    const { ProductRestEndpointPageId } = page;
    const Overrides = { Endpoint: "https://api.example/pens", OperationName: "listPens" };
    const change = { TryItState: "DISABLED" as const, DisplayContent: { Overrides } };
    await gateway.updateProductRestEndpointPage({ PortalProductId, ProductRestEndpointPageId, ...change });
    const asked = { PortalProductId, ProductRestEndpointPageId, IncludeRawDisplayContent: "true" };
    expect(await gateway.getProductRestEndpointPage(asked)).toMatchObject({
      DisplayContent: Overrides,
      RawDisplayContent: JSON.stringify(Overrides),
      TryItState: "DISABLED",
    });
    expect((await gateway.listProductRestEndpointPages({ PortalProductId })).Items).toMatchObject([
      { ...Overrides, ProductRestEndpointPageId, RestEndpointIdentifier: { IdentifierParts } },
    ]);
    const missing = { RestEndpointIdentifier: { IdentifierParts: { ...IdentifierParts, RestApiId: "nothing" } } };
    expect(await gateway.createProductRestEndpointPage({ PortalProductId, ...missing })).toMatchObject({
      Status: "FAILED",
      StatusException: { Exception: "NotFoundException" },
    });
    await gateway.deleteProductRestEndpointPage({ PortalProductId, ProductRestEndpointPageId });
    expect((await gateway.listProductRestEndpointPages({ PortalProductId })).Items).toHaveLength(1);
  });

  it("are shared with the accounts a policy names", async () => {
    const { PortalProductId, PortalProductArn } = await gateway.createPortalProduct({ DisplayName: "Shared" });
    const credentials = { accessKeyId: "111122223333", secretAccessKey: "x" };
    const other = new ApiGatewayV2({ ...env.bus.clientConfig(), credentials, maxAttempts: 1 });
    const asked = { PortalProductId, ResourceOwnerAccountId: "000000000000" };
    const denied = { name: "AccessDeniedException", status: 403 };
    expect(await refused(other.getPortalProduct(asked))).toMatchObject(denied);
    const nothing = gateway.getPortalProductSharingPolicy({ PortalProductId });
    expect(await refused(nothing)).toMatchObject({ name: "NotFoundException" });
    const bad = gateway.putPortalProductSharingPolicy({ PortalProductId, PolicyDocument: "{" });
    expect(await refused(bad)).toMatchObject({ name: "BadRequestException" });
    const PolicyDocument = JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: { AWS: "111122223333" },
          Action: "apigateway:GetPortalProduct",
          Resource: PortalProductArn,
        },
      ],
    });
    await gateway.putPortalProductSharingPolicy({ PortalProductId, PolicyDocument });
    expect(await gateway.getPortalProductSharingPolicy({ PortalProductId })).toMatchObject({
      PolicyDocument,
      PortalProductId,
    });
    expect(await other.getPortalProduct(asked)).toMatchObject({ DisplayName: "Shared" });
    expect(await refused(other.listProductPages(asked))).toMatchObject(denied);
    expect(await refused(other.getPortalProduct({ PortalProductId }))).toMatchObject({ name: "NotFoundException" });
    await gateway.deletePortalProductSharingPolicy({ PortalProductId });
    expect(await refused(other.getPortalProduct(asked))).toMatchObject(denied);
    const { Items = [] } = await gateway.listPortalProducts({ ResourceOwner: "SELF" });
    expect(Items.map((item) => item.PortalProductId)).toContain(PortalProductId);
    other.destroy();
  });
});
