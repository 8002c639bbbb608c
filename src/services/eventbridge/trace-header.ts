/** Trace headers as EventBridge passes them on (recorded with PutEvents and SQS targets). */

const root = /^1-[0-9a-f]{8}-[0-9a-f]{24}$/i;

/**
 * `Root=…;Parent=…;Sampled=…`, followed by its other parts, without what is malformed.
 * @param newRoot replaces a malformed root.
 * @returns undefined when the header has no root at all: then nothing is passed on.
 */
export function passedOn(header: string, newRoot: () => string): string | undefined {
  const known = new Map<string, string>();
  const others: string[] = [];
  for (const part of header.split(";")) {
    const [name = "", value] = part.trim().split("=", 2);
    if (value === undefined) continue;
    if (/^(Root|Parent|Sampled)$/.test(name)) known.set(name, value);
    else if (name !== "") others.push(`${name}=${value}`);
  }
  const given = known.get("Root");
  if (given === undefined) return undefined;
  const parts = [`Root=${root.test(given) ? given : newRoot()}`];
  const parent = known.get("Parent");
  if (parent !== undefined && /^[0-9a-f]{16}$/i.test(parent)) parts.push(`Parent=${parent}`);
  const sampled = known.get("Sampled");
  if (sampled !== undefined && /^[01?]$/.test(sampled)) parts.push(`Sampled=${sampled}`);
  return [...parts, ...others].join(";");
}
