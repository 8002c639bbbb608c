/** How `action/…` integrations speak to services Busbar does not have, at the `--endpoint` that stands in for them. */
import { awsServices } from "../../protocols/aws-services.ts";

interface OutsideService {
  readonly name: string;
  readonly signingName: string;
  /** `X-Amz-Target` before the dot, for those that speak AWS JSON. */
  readonly target: string | undefined;
  /** The version of AWS JSON. */
  readonly version: "1.0" | "1.1";
}

let known: ReadonlyMap<string, OutsideService> | undefined;

/** @param name as in integration URIs, which is the first label of the service's host: `dynamodb`, `ssm`. */
export function outsideService(name: string): OutsideService | undefined {
  known ??= readServices();
  return known.get(name);
}

function readServices(): ReadonlyMap<string, OutsideService> {
  const services = new Map<string, OutsideService>();
  for (const line of awsServices.trim().split("\n")) {
    const [variable = "", protocol = "", signingName = "", host = "=", target] = line.split(" ");
    const name = variable.toLowerCase().replaceAll("_", "");
    const version = protocol === "json-1.1" ? "1.1" : "1.0";
    const label = host === "=" ? signingName : host;
    if (!services.has(label)) services.set(label, { name, signingName, target, version });
  }
  return services;
}
