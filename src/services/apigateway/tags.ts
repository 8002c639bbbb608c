/** TagResource, UntagResource and GetTags, by ARN: APIs, stages, keys, plans, domain names, VPC links, certificates. */
import {
  GetTags$,
  type GetTagsCommand,
  TagResource$,
  type TagResourceCommand,
  UntagResource$,
  type UntagResourceCommand,
} from "@aws-sdk/client-api-gateway";
import type { Place } from "../../calls/place.ts";
import type { Table } from "../../engine/table.ts";
import { type Context, operation } from "./apigateway.ts";
import type { Texts } from "./definitions.ts";
import { badRequest, notFound } from "./errors.ts";
import { stageOf } from "./stages.ts";
import { checkedTags } from "./tag-checks.ts";

export const tagResource = operation<TagResourceCommand>(TagResource$, (input, context) => {
  const { tags, put } = taggedAt(input.resourceArn as string, context);
  put(checkedTags(tags, input.tags));
});

export const untagResource = operation<UntagResourceCommand>(UntagResource$, (input, context) => {
  const { tags, put } = taggedAt(input.resourceArn as string, context);
  const gone = new Set(input.tagKeys);
  put(Object.fromEntries(Object.entries(tags).filter(([key]) => !gone.has(key))));
});

export const getTags = operation<GetTagsCommand>(GetTags$, (input, context) => ({
  tags: taggedAt(input.resourceArn as string, context).tags,
}));

interface Tagged {
  readonly tags: Texts;
  put(tags: Texts): void;
}

/** @throws AwsError BadRequestException, NotFoundException */
function taggedAt(arn: string, context: Context): Tagged {
  const { service, account } = context;
  const [, region, owner, kind, id = "", rest] =
    /^arn:aws[a-z-]*:apigateway:([^:]*):(\d*):\/([a-z]+)\/([^/]+)(\/.*)?$/.exec(arn) ?? [];
  if (kind === undefined) throw badRequest(`Invalid ARN specified: ${arn}`);
  const unknown = () => notFound(`Invalid ${kind} identifier specified ${account}:${id}`);
  if (region !== context.region || (owner !== "" && owner !== account)) throw unknown();
  const stageName = /^\/stages\/([^/]+)$/.exec(rest ?? "")?.[1];
  if (kind === "restapis" && stageName !== undefined) {
    const stage = stageOf(service, context, { restApiId: id, stageName });
    return { tags: stage.tags, put: (tags) => service.stages.put({ ...stage, tags }) };
  }
  if (kind === "domainnameaccessassociations") return tagged(service.accessAssociations, arn, context, unknown);
  if (rest !== undefined) throw badRequest(`Invalid ARN specified: ${arn}`);
  switch (kind) {
    case "restapis": {
      const api = service.api(context, id);
      return { tags: api.tags, put: (tags) => service.apis.put({ ...api, tags }) };
    }
    case "apikeys":
      return tagged(service.apiKeys, id, context, unknown);
    case "usageplans":
      return tagged(service.usagePlans, id, context, unknown);
    case "domainnames":
      return tagged(service.deps.apis.domains.rows, id.split("+", 1)[0] as string, context, unknown);
    case "vpclinks":
      return tagged(service.vpcLinks, id, context, unknown);
    case "clientcertificates":
      return tagged(service.clientCertificates, id, context, unknown);
    default:
      throw badRequest(`Invalid ARN specified: ${arn}`);
  }
}

function tagged<Row extends Place & { readonly tags: Texts }, Names extends string>(
  table: Table<Row, Names>,
  key: string,
  { account, region }: Place,
  unknown: () => Error,
): Tagged {
  const row = table.get(key);
  if (row === undefined || row.account !== account || row.region !== region) throw unknown();
  return { tags: row.tags, put: (tags) => table.put({ ...row, tags }) };
}
