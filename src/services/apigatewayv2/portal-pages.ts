/** Pages of portal products: pages of text, and pages of methods of REST APIs. */
import {
  CreateProductPage$,
  type CreateProductPageCommand,
  CreateProductRestEndpointPage$,
  type CreateProductRestEndpointPageCommand,
  DeleteProductPage$,
  type DeleteProductPageCommand,
  DeleteProductRestEndpointPage$,
  type DeleteProductRestEndpointPageCommand,
  type EndpointDisplayContent,
  GetProductPage$,
  type GetProductPageCommand,
  GetProductRestEndpointPage$,
  type GetProductRestEndpointPageCommand,
  type IdentifierParts,
  ListProductPages$,
  type ListProductPagesCommand,
  ListProductRestEndpointPages$,
  type ListProductRestEndpointPagesCommand,
  UpdateProductPage$,
  type UpdateProductPageCommand,
  UpdateProductRestEndpointPage$,
  type UpdateProductRestEndpointPageCommand,
} from "@aws-sdk/client-apigatewayv2";
import { given, operation, patched } from "./apigatewayv2.ts";
import { badRequest } from "./errors.ts";
import { arnOf, createRow, deleteRow, pageOfRows, rowOf, sharedProduct, updateRow } from "./portal-rows.ts";
import type { EndpointPageValue, PageValue, PortalRow } from "./portal-tables.ts";

export const createProductPage = operation<CreateProductPageCommand>(CreateProductPage$, (input, context) => {
  const { id } = rowOf(context, "portalproducts", input.PortalProductId);
  return shownPage(createRow(context, "productpages", given<PageValue>(input, ["DisplayContent"]), id));
});

export const getProductPage = operation<GetProductPageCommand>(GetProductPage$, (input, context) => {
  const { place, product } = sharedProduct(context, input, "GetProductPage");
  return shownPage(rowOf(place, "productpages", input.ProductPageId, product.id));
});

export const listProductPages = operation<ListProductPagesCommand>(ListProductPages$, (input, context) => {
  const { place, product } = sharedProduct(context, input, "ListProductPages");
  const show = (row: PortalRow<PageValue>) => {
    const { DisplayContent, ...shown } = shownPage(row);
    return { ...shown, PageTitle: DisplayContent?.Title };
  };
  return pageOfRows(place, "productpages", input, show, product.id);
});

export const updateProductPage = operation<UpdateProductPageCommand>(UpdateProductPage$, (input, context) => {
  const row = pageOf(context, "productpages", input.PortalProductId, input.ProductPageId);
  return shownPage(updateRow(context, row, patched<PageValue>(row.value, input, ["DisplayContent"])));
});

export const deleteProductPage = operation<DeleteProductPageCommand>(DeleteProductPage$, (input, context) => {
  deleteRow(context, pageOf(context, "productpages", input.PortalProductId, input.ProductPageId));
  return {};
});

/** A page of a product of the caller's account. @throws AwsError NotFoundException */
function pageOf<Kind extends "productpages" | "productrestendpointpages">(
  context: Parameters<typeof rowOf>[0],
  kind: Kind,
  productId: string | undefined,
  id: string | undefined,
) {
  const product = rowOf(context, "portalproducts", productId);
  return rowOf(context, kind, id, product.id);
}

function shownPage(row: PortalRow<PageValue>) {
  const { value, modifiedMs, id } = row;
  return { ...value, LastModified: new Date(modifiedMs), ProductPageArn: arnOf(row), ProductPageId: id };
}

export const createProductRestEndpointPage = operation<CreateProductRestEndpointPageCommand>(
  CreateProductRestEndpointPage$,
  (input, context) => {
    const { service, region } = context;
    const product = rowOf(context, "portalproducts", input.PortalProductId);
    const { IdentifierParts: parts } = input.RestEndpointIdentifier ?? {};
    if (parts === undefined) throw badRequest("Rest endpoint identifier must name its parts");
    const isThere = service.deps.apis.of(parts.RestApiId as string) !== undefined;
    const value: EndpointPageValue = {
      DisplayContent: displayed(parts, region, input.DisplayContent),
      RestEndpointIdentifier: { IdentifierParts: parts },
      TryItState: input.TryItState ?? "ENABLED",
      ...(isThere ? { Status: "AVAILABLE" } : failed(parts)),
    };
    return shownEndpoint(createRow(context, "productrestendpointpages", value, product.id));
  },
);

function failed({ RestApiId }: IdentifierParts) {
  const StatusException = { Exception: "NotFoundException", Message: `Invalid API identifier specified ${RestApiId}` };
  return { Status: "FAILED" as const, StatusException };
}

/** What a page shows: the API's own values unless overridden. */
function displayed(
  { RestApiId, Stage, Path }: IdentifierParts,
  region: string,
  { Overrides: overrides }: EndpointDisplayContent = {},
) {
  const Endpoint = `https://${RestApiId}.execute-api.${region}.amazonaws.com/${Stage}${Path}`;
  return { Endpoint, ...overrides };
}

export const getProductRestEndpointPage = operation<GetProductRestEndpointPageCommand>(
  GetProductRestEndpointPage$,
  (input, context) => {
    const { place, product } = sharedProduct(context, input, "GetProductRestEndpointPage");
    const row = rowOf(place, "productrestendpointpages", input.ProductRestEndpointPageId, product.id);
    const raw = input.IncludeRawDisplayContent === undefined ? {} : { RawDisplayContent: rawContent(row) };
    return { ...shownEndpoint(row), ...raw };
  },
);

function rawContent({ value }: PortalRow<EndpointPageValue>): string {
  return JSON.stringify(value.DisplayContent ?? {});
}

export const listProductRestEndpointPages = operation<ListProductRestEndpointPagesCommand>(
  ListProductRestEndpointPages$,
  (input, context) => {
    const { place, product } = sharedProduct(context, input, "ListProductRestEndpointPages");
    const show = (row: PortalRow<EndpointPageValue>) => {
      const { DisplayContent, RestEndpointIdentifier, Status, TryItState, ...shown } = shownEndpoint(row);
      const { Endpoint, OperationName } = DisplayContent ?? {};
      return { ...shown, Endpoint, OperationName, RestEndpointIdentifier, Status, TryItState };
    };
    return pageOfRows(place, "productrestendpointpages", input, show, product.id);
  },
);

export const updateProductRestEndpointPage = operation<UpdateProductRestEndpointPageCommand>(
  UpdateProductRestEndpointPage$,
  (input, context) => {
    const kind = "productrestendpointpages";
    const row = pageOf(context, kind, input.PortalProductId, input.ProductRestEndpointPageId);
    const { IdentifierParts: parts = {} as IdentifierParts } = row.value.RestEndpointIdentifier ?? {};
    const value = patched<EndpointPageValue>(row.value, input, ["TryItState"]);
    const content = input.DisplayContent && { DisplayContent: displayed(parts, row.region, input.DisplayContent) };
    return shownEndpoint(updateRow(context, row, { ...value, ...content }));
  },
);

export const deleteProductRestEndpointPage = operation<DeleteProductRestEndpointPageCommand>(
  DeleteProductRestEndpointPage$,
  (input, context) => {
    const kind = "productrestendpointpages";
    deleteRow(context, pageOf(context, kind, input.PortalProductId, input.ProductRestEndpointPageId));
    return {};
  },
);

function shownEndpoint(row: PortalRow<EndpointPageValue>) {
  return {
    ...row.value,
    LastModified: new Date(row.modifiedMs),
    ProductRestEndpointPageArn: arnOf(row),
    ProductRestEndpointPageId: row.id,
  };
}
