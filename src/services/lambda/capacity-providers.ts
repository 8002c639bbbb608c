/**
 * Capacity providers and the scaling of functions on them. Providers are stored and described, but there are no
 * instances: functions run as processes on this machine, and cannot be assigned to a provider.
 */
import {
  type CapacityProvider,
  type CapacityProviderScalingConfig,
  CreateCapacityProvider$,
  type CreateCapacityProviderCommand,
  DeleteCapacityProvider$,
  type DeleteCapacityProviderCommand,
  GetCapacityProvider$,
  type GetCapacityProviderCommand,
  GetFunctionScalingConfig$,
  type GetFunctionScalingConfigCommand,
  ListCapacityProviders$,
  type ListCapacityProvidersCommand,
  ListFunctionVersionsByCapacityProvider$,
  type ListFunctionVersionsByCapacityProviderCommand,
  PutFunctionScalingConfig$,
  type PutFunctionScalingConfigCommand,
  UpdateCapacityProvider$,
  type UpdateCapacityProviderCommand,
} from "@aws-sdk/client-lambda";
import { formatArn } from "../../calls/arn.ts";
import { takePage } from "../../calls/page.ts";
import { type Place, placeKey } from "../../calls/place.ts";
import { conflict, invalidParameter, notFound } from "./errors.ts";
import { type Lambda, operation } from "./lambda.ts";
import { nextMarker, pageSize, positionIn } from "./pages.ts";
import { modifiedText } from "./shown.ts";
import type { CapacityProviderRow } from "./tables.ts";
import { checkedTags } from "./tags.ts";

/** Default limit of a provider's vCPUs (Lambda API reference, CapacityProviderScalingConfig). */
const defaultScaling: CapacityProviderScalingConfig = { MaxVCpuCount: 400, ScalingMode: "Auto", ScalingPolicies: [] };

export const noInstances =
  "Busbar runs functions as processes of its own machine, and has no instances of a capacity provider: leave CapacityProviderConfig out.";

export const createCapacityProvider = operation<CreateCapacityProviderCommand>(
  CreateCapacityProvider$,
  (input, context) => {
    const { service, account, region } = context;
    const arn = providerArn(input.CapacityProviderName as string, context);
    if (service.capacityProviders.has(arn)) throw conflict(`Capacity provider already exists: ${arn}`);
    const { VpcConfig, PermissionsConfig, InstanceRequirements, KmsKeyArn, PropagateTags, TelemetryConfig } = input;
    const settings = { VpcConfig, PermissionsConfig, InstanceRequirements, KmsKeyArn, PropagateTags, TelemetryConfig };
    const row: CapacityProviderRow = {
      arn,
      account,
      region,
      name: arn.slice(arn.lastIndexOf(":") + 1),
      settings: {
        ...settings,
        CapacityProviderScalingConfig: scalingOf(input.CapacityProviderScalingConfig, defaultScaling),
      } as CapacityProviderRow["settings"],
      tags: checkedTags({}, input.Tags),
      lastModified: modifiedText(service.now, true),
    };
    service.capacityProviders.put(row);
    return { CapacityProvider: { ...described(row), State: "Pending" as const } };
  },
);

export const getCapacityProvider = operation<GetCapacityProviderCommand>(GetCapacityProvider$, (input, context) => ({
  CapacityProvider: described(providerOf(context.service, input.CapacityProviderName, context)),
}));

export const updateCapacityProvider = operation<UpdateCapacityProviderCommand>(
  UpdateCapacityProvider$,
  (input, context) => {
    const { service } = context;
    const before = providerOf(service, input.CapacityProviderName, context);
    const { CapacityProviderScalingConfig, PropagateTags, TelemetryConfig } = input;
    const { settings } = before;
    const row: CapacityProviderRow = {
      ...before,
      settings: {
        ...settings,
        CapacityProviderScalingConfig: scalingOf(CapacityProviderScalingConfig, settings.CapacityProviderScalingConfig),
        PropagateTags: PropagateTags ?? settings.PropagateTags,
        TelemetryConfig: TelemetryConfig ?? settings.TelemetryConfig,
      } as CapacityProviderRow["settings"],
      lastModified: modifiedText(service.now, true),
    };
    service.capacityProviders.put(row);
    return { CapacityProvider: described(row) };
  },
);

export const deleteCapacityProvider = operation<DeleteCapacityProviderCommand>(
  DeleteCapacityProvider$,
  (input, context) => {
    const { service } = context;
    const row = providerOf(service, input.CapacityProviderName, context);
    service.capacityProviders.delete(row.arn);
    return { CapacityProvider: { ...described(row), State: "Deleting" as const } };
  },
);

export const listCapacityProviders = operation<ListCapacityProvidersCommand>(
  ListCapacityProviders$,
  (input, context) => {
    const { service } = context;
    const after = positionIn(input.Marker)?.[0];
    const rows = service.capacityProviders.by.name.range(placeKey(context), after === undefined ? {} : { gt: after });
    // All are active here.
    const fitting = input.State === undefined || input.State === "Active" ? rows : [];
    const { items, more } = takePage(fitting, pageSize(input.MaxItems));
    return { CapacityProviders: items.map(described), NextMarker: nextMarker(more, [items.at(-1)?.name ?? ""]) };
  },
);

export const listFunctionVersionsByCapacityProvider = operation<ListFunctionVersionsByCapacityProviderCommand>(
  ListFunctionVersionsByCapacityProvider$,
  (input, context) => {
    const { arn } = providerOf(context.service, input.CapacityProviderName, context);
    return { CapacityProviderArn: arn, FunctionVersions: [] };
  },
);

export const putFunctionScalingConfig = operation<PutFunctionScalingConfigCommand>(
  PutFunctionScalingConfig$,
  (input, context) => {
    context.service.target(input.FunctionName, input.Qualifier, context);
    const { MinExecutionEnvironments: least = 0, MaxExecutionEnvironments: most } = input.FunctionScalingConfig ?? {};
    if (most !== undefined && most < least) {
      throw invalidParameter("MinExecutionEnvironments cannot be greater than MaxExecutionEnvironments.");
    }
    throw invalidParameter(
      `A function scaling configuration is for versions of functions on a capacity provider. ${noInstances}`,
    );
  },
);

export const getFunctionScalingConfig = operation<GetFunctionScalingConfigCommand>(
  GetFunctionScalingConfig$,
  (input, context) => {
    const { arn } = context.service.target(input.FunctionName, input.Qualifier, context);
    return { FunctionArn: arn };
  },
);

function scalingOf<T extends object>(given: T | undefined, before: CapacityProviderScalingConfig) {
  return { ...before, ...given };
}

function providerArn(nameOrArn: string, { region, account }: Place): string {
  return nameOrArn.startsWith("arn:")
    ? nameOrArn
    : formatArn("lambda", region, account, `capacity-provider:${nameOrArn}`);
}

/** @throws AwsError ResourceNotFoundException */
function providerOf(service: Lambda, nameOrArn: string | undefined, place: Place): CapacityProviderRow {
  const arn = providerArn(nameOrArn as string, place);
  const row = service.capacityProviders.get(arn);
  if (row === undefined || row.account !== place.account) throw notFound(`Capacity provider not found: ${arn}`);
  return row;
}

function described({ arn, settings, lastModified }: CapacityProviderRow): CapacityProvider {
  return { CapacityProviderArn: arn, State: "Active", ...settings, LastModified: lastModified };
}
