/** Headers that tell another emulator which account and region a request is for. */

/**
 * The date and the Authorization header of an unsigned request: account, region and service are where a signed one has
 * them (Signature Version 4, credential scope).
 * @param as `nowMs` is in epoch milliseconds.
 */
export function scopeHeaders(as: {
  readonly account: string;
  readonly region: string;
  readonly service: string;
  readonly nowMs: number;
}): Record<string, string> {
  const date = new Date(as.nowMs).toISOString().replace(/[-:]|\.\d+/g, "");
  const scope = `${as.account}/${date.slice(0, 8)}/${as.region}/${as.service}/aws4_request`;
  return {
    "X-Amz-Date": date,
    Authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host;x-amz-date, Signature=${"0".repeat(64)}`,
  };
}
