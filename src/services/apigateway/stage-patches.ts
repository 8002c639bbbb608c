/** The patch operations of UpdateStage: a stage's own members here, method settings in `method-settings.ts`. */
import type { CacheClusterSize } from "@aws-sdk/client-api-gateway";
import { unlessEmpty } from "../../apis/members.ts";
import { badRequest } from "./errors.ts";
import { removeSettings, setSetting, settingPath } from "./method-settings.ts";
import { type Change, type Draft, decimalOf, type PatchErrors, PatchTable, type Rule, rulesFor } from "./patch.ts";
import { newCanary } from "./stages.ts";
import type { StageRow } from "./tables.ts";

const cacheSizes = ["0.5", "1.6", "6.1", "13.5", "28.4", "58.2", "118", "237"];

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

export const stagePatches = new PatchTable<StageRow>([...own, ...accessLogs, ...canaries, ...methods], errors);
