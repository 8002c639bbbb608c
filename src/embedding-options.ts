/** Checks the options of the embedding API as strictly as the command line: a wrong option must not go unnoticed. */
import { textOf } from "../protocols/unknown-json.ts";
import { policyModes } from "./access/guard.ts";
import type { BusbarOptions } from "./index.ts";

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === "string" && value !== "";
const isAccount: Check = (value) => typeof value === "string" && /^\d{12}$/.test(value);
const isRegion: Check = (value) => typeof value === "string" && /^[a-z]{2,}(-[a-z0-9]+)+$/.test(value);
const isPort: Check = (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 65_535;
const isObject: Check = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const isTexts: Check = (value) => isObject(value) && Object.values(value as object).every(isText);
const isList: Check = (value) => Array.isArray(value) && value.every(isText);
const isDuration: Check = (value) => typeof value === "string" || typeof value === "number";

/**
 * Each option with a check and a description of what it must be; options that `createBusbar` parses have errors of
 * their own.
 */
const checks: Readonly<Record<keyof BusbarOptions, readonly [Check, string]>> = {
  port: [(value) => value === false || isPort(value), "false or a whole number from 0 to 65535"],
  host: [isText, "a name or an address"],
  corsOrigins: [isList, "a list of origins"],
  hostNames: [isList, "a list of names"],
  dataDir: [isText, "the path of a directory"],
  account: [isAccount, "12 digits"],
  region: [isRegion, 'a region such as "us-east-1"'],
  clock: [(value) => value === "real" || value === "virtual", '"real" or "virtual"'],
  startTime: [(value) => value instanceof Date || isDuration(value), "a Date, epoch milliseconds or ISO 8601 text"],
  seed: [(value) => typeof value === "string", "a text"],
  strict: [(value) => typeof value === "boolean", "true or false"],
  policies: [(value) => policyModes.some((mode) => mode === value), '"audit", "enforce" or "off"'],
  streamDelay: [isDuration, 'milliseconds or a text such as "500ms"'],
  functions: [isTexts, "an object of handler files and URLs by the names of functions"],
  lambdaNode: [isText, "the path of a Node"],
  endpoints: [isTexts, "an object of URLs by the names of services"],
  jwks: [isTexts, "an object of URLs by the issuers of tokens"],
  s3Root: [isText, "the path of a directory"],
  resources: [(value) => isText(value) || isObject(value), "lists of resources, or the path of a file"],
  mocks: [isObject, "an object in the format of Step Functions Local's mock configuration file"],
};

/** @throws RangeError for an unknown option and for one of the wrong type. */
export function checkBusbarOptions(options: unknown): void {
  checkOptions("createBusbar", options, checks);
}

/** @throws RangeError as `checkBusbarOptions` */
export function checkClientOptions(options: unknown): void {
  checkOptions("clientConfig", options, { account: checks.account, region: checks.region });
}

/** @throws RangeError for an account that is not 12 digits. */
export function checkAccount(account: unknown): void {
  if (account === undefined || isAccount(account)) return;
  throw new RangeError(`reset takes an account of 12 digits, or nothing to reset everything; not ${shown(account)}.`);
}

function checkOptions(name: string, options: unknown, known: Readonly<Record<string, readonly [Check, string]>>): void {
  if (!isObject(options)) throw new RangeError(`${name} takes an object of options, not ${shown(options)}.`);
  for (const [option, value] of Object.entries(options as object)) {
    if (!Object.hasOwn(known, option)) {
      throw new RangeError(`${name} has no option ${option}; it has ${Object.keys(known).join(", ")}.`);
    }
    const [check, wanted] = known[option] as readonly [Check, string];
    if (value !== undefined && !check(value)) throw new RangeError(`${option} must be ${wanted}, not ${shown(value)}.`);
  }
}

function shown(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : textOf(value);
}
