/** UpdateRestApi. */
import { type SecurityPolicy, UpdateRestApi$, type UpdateRestApiCommand } from "@aws-sdk/client-api-gateway";
import { operation } from "./apigateway.ts";
import { badRequest } from "./errors.ts";
import {
  type Apply,
  type Change,
  type Draft,
  integerOf,
  listedErrors,
  PatchTable,
  type Rule,
  rulesFor,
} from "./patch.ts";
import { storedPolicy } from "./policies.ts";
import { checkCompressionSize, checkIpAddressType, describedApi, isEndpointType } from "./rest-apis.ts";
import type { RestApiRow } from "./tables.ts";

export const updateRestApi = operation<UpdateRestApiCommand>(UpdateRestApi$, (input, context) => {
  const { service } = context;
  const api = service.api(context, input.restApiId);
  const updated = patches.apply(api, input.patchOperations);
  checkIpAddressType(updated.endpointType, updated.ipAddressType);
  checkCompressionSize(updated.minimumCompressionSize);
  service.apis.put(updated);
  return describedApi(updated, { tags: true });
});

const rules = rulesFor<RestApiRow>();

const onlyReplace: Apply<RestApiRow> = () => {
  throw badRequest("Invalid patch operation specified. Must be one of: [replace]");
};

const setEndpointType: Apply<RestApiRow> = (draft, { value }) => {
  if (!isEndpointType(value))
    throw badRequest("Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE,PRIVATE");
  draft.endpointType = value;
  if (value === "PRIVATE") draft.ipAddressType = "dualstack";
  if (value === "REGIONAL") draft.securityPolicy ??= "TLS_1_0";
};

const endpointTypeOps: Rule<RestApiRow>["ops"] = {
  replace: setEndpointType,
  add: setEndpointType,
  remove: () => {
    throw badRequest("Invalid patch operation specified. Must be 'add'|'remove'|'replace'");
  },
};

const patches = new PatchTable<RestApiRow>(
  [
    {
      path: "/name",
      ops: {
        replace: (draft, { value }) => {
          if (value === "") throw badRequest("API Name cannot be blank");
          draft.name = value;
        },
      },
    },
    rules.text("description", ["add", "replace", "remove"]),
    rules.text("version"),
    rules.choice("apiKeySource", ["HEADER", "AUTHORIZER"]),
    rules.flag("disableExecuteApiEndpoint"),
    {
      path: "/policy",
      ops: {
        replace: (draft, { value }) => {
          draft.policy = value === "" ? undefined : storedPolicy(value, draft);
        },
      },
    },
    {
      path: "/minimumCompressionSize",
      ops: {
        replace: (draft, { value, path }) => {
          const disabled = value === "" || value === "null";
          draft.minimumCompressionSize = disabled ? undefined : integerOf(value, path);
        },
        add: onlyReplace,
        remove: onlyReplace,
      },
    },
    { path: "/endpointConfiguration/types/{type}", ops: endpointTypeOps },
    { path: "/endpointConfiguration/types", ops: endpointTypeOps },
    {
      path: "/endpointConfiguration/ipAddressType",
      ops: {
        replace: (draft, { value }) => {
          if (value !== "ipv4" && value !== "dualstack") {
            throw badRequest("ipAddressType must be either ipv4 or dualstack.");
          }
          draft.ipAddressType = value;
        },
        add: onlyReplace,
        remove: onlyReplace,
      },
    },
    rules.items("vpcEndpointIds", "/endpointConfiguration/vpcEndpointIds"),
    rules.choice("endpointAccessMode", ["BASIC", "STRICT"]),
    {
      path: "/securityPolicy",
      ops: {
        replace: (draft, { value }) => {
          draft.securityPolicy = value as SecurityPolicy;
        },
      },
    },
    {
      path: "/binaryMediaTypes/{type}",
      ops: {
        add: (draft, { names: [type = ""] }) => setBinaryTypes(draft, [...otherTypes(draft, type), type]),
        replace: (draft, { names: [type = ""], value }) =>
          setBinaryTypes(draft, [...otherTypes(draft, type), value || type]),
        remove: (draft, { names: [type = ""] }: Change) => setBinaryTypes(draft, otherTypes(draft, type)),
      },
    },
  ],
  listedErrors(
    ...["/name", "/description", "/binaryMediaTypes", "/minimumCompressionSize", "/apiKeySource", "/policy"],
    ...[
      "/endpointConfiguration/types",
      "/endpointConfiguration/vpcEndpointIds",
      "/endpointConfiguration/ipAddressType",
    ],
    ...["/disableExecuteApiEndpoint", "/securityPolicy", "/endpointAccessMode"],
  ),
);

function otherTypes({ binaryMediaTypes = [] }: Draft<RestApiRow>, type: string): string[] {
  return binaryMediaTypes.filter((each) => each !== type);
}

function setBinaryTypes(draft: Draft<RestApiRow>, types: readonly string[]): void {
  draft.binaryMediaTypes = types.length === 0 ? undefined : types;
}
