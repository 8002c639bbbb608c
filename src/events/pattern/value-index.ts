import { AffixTree } from "./affix-tree.ts";
import { foldCase } from "./case-folding.ts";
import { ExactNumber, type LeafValue } from "./exact-number.ts";
import { IntervalTree } from "./interval-tree.ts";
import { addressKey } from "./ip.ts";
import { type Matcher, matcherAccepts, matcherKey } from "./matcher.ts";

/** Length of the pieces by which a wildcard without literal start or end is found in a value. */
const pieceLength = 3;

/** Where a matcher's item is kept. `any` is every value of the field, `string` every string. */
type Place =
  | { in: "literals"; key: LeafValue }
  | { in: "exact" | "addresses" | "folded"; key: string }
  /** Any one of the pieces is enough. */
  | { in: "pieces"; pieces: string[] }
  | { in: "prefixes" | "foldedPrefixes" | "suffixes" | "foldedSuffixes"; key: string }
  | { in: "ranges"; low: number; high: number }
  | { in: "blocks"; low: string; high: string }
  | { in: "string" | "any" | "nowhere" };

function placeOf(matcher: Matcher): Place {
  switch (matcher.kind) {
    case "equals": {
      if (matcher.value instanceof ExactNumber) return { in: "exact", key: matcher.value.text };
      const address =
        typeof matcher.value === "string" && matcher.value.includes(":") ? addressKey(matcher.value) : undefined;
      return address === undefined ? { in: "literals", key: matcher.value } : { in: "addresses", key: address };
    }
    case "equals-ignore-case":
      return { in: "folded", key: foldCase(matcher.text) };
    case "prefix":
      return matcher.fold
        ? { in: "foldedPrefixes", key: foldCase(matcher.text) }
        : { in: "prefixes", key: matcher.text };
    case "suffix":
      return matcher.fold
        ? { in: "foldedSuffixes", key: foldCase(matcher.text) }
        : { in: "suffixes", key: matcher.text };
    case "wildcard":
      return globPlace(matcher.glob.literals);
    case "range":
      return { in: "ranges", low: matcher.low, high: matcher.high };
    case "cidr":
      return { in: "blocks", low: matcher.low, high: matcher.high };
    case "exists":
      return { in: matcher.present ? "any" : "nowhere" };
    case "anything-but":
      return { in: "nowhere" };
  }
}

/** A glob is found by something that every matching value has: its start, its end, or a piece of its inside. */
function globPlace(literals: readonly string[]): Place {
  const first = literals[0] as string;
  const last = literals.at(-1) as string;
  if (literals.length === 1) return { in: "literals", key: first };
  if (first !== "" && first.length >= last.length) return { in: "prefixes", key: first };
  if (last !== "") return { in: "suffixes", key: last };
  const longest = literals.reduce((a, b) => (b.length > a.length ? b : a));
  if (longest === "") return { in: "string" };
  const pieces: string[] = [];
  for (let i = 0; i === 0 || i + pieceLength <= longest.length; i++) pieces.push(longest.slice(i, i + pieceLength));
  return { in: "pieces", pieces };
}

type Change = "add" | "remove";

function changeSet<T>(change: Change, set: Set<T>, item: T): void {
  if (change === "add") set.add(item);
  else set.delete(item);
}

/** All `anything-but` matchers that exclude a common value, skipped together for that value. */
interface ExclusionGroup<T> {
  excluded: Matcher;
  items: Set<T>;
}

/**
 * Matchers on one field, each with an item, found by a value without trying them one by one. Finds every item whose
 * matcher accepts the value, and perhaps a few more, which the caller must check.
 */
export class ValueIndex<T> {
  readonly #keyed = new Map<string, Map<LeafValue, Set<T>>>();
  readonly #affixes = new Map<string, AffixTree<T>>();
  readonly #ranges = new IntervalTree<number, T>();
  readonly #blocks = new IntervalTree<string, T>();
  readonly #strings = new Set<T>();
  readonly #any = new Set<T>();
  readonly #exclusions = new Map<string, ExclusionGroup<T>>();

  add(matcher: Matcher, item: T): void {
    if (matcher.kind === "anything-but") {
      const [key, excluded] = this.#groupFor(matcher.excluded);
      const group = this.#exclusions.get(key);
      if (group === undefined) this.#exclusions.set(key, { excluded, items: new Set([item]) });
      else group.items.add(item);
      return;
    }
    this.#change("add", placeOf(matcher), item);
  }

  remove(matcher: Matcher, item: T): void {
    if (matcher.kind === "anything-but") {
      for (const excluded of matcher.excluded) {
        const key = matcherKey(excluded);
        const group = this.#exclusions.get(key);
        if (group?.items.delete(item) && group.items.size === 0) this.#exclusions.delete(key);
      }
      return;
    }
    this.#change("remove", placeOf(matcher), item);
  }

  #change(change: Change, place: Place, item: T): void {
    switch (place.in) {
      case "ranges":
        this.#ranges[change](place.low, place.high, item);
        break;
      case "blocks":
        this.#blocks[change](place.low, place.high, item);
        break;
      case "string":
        changeSet(change, this.#strings, item);
        break;
      case "any":
        changeSet(change, this.#any, item);
        break;
      case "nowhere":
        break;
      case "literals":
      case "exact":
      case "addresses":
      case "folded":
        this.#changeKeyed(change, place.in, place.key, item);
        break;
      case "pieces": {
        // One piece is enough to find the item by; which one was the rarest when it was added is not remembered.
        const pieces = change === "add" ? [this.#rarestPiece(place.pieces)] : place.pieces;
        for (const piece of pieces) this.#changeKeyed(change, place.in, piece, item);
        break;
      }
      default:
        this.#changeAffix(change, place.in, place.key, item);
    }
  }

  #changeAffix(change: Change, map: string, key: string, item: T): void {
    let tree = this.#affixes.get(map);
    if (tree === undefined) this.#affixes.set(map, (tree = new AffixTree(map.endsWith("uffixes"))));
    tree[change](key, item);
    if (tree.isEmpty) this.#affixes.delete(map);
  }

  /** How many items share the matcher's place; distinguishes common values from rare ones. */
  crowd(matcher: Matcher): number {
    if (matcher.kind === "anything-but") return this.#exclusions.size;
    const place = placeOf(matcher);
    if (place.in === "pieces") return this.#keyed.get(place.in)?.get(this.#rarestPiece(place.pieces))?.size ?? 0;
    if (!("key" in place)) return place.in === "any" ? this.#any.size : this.#strings.size;
    const keyed = this.#keyed.get(place.in);
    if (keyed !== undefined) return keyed.get(place.key)?.size ?? 0;
    return typeof place.key === "string" ? (this.#affixes.get(place.in)?.count(place.key) ?? 0) : 0;
  }

  /** Calls back for the items of all matchers that may accept the value; an item may come up more than once. */
  visit(value: LeafValue, visit: (item: T) => void): void {
    for (const item of this.#any) visit(item);
    if (value instanceof ExactNumber) this.#visitKey("exact", value.text, visit);
    else this.#visitKey("literals", value, visit);
    if (typeof value === "number") this.#ranges.visit(value, visit);
    if (typeof value === "string") this.#visitString(value, visit);
    for (const group of this.#exclusions.values()) {
      if (matcherAccepts(group.excluded, value)) continue;
      for (const item of group.items) visit(item);
    }
  }

  #visitString(value: string, visit: (item: T) => void): void {
    for (const item of this.#strings) visit(item);
    this.#affixes.get("prefixes")?.visit(value, visit);
    this.#affixes.get("suffixes")?.visit(value, visit);
    const foldedPrefixes = this.#affixes.get("foldedPrefixes");
    const foldedSuffixes = this.#affixes.get("foldedSuffixes");
    if (foldedPrefixes !== undefined || foldedSuffixes !== undefined || this.#keyed.has("folded")) {
      const folded = foldCase(value);
      foldedPrefixes?.visit(folded, visit);
      foldedSuffixes?.visit(folded, visit);
      this.#visitKey("folded", folded, visit);
    }
    if (!this.#blocks.isEmpty || this.#keyed.has("addresses")) {
      const address = addressKey(value);
      if (address !== undefined) {
        this.#blocks.visit(address, visit);
        this.#visitKey("addresses", address, visit);
      }
    }
    const pieces = this.#keyed.get("pieces");
    if (pieces === undefined) return;
    const seen = new Set<string>();
    for (let i = 0; i < value.length; i++) {
      for (let length = 1; length <= pieceLength && i + length <= value.length; length++) {
        const piece = value.slice(i, i + length);
        const items = pieces.get(piece);
        if (items === undefined || seen.has(piece)) continue;
        seen.add(piece);
        for (const item of items) visit(item);
      }
    }
  }

  #changeKeyed(change: Change, map: string, key: LeafValue, item: T): void {
    let keyed = this.#keyed.get(map);
    if (keyed === undefined) this.#keyed.set(map, (keyed = new Map()));
    let items = keyed.get(key);
    if (items === undefined) keyed.set(key, (items = new Set()));
    changeSet(change, items, item);
    if (items.size === 0) keyed.delete(key);
    if (keyed.size === 0) this.#keyed.delete(map);
  }

  #rarestPiece(pieces: readonly string[]): string {
    const kept = this.#keyed.get("pieces");
    const crowd = (piece: string) => kept?.get(piece)?.size ?? 0;
    return pieces.reduce((best, piece) => (crowd(piece) < crowd(best) ? piece : best));
  }

  #visitKey(map: string, key: LeafValue, visit: (item: T) => void): void {
    const items = this.#keyed.get(map)?.get(key);
    if (items !== undefined) for (const item of items) visit(item);
  }

  /** The exclusion under which a list is filed: the one that most lists share, so that many are skipped at once. */
  #groupFor(excluded: readonly Matcher[]): [string, Matcher] {
    let best = excluded[0] as Matcher;
    let bestSize = -1;
    for (const candidate of excluded) {
      const size = this.#exclusions.get(matcherKey(candidate))?.items.size ?? 0;
      if (size > bestSize) {
        best = candidate;
        bestSize = size;
      }
    }
    return [matcherKey(best), best];
  }
}
