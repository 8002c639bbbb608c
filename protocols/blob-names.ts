/** Which members of a shape are blobs, so that large ones can be left where they arrived (`json-text.ts`). */
import { kindOf, type Shape } from "./schema.ts";

/**
 * Tells the names of members that are blobs wherever they occur in `shape`, so that what a body has under them is a
 * blob. None when there are documents, which hold anything.
 */
export function blobNames(shape: Shape): () => ReadonlySet<string> {
  let names: ReadonlySet<string> | undefined;
  return () => (names ??= findBlobNames(shape));
}

function findBlobNames(shape: Shape): ReadonlySet<string> {
  const blobs = new Set<string>();
  const others = new Set<string>();
  const seen = new Set<string | undefined>();
  let hasDocument = false;
  const visit = (one: Shape): void => {
    const kind = kindOf(one);
    if (kind === "document") hasDocument = true;
    if (kind === "list" || kind === "map") visit(one.getValueSchema());
    if (kind !== "struct" || seen.has(one.getName(true))) return;
    seen.add(one.getName(true));
    for (const [name, member] of one.structIterator()) {
      (kindOf(member) === "blob" ? blobs : others).add(name).add(member.getMergedTraits().jsonName ?? name);
      visit(member);
    }
  };
  visit(shape);
  return new Set(hasDocument ? [] : [...blobs].filter((name) => !others.has(name)));
}
