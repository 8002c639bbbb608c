/** Keys of parameter mappings, `append:header.name`, and the headers that must not be mapped. */
import { badRequest } from "./errors.ts";

export interface MappingKey {
  readonly action: "append" | "overwrite" | "remove";
  readonly place: "header" | "querystring" | "path" | "statuscode";
  readonly name: string;
}

const reserved =
  /^(access-control-.*|apigw-.*|authorization|connection|content-encoding|content-length|content-location|forwarded|keep-alive|origin|proxy-authenticate|proxy-authorization|te|trailers|transfer-encoding|upgrade|x-amz-.*|x-amzn-.*|x-forwarded-(for|host|proto)|via)$/i;

export function parseMappingKey(key: string): MappingKey | undefined {
  if (key === "overwrite:path") return { action: "overwrite", place: "path", name: "" };
  if (key === "overwrite:statuscode") return { action: "overwrite", place: "statuscode", name: "" };
  const match = /^(append|overwrite|remove):(header|querystring)\.(.+)$/.exec(key);
  if (match === null) return undefined;
  const [, action, place, name] = match as unknown as [string, MappingKey["action"], MappingKey["place"], string];
  return { action, place, name };
}

/** @throws AwsError BadRequestException */
export function checkRequestMappings(parameters: Readonly<Record<string, string>>): void {
  for (const key of Object.keys(parameters)) {
    const parsed = parseMappingKey(key);
    if (parsed === undefined || parsed.place === "statuscode")
      throw invalid(`Invalid Request Actioned Parameter ${key}`);
    checkHeader(parsed);
  }
}

/** @throws AwsError BadRequestException */
export function checkResponseMappings(parameters: Readonly<Record<string, Readonly<Record<string, string>>>>): void {
  for (const [status, mappings] of Object.entries(parameters)) {
    if (!/^\d{3}$/.test(status)) throw badRequest(`Invalid status code specified for response parameters: ${status}`);
    for (const key of Object.keys(mappings)) {
      const parsed = parseMappingKey(key);
      if (parsed === undefined || parsed.place === "path" || parsed.place === "querystring") {
        throw invalid(`Invalid Response Actioned Parameter ${key}`);
      }
      checkHeader(parsed);
    }
  }
}

function checkHeader({ place, name }: MappingKey): void {
  if (place === "header" && reserved.test(name)) throw invalid(`Operations on header ${name} are restricted`);
}

function invalid(error: string): Error {
  return badRequest(`Invalid mapping expression specified: Validation Result: warnings : [], errors : [${error}]`);
}
