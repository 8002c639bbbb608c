/** Layers: their versions, and who may use them. */

import {
  AddLayerVersionPermission$,
  type AddLayerVersionPermissionCommand,
  type Architecture,
  DeleteLayerVersion$,
  type DeleteLayerVersionCommand,
  GetLayerVersion$,
  GetLayerVersionByArn$,
  type GetLayerVersionByArnCommand,
  type GetLayerVersionCommand,
  GetLayerVersionPolicy$,
  type GetLayerVersionPolicyCommand,
  ListLayers$,
  type ListLayersCommand,
  ListLayerVersions$,
  type ListLayerVersionsCommand,
  PublishLayerVersion$,
  type PublishLayerVersionCommand,
  RemoveLayerVersionPermission$,
  type RemoveLayerVersionPermissionCommand,
  type Runtime,
} from "@aws-sdk/client-lambda";
import { formatArn } from "../../calls/arn.ts";
import { takePage } from "../../calls/page.ts";
import { type Place, placeKey } from "../../calls/place.ts";
import { policyText } from "./access.ts";
import { codeOf, withZip } from "./code-sources.ts";
import type { LayerVersionRow } from "./code-tables.ts";
import { invalidParameter, notFound } from "./errors.ts";
import { type Lambda, operation } from "./lambda.ts";
import { nextMarker, pageSize, positionIn } from "./pages.ts";
import { addStatement, principalOf, removeStatement } from "./permissions.ts";
import { checkLayerRuntimes } from "./settings.ts";
import { modifiedText } from "./shown.ts";

export const publishLayerVersion = operation<PublishLayerVersionCommand>(
  PublishLayerVersion$,
  async (input, context) => {
    const { service, account, region, origin } = context;
    checkLayerRuntimes(input.CompatibleRuntimes ?? []);
    const arn = layerArn(input.LayerName as string, context);
    const source = await codeOf(input.Content ?? {}, context);
    if (!("bytes" in source)) throw invalidParameter("A layer cannot be a directory: give its zip.");
    return withZip(source, context, (zip) => {
      const name = arn.slice(arn.lastIndexOf(":") + 1);
      const version = (service.layers.get(arn)?.lastVersion ?? 0) + 1;
      service.layers.put({ arn, account, region, name, lastVersion: version });
      const { id, sha256, size } = service.codes.put(account, zip);
      const row: LayerVersionRow = {
        arn: `${arn}:${version}`,
        layerArn: arn,
        account,
        region,
        name,
        version,
        description: input.Description ?? "",
        licenseInfo: input.LicenseInfo,
        runtimes: input.CompatibleRuntimes,
        architectures: input.CompatibleArchitectures,
        createdAt: modifiedText(service.now, true),
        codeId: id,
        sha256,
        size,
      };
      service.layerVersions.put(row);
      return described(service, row, origin);
    });
  },
);

export const getLayerVersion = operation<GetLayerVersionCommand>(GetLayerVersion$, (input, context) => {
  const { service, origin } = context;
  return described(service, layerVersion(service, input, context), origin);
});

export const getLayerVersionByArn = operation<GetLayerVersionByArnCommand>(GetLayerVersionByArn$, (input, context) => {
  const { service, origin } = context;
  const row = service.layerVersions.get(input.Arn as string);
  if (row === undefined) throw notFound();
  return described(service, row, origin);
});

export const deleteLayerVersion = operation<DeleteLayerVersionCommand>(DeleteLayerVersion$, (input, context) => {
  const { service } = context;
  const number = checkedNumber(input.VersionNumber);
  const row = service.layerVersions.get(`${layerArn(input.LayerName as string, context)}:${number}`);
  if (row === undefined) return;
  service.layerVersions.delete(row.arn);
  service.policies.delete(row.arn);
  service.codes.release(row.codeId);
});

export const listLayerVersions = operation<ListLayerVersionsCommand>(ListLayerVersions$, (input, context) => {
  const { service } = context;
  const arn = layerArn(input.LayerName as string, context);
  const before = positionIn(input.Marker)?.[0];
  const bounds = before === undefined ? { reverse: true } : { lt: Number(before), reverse: true };
  const rows = fitting(service.layerVersions.by.version.range(arn, bounds), input);
  const { items, more } = takePage(rows, pageSize(input.MaxItems));
  return { LayerVersions: items.map(listed), NextMarker: nextMarker(more, [items.at(-1)?.version]) };
});

export const listLayers = operation<ListLayersCommand>(ListLayers$, (input, context) => {
  const { service } = context;
  const after = positionIn(input.Marker)?.[0];
  function* latestFitting() {
    const bounds = after === undefined ? {} : { gt: after };
    for (const layer of service.layers.by.name.range(placeKey(context), bounds)) {
      const [row] = fitting(service.layerVersions.by.version.range(layer.arn, { reverse: true }), input);
      if (row !== undefined) yield { layer, row };
    }
  }
  const { items, more } = takePage(latestFitting(), pageSize(input.MaxItems));
  return {
    Layers: items.map(({ layer, row }) => ({
      LayerName: layer.name,
      LayerArn: layer.arn,
      LatestMatchingVersion: listed(row),
    })),
    NextMarker: nextMarker(more, [items.at(-1)?.layer.name]),
  };
});

export const addLayerVersionPermission = operation<AddLayerVersionPermissionCommand>(
  AddLayerVersionPermission$,
  (input, context) => {
    const { service, account, region } = context;
    const { arn } = layerVersion(service, input, context);
    const { OrganizationId: organization } = input;
    const statement = {
      Sid: input.StatementId,
      Effect: "Allow",
      Principal: principalOf(input.Principal as string, region),
      Action: input.Action,
      Resource: arn,
      ...(organization === undefined ? {} : { Condition: { StringEquals: { "aws:PrincipalOrgID": organization } } }),
    };
    const owner = { arn, ownerArn: arn, account };
    addStatement(service, owner, service.policies.get(arn), statement, input.RevisionId);
    return { Statement: JSON.stringify(statement), RevisionId: service.policies.get(arn)?.revisionId };
  },
);

export const getLayerVersionPolicy = operation<GetLayerVersionPolicyCommand>(
  GetLayerVersionPolicy$,
  (input, context) => {
    const { service } = context;
    const { arn } = layerVersion(service, input, context);
    const policy = service.policies.get(arn);
    if (policy === undefined) throw notFound("No policy is associated with the given resource.");
    return { Policy: policyText(policy), RevisionId: policy.revisionId };
  },
);

export const removeLayerVersionPermission = operation<RemoveLayerVersionPermissionCommand>(
  RemoveLayerVersionPermission$,
  (input, context) => {
    const { service } = context;
    const { arn } = layerVersion(service, input, context);
    removeStatement(service, arn, input.StatementId as string, input.RevisionId);
  },
);

function layerArn(nameOrArn: string, { region, account }: Place): string {
  return nameOrArn.startsWith("arn:") ? nameOrArn : formatArn("lambda", region, account, `layer:${nameOrArn}`);
}

/** @throws AwsError InvalidParameterValueException */
function checkedNumber(number: number | undefined): number {
  if (number === undefined || number < 1) throw invalidParameter("Layer Version Cannot be less than 1");
  return number;
}

interface Asked {
  readonly LayerName?: string | undefined;
  readonly VersionNumber?: number | undefined;
}

/** @throws AwsError ResourceNotFoundException, InvalidParameterValueException */
function layerVersion(service: Lambda, { LayerName, VersionNumber }: Asked, place: Place): LayerVersionRow {
  const arn = `${layerArn(LayerName as string, place)}:${checkedNumber(VersionNumber)}`;
  const row = service.layerVersions.get(arn);
  if (row === undefined) throw notFound();
  return row;
}

interface Filter {
  readonly CompatibleRuntime?: string | undefined;
  readonly CompatibleArchitecture?: string | undefined;
}

function* fitting(rows: Iterable<LayerVersionRow>, filter: Filter): Iterable<LayerVersionRow> {
  const { CompatibleRuntime: runtime, CompatibleArchitecture: architecture } = filter;
  for (const row of rows) {
    if (runtime !== undefined && !row.runtimes?.includes(runtime)) continue;
    if (architecture !== undefined && !row.architectures?.includes(architecture)) continue;
    yield row;
  }
}

function listed(row: LayerVersionRow) {
  return {
    LayerVersionArn: row.arn,
    Version: row.version,
    Description: row.description,
    CreatedDate: row.createdAt,
    CompatibleRuntimes: row.runtimes as Runtime[] | undefined,
    CompatibleArchitectures: row.architectures as Architecture[] | undefined,
    LicenseInfo: row.licenseInfo,
  };
}

function described(service: Lambda, row: LayerVersionRow, origin: string) {
  return {
    ...listed(row),
    LayerArn: row.layerArn,
    Content: {
      Location: service.codeUrl(origin, { id: row.codeId }),
      CodeSha256: row.sha256,
      CodeSize: row.size,
    },
  };
}
