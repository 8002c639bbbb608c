/** UpdateIntegration and UpdateIntegrationResponse. */
import {
  UpdateIntegration$,
  type UpdateIntegrationCommand,
  UpdateIntegrationResponse$,
  type UpdateIntegrationResponseCommand,
} from "@aws-sdk/client-api-gateway";
import { operation } from "./apigateway.ts";
import type { ContentHandling, IntegrationDefinition, IntegrationResponseDefinition } from "./definitions.ts";
import { badRequest } from "./errors.ts";
import { checkIntegration } from "./integration-checks.ts";
import {
  checkIntegrationResponse,
  describedIntegrationResponse,
  integrationResponse,
} from "./integration-responses.ts";
import { defaultTimeoutMs, describedIntegration, integrationOf } from "./integrations.ts";
import { asText, integerOf, PatchTable, type Rule, rulesFor, shortErrors } from "./patch.ts";
import { missingParameter, missingType } from "./update-methods.ts";

const contentHandlings = ["CONVERT_TO_BINARY", "CONVERT_TO_TEXT"];

/** An empty value removes it. */
const contentHandling: Rule<{ readonly contentHandling?: ContentHandling }> = {
  path: "/contentHandling",
  ops: {
    replace: (draft, { value }) => {
      if (value !== "" && !contentHandlings.includes(value)) {
        throw badRequest(`Invalid content handling specified. Valid options are ${contentHandlings.join(", ")}`);
      }
      draft.contentHandling = (value || undefined) as ContentHandling | undefined;
    },
  },
};

export const updateIntegration = operation<UpdateIntegrationCommand>(UpdateIntegration$, (input, context) => {
  const { service } = context;
  const method = service.method(context, input);
  const updated = integrationPatches.apply(integrationOf(method), input.patchOperations);
  updated.cacheNamespace ??= method.resourceId;
  updated.cacheKeyParameters ??= [];
  checkIntegration(service, method, updated, context);
  service.methods.put({ ...method, integration: updated });
  return describedIntegration({ ...updated, responses: {} });
});

export const updateIntegrationResponse = operation<UpdateIntegrationResponseCommand>(
  UpdateIntegrationResponse$,
  (input, context) => {
    const { service } = context;
    const method = service.method(context, input);
    const integration = integrationOf(method);
    const response = integrationResponse(integration, input.statusCode as string);
    const updated = responsePatches.apply(response, input.patchOperations);
    checkIntegrationResponse(method, updated);
    const responses = { ...integration.responses, [updated.statusCode]: updated };
    service.methods.put({ ...method, integration: { ...integration, responses } });
    return describedIntegrationResponse(updated);
  },
);

const rules = rulesFor<IntegrationDefinition>();

const integrationPatches = new PatchTable<IntegrationDefinition>(
  [
    {
      path: "/httpMethod",
      ops: {
        replace: (draft, { value }) => {
          if (draft.type === "MOCK") throw badRequest("Invalid patch path /httpMethod");
          draft.httpMethod = value || undefined;
        },
      },
    },
    rules.text("uri"),
    rules.text("credentials"),
    rules.text("cacheNamespace"),
    rules.text("connectionId"),
    rules.choice("connectionType", ["INTERNET", "VPC_LINK"]),
    rules.text("integrationTarget"),
    rules.choice("responseTransferMode", ["BUFFERED", "STREAM"]),
    rules.choice("passthroughBehavior", ["WHEN_NO_MATCH", "WHEN_NO_TEMPLATES", "NEVER"]),
    contentHandling,
    {
      path: "/timeoutInMillis",
      ops: {
        replace: (draft, { value, path }) => {
          draft.timeoutInMillis = value === "" ? defaultTimeoutMs : integerOf(value, path);
        },
      },
    },
    {
      path: "/tlsConfig/insecureSkipVerification",
      ops: {
        replace: (draft, { value }) => {
          draft.tlsConfig = { insecureSkipVerification: value === "true" };
        },
      },
    },
    rules.entries("requestParameters", asText, missingParameter),
    rules.entries("requestTemplates", asText, missingType),
    {
      path: "/cacheKeyParameters/{name}",
      ops: {
        add: (draft, { names: [name = ""] }) => {
          draft.cacheKeyParameters = [...draft.cacheKeyParameters.filter((each) => each !== name), name];
        },
        replace: (draft, { names: [name = ""], value }) => {
          draft.cacheKeyParameters = [...draft.cacheKeyParameters.filter((each) => each !== name), value || name];
        },
        remove: (draft, { names: [name = ""] }) => {
          draft.cacheKeyParameters = draft.cacheKeyParameters.filter((each) => each !== name);
        },
      },
    },
  ],
  shortErrors,
);

const responseRules = rulesFor<IntegrationResponseDefinition>();

const responsePatches = new PatchTable<IntegrationResponseDefinition>(
  [
    responseRules.text("selectionPattern"),
    contentHandling,
    responseRules.entries("responseParameters", asText, missingParameter),
    responseRules.entries("responseTemplates", asText, missingType),
  ],
  shortErrors,
);
