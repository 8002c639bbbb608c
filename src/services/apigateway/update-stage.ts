/** UpdateStage: a stage's own members; method settings are in `method-settings.ts`. */

import { type CacheClusterSize, UpdateStage$, type UpdateStageCommand } from "@aws-sdk/client-api-gateway";
import { unlessEmpty } from "../../apis/members.ts";
import { type ApiGateway, operation } from "./apigateway.ts";
import { badRequest, notFound } from "./errors.ts";
import { checkLogsRole, removeSettings, setSetting, settingPath } from "./method-settings.ts";
import { type Change, type Draft, decimalOf, type PatchErrors, PatchTable, type Rule, rulesFor } from "./patch.ts";
import {
  checkDeploymentId,
  checkDocumentationVersion,
  checkedVariables,
  defaultCacheSize,
  describedStage,
  newCanary,
  stageOf,
} from "./stages.ts";
import type { StageRow } from "./tables.ts";

const cacheSizes = ["0.5", "1.6", "6.1", "13.5", "28.4", "58.2", "118", "237"];
const maxFormatBytes = 3 * 1024;

export const updateStage = operation<UpdateStageCommand>(UpdateStage$, (input, context) => {
  const { service } = context;
  const stage = stageOf(service, context, input);
  // Whether deployments and certificates exist is checked once all operations are applied.
  const updated = patches.apply(stage, input.patchOperations);
  check(service, stage, updated);
  const cached = updated.cacheClusterEnabled;
  const row: StageRow = {
    ...updated,
    cacheClusterStatus: cached ? "AVAILABLE" : "NOT_AVAILABLE",
    cacheClusterSize: updated.cacheClusterSize ?? (cached ? defaultCacheSize : undefined),
    updatedMs: service.now,
  };
  service.stages.put(row);
  return describedStage(row);
});

function check(service: ApiGateway, before: StageRow, { apiId, ...after }: StageRow): void {
  if (after.deploymentId !== before.deploymentId) checkDeploymentId(service, apiId, after.deploymentId);
  const canary = after.canarySettings?.deploymentId;
  if (canary !== undefined && canary !== before.canarySettings?.deploymentId) {
    checkDeploymentId(service, apiId, canary);
  }
  checkDocumentationVersion(service, apiId, after.documentationVersion);
  checkedVariables(after.variables);
  checkedVariables(after.canarySettings?.stageVariableOverrides);
  const certificate = after.clientCertificateId && service.clientCertificates.get(after.clientCertificateId);
  if (after.clientCertificateId && (!certificate || certificate.account !== before.account)) {
    throw notFound("Invalid Client Certificate ID specified");
  }
  const { accessLogSettings: logs } = after;
  const destination = logs?.destinationArn !== before.accessLogSettings?.destinationArn;
  if (logs?.destinationArn !== undefined && destination && !logs.destinationArn.startsWith("arn:")) {
    throw badRequest(`Invalid ARN specified in the request. ARNs must start with 'arn:': ${logs.destinationArn}`);
  }
  if (logs !== undefined && logs !== before.accessLogSettings) {
    checkLogsRole(service, before);
    checkFormat(logs.format ?? "");
  }
  const isLogged = Object.entries(after.methodSettings).some(
    ([key, { loggingLevel = "OFF" }]) =>
      loggingLevel !== "OFF" && loggingLevel !== before.methodSettings[key]?.loggingLevel,
  );
  if (isLogged) checkLogsRole(service, before);
}

function checkFormat(format: string): void {
  if (/\n./s.test(format)) {
    throw badRequest("Access Log format must be single line, new line character is allowed only at end of the format");
  }
  if (Buffer.byteLength(format) > maxFormatBytes) {
    throw badRequest(`Access Log format may have at most ${maxFormatBytes} bytes`);
  }
}

const stagePaths =
  "[/deploymentId, /description, /cacheClusterEnabled, /cacheClusterSize, /clientCertificateId, /accessLogSettings, /accessLogSettings/destinationArn, /accessLogSettings/format, /{resourcePath}/{httpMethod}/metrics/enabled, /{resourcePath}/{httpMethod}/logging/dataTrace, /{resourcePath}/{httpMethod}/logging/loglevel, /{resourcePath}/{httpMethod}/throttling/burstLimit/{resourcePath}/{httpMethod}/throttling/rateLimit/{resourcePath}/{httpMethod}/caching/ttlInSeconds, /{resourcePath}/{httpMethod}/caching/enabled, /{resourcePath}/{httpMethod}/caching/dataEncrypted, /{resourcePath}/{httpMethod}/caching/requireAuthorizationForCacheControl, /{resourcePath}/{httpMethod}/caching/unauthorizedCacheControlHeaderStrategy, /*/*/metrics/enabled, /*/*/logging/dataTrace, /*/*/logging/loglevel, /*/*/throttling/burstLimit /*/*/throttling/rateLimit /*/*/caching/ttlInSeconds, /*/*/caching/enabled, /*/*/caching/dataEncrypted, /*/*/caching/requireAuthorizationForCacheControl, /*/*/caching/unauthorizedCacheControlHeaderStrategy, /variables/{variable_name}, /tracingEnabled]";

/** The blank at the end is AWS's. */
function cannotRemove({ path }: { readonly path: string }) {
  return badRequest(
    `Cannot remove method setting ${path.replace(/^\//, "")} because there is no method setting for this method `,
  );
}

/** Some commas are missing in AWS's text, too. */
function invalidPath({ path }: { readonly path: string }) {
  return badRequest(`Invalid method setting path: ${path}. Must be one of: ${stagePaths}`);
}

const errors: PatchErrors = {
  unknownPath: (change) => (change.op === "remove" ? cannotRemove(change) : invalidPath(change)),
  unknownOp: (change) =>
    change.op === "remove"
      ? cannotRemove(change)
      : badRequest(`Invalid ${change.op} operation with path: ${change.path}`),
};

const rules = rulesFor<StageRow>();

function variable(draft: Draft<StageRow>, { names: [name = ""], value }: Change): void {
  draft.variables = { ...draft.variables, [name]: value };
}

function without(map: Readonly<Record<string, string>> | undefined, name: string, change: Change) {
  if (map === undefined || !Object.hasOwn(map, name)) throw cannotRemove(change);
  return unlessEmpty(Object.fromEntries(Object.entries(map).filter(([key]) => key !== name)));
}

const own: Rule<StageRow>[] = [
  {
    path: "/deploymentId",
    ops: {
      replace: (draft, { value }) => {
        draft.deploymentId = value;
      },
      copy: (draft, change) => {
        const canary = draft.canarySettings;
        if (change.from !== "/canarySettings/deploymentId" || canary === undefined) throw invalidPath(change);
        draft.deploymentId = canary.deploymentId;
      },
    },
  },
  rules.text("description"),
  rules.flag("cacheClusterEnabled"),
  {
    path: "/cacheClusterSize",
    ops: {
      replace: (draft, { value }) => {
        if (!cacheSizes.includes(value)) {
          throw badRequest(`Invalid cache cluster size specified. Must be one of: [${cacheSizes.join(", ")}]`);
        }
        draft.cacheClusterSize = value as CacheClusterSize;
      },
    },
  },
  rules.text("clientCertificateId"),
  rules.text("documentationVersion"),
  rules.flag("tracingEnabled"),
  {
    path: "/variables/{name}",
    ops: {
      replace: variable,
      add: variable,
      remove: (draft, change) => {
        draft.variables = without(draft.variables, change.names[0] ?? "", change);
      },
    },
  },
  {
    path: "/variables",
    ops: {
      remove: (draft) => {
        draft.variables = undefined;
      },
      copy: (draft, change) => {
        if (change.from !== "/canarySettings/stageVariableOverrides") throw invalidPath(change);
        draft.variables = unlessEmpty({ ...draft.variables, ...draft.canarySettings?.stageVariableOverrides });
      },
    },
  },
];

function setAccessLog(draft: Draft<StageRow>, { names: [name = ""], value }: Change): void {
  if (name !== "destinationArn" && name !== "format") throw invalidAccessLogPath();
  if (value === "") throw badRequest("Access Log value must not be empty");
  draft.accessLogSettings = { ...draft.accessLogSettings, [name]: value };
}

function invalidAccessLogPath() {
  return badRequest(
    "Invalid accessLogSettings path. Must be one of : [/accessLogSettings/destinationArn, /accessLogSettings/format]",
  );
}

const accessLogs: Rule<StageRow>[] = [
  {
    path: "/accessLogSettings/{name+}",
    ops: {
      add: setAccessLog,
      replace: setAccessLog,
      remove: (draft, change) => {
        const { destinationArn, format } = draft.accessLogSettings ?? {};
        const [name] = change.names;
        // Removing the destination takes a format too; without one only the whole can be removed.
        if (name === "destinationArn" && destinationArn !== undefined && format !== undefined) {
          draft.accessLogSettings = { format };
        } else if (name === "format" && format !== undefined) {
          draft.accessLogSettings = destinationArn === undefined ? undefined : { destinationArn };
        } else throw cannotRemove(change);
      },
    },
  },
  {
    path: "/accessLogSettings",
    ops: {
      add: () => {
        throw invalidAccessLogPath();
      },
      replace: () => {
        throw invalidAccessLogPath();
      },
      remove: (draft, change) => {
        if (draft.accessLogSettings === undefined) throw cannotRemove(change);
        draft.accessLogSettings = undefined;
      },
    },
  },
];

/** The stage's canary, or a new one: the first write to it creates it. */
function canaryOf({ canarySettings, deploymentId }: Draft<StageRow>) {
  return canarySettings ?? newCanary({}, deploymentId);
}

function override(draft: Draft<StageRow>, { names: [name = ""], value }: Change): void {
  const canary = canaryOf(draft);
  draft.canarySettings = {
    ...canary,
    stageVariableOverrides: { ...canary.stageVariableOverrides, [name]: value },
  };
}

const canaries: Rule<StageRow>[] = [
  {
    path: "/canarySettings/deploymentId",
    ops: {
      replace: (draft, { value }) => {
        draft.canarySettings = { ...canaryOf(draft), deploymentId: value };
      },
    },
  },
  {
    path: "/canarySettings/percentTraffic",
    ops: {
      replace: (draft, { value, path }) => {
        draft.canarySettings = newCanary(
          { ...canaryOf(draft), percentTraffic: decimalOf(value, path) },
          draft.deploymentId,
        );
      },
    },
  },
  {
    path: "/canarySettings/useStageCache",
    ops: {
      replace: (draft, { value }) => {
        draft.canarySettings = { ...canaryOf(draft), useStageCache: value === "true" };
      },
    },
  },
  {
    path: "/canarySettings/stageVariableOverrides/{name}",
    ops: {
      replace: override,
      add: override,
      remove: (draft, change) => {
        const overrides = without(draft.canarySettings?.stageVariableOverrides, change.names[0] ?? "", change);
        draft.canarySettings = { ...canaryOf(draft), stageVariableOverrides: overrides };
      },
    },
  },
  {
    path: "/canarySettings",
    ops: {
      replace: (_draft, change) => {
        throw invalidPath(change);
      },
      remove: (draft, change) => {
        if (draft.canarySettings === undefined) throw cannotRemove(change);
        draft.canarySettings = undefined;
      },
    },
  },
  {
    path: "/canarySettings/{other+}",
    ops: {
      replace: (_draft, change) => {
        throw invalidPath(change);
      },
    },
  },
];

const methods: Rule<StageRow>[] = [
  {
    path: settingPath,
    ops: {
      replace: (draft, change) => {
        if (!setSetting(draft, change)) throw invalidPath(change);
      },
      remove: (draft, change) => {
        if (!removeSettings(draft, change.path)) throw cannotRemove(change);
      },
    },
  },
];

const patches = new PatchTable<StageRow>([...own, ...accessLogs, ...canaries, ...methods], errors);
