/** The names and ARNs of buses and rules. */
import { formatArn, parseArn } from "../../calls/arn.ts";
import { notFound } from "./errors.ts";

/** The name and owner of a bus, whether or not it exists. */
export interface BusName {
  readonly arn: string;
  readonly account: string;
  readonly region: string;
  readonly name: string;
}

/** The bus a request names: by name, by ARN, or the default one. */
export function busName(nameOrArn: string | undefined, owner: { account: string; region: string }): BusName {
  const arn = nameOrArn?.startsWith("arn:") ? parseArn(nameOrArn) : undefined;
  const account = arn?.account ?? owner.account;
  const region = arn?.region ?? owner.region;
  const name = arn === undefined ? (nameOrArn ?? "default") : arn.resource.replace(/^event-bus\//, "");
  return { arn: formatArn("events", region, account, `event-bus/${name}`), account, region, name };
}

/** `rule/{name}` on the default bus, `rule/{bus}/{name}` on others. */
export function ruleArn(bus: BusName, name: string): string {
  const path = bus.name === "default" ? name : `${bus.name}/${name}`;
  return formatArn("events", bus.region, bus.account, `rule/${path}`);
}

export function noBus(name: string) {
  return notFound(`Event bus ${name} does not exist.`);
}

export function noRule(name: string, bus: string) {
  return notFound(`Rule ${name} does not exist on EventBus ${bus}.`);
}
