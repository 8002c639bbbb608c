/** Tags of APIs, stages, domain names, VPC links, portals and their products. */
import {
  GetTags$,
  type GetTagsCommand,
  TagResource$,
  type TagResourceCommand,
  UntagResource$,
  type UntagResourceCommand,
} from "@aws-sdk/client-apigatewayv2";
import { type Context, operation } from "./apigatewayv2.ts";
import { domainOf } from "./domain-names.ts";
import { badRequest, notFound } from "./errors.ts";
import { rowOf } from "./portal-rows.ts";

type Tags = Readonly<Record<string, string>>;

const maxTags = 50;

/** @throws AwsError BadRequestException */
export function checkedTags(tags: Tags): Tags {
  for (const [key, value] of Object.entries(tags)) {
    if (key.length === 0 || key.length > 128) throw badRequest(`Invalid tag key: ${key}`);
    if (key.toLowerCase().startsWith("aws:")) throw badRequest("aws: prefixed tag key names are not allowed");
    if (value.length > 256) throw badRequest(`Invalid tag value for key ${key}`);
  }
  if (Object.keys(tags).length > maxTags) throw badRequest(`A resource can have ${maxTags} tags at most`);
  return tags;
}

/** The tags of the resource with an ARN, and a function to change them. @throws AwsError */
function tagged(context: Context, arn: string): { tags: Tags; put: (tags: Tags) => void } {
  const { service } = context;
  const [, kind, id = "", sub, subId = ""] =
    /^arn:[^:]+:apigateway:[^:]*::\/([a-z]+)\/([^/]+)(?:\/([a-z]+)\/(.+))?$/.exec(arn) ?? [];
  if (kind === "apis" && sub === undefined) {
    const row = service.api(context, id);
    const put = (Tags: Tags) => service.apis.put({ ...row, value: { ...row.value, Tags } });
    return { tags: row.value.Tags ?? {}, put };
  }
  if (kind === "apis" && sub === "stages") {
    service.api(context, id);
    const row = service.stage(id, subId);
    const put = (Tags: Tags) => service.stages.put({ ...row, value: { ...row.value, Tags } });
    return { tags: row.value.Tags ?? {}, put };
  }
  if (kind === "domainnames" && sub === undefined) {
    const row = domainOf(service, context, id);
    return { tags: row.tags, put: (tags) => service.deps.apis.domains.rows.put({ ...row, tags }) };
  }
  if (kind === "vpclinks" && sub === undefined) {
    const row = service.vpcLinks.get(id);
    if (row !== undefined && row.account === context.account && row.region === context.region) {
      const put = (Tags: Tags) => service.vpcLinks.put({ ...row, value: { ...row.value, Tags } });
      return { tags: row.value.Tags ?? {}, put };
    }
  }
  const [, portalKind, portalId] =
    /^arn:[^:]+:apigateway:[^:]*:\d{12}:\/(portals|portalproducts)\/([^/]+)$/.exec(arn) ?? [];
  if (portalKind === "portals" || portalKind === "portalproducts") {
    const row = rowOf(context, portalKind, portalId);
    const put = (Tags: Tags) => service.portals.put({ ...row, value: { ...row.value, Tags } });
    return { tags: row.value.Tags ?? {}, put };
  }
  throw kind === undefined
    ? badRequest(`Invalid ARN specified in the request: ${arn}`)
    : notFound(`Invalid resource identifier specified ${arn}`);
}

export const getTags = operation<GetTagsCommand>(GetTags$, (input, context) => ({
  Tags: tagged(context, input.ResourceArn as string).tags,
}));

export const tagResource = operation<TagResourceCommand>(TagResource$, (input, context) => {
  const { tags, put } = tagged(context, input.ResourceArn as string);
  put(checkedTags({ ...tags, ...input.Tags }));
  return {};
});

export const untagResource = operation<UntagResourceCommand>(UntagResource$, (input, context) => {
  const { tags, put } = tagged(context, input.ResourceArn as string);
  const kept = Object.entries(tags).filter(([key]) => !input.TagKeys?.includes(key));
  put(Object.fromEntries(kept));
  return {};
});
