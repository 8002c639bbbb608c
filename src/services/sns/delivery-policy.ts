/**
 * Delivery policies of HTTP and HTTPS subscriptions: how often and when a notification is retried (SNS developer guide,
 * "Creating an HTTP/S delivery policy").
 */
import { isObject, jsonObject } from "../../../protocols/unknown-json.ts";
import type { RetryPolicy } from "../../delivery/types.ts";
import { parsedObject } from "./attribute-json.ts";
import { AttributeFault } from "./errors.ts";

interface HealthyRetryPolicy {
  readonly minDelayTarget: number;
  readonly maxDelayTarget: number;
  readonly numRetries: number;
  readonly numMaxDelayRetries: number;
  readonly numNoDelayRetries: number;
  readonly numMinDelayRetries: number;
  readonly backoffFunction: "linear" | "arithmetic" | "geometric" | "exponential";
}

type Json = Readonly<Record<string, unknown>>;

const defaultHealthy: HealthyRetryPolicy = {
  minDelayTarget: 20,
  maxDelayTarget: 20,
  numRetries: 3,
  numMaxDelayRetries: 0,
  numNoDelayRetries: 0,
  numMinDelayRetries: 0,
  backoffFunction: "linear",
};
const defaultContentType = "text/plain; charset=UTF-8";
const defaultRequest = { headerContentType: defaultContentType };

const backoffFunctions = ["linear", "arithmetic", "geometric", "exponential"];
const contentTypes = new Set([
  "application/atom+xml",
  "application/json",
  "application/octet-stream",
  "application/soap+xml",
  "application/x-www-form-urlencoded",
  "application/xhtml+xml",
  "application/xml",
  "text/css",
  "text/csv",
  "text/html",
  "text/plain",
  "text/xml",
]);
const maxDelaySeconds = 3600;
const maxRetries = 100;
/** No policy may retry for longer than this. */
const maxAgeMs = 3_600_000;

/** The names of the parts in the two kinds of policies. */
const topicParts = {
  healthy: "defaultHealthyRetryPolicy",
  sickly: "defaultSicklyRetryPolicy",
  throttle: "defaultThrottlePolicy",
  request: "defaultRequestPolicy",
} as const;
const subscriptionParts = {
  healthy: "healthyRetryPolicy",
  sickly: "sicklyRetryPolicy",
  throttle: "throttlePolicy",
  request: "requestPolicy",
} as const;
type Parts = { readonly [Part in keyof typeof topicParts]: string };

/**
 * Checks a topic's policy and returns it as stored: null parts dropped, the override flag added.
 * @throws AttributeFault
 */
export function checkTopicDeliveryPolicy(text: string): string {
  const policy = parsedObject("DeliveryPolicy", text);
  checkNames(policy, ["http"], "");
  const http = objectOf(policy["http"] ?? {}, "http");
  checkNames(http, [...Object.values(topicParts), "disableSubscriptionOverrides"], "http.");
  checkParts(http, topicParts);
  const disable = http["disableSubscriptionOverrides"] ?? false;
  if (typeof disable !== "boolean") throw wrong("http.disableSubscriptionOverrides must be a boolean");
  return JSON.stringify({ http: { ...withoutNulls(http), disableSubscriptionOverrides: disable } });
}

/** Checks a subscription's policy, which is stored unchanged. @throws AttributeFault */
export function checkSubscriptionDeliveryPolicy(text: string): string {
  const policy = parsedObject("DeliveryPolicy", text);
  checkNames(policy, [...Object.values(subscriptionParts), "guaranteed"], "");
  checkParts(policy, subscriptionParts);
  const guaranteed = policy["guaranteed"];
  if (guaranteed !== undefined && guaranteed !== null && typeof guaranteed !== "boolean") {
    throw wrong("guaranteed must be a boolean");
  }
  return text;
}

/** A topic's policy over the defaults. */
export function effectiveTopicPolicy(text: string | undefined): { http: Record<string, unknown> } {
  const http = (text === undefined ? {} : (jsonObject(text)?.["http"] ?? {})) as Json;
  return {
    http: {
      defaultHealthyRetryPolicy: merged(defaultHealthy, http["defaultHealthyRetryPolicy"]),
      ...pick(http, "defaultSicklyRetryPolicy"),
      disableSubscriptionOverrides: http["disableSubscriptionOverrides"] ?? false,
      ...pick(http, "defaultThrottlePolicy"),
      defaultRequestPolicy: merged(defaultRequest, http["defaultRequestPolicy"]),
    },
  };
}

/** The settings for an HTTP subscription: its own policy over its topic's, unless the topic forbids that. */
export function effectivePolicy(topicText: string | undefined, subscriptionText: string | undefined) {
  const { http } = effectiveTopicPolicy(topicText);
  const own =
    http["disableSubscriptionOverrides"] === true || subscriptionText === undefined ? {} : jsonObject(subscriptionText);
  const inherited = http["defaultHealthyRetryPolicy"] as HealthyRetryPolicy;
  return {
    healthyRetryPolicy: own?.["healthyRetryPolicy"] ? merged(defaultHealthy, own["healthyRetryPolicy"]) : inherited,
    sicklyRetryPolicy: own?.["sicklyRetryPolicy"] ?? http["defaultSicklyRetryPolicy"] ?? null,
    throttlePolicy: (own?.["throttlePolicy"] ?? http["defaultThrottlePolicy"] ?? null) as {
      maxReceivesPerSecond?: number;
    } | null,
    requestPolicy: merged(http["defaultRequestPolicy"] as typeof defaultRequest, own?.["requestPolicy"]),
    guaranteed: (own?.["guaranteed"] ?? false) as boolean,
  };
}

/** The four phases: without delay, at the minimum delay, backing off, at the maximum delay. */
export function httpRetry(policy: ReturnType<typeof effectivePolicy>): RetryPolicy {
  const healthy = policy.healthyRetryPolicy;
  const minMs = healthy.minDelayTarget * 1000;
  const maxMs = healthy.maxDelayTarget * 1000;
  const { numNoDelayRetries, numMinDelayRetries, numMaxDelayRetries } = healthy;
  const backoff = Math.max(0, healthy.numRetries - numNoDelayRetries - numMinDelayRetries - numMaxDelayRetries);
  const perSecond = policy.throttlePolicy?.maxReceivesPerSecond;
  return {
    phases: [
      { count: numNoDelayRetries, minMs: 0, maxMs: 0, curve: "constant" },
      { count: numMinDelayRetries, minMs, maxMs: minMs, curve: "constant" },
      { count: backoff, minMs, maxMs, curve: healthy.backoffFunction },
      { count: numMaxDelayRetries, minMs: maxMs, maxMs, curve: "constant" },
    ],
    maxAgeMs,
    ...(perSecond === undefined ? {} : { maxPerSecond: perSecond }),
  };
}

function checkParts(policy: Json, parts: Parts): void {
  for (const name of [parts.healthy, parts.sickly]) {
    if (policy[name] !== undefined && policy[name] !== null) checkRetry(objectOf(policy[name], name), name);
  }
  const throttle = policy[parts.throttle];
  if (throttle !== undefined && throttle !== null) {
    const limits = objectOf(throttle, parts.throttle);
    checkNames(limits, ["maxReceivesPerSecond"], `${parts.throttle}.`);
    const limit = limits["maxReceivesPerSecond"];
    if (limit !== undefined && limit !== null) {
      numberIn(limit, `${parts.throttle}.maxReceivesPerSecond`, 1, Number.MAX_SAFE_INTEGER);
    }
  }
  const request = policy[parts.request];
  if (request !== undefined && request !== null) {
    const headers = objectOf(request, parts.request);
    checkNames(headers, ["headerContentType"], `${parts.request}.`);
    const type = headers["headerContentType"];
    if (type !== undefined && (typeof type !== "string" || !isContentType(type))) {
      throw wrong(`${parts.request}.headerContentType is not a valid content type`);
    }
  }
}

function checkRetry(policy: Json, path: string): void {
  checkNames(policy, Object.keys(defaultHealthy), `${path}.`);
  for (const name of ["minDelayTarget", "maxDelayTarget", "numRetries"]) {
    if (policy[name] === undefined || policy[name] === null) throw wrong(`${path}.${name} must be specified`);
  }
  const max = numberIn(policy["maxDelayTarget"], `${path}.maxDelayTarget`, 1, maxDelaySeconds);
  const min = numberIn(policy["minDelayTarget"], `${path}.minDelayTarget`, 1, maxDelaySeconds);
  if (min > max) throw wrong(`${path}.minDelayTarget must be less than or equal to maxDelayTarget`);
  const retries = numberIn(policy["numRetries"], `${path}.numRetries`, 0, maxRetries);
  let counted = 0;
  for (const name of ["numNoDelayRetries", "numMinDelayRetries", "numMaxDelayRetries"]) {
    const value = policy[name];
    if (value !== undefined && value !== null) counted += numberIn(value, `${path}.${name}`, 0, maxRetries);
  }
  if (counted > retries) {
    throw wrong(
      `${path}.numRetries must be greater than or equal to total of numMinDelayRetries, numNoDelayRetries and numMaxDelayRetries`,
    );
  }
  const curve = policy["backoffFunction"];
  if (curve !== undefined && curve !== null && !backoffFunctions.includes(curve as string)) {
    throw wrong(`${path}.backoffFunction must be one of ${backoffFunctions.join(", ")}`);
  }
}

function numberIn(value: unknown, path: string, min: number, max: number): number {
  if (typeof value !== "number" || !Number.isInteger(value)) throw wrong(`${path} must be an integer`);
  if (value < min) throw wrong(`${path} must be greater than or equal to ${min}`);
  if (value > max) throw wrong(`${path} must be less than or equal to ${max}`);
  return value;
}

function isContentType(type: string): boolean {
  const [media = "", ...parameters] = type.split(";");
  return contentTypes.has(media.trim().toLowerCase()) && parameters.every((one) => /^\s*charset=[\w-]+\s*$/i.test(one));
}

function checkNames(policy: Json, known: readonly string[], path: string): void {
  const unknown = Object.keys(policy).find((name) => !known.includes(name));
  if (unknown !== undefined) throw wrong(`${path}${unknown} is not a valid attribute`);
}

function objectOf(value: unknown, path: string): Json {
  if (!isObject(value)) throw wrong(`${path} must be an object`);
  return value as Json;
}

/** Defaults overridden by the given values; null counts as absent. */
function merged<T extends object>(defaults: T, given: unknown): T {
  return given === undefined || given === null ? defaults : { ...defaults, ...withoutNulls(given as Json) };
}

function withoutNulls(policy: Json): Json {
  return Object.fromEntries(Object.entries(policy).filter(([, value]) => value !== null));
}

function pick(policy: Json, name: string): Json {
  return policy[name] === undefined ? {} : { [name]: policy[name] };
}

function wrong(reason: string): AttributeFault {
  return new AttributeFault(`DeliveryPolicy: ${reason}`);
}
