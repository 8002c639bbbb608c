/**
 * What an account has in a region besides its APIs: API keys, usage plans, VPC links and so on. Domain names are in
 * `apis/`.
 */
import { type Place, placeKey } from "../../calls/place.ts";
import { defineTable } from "../../engine/table.ts";
import type { PlanStageDefinition, QuotaDefinition, Texts, ThrottleDefinition } from "./definitions.ts";

export interface ApiKeyRow extends Place {
  readonly id: string;
  readonly serial: number;
  readonly value: string;
  readonly name?: string;
  readonly customerId?: string;
  readonly description?: string;
  readonly enabled: boolean;
  readonly createdMs: number;
  readonly updatedMs: number;
  /** `{api}/{stage}`, shown but without effect. */
  readonly stageKeys: readonly string[];
  readonly tags: Texts;
}

export interface UsagePlanRow extends Place {
  readonly id: string;
  readonly serial: number;
  readonly name: string;
  readonly description?: string;
  readonly apiStages: readonly PlanStageDefinition[];
  readonly throttle?: ThrottleDefinition;
  readonly quota?: QuotaDefinition;
  readonly productCode?: string;
  readonly tags: Texts;
}

/** An API key in a usage plan. */
export interface UsagePlanKeyRow {
  readonly planId: string;
  readonly keyId: string;
  readonly account: string;
  readonly serial: number;
}

/** What a key has used of a plan on one day (UTC). */
export interface UsageRow {
  readonly planId: string;
  readonly keyId: string;
  readonly account: string;
  /** `2026-03-01` */
  readonly day: string;
  readonly used: number;
  /** What is left of the period's quota after the day's last request. */
  readonly remaining: number;
}

export interface DomainNameAccessAssociationRow extends Place {
  readonly arn: string;
  readonly serial: number;
  readonly domainNameArn: string;
  readonly accessAssociationSource: string;
  readonly tags: Texts;
}

export interface VpcLinkRow extends Place {
  readonly id: string;
  readonly serial: number;
  readonly name: string;
  readonly description?: string;
  readonly targetArns: readonly string[];
  readonly tags: Texts;
}

export interface ClientCertificateRow extends Place {
  readonly clientCertificateId: string;
  readonly serial: number;
  readonly description?: string;
  readonly pemEncodedCertificate: string;
  readonly createdMs: number;
  readonly expiresMs: number;
  readonly tags: Texts;
}

/** What UpdateAccount has set. */
export interface AccountRow extends Place {
  readonly cloudwatchRoleArn?: string;
  readonly features: readonly string[];
}

export const apiKeyTable = defineTable<ApiKeyRow>()({
  name: "apigateway.api-keys",
  key: (row) => row.id,
  account: (row) => row.account,
  indexes: {
    place: { group: placeKey, order: (row) => row.serial },
    value: { group: (row) => `${placeKey(row)} ${row.value}`, order: (row) => row.serial },
  },
});

export const usagePlanTable = defineTable<UsagePlanRow>()({
  name: "apigateway.usage-plans",
  key: (row) => row.id,
  account: (row) => row.account,
  indexes: { place: { group: placeKey, order: (row) => row.serial } },
});

export const usagePlanKeyTable = defineTable<UsagePlanKeyRow>()({
  name: "apigateway.usage-plan-keys",
  key: (row) => planKeyKey(row.planId, row.keyId),
  account: (row) => row.account,
  indexes: {
    plan: { group: (row) => row.planId, order: (row) => row.serial },
    key: { group: (row) => row.keyId, order: (row) => row.serial },
  },
});

export const usageTable = defineTable<UsageRow>()({
  name: "apigateway.usage",
  key: (row) => `${planKeyKey(row.planId, row.keyId)} ${row.day}`,
  account: (row) => row.account,
  indexes: { planKey: { group: (row) => planKeyKey(row.planId, row.keyId), order: (row) => row.day } },
});

export const accessAssociationTable = defineTable<DomainNameAccessAssociationRow>()({
  name: "apigateway.domain-name-access-associations",
  key: (row) => row.arn,
  account: (row) => row.account,
  indexes: { place: { group: placeKey, order: (row) => row.serial } },
});

export const vpcLinkTable = defineTable<VpcLinkRow>()({
  name: "apigateway.vpc-links",
  key: (row) => row.id,
  account: (row) => row.account,
  indexes: { place: { group: placeKey, order: (row) => row.serial } },
});

export const clientCertificateTable = defineTable<ClientCertificateRow>()({
  name: "apigateway.client-certificates",
  key: (row) => row.clientCertificateId,
  account: (row) => row.account,
  indexes: { place: { group: placeKey, order: (row) => row.serial } },
});

export const accountTable = defineTable<AccountRow>()({
  name: "apigateway.account",
  key: placeKey,
  account: (row) => row.account,
  indexes: {},
});

export function planKeyKey(planId: string, keyId: string): string {
  return `${planId} ${keyId}`;
}
