/** API keys, usage plans and what they have used. */
import type { APIGateway, PatchOperation } from "@aws-sdk/client-api-gateway";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ApiGatewayEnvironment, shown } from "../../support/apigateway.ts";
import { refusal, refused } from "../../support/refusal.ts";

const bad = (message: string) => refusal("BadRequestException", message);
const missing = (message: string) => refusal("NotFoundException", message, 404);
const conflicting = (message: string) => refusal("ConflictException", message, 409);

describe.each(["memory", "disk"] as const)("keys and plans, %s", (storage) => {
  let env: ApiGatewayEnvironment;
  let client: APIGateway;
  beforeAll(async () => {
    env = await ApiGatewayEnvironment.start(storage);
    client = env.client;
  });
  afterAll(() => env.stop());

  it("has keys that show their value only on request", async () => {
    const key = await client.createApiKey({ name: "" });
    expect(shown(key)).toEqual({
      createdDate: expect.any(String),
      enabled: false,
      id: expect.stringMatching(/^[a-z0-9]{10}$/),
      lastUpdatedDate: expect.any(String),
      stageKeys: [],
      value: expect.stringMatching(/^[A-Za-z0-9]{40}$/),
    });
    const apiKey = key.id as string;
    expect((await client.getApiKey({ apiKey })).value).toBeUndefined();
    expect((await client.getApiKey({ apiKey, includeValue: true })).value).toBe(key.value);
    const value = "a".repeat(20);
    const given = await client.createApiKey({ value, generateDistinctId: true });
    expect(given.value).toBe(value);
    expect(given.id).not.toBe(value);
    expect(await refused(client.createApiKey({ value }))).toEqual(conflicting("API Key already exists"));
    expect(await refused(client.createApiKey({ value: "a" }))).toEqual(
      bad("API Key value should be at least 20 characters"),
    );
    expect(await refused(client.createApiKey({ value: "a".repeat(129) }))).toEqual(
      bad("API Key value exceeds maximum size of 128 characters"),
    );
    expect(await refused(client.createApiKey({ name: "n".repeat(1025) }))).toEqual(
      bad("Invalid API Key name, can be at most 1024 characters."),
    );
    const update = (...patchOperations: PatchOperation[]) => client.updateApiKey({ apiKey, patchOperations });
    expect(await update({ op: "replace", path: "/enabled", value: "true" })).toMatchObject({ enabled: true });
    const twice = update(
      { op: "replace", path: "/name", value: "x" },
      { op: "replace", path: "/value", value: "y".repeat(20) },
    );
    expect(await refused(twice)).toEqual(
      bad(
        "Invalid patch path  '/value' specified for op 'replace'. Must be one of: [/description, /enabled, /name, /customerId]",
      ),
    );
    expect((await client.getApiKey({ apiKey })).name).toBeUndefined();
    await client.deleteApiKey({ apiKey });
    expect(await refused(client.getApiKey({ apiKey }))).toEqual(missing("Invalid API Key identifier specified"));
  });

  it("lists keys newest first, and by name when searching by name", async () => {
    for (const name of ["list-b", "list-c", "list-a"]) await client.createApiKey({ name });
    const newest = await client.getApiKeys({ limit: 3 });
    expect(newest.items?.map(({ name }) => name)).toEqual(["list-a", "list-c", "list-b"]);
    const first = await client.getApiKeys({ nameQuery: "list-", limit: 2, includeValues: true });
    expect(first.items?.map(({ name }) => name)).toEqual(["list-a", "list-b"]);
    expect(first.items?.[0]?.value).toHaveLength(40);
    const second = await client.getApiKeys({ nameQuery: "list-", limit: 2, position: first.position });
    expect(second.items?.map(({ name }) => name)).toEqual(["list-c"]);
    expect((await client.getApiKeys({ nameQuery: "LIST" })).items).toEqual([]);
  });

  it("imports keys from CSV", async () => {
    const plan = await client.createUsagePlan({ name: "imported" });
    const body = Buffer.from(
      `Name,key,description,Enabled,usageplanIds\nFirst,apikey1234abcdefghij0123456789,"one, or ""two""",TRUE,${plan.id}\r\nSecond,short,,false,\n`,
    );
    const answer = await client.importApiKeys({ body, format: "csv" });
    expect(answer.ids).toHaveLength(1);
    expect(answer.warnings?.[0]).toContain("at least 20 characters");
    expect(await client.getApiKey({ apiKey: answer.ids?.[0] as string })).toMatchObject({
      name: "First",
      description: 'one, or "two"',
      enabled: true,
    });
    const { items } = await client.getUsagePlanKeys({ usagePlanId: plan.id as string });
    expect(items?.map(({ name }) => name)).toEqual(["First"]);
    const strict = client.importApiKeys({
      body: Buffer.from("Name,Key\nx,short\n"),
      format: "csv",
      failOnWarnings: true,
    });
    expect((await refused(strict)).status).toBe(400);
  });

  it("has plans with stages, throttles and quotas", async () => {
    const { restApiId } = await env.deployed();
    const plan = await client.createUsagePlan({ name: "p", throttle: { burstLimit: 5 } });
    expect(shown(plan)).toEqual({
      apiStages: [],
      id: expect.stringMatching(/^[a-z0-9]{6}$/),
      name: "p",
      throttle: { burstLimit: 5, rateLimit: 0 },
    });
    const usagePlanId = plan.id as string;
    const update = (...patchOperations: PatchOperation[]) => client.updateUsagePlan({ usagePlanId, patchOperations });
    const stage = `${restApiId}:dev`;
    const updated = await update(
      { op: "add", path: "/apiStages", value: stage },
      { op: "add", path: `/apiStages/${stage}/throttle/~1pets/GET/rateLimit`, value: "2.5" },
      { op: "replace", path: `/apiStages/${stage}/throttle/orders/GET/burstLimit`, value: "3" },
      { op: "add", path: "/quota/limit", value: "10" },
      { op: "add", path: "/quota/period", value: "WEEK" },
      { op: "add", path: "/quota/offset", value: "6" },
      { op: "replace", path: "/throttle/rateLimit", value: "1" },
    );
    expect(shown(updated)).toEqual({
      id: usagePlanId,
      name: "p",
      apiStages: [
        {
          apiId: restApiId,
          stage: "dev",
          throttle: {
            "/pets/GET": { burstLimit: 0, rateLimit: 2.5 },
            "/orders/GET": { burstLimit: 3, rateLimit: 0 },
          },
        },
      ],
      quota: { limit: 10, offset: 6, period: "WEEK" },
      throttle: { burstLimit: 5, rateLimit: 1 },
      tags: {},
    });
    const throttles = Object.fromEntries(Array.from({ length: 4_001 }, (_, at) => [`/m${at}/GET`, { rateLimit: 1 }]));
    const tooMany = bad("An API stage may have throttles for at most 4000 methods");
    const path = `/apiStages/${stage}/throttle`;
    expect(await refused(update({ op: "replace", path, value: JSON.stringify(throttles) }))).toEqual(tooMany);
    const apiStages = [{ apiId: restApiId, stage: "dev", throttle: throttles }];
    expect(await refused(client.createUsagePlan({ name: "q", apiStages }))).toEqual(tooMany);
    expect(await refused(update({ op: "replace", path: "/quota/period", value: "YEAR" }))).toEqual(
      bad("Invalid Usage Plan quota period specified. Must be one of [DAY, WEEK, MONTH]"),
    );
    expect(await refused(update({ op: "replace", path: "/quota/period", value: "DAY" }))).toEqual(
      bad("Usage Plan quota offset must be zero in the DAY period"),
    );
    expect((await refused(update({ op: "remove", path: "/apiStages/x:dev" }))).message).toMatch(
      /^Invalid patch path {2}'\/apiStages\/x:dev' specified for op 'remove'\. \nMust be one of: \[\/apiStages, \/quota,/,
    );
    expect(await refused(update({ op: "add", path: "/apiStages", value: "x:dev" }))).toEqual(
      missing("API Stage not found: x:dev"),
    );
    expect((await refused(update({ op: "remove", path: "/apiStages", value: "x:dev" }))).message).toBe(
      `Invalid API Stage {api: x, stage: dev} specified for usageplan ${usagePlanId}`,
    );
    expect(await refused(client.deleteUsagePlan({ usagePlanId }))).toEqual(
      bad(
        `Cannot delete Usage Plan ${usagePlanId} because there are API Stages associated with it, including ${stage}`,
      ),
    );
    await update({ op: "remove", path: `/apiStages/${stage}/throttle/~1pets/GET` });
    await update({ op: "remove", path: `/apiStages/${stage}/throttle` });
    await update({ op: "remove", path: "/apiStages", value: stage });
    await client.deleteUsagePlan({ usagePlanId });
    expect(await refused(client.getUsagePlan({ usagePlanId }))).toEqual(missing("Invalid Usage Plan ID specified"));
    expect(await refused(client.createUsagePlan({ name: "q", quota: { period: "DAY" } }))).toEqual(
      bad("Usage Plan quota limit must be a non-negative numeric"),
    );
    expect(await refused(client.createUsagePlan({ name: "q", quota: { limit: 1 } }))).toEqual(
      bad("Invalid Usage Plan quota period specified. Must be one of [DAY, WEEK, MONTH]"),
    );
    const year = client.createUsagePlan({ name: "q", quota: { limit: 1, period: "YEAR" as "DAY" } });
    expect((await refused(year)).message).toBe(
      "1 validation error detected: Value 'YEAR' at 'createUsagePlanInput.quota.period' failed to satisfy constraint: Member must satisfy enum value set: [MONTH, WEEK, DAY]",
    );
  });

  it("lets a key reach a stage through only one plan", async () => {
    const { restApiId } = await env.deployed();
    const apiStages = [{ apiId: restApiId, stage: "dev" }];
    const first = await client.createUsagePlan({ name: "first", apiStages });
    const second = await client.createUsagePlan({ name: "second" });
    const key = await client.createApiKey({ name: "shared" });
    const put = (plan: { id?: string | undefined }, keyType = "API_KEY") =>
      client.createUsagePlanKey({ usagePlanId: plan.id as string, keyId: key.id as string, keyType });
    expect(shown(await put(first))).toEqual({ id: key.id, name: "shared", type: "API_KEY", value: key.value });
    const text = (plan: { id?: string | undefined }) =>
      `Usage Plan ${plan.id} cannot be added because API Key ${key.id} cannot reference multiple Usage Plans with the same API Stage: ${restApiId}:dev`;
    expect(await refused(put(first))).toEqual(conflicting(text(first)));
    await put(second);
    const usagePlanId = second.id as string;
    const patchOperations = [{ op: "add" as const, path: "/apiStages", value: `${restApiId}:dev` }];
    expect(await refused(client.updateUsagePlan({ usagePlanId, patchOperations }))).toEqual(conflicting(text(second)));
    expect(await refused(put(second, "KEY"))).toEqual(
      bad("Invalid Usage Plan key type specified. Must be one of [API_KEY]"),
    );
    expect((await client.getUsagePlans({ keyId: key.id })).items?.map(({ name }) => name)).toEqual(["first", "second"]);
    expect((await client.getUsagePlanKeys({ usagePlanId: "nobody" })).items).toEqual([]);
    await client.deleteUsagePlanKey({ usagePlanId, keyId: key.id as string });
    expect((await client.getUsagePlanKeys({ usagePlanId })).items).toEqual([]);
    await client.deleteApiKey({ apiKey: key.id as string });
    expect((await client.getUsagePlanKeys({ usagePlanId: first.id as string })).items).toEqual([]);
  });

  it("shows usage day by day", async () => {
    const plan = await client.createUsagePlan({ name: "used", quota: { limit: 100, period: "MONTH" } });
    const key = await client.createApiKey({});
    const address = { usagePlanId: plan.id as string, keyId: key.id as string };
    await client.createUsagePlanKey({ ...address, keyType: "API_KEY" });
    const patchOperations = [{ op: "replace" as const, path: "/remaining", value: "40" }];
    expect(shown(await client.updateUsage({ ...address, patchOperations }))).toEqual({
      usagePlanId: plan.id,
      startDate: "2026-03-01",
      endDate: "2026-03-01",
      items: { [key.id as string]: [[0, 40]] },
    });
    const usage = await client.getUsage({ ...address, startDate: "2026-02-28", endDate: "2026-03-02" });
    expect(usage.items?.[key.id as string]).toEqual([
      [0, 100],
      [0, 40],
      [0, 40],
    ]);
    const long = client.getUsage({ ...address, startDate: "2025-01-01", endDate: "2026-03-02" });
    expect((await refused(long)).status).toBe(400);
    for (const startDate of ["x", "2026-02-30"]) {
      const words = `Invalid date specified: ${startDate}. Dates must have the form YYYY-MM-DD`;
      const asked = client.getUsage({ ...address, startDate, endDate: "2026-03-02" });
      expect(await refused(asked)).toEqual({ name: "BadRequestException", status: 400, message: words });
    }
  });
});
