/** Where the door of Lambda is, told without loading Lambda. */
import type { Asked } from "../../calls/door.ts";

/** Path prefixes: downloads of zips, which replace S3's presigned URLs, and function URLs by id. */
export const codePath = "/_lambda-code/";
export const urlPath = "/_lambda-url/";
/** The host names of function URLs. */
export const urlHost = /^([a-z2-7]{32})\.lambda-url\./i;

export function isAtUrlDoor({ host, path }: Asked): boolean {
  return urlHost.test(host) || path.startsWith(urlPath) || path.startsWith(codePath);
}
