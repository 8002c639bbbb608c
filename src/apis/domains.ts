/**
 * Custom domain names, shared by REST and HTTP APIs. A domain routes to APIs by path prefix (mappings) or by rules that
 * can also match headers. Both control planes read and write these rows.
 */
import type { Place } from "../calls/place.ts";
import { placeKey } from "../calls/place.ts";
import type { Store } from "../engine/store.ts";
import { defineTable, type Table } from "../engine/table.ts";

export type RoutingMode = "API_MAPPING_ONLY" | "ROUTING_RULE_ONLY" | "ROUTING_RULE_THEN_API_MAPPING";

export interface DomainRow extends Place {
  /** In lower case; may begin with `*.`. */
  readonly name: string;
  readonly createdMs: number;
  readonly endpointType: "REGIONAL" | "EDGE" | "PRIVATE";
  readonly certificateArn: string | undefined;
  readonly securityPolicy: string;
  readonly ipAddressType: string;
  readonly routingMode: RoutingMode;
  readonly mutualTls: { readonly truststoreUri: string; readonly truststoreVersion?: string | undefined } | undefined;
  readonly tags: Readonly<Record<string, string>>;
  /** `d-{10 characters}.execute-api.{region}.amazonaws.com`, where DNS would point the name. */
  readonly targetName: string;
  readonly hostedZoneId: string;
  /** Members only one of the control planes has, under its own names. */
  readonly more: Readonly<Record<string, unknown>>;
}

export interface MappingRow {
  readonly domain: string;
  readonly account: string;
  readonly id: string;
  /** Without leading or trailing slash; the empty path matches whatever no other mapping does. */
  readonly path: string;
  readonly apiId: string;
  /** Empty: the next path segment names the stage (REST APIs only). */
  readonly stage: string;
}

/** Met by any of its base paths, or by any of its headers. A glob has `*` only at its ends. */
export interface RoutingCondition {
  readonly MatchBasePaths?: { readonly AnyOf?: readonly string[] | undefined } | undefined;
  readonly MatchHeaders?: { readonly AnyOf?: readonly RoutingHeader[] | undefined } | undefined;
}

interface RoutingHeader {
  readonly Header?: string | undefined;
  readonly ValueGlob?: string | undefined;
}

export interface RoutingRuleRow {
  readonly domain: string;
  readonly account: string;
  readonly id: string;
  readonly priority: number;
  /** All must be met. */
  readonly conditions: readonly RoutingCondition[];
  readonly apiId: string;
  readonly stage: string;
  readonly stripBasePath: boolean;
}

const domainTable = defineTable<DomainRow>()({
  name: "apis.domains",
  key: (row) => row.name,
  account: (row) => row.account,
  indexes: { name: { group: placeKey, order: (row) => row.name } },
});

const mappingTable = defineTable<MappingRow>()({
  name: "apis.mappings",
  key: (row) => mappingKey(row.domain, row.path),
  account: (row) => row.account,
  indexes: {
    path: { group: (row) => row.domain, order: (row) => row.path },
    id: { group: (row) => `${row.domain} ${row.id}`, order: () => 0 },
    api: { group: (row) => row.apiId, order: (row) => row.domain },
  },
});

const ruleTable = defineTable<RoutingRuleRow>()({
  name: "apis.routingRules",
  key: (row) => ruleKey(row.domain, row.id),
  account: (row) => row.account,
  indexes: { priority: { group: (row) => row.domain, order: (row) => row.priority } },
});

/** The key of a domain's mapping for a path. */
export function mappingKey(domain: string, path: string): string {
  return `${domain} ${path}`;
}

/** The key of a routing rule. */
export function ruleKey(domain: string, id: string): string {
  return `${domain} ${id}`;
}

/** A mapping key has at most 300 characters, so no more segments than this. */
export const maxMappingSegments = 150;

/** Where a request to a custom domain goes. */
export interface DomainTarget {
  readonly apiId: string;
  /** Empty: the first segment of the remaining path names the stage. */
  readonly stage: string;
  /** The path prefix that belongs to the domain, without leading or trailing slash. */
  readonly strip: string;
}

export class Domains {
  readonly rows: Table<DomainRow, "name">;
  readonly mappings: Table<MappingRow, "path" | "id" | "api">;
  readonly rules: Table<RoutingRuleRow, "priority">;

  constructor(store: Store) {
    this.rows = store.table(domainTable);
    this.mappings = store.table(mappingTable);
    this.rules = store.table(ruleTable);
  }

  get size(): number {
    return this.rows.size;
  }

  /** The domain with this name, or the wildcard domain that covers it. @param name in lower case, without a port. */
  at(name: string): DomainRow | undefined {
    return this.rows.get(name) ?? this.rows.get(`*${name.slice(name.indexOf("."))}`);
  }

  /** Deletes a domain with its mappings and rules. Inside a transaction. */
  delete(name: string): void {
    for (const { path } of this.mappings.by.path.range(name)) this.mappings.delete(mappingKey(name, path));
    for (const { id } of this.rules.by.priority.range(name)) this.rules.delete(ruleKey(name, id));
    this.rows.delete(name);
  }

  /**
   * Finds the longest mapping that is a prefix of the path, in whole segments. If the domain uses routing rules, they
   * come first, by priority.
   * @param segments of the path, undecoded, at most `maxMappingSegments`.
   */
  target(
    { name, routingMode }: DomainRow,
    segments: readonly string[],
    header: (name: string) => string | string[] | undefined,
  ): DomainTarget | undefined {
    if (routingMode !== "API_MAPPING_ONLY") {
      for (const rule of this.rules.by.priority.range(name)) {
        const base = ruleMatch(rule, segments, header);
        if (base !== undefined) return { ...rule, strip: rule.stripBasePath ? base : "" };
      }
      if (routingMode === "ROUTING_RULE_ONLY") return undefined;
    }
    for (let count = segments.length; count >= 0; count--) {
      const path = segments.slice(0, count).join("/");
      const mapping = this.mappings.get(mappingKey(name, path));
      if (mapping !== undefined) return { apiId: mapping.apiId, stage: mapping.stage, strip: path };
    }
    return undefined;
  }
}

/** The base path that matched (empty if the rule has none); undefined if the rule does not match. */
function ruleMatch(
  { conditions }: RoutingRuleRow,
  segments: readonly string[],
  header: (name: string) => string | string[] | undefined,
): string | undefined {
  let matched = "";
  for (const { MatchBasePaths, MatchHeaders } of conditions) {
    const isMet = ({ Header = "", ValueGlob = "" }: RoutingHeader) => {
      const value = header(Header);
      return value !== undefined && globMatches(ValueGlob, String(value));
    };
    if (MatchHeaders && !MatchHeaders.AnyOf?.some(isMet)) return undefined;
    if (!MatchBasePaths) continue;
    const begins = (base: string) => segments.slice(0, base.split("/").length).join("/") === base;
    const base = MatchBasePaths.AnyOf?.find(begins);
    if (base === undefined) return undefined;
    matched = base;
  }
  return matched;
}

function globMatches(glob: string, value: string): boolean {
  const [before, after] = [glob.startsWith("*"), glob.length > 1 && glob.endsWith("*")];
  const text = glob.slice(before ? 1 : 0, after ? -1 : undefined);
  if (before && after) return value.includes(text);
  if (before) return value.endsWith(text);
  return after ? value.startsWith(text) : value === text;
}
