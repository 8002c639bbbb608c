/**
 * Opaque pagination tokens: base64url of a JSON value that says where the next page begins.
 */
export function encodeToken(position: unknown): string {
  return Buffer.from(JSON.stringify(position)).toString("base64url");
}

/** The position in a token, or undefined for a text that is none of ours. The caller checks its type. */
export function decodeToken(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token, "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
}

export interface Page<Item> {
  readonly items: Item[];
  /** True when items remain after this page. */
  readonly more: boolean;
}

/** Takes the first `limit` of a lazily read sequence and tells whether more follow. */
export function takePage<Item>(sequence: Iterable<Item>, limit: number): Page<Item> {
  const items: Item[] = [];
  for (const item of sequence) {
    if (items.length === limit) return { items, more: true };
    items.push(item);
  }
  return { items, more: false };
}
